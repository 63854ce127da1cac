"""The page "What fits my card": a card is given, and everything else is asked for."""

from typing import Any

import streamlit as st

from playground.core import inverse
from playground.core.activations import RECOMPUTE
from playground.core.gpus import Gpu, gpus
from playground.core.inference_memory import overhead_bytes
from playground.core.inverse import Serving, Training
from playground.core.subject import TOKENS_MAX, Subject
from playground.core.units import format_bytes, format_count
from playground.figures import memory as figures
from playground.ui import downloads, inputs, shell
from playground.ui.components.memory import BATCHES, RECIPES, TOKENS, ask_overhead, ask_serving

CARDS = {card.id: card for card in gpus()}
LEARNING = tuple(name for name in RECIPES if name != "course")
SNIPPET = """
from bisect import bisect_right                       # the largest n with need(n) <= usable

usable = int(22.03 * 2**30)                           # bytes PyTorch sees on a 24 GB card, here an L4
weights = 8_030_261_248 * 2                           # Llama 3.1 8B in BF16
overhead, logits = 2**30, 4 * 128_256

def need(tokens):
    cache = 2 * 32 * 8 * 128 * 2 * tokens             # keys and values, 32 layers, 8 KV heads of 128
    passed = min(tokens, 2048) * 2 * (4 * 4096 + 3 * 14336 + 2 * 128)
    return weights + cache + passed + logits + overhead

longest = bisect_right(range(1, 10**7), usable, key=need)
print(f"{longest:,} tokens of context")
"""


def card_choice() -> Gpu:
    """The card."""
    name = inputs.choice(
        "My card",
        list(CARDS),
        key="card",
        default="rtx-4090",
        format_func=lambda name: f"{CARDS[name].title} · {format_bytes(CARDS[name].usable_bytes)} usable",
    )
    return CARDS[name]


def to_answer(subject: Subject, card: Gpu) -> Serving:
    """Longest context, largest batch, best format, for this model on this card; what was asked."""
    asked = ask_serving(subject)
    usable = card.usable_bytes
    best = asked.best_format(usable)
    one, two, three = st.columns(3)
    one.metric("Longest context", _tokens(asked.longest_context(usable)), f"{asked.batch:,} at once", **_QUIET)
    two.metric("Most texts at once", _tokens(asked.largest_batch(usable)), f"of {asked.context:,} tokens", **_QUIET)
    three.metric("Best weights that fit", best.title if best else "none", "most bits a weight", **_QUIET)
    shell.notices(asked.need().notices)
    if subject.model is not None:
        _frontier(asked, usable)
        _formats(asked, usable)
    return asked


def _frontier(asked: Serving, usable: int) -> None:
    points = inverse.frontier(asked, usable, BATCHES)
    if not points:
        shell.notices([f"Not even one token fits beside {asked.weights.title} weights: choose fewer bits below."])
        return
    _plot(
        figures.frontier(
            points, (asked.batch, asked.context), asked.subject.model.context if asked.subject.model else 0
        ),
        "frontier",
        "The longest context for each number of texts at once: below the line it fits",
    )
    shell.provenance(
        "computed",
        "the memory left by the weights is shared by all texts: twice as many, half as long. Found by halving an "
        "interval; the tests check that the answer fits and one token more does not.",
    )


def _formats(asked: Serving, usable: int) -> None:
    rows = []
    for form in inverse.REAL_FORMATS:
        need = asked.need(weights=form)
        longest = Serving(**{**asked.__dict__, "weights": form}).longest_context(usable)
        rows.append(
            {
                "weights": form.title,
                "bits a weight": round(float(need.bits_per_weight), 4),
                "bytes of weights": need.weights,
                "GB": round(need.weights / 1e9, 2),
                "needed in all, GB": round(need.total / 1e9, 2),
                "fits": need.total <= usable,
                "longest context": longest or 0,
            }
        )
    with st.expander(
        "Every format: real bits, bytes, and the context it leaves room for", icon=":material/table_chart:"
    ):
        st.dataframe(rows, hide_index=True)
        downloads.offer("formats-that-fit", rows, key="formats.file")


def to_learn(subject: Subject, card: Gpu) -> None:
    """Which recipes can train this model here, and how long a batch."""
    first, second, third = st.columns(3)
    with first:
        sequence = inputs.choice(
            "Tokens a sequence", TOKENS, key="sequence", default=1024, format_func=_number, slider=True
        )
    with second:
        recompute = inputs.choice("Recompute activations", RECOMPUTE, key="recompute", segmented=True)
    with third:
        overhead = ask_overhead()
    rows = []
    names = LEARNING if subject.model else [name for name in LEARNING if "lora" not in name]
    for name in names:
        asked = Training(subject, name, 1, sequence, recompute, overhead)
        need = asked.need()
        fitting = need.total <= card.usable_bytes
        rows.append(
            {
                "recipe": RECIPES[name],
                "states, GB": round(need.states / 1e9, 2),
                "one sequence, GB": round(need.total / 1e9, 2),
                "fits": fitting,
                "largest batch": (asked.largest_batch(card.usable_bytes) or 0) if subject.model else int(fitting),
                "longest sequence": (asked.longest_sequence(card.usable_bytes) or 0) if subject.model else None,
            }
        )
    st.dataframe(rows, hide_index=True)
    downloads.offer("recipes-that-fit", rows, key="recipes.file")
    shell.provenance(
        "computed",
        "AdamW. LoRA and QLoRA: rank 16 beside all matrices. The largest batch keeps the sequence length, the longest "
        "sequence the batch of one.",
    )


def largest_to_run(asked: Serving, card: Gpu) -> None:
    """The largest model that can answer so: of the catalogue, and by the closed form."""
    found, most = asked.largest_models(card.usable_bytes), asked.largest_count(card.usable_bytes)
    one, two = st.columns(2)
    one.metric("Largest of the catalogue", found[0][0].title if found else "none")
    two.metric("Parameters, weights alone", format_count(most) if most else "none", asked.weights.title, **_QUIET)
    _models(found[:10], card)
    shell.provenance(
        "computed",
        "with the weights, cache, context, batch and overhead above. Weights alone: (usable − overhead) × 8 / bits.",
    )


def largest_to_train(card: Gpu) -> None:
    """The largest model that can learn by a recipe."""
    name = inputs.choice("Recipe", LEARNING, key="recipe", default="mixed", format_func=RECIPES.__getitem__)
    found = Training(Subject(1), name, 1, 1024, "full", overhead_bytes(1.0)).largest_models(card.usable_bytes)
    st.metric("Largest of the catalogue", found[0][0].title if found else "none")
    _models(found[:10], card)
    shell.provenance("computed", "one sequence of 1,024 tokens, AdamW, full recomputation, 1 GiB overhead.")


def _models(found: list[tuple[Subject, Any]], card: Gpu) -> None:
    if not found:
        shell.notices([f"No model of the catalogue fits on one {card.title} this way."])
        return
    _plot(
        figures.models_that_fit([(about.title, need.parts) for about, need in found], card.usable_bytes),
        "largest",
        "The ten largest models that fit, as stacked bars, and the card's memory as a line",
    )


_QUIET: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}


def _tokens(value: int | None) -> str:
    if value is None:
        return "none fits"
    return "any" if value >= TOKENS_MAX else f"{value:,}"


def _number(value: int) -> str:
    return f"{value:,}"


def _plot(figure: Any, key: str, alt: str) -> None:
    st.plotly_chart(figure, width="stretch", config={"displayModeBar": False}, key=key, alt=alt)
