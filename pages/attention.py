"""Attention: which tokens each token looks at, in every layer and head of a running model.

softmax(q·k/√d) over the tokens a head may see: a decoder's may only look back, an encoder's both ways.
"""

import streamlit as st

from playground.ui import inputs, resources, shell
from playground.ui.components import attention as views
from playground.ui.components import attention_asked, neuron_view

DECODER, ENCODER = "smollm2-135m", "minilm-l6"
EXAMPLE = "The animal didn't cross the street because it was too tired."
WIDE = "The animal didn't cross the street because it was too wide."
VIEWS = (*views.HINTS, neuron_view.NAME)
REPEATED = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr Potter near Vauxhall."

shell.header(
    __file__,
    "A head divides each token's attention among the tokens it may look at; a row's shares add up to 1. Many heads "
    "do this side by side in every layer, each in its own way. In the sentence that the page begins with, *it* puts "
    "three quarters of its attention on *animal* in layer 13, head 8. But look down that column: so do *didn* and "
    "*cross*, and more. Does this head know what *it* means? In layer 9, head 2, *it* stands out.",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68)
view_column, map_column = st.columns([5, 3], gap="medium")
with view_column:
    view = inputs.choice("View", VIEWS, key="view", segmented=True)
with map_column:
    which = attention_asked.which_map(view)
asked = attention_asked.inputs_for(lens, view, which)
texts = [text, *attention_asked.second_text(view)]
seen = [attention_asked.look(lens, one, asked) for one in texts]

if seen[0].view == neuron_view.NAME:
    neuron_view.show(lens, asked, seen[0])
else:
    views.show(asked, seen, lens.kind)
views.source(lens, asked)
shell.code(views.code(lens, asked, seen[0], text))
shell.try_this(
    __file__,
    (
        "Seen it before",
        {"view": "head view", "model": DECODER, "text": REPEATED, "layer": "18", "head": "6"},
        "The second time round, a token looks at the one that *followed* it the first time: an induction head, "
        "which is how a model can copy.",
    ),
    (
        "Nothing to say",
        {"view": "overview", "model": DECODER, "text": EXAMPLE, "layer": "19", "head": "8"},
        "An attention sink: shares must add up to 1, so a head with nothing to do leaves them on the first token. "
        "Choose “without the sink” under Weights: most of what is left in 19.8 goes to the token before.",
    ),
    (
        "All layers at once",
        {"which": "rollout", "model": DECODER, "text": EXAMPLE, "layer": "29"},
        "All layers multiplied: nearly everything could have come from the first token. A large number is not yet an "
        "explanation.",
    ),
    (
        "Both ways",
        {"second": WIDE, "model": ENCODER, "text": EXAMPLE, "layer": "3", "head": "1"},
        "Two texts, one word apart. In an encoder the row of *it* changes, though the word comes after it. Choose the "
        "decoder: there it can't.",
    ),
)
