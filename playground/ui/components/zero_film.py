"""One training step as a film: DDP beside FSDP, collective by collective."""

from pathlib import Path

import streamlit as st

from playground.core.recorded import recording
from playground.core.sharding_variants import VARIANTS
from playground.core.units import format_gb
from playground.core.zero_film import FILMED, film
from playground.figures import zero_film as figures
from playground.ui import inputs, shell

_FILE = Path(__file__)
_film = st.components.v2.component(
    "llm_playground.zero_film",
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
    css="\n".join(
        file.read_text(encoding="utf-8") for file in (_FILE.with_name("player.css"), _FILE.with_suffix(".css"))
    ),
    html=_FILE.with_suffix(".html").read_text(encoding="utf-8"),
)


def ask() -> tuple[str, str]:
    """Which two to watch."""
    left_column, right_column = st.columns(2)
    with left_column:
        left = inputs.choice("Left", FILMED, key="left", default="ddp", format_func=_title)
    with right_column:
        right = inputs.choice("Right", FILMED, key="right", default="fsdp2", format_func=_title)
    return left, right


def _title(name: str) -> str:
    variant = VARIANTS[name]
    return f"{variant.title} · stage {variant.stage}" if variant.stage else f"{variant.title} · plain data parallel"


def show(left: str, right: str) -> None:
    """Both films on one clock."""
    source = recording()
    _film(key="zero.film", data=figures.play(tuple(film(source[name]) for name in (left, right))))
    st.caption(
        "A *rank* is one process, here in the place of one GPU. *All-gather*: each rank sends its part, all have the "
        "whole. *Reduce-scatter*: the gradients are summed over the ranks, and each gets its part of the sum. "
        "*All-reduce*: they are summed, and all get the whole sum. *Root*: embeddings and head, sent together. "
        "One tick of the slider is one event; both films wait for each other at each computation."
    )
    shell.provenance(
        "recorded",
        f"on {source.date} in {source.gpus} processes ({source.machine}): the third step of a transformer of "
        f"{source.model.parameters:,} parameters in FP32. Order and bytes are the recording's; how long "
        "anything took is left out. The page “ZeRO, measured” records it again on this machine.",
    )


def compare(left: str, right: str) -> None:
    """The two in numbers."""
    source = recording()
    films = [film(source[name]) for name in (left, right)]
    st.dataframe(
        [
            {
                "": made.measured.variant.title,
                "between steps, with gradients": format_gb(made.measured.ranks[0].total),
                "at its fullest": format_gb(made.peak.event.held_bytes),
                "collectives": len(made.measured.collectives),
                "sent by a rank": format_gb(made.measured.ring),
                "loss after step 3": f"{made.measured.losses[-1]:.6f}",
            }
            for made in films
        ],
        hide_index=True,
    )
