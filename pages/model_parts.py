"""Inside the model: the parts a text passes on its way from token ids to an answer, and what each one weighs.

Embedding, blocks of attention and feed-forward around one residual stream, norms, unembedding: their sizes add up.
"""

import streamlit as st

from playground.models import parts, parts_code, translation
from playground.ui import inputs, resources, shell
from playground.ui.components import model_parts as views

EXAMPLE = "The capital of France is"
LONG = "The quick brown fox jumps over the lazy dog. " * 12

shell.header(
    __file__,
    "This is the model that runs here, taken apart: your text's way through its parts, what each part holds, and what "
    "comes out of it. Click a part to see what it does. Which part do you expect to be the largest?",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder", "encoder-decoder")))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68)
encoding = lens.encode(text, "template")
ids, cut = lens.fit(encoding.ids)
shell.notices((*encoding.notices, *cut))
anatomy = parts.of(lens, ids, translation.target_of(lens, ids))

way, sizes = st.columns([3, 2], gap="large")
with way:
    views.way(anatomy, parts.facts(lens), lens, len(ids))
with sizes:
    views.sizes(anatomy, lens)

shell.code(parts_code.snippet(lens.model_id, lens.kind))
shell.try_this(
    __file__,
    (
        "A longer text",
        {"text": LONG.strip(), "model": "smollm2-135m"},
        "The violet shapes grow with the text, the sizes beside them stay: a model does not get larger when it reads.",
    ),
    (
        "An encoder",
        {"text": EXAMPLE, "model": "minilm-l6"},
        "The norm comes *after* attention here, not before. Half of this small model is its table of words. What has "
        "it no part for?",
    ),
    (
        "Reads and writes",
        {"text": "the 3rd of May '99", "model": "date-t5"},
        "Two stacks. The decoder has one more part in each block: open cross-attention and compare what its queries "
        "and its keys take in.",
    ),
)
