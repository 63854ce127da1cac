"""What sending costs: the step's time over the tokens each GPU computes, and where the arithmetic hides the rest."""

from typing import Any

import streamlit as st

from playground.core.communication import LINKS_BY_ID, PEAKS, Link, communication, hiding_tokens, step_time
from playground.core.units import format_gb
from playground.core.zero import Plan
from playground.errors import BadInput
from playground.figures import zero_cost as figures
from playground.ui import charts, inputs, shell
from playground.ui.components.zero_inputs import Asked

TOKENS = tuple(2**power for power in range(6, 18))
FINE = tuple(round(2 ** (power / 12)) for power in range(6 * 12, 17 * 12 + 1))  # for the curve
SNIPPET = """
parameters, gpus, stage = 7.5e9, 64, 3
bytes_per_parameter, link_bytes_per_s = 2, 300e9  # NVLink 3, one direction
flop_per_s, used, tokens = 312e12, 0.4, 4096  # A100, BF16

gathers = 3 if stage == 3 else 2  # forward, backward, gradients; or gradients and parameters
send_s = gathers * bytes_per_parameter * parameters * (gpus - 1) / gpus / link_bytes_per_s
compute_s = 6 * parameters * tokens / (flop_per_s * used)
print(f"sends {send_s:.3f} s, computes {compute_s:.3f} s, exposed {max(0, send_s - compute_s):.3f} s")
"""


def ask() -> tuple[Link, str, int, float, float]:
    """The link, the card, the tokens a GPU computes in a step, the share of its peak, the overlap."""
    link_column, card_column, tokens_column = st.columns([5, 3, 4])
    with link_column:
        link = LINKS_BY_ID[
            inputs.choice("Link", list(LINKS_BY_ID), key="link", default="nvlink3", format_func=_link_title)
        ]
    with card_column:
        card = inputs.choice("GPU", list(PEAKS), key="card", default="A100", segmented=True)
    with tokens_column:
        tokens = inputs.choice(
            "Tokens a GPU and step",
            TOKENS,
            key="tokens",
            default=4096,
            slider=True,
            format_func=lambda n: f"{n:,}",
            help="Sequences × length on one GPU between two updates: gradient accumulation counts.",
        )
    used_column, overlap_column = st.columns(2)
    with used_column:
        used = inputs.slider(
            "Share of the peak the arithmetic reaches",
            5,
            100,
            40,
            key="used",
            step=5,
            format="%d %%",
            help="Model FLOPs utilisation: 30–50 % is usual.",
        )
    with overlap_column:
        overlap = inputs.slider(
            "Sending that can run behind the arithmetic",
            0,
            100,
            100,
            key="overlap",
            step=5,
            format="%d %%",
            help="0: first compute, then send. 100: all of it while computing, as prefetching aims at.",
        )
    return link, card, tokens, used / 100, overlap / 100


def _link_title(link_id: str) -> str:
    link = LINKS_BY_ID[link_id]
    return f"{link.title} · {format_gb(link.bytes_per_s)}/s"


def answer(asked: Asked, link: Link, card: str, tokens: int, used: float, overlap: float) -> None:
    """The chosen stage's step, and where it turns."""
    plan = asked.chosen
    if not communication(plan).total:
        raise BadInput("One GPU sends nothing", "Choose two GPUs or more: there is no one to share with.")
    now = step_time(plan, tokens, link, PEAKS[card], used, overlap)
    turn = hiding_tokens(plan, link, PEAKS[card], used)
    slower = now.total_s / now.compute_s
    row = st.container(horizontal=True)
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    row.metric("Arithmetic, one step", figures.seconds(now.compute_s), f"{tokens:,} tokens a GPU", **quiet)
    row.metric(
        "Sending that nothing hides",
        figures.seconds(now.exposed_s),
        f"of {figures.seconds(now.send_s)}: the step is {slower:.2f}× as long",
        **quiet,
    )
    row.metric("The arithmetic can hide it all from", f"{turn:,} tokens", "a GPU and step", **quiet)


def over_tokens(asked: Asked, link: Link, card: str, tokens: int, used: float, overlap: float) -> None:
    """Step time by tokens for every stage."""
    shown = _distinct(asked.plans)
    times = {
        plan.stage: [step_time(plan, n, link, PEAKS[card], used, overlap).total_s / n for n in FINE] for plan in shown
    }
    turns = {plan.stage: hiding_tokens(plan, link, PEAKS[card], used) for plan in shown}
    limit = step_time(asked.chosen, TOKENS[-1], link, PEAKS[card], used, overlap).compute_s / TOKENS[-1]
    charts.draw(
        figures.per_token,
        FINE,
        times,
        limit,
        turns,
        tokens,
        key="zero_cost.curve",
        alt="Time per token over the tokens a GPU computes in a step, for each stage",
    )
    shell.provenance(
        "rule of thumb",
        f"an estimate: 6ΨT FLOP ({card}, dense 16-bit peak, {used:.0%} of it) beside the bytes of a ring over "
        f"{link.title} ({link.source}). No latency, no shared links, no attention arithmetic. "
        "Ψ cancels: a larger model does not pay for its sharding, more tokens a step do.",
    )


def links(asked: Asked, card: str, used: float) -> None:
    """The turning point on every link."""
    plan = asked.chosen
    st.dataframe(
        [
            {
                "link": link.title,
                "rate": f"{format_gb(link.bytes_per_s)}/s",
                "sends a step": format_gb(communication(plan).total),
                "takes": figures.seconds(communication(plan).total / link.bytes_per_s),
                **{
                    f"{_stages(other)} hidden from": f"{hiding_tokens(other, link, PEAKS[card], used):,} tokens"
                    for other in _distinct(asked.plans)
                },
                "source": link.source,
            }
            for link in LINKS_BY_ID.values()
        ],
        hide_index=True,
    )


def _stages(plan: Plan) -> str:
    return "stages 0–2" if plan.stage == 0 else f"stage {plan.stage}"


def _distinct(plans: tuple[Plan, ...]) -> list[Plan]:
    """Stage 0 and stage 3, and the chosen bytes between where they differ: stages 1 and 2 send what stage 0 sends."""
    seen: dict[int, Plan] = {}
    for plan in plans:
        seen.setdefault(communication(plan).total, plan)
    return list(seen.values())
