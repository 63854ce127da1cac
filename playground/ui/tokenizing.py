"""One text under several of the shared tokenizer engines, as the figures take it."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from playground import limits
from playground.core.tokens import Encoding, SpecialMode
from playground.figures.tokens import Side
from playground.models.engines import TOKENIZERS
from playground.ui import resources

TITLES = {tokenizer_id: info.title for tokenizer_id, info in TOKENIZERS.items()}


def compare(tokenizer_ids: Iterable[str], text: str, mode: SpecialMode) -> dict[str, Side]:
    """What each tokenizer makes of the text, by id, in the order asked for."""
    asked = list(tokenizer_ids)
    for tokenizer_id in asked:
        resources.engine(tokenizer_id)  # fetched and loaded here: that may draw a progress bar, which a thread can't
    with_context = partial(add_script_run_ctx, None, get_script_run_ctx())  # the cache asks whose run this is
    with st.spinner("Encoding…"), ThreadPoolExecutor(initializer=with_context) as pool:  # seen after half a second
        encodings = pool.map(lambda tokenizer_id: _encoded(tokenizer_id, text, mode), asked)
        return {
            tokenizer_id: Side(
                TITLES[tokenizer_id],
                TOKENIZERS[tokenizer_id].kind,
                TOKENIZERS[tokenizer_id].remark(mode),
                encoding,
            )
            for tokenizer_id, encoding in zip(asked, encodings, strict=True)
        }


@st.cache_resource(max_entries=limits.ENCODINGS_KEPT, show_spinner=False)
def _encoded(tokenizer_id: str, text: str, mode: SpecialMode) -> Encoding:
    """Kept for the next rerun: a click on a token need not encode a long text again. Nobody changes an Encoding."""
    return resources.engine(tokenizer_id).encode(text, mode)
