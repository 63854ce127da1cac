"""One attention weight: the two vectors behind a cell of the map, and every number on the way to it.

softmax(q·k/√d) over the row, times the values (Vaswani et al. 2017, section 3.2.1), recomputed and compared.
"""

import streamlit as st

from playground.ui import inputs, resources, shell
from playground.ui.components import one_weight

DECODER, ENCODER = "smollm2-135m", "minilm-l6"
IT_ANIMAL = {DECODER: (8, 1), ENCODER: (10, 2)}  # where they stand in the example
EXAMPLE = "The animal didn't cross the street because it was too tired."

shell.header(
    __file__,
    "Take one cell of an attention map apart: two vectors, multiplied, scaled, masked and shared out, until the "
    "number is the one the model itself had. In the example: how much *it* looks at *animal*.",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68)

asked = one_weight.ask(lens, text, IT_ANIMAL.get(lens.model_id) if text == EXAMPLE else None)
one_weight.picked_cell(asked)
one_weight.dot_product(asked)
one_weight.softmax(asked)
one_weight.values(asked)

shell.code(one_weight.code(asked))
shell.try_this(
    __file__,
    (
        "A weight that brings little",
        {"model": DECODER, "text": EXAMPLE, "layer": "18", "head": "8", "query": "8", "key": "0"},
        "An attention sink: all of the weight is on the first token. How long is that token's value in step 3, beside "
        "the others'?",
    ),
    (
        "By place, not by meaning",
        {"model": DECODER, "text": EXAMPLE, "layer": "16", "head": "0", "query": "8", "key": "7"},
        "A previous-token head: in most rows, whatever the words, q·k is largest for the token one place before. Click "
        "other cells beside the diagonal.",
    ),
    (
        "Nothing masked",
        {"model": ENCODER, "text": EXAMPLE, "layer": "3", "head": "1", "query": "10", "key": "2"},
        "In an encoder the row goes on to the right of *it*: the mask column is empty and all tokens share the 1.",
    ),
)
