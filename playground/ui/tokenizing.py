"""One text under several of the shared tokenizer engines, as the figures take it."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from playground import limits
from playground.core.pipeline import Stages
from playground.core.tokens import SpecialMode
from playground.figures.tokens import Side
from playground.models.engines import TOKENIZERS
from playground.ui import resources

_THREADS = ThreadPoolExecutor(thread_name_prefix="encode")
TITLES = {tokenizer_id: info.title for tokenizer_id, info in TOKENIZERS.items()}


def compare(tokenizer_ids: Sequence[str], text: str, mode: SpecialMode) -> dict[str, Side]:
    """What each tokenizer makes of the text, by id, in the order asked for."""
    asked = [_side(tokenizer_id, text, mode) for tokenizer_id in tokenizer_ids]
    with st.spinner("Encoding…"):  # seen after half a second
        sides = [side.result() for side in asked]
    return dict(zip(tokenizer_ids, sides, strict=True))


@st.cache_resource(max_entries=limits.ENCODINGS_KEPT, show_spinner=False)
def _side(tokenizer_id: str, text: str, mode: SpecialMode) -> Future[Side]:
    """Begun in a thread, for the engines work side by side, and kept for the next rerun: a click on a token need not
    encode a long text again. Nobody changes a Side.
    """
    engine = resources.engine(tokenizer_id)

    def encoded() -> Side:
        side = Side(engine.info.title, engine.info.kind, engine.info.remark(mode), engine.encode(text, mode))
        side.lost, side.encoding.byte_ends  # noqa: B018  (worked out here, beside the other tokenizers)
        return side

    return _THREADS.submit(encoded)


@st.cache_resource(max_entries=limits.ENCODINGS_KEPT, show_spinner=False)
def stages(tokenizer_id: str, text: str, mode: SpecialMode) -> Stages:
    """The stages of the text's beginning under one tokenizer; kept, because a click asks for them again."""
    return resources.engine(tokenizer_id).stages(text, mode)
