"""The prediction, layer by layer: what the model would say if it ended after each of its layers.

Logit lens: the final norm and the unembedding applied to every layer's output (nostalgebraist 2020).
"""

import streamlit as st

from playground.ui import inputs, resources, shell
from playground.ui.components import logit_lens

EXAMPLE = "The capital of France is"
MODEL = "smollm2-135m"

shell.header(
    __file__,
    "A model does not find its answer at the end: each layer adds something to what goes through. Look at it after "
    "every layer as if it were the last. When does *Paris* come up?",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder",)))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68)

asked = logit_lens.ask(lens, text)
logit_lens.grid(asked)
logit_lens.one_position(asked)

shell.code(logit_lens.code(asked))
shell.try_this(
    __file__,
    (
        "Copied, not known",
        {"model": MODEL, "text": "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr"},
        "The name stands in the text. In which layer does the answer rise, and is it before *Paris* does?",
    ),
    (
        "A word in pieces",
        {"model": MODEL, "text": "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr", "position": "15"},
        "After *D·urs* only one piece is likely. How much earlier is that settled than a new word?",
    ),
    (
        "Counting",
        {"model": MODEL, "text": "one two three four five six"},
        "What is the first choice half way up, and from which layer on is it the next number?",
    ),
)
