"""One text under several of the shared tokenizer engines, as the figures take it."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from playground import limits
from playground.core.tokens import Encoding, SpecialMode
from playground.figures.tokens import Side
from playground.models.engines import TOKENIZERS
from playground.ui import resources

_THREADS = ThreadPoolExecutor(thread_name_prefix="encode")
TITLES = {tokenizer_id: info.title for tokenizer_id, info in TOKENIZERS.items()}


def compare(tokenizer_ids: Iterable[str], text: str, mode: SpecialMode) -> dict[str, Side]:
    """What each tokenizer makes of the text, by id, in the order asked for."""
    asked = {tokenizer_id: _encoding(tokenizer_id, text, mode) for tokenizer_id in tokenizer_ids}
    with st.spinner("Encoding…"):  # seen after half a second
        return {
            tokenizer_id: Side(
                TITLES[tokenizer_id],
                TOKENIZERS[tokenizer_id].kind,
                TOKENIZERS[tokenizer_id].remark(mode),
                encoding.result(),
            )
            for tokenizer_id, encoding in asked.items()
        }


@st.cache_resource(max_entries=limits.ENCODINGS_KEPT, show_spinner=False)
def _encoding(tokenizer_id: str, text: str, mode: SpecialMode) -> Future[Encoding]:
    """Begun in a thread, for the engines work side by side, and kept for the next rerun: a click on a token need not
    encode a long text again. Nobody changes an Encoding.
    """
    return _THREADS.submit(resources.engine(tokenizer_id).encode, text, mode)
