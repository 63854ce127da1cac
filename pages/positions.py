"""Positions: attention alone can't tell first from last; a model must be told where each token stands.

Waves added to the embedding (2017), queries and keys turned by their position (RoPE), or a learned row for each place.
"""

from playground.ui import inputs, shell
from playground.ui.components import positions

SCHEMES = {
    "sinusoidal": ("waves (2017)", positions.sinusoidal),
    "rotary": ("rotation (RoPE)", positions.rotary),
    "learned": ("learned rows", positions.learned),
}

shell.header(
    __file__,
    "To attention a text is a bag of tokens: *dog bites man* and *man bites dog* would be the same. So a model is told "
    "where each token stands. The first Transformer *added waves*, BERT and GPT-2 *learned a row* for each place, and "
    "most models of today *turn* queries and keys, so that their product depends on how far apart they are.",
)
scheme = inputs.choice(
    "How it is told", tuple(SCHEMES), key="scheme", format_func=lambda name: SCHEMES[name][0], segmented=True
)
shell.code(SCHEMES[scheme][1]())

shell.try_this(
    __file__,
    (
        "Too small to tell",
        {"scheme": "sinusoidal", "d_model": "64", "positions": "512"},
        "Fewer waves, a rougher curve: with 64 dimensions, which distances could be mistaken for each other?",
    ),
    (
        "Rotation alone",
        {"scheme": "rotary", "vectors": "all ones"},
        "With nothing of the words left, nearer still scores higher, but the curve has ripples.",
    ),
    (
        "A head that counts",
        {"scheme": "rotary", "layer": "16", "head": "0", "query": "8", "key": "7"},
        "The previous-token head: its curve is highest at distance 1, whatever the word.",
    ),
    (
        "An end in sight",
        {"scheme": "learned"},
        "512 learned rows. What would such a model do with the 513th token?",
    ),
)
