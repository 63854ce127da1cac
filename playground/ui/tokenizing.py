"""One text under several of the shared tokenizer engines, as the figures take it."""

from collections.abc import Iterable

import streamlit as st

from playground import limits
from playground.core.tokens import Encoding, SpecialMode
from playground.figures.tokens import Side
from playground.models.engines import TOKENIZERS
from playground.ui import resources

TITLES = {tokenizer_id: info.title for tokenizer_id, info in TOKENIZERS.items()}


def compare(tokenizer_ids: Iterable[str], text: str, mode: SpecialMode) -> dict[str, Side]:
    """What each tokenizer makes of the text, by id, in the order asked for."""
    return {
        tokenizer_id: Side(
            TITLES[tokenizer_id],
            TOKENIZERS[tokenizer_id].kind,
            TOKENIZERS[tokenizer_id].remark(mode),
            _encoded(tokenizer_id, text, mode),
        )
        for tokenizer_id in tokenizer_ids
    }


@st.cache_resource(max_entries=limits.ENCODINGS_KEPT, show_spinner="Encoding…")  # seen after half a second
def _encoded(tokenizer_id: str, text: str, mode: SpecialMode) -> Encoding:
    """Kept for the next rerun: a click on a token need not encode a long text again. Nobody changes an Encoding."""
    return resources.engine(tokenizer_id).encode(text, mode)
