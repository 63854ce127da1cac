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
    "Each layer adds something to what goes through a model. Read it after every layer as if that were the last: what "
    "would come next? In the example, find *Paris* in the last column, and the layer in which it leaps up.",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder",)))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68, end=True)

asked = logit_lens.ask(lens, text)
logit_lens.grid(asked)
logit_lens.one_position(asked)

shell.code(logit_lens.code(asked))
shell.try_this(
    __file__,
    (
        "Copied, not known",
        {"model": MODEL, "text": "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr"},
        "A name from the text, not a fact. In which layer does its rank leap, and where did that of *Paris*? The link "
        "below the picture takes that layer's attention out.",
    ),
    (
        "Sure, and not seen",
        {"model": MODEL, "text": "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr", "position": "15"},
        "The model is nearly certain of *ley*, yet no layer but the last shows it: here the lens is blind, not the "
        "model. See what it can't show.",
    ),
    (
        "Hardly any context",
        {"model": MODEL, "text": EXAMPLE, "position": "1"},
        "After *capital* comes *of*. Layer 0 alone lifts it from nearly the last of all tokens into the first ten: no "
        "context is needed for that.",
    ),
)
