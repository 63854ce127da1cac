"""Will it fit: the fewest GPUs by stage, the largest model by stage, and the plan as files to train with."""

import json
from typing import Any

import streamlit as st

from playground.core import zero_export, zero_fit
from playground.core.gpus import Gpu, gpus
from playground.core.subject import Subject
from playground.core.units import format_bytes, format_gb
from playground.core.zero import STAGES, WHAT_IS_CUT, Bytes, Plan, plan
from playground.core.zero_extras import Extras
from playground.core.zero_fit import Way
from playground.figures import zero_fit as figures
from playground.ui import charts, inputs, shell
from playground.ui.components.subjects import subject_input
from playground.ui.components.zero_inputs import GPUS, OFFLOAD_TITLES, bytes_input, extras_input

CARDS = {card.id: card for card in gpus()}


def ask() -> tuple[Subject, Gpu, int, Bytes, int]:
    """The model, the card, how many of it, the bytes of a parameter, and what no stage cuts."""
    model_column, card_column, gpus_column = st.columns([5, 4, 3])
    with model_column:
        subject = subject_input(default="llama-3.1-8b")
    with card_column:
        card = CARDS[inputs.choice("Card", list(CARDS), key="gpu", default="a100-80gb", format_func=_card_title)]
    with gpus_column:
        count = inputs.choice("Cards at hand", GPUS, key="gpus", default=8, slider=True)
    each = bytes_input()
    extras = extras_input(subject, (plan(subject.parameters, min(count, subject.parameters), 3, each),))
    return subject, card, count, each, extras[0].total if extras else Extras().total


def _card_title(card_id: str) -> str:
    card = CARDS[card_id]
    return f"{card.title} · {format_gb(card.usable_bytes)} usable"


def answer(subject: Subject, card: Gpu, count: int, found: tuple[Way, ...], reserved: int) -> None:
    """The gentlest way onto the cards at hand, in three numbers; or how many it would take."""
    way = zero_fit.gentlest(found, count)
    if way is None or way.smallest is None:
        fewest = min((w.gpus for w in found if w.gpus is not None), default=None)
        st.warning(
            f"{subject.title} does not fit on {count:,} × {card.title}, in no stage and with everything offloaded. "
            + (
                f"It takes {fewest:,} cards at least."
                if fewest
                else "Count fewer activations, or choose a larger card."
            )
        )
        return
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    row = st.container(horizontal=True)
    told = "plain data parallel" if way.stage == 0 else f"cuts {WHAT_IS_CUT[way.stage]}"
    offload = "" if way.offload == "none" else f", offloads {OFFLOAD_TITLES[way.offload]}"
    row.metric("The gentlest way that fits", f"stage {way.stage}", f"{told}{offload}", **quiet)
    row.metric("It needs at least", f"{way.gpus:,} × {card.title}", f"{count:,} at hand", **quiet)
    on_all = plan(subject.parameters, count, way.stage, way.smallest.bytes, offload=way.offload)
    each = int(on_all.total) + reserved
    with_reserve = "States, activations and buffers" if reserved else "States"
    row.metric(f"{with_reserve} on each of {count:,}", format_bytes(each).split(" = ")[0], **quiet)
    if way.offload == "parameters":
        st.caption(
            ":material/info: Everything waits in the host's memory, but what computes must come back for the moment: "
            "leave room for the largest layer, its gradients and the activations (count them above)."
        )


def every_way(found: tuple[Way, ...], reserved: int, card: Gpu, count: int) -> None:
    """Each stage, with and without offload: the fewest cards."""
    st.dataframe(figures.ways(found, reserved, count, OFFLOAD_TITLES), hide_index=True)
    shell.provenance(
        "computed",
        f"[ZeRO](https://arxiv.org/abs/1910.02054), §5, solved for N: kept bytes + cut bytes ÷ N + "
        f"{format_gb(reserved)} for activations and buffers ≤ {format_bytes(card.usable_bytes)} (what {card.title} "
        "lets a program have). Bytes are those on the fewest cards; more cards need less. Offloading the optimizer "
        "states takes the gradients' shares along. From the gentlest to the most drastic: waiting for PCIe comes last.",
    )


def largest(card: Gpu, count: int, each: Bytes, reserved: int) -> None:
    """The most parameters by stage on the cards at hand."""
    sizes = {stage: zero_fit.largest_model(card.usable_bytes, count, stage, each, reserved) or 0 for stage in STAGES}
    charts.draw(
        figures.largest,
        sizes,
        key="zero_fit.largest",
        alt="The largest model by stage on the cards at hand",
    )
    shell.provenance(
        "computed",
        f"the same formula solved for Ψ on {count:,} × {card.title}, nothing offloaded, {format_gb(reserved)} "
        "reserved. The paper's §5: 2B, 7.6B, 14.4B and 128B on 64 GPUs of 32 GB.",
    )


def exports(subject: Subject, count: int, each: Bytes, found: tuple[Way, ...]) -> None:
    """A way that fits as a DeepSpeed JSON and an FSDP2 script; at first the gentlest."""
    fitting = {_name(way): way for way in found if way.gpus is not None and way.gpus <= count}
    if not fitting:
        st.caption("Nothing fits, so there is nothing to export.")
        return
    way = fitting[inputs.choice("Way", list(fitting), key="way", format_func=lambda name: _way_title(fitting[name]))]
    chosen = plan(subject.parameters, count, way.stage, each, offload=way.offload)
    deepspeed, fsdp2 = st.columns(2)
    with deepspeed:
        st.markdown("**DeepSpeed**, `ds_config.json`")
        text = json.dumps(zero_export.deepspeed_config(chosen), indent=2)
        st.code(text, language="json", height=330)
        st.download_button("Download ds_config.json", text, "ds_config.json", "application/json", on_click="ignore")
    with fsdp2:
        st.markdown("**PyTorch FSDP2**, `train.py`")
        _fsdp2(chosen)


def _name(way: Way) -> str:
    return f"{way.stage}" if way.offload == "none" else f"{way.stage}-{way.offload}"


def _way_title(way: Way) -> str:
    offloads = "" if way.offload == "none" else f", {OFFLOAD_TITLES[way.offload]} offloaded"
    return f"stage {way.stage}{offloads}"


def _fsdp2(chosen: Plan) -> None:
    if chosen.stage < 2:
        st.caption(
            f"Stage {chosen.stage} needs no FSDP: "
            + ("DistributedDataParallel." if chosen.stage == 0 else "DDP with ZeroRedundancyOptimizer.")
        )
        return
    script = zero_export.fsdp2_script(chosen)
    st.code(script, language="python", height=330)
    st.download_button("Download train.py", script, "train.py", "text/x-python", on_click="ignore")
