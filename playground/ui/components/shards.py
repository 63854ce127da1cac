"""The GPUs as columns of what they own; moving the stage moves the slices."""

from pathlib import Path

import streamlit as st

from playground.core.zero import Plan
from playground.figures.shards import columns

_FILE = Path(__file__)
_shards = st.components.v2.component(
    "llm_playground.shards",
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
    css=_FILE.with_suffix(".css").read_text(encoding="utf-8"),
    html='<div class="shards"><div class="legend"></div><div class="gpus"></div>'
    '<p class="readout" aria-live="polite"></p></div>',
)


def shards(plan: Plan) -> None:
    """Draw who owns what; the same element from rerun to rerun, so that a change is a movement."""
    _shards(key="zero.shards", data=columns(plan))
