"""Attention: which tokens each token looks at, in every layer and head of a running model.

softmax(q·k/√d) over the tokens a head may see: a decoder's may only look back, an encoder's both ways.
"""

import streamlit as st

from playground import limits
from playground.core import attention, heads
from playground.figures import bertviz
from playground.models import attention_code
from playground.ui import inputs, resources, shell
from playground.ui.components import attention as views

DECODER, ENCODER = "smollm2-135m", "minilm-l6"
EXAMPLE = "The animal didn't cross the street because it was too tired."
WIDE = "The animal didn't cross the street because it was too wide."
REPEATED = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr Potter near Vauxhall."

shell.header(
    __file__,
    "A head divides each token's attention among the tokens it may look at; a row's shares add up to 1. Many heads "
    "do this side by side in every layer, each in its own way. In the example, start with the row of *it*: which "
    "word does it look at?",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68)
view_column, head_column = st.columns(2)
with view_column:
    view = inputs.choice("View", views.VIEWS, key="view", segmented=True)
with head_column:
    layer, head = views.head_choice(lens)

encoding = lens.encode(text, "template")
tokens, cut = heads.first_tokens(encoding.tokens, limits.HEATMAP_TOKENS)
too_long = bertviz.too_long(view, len(encoding.tokens))
shown = "heatmap" if too_long else view
shell.notices((*encoding.notices, *cut, *too_long))
maps = attention.checked(lens.attentions([token.id for token in tokens]))

picture, reading = st.columns([5, 2], gap="large")
with picture:
    views.picture(shown, maps, tokens, layer, head, causal=lens.kind == "decoder")
    shell.provenance("measured", f"{lens.title}, {lens.dtype} on {lens.device}: the weights its forward pass used.")
with reading:
    views.reading(maps, tokens, layer, head, kind=lens.kind, view=shown)

shell.code(attention_code.snippet(lens.model_id, lens.dtype, encoding.text, layer, head, limits.HEATMAP_TOKENS))
shell.try_this(
    __file__,
    (
        "One step back",
        {"view": "heatmap", "model": DECODER, "text": EXAMPLE, "layer": "16", "head": "0"},
        "A diagonal: this head looks at the token before, whatever the words mean.",
    ),
    (
        "Seen it before",
        {"view": "head view", "model": DECODER, "text": REPEATED, "layer": "18", "head": "6"},
        "The second time round, a token looks at the one that *followed* it the first time: an induction head, "
        "which is how a model can copy.",
    ),
    (
        "Nothing to say",
        {"view": "overview", "model": DECODER, "text": EXAMPLE, "layer": "18", "head": "8"},
        "An attention sink: shares must add up to 1, so a head with nothing to do leaves them on the first token. "
        "How many thumbnails do that?",
    ),
    (
        "Both ways",
        {"view": "head view", "model": ENCODER, "text": WIDE, "layer": "3", "head": "1"},
        "In an encoder *it* sees *wide*, which comes after. Write *tired* instead and its lines move. With the "
        "decoder they can't.",
    ),
)
