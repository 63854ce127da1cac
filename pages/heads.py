"""What heads do: every head scored by where it looks, none named by hand.

Some look at the token before, some at what followed the same token earlier (induction), many at nothing (the sink).
"""

import streamlit as st

from playground.ui import resources, shell
from playground.ui.components import heads as views

DECODER, ENCODER = "smollm2-135m", "minilm-l6"
PROVERB = "Early to bed and early to rise makes a man healthy, wealthy and wise. Early to bed and early to rise"

shell.header(
    __file__,
    "Nobody told a head what to do, but some jobs can be measured. At first the model reads random words, then the "
    "same words again: start with the head that has learned to copy. It looks at what came *after* the same word the "
    "first time.",
)
lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
seen = views.scored(lens)
views.findings(seen)
views.all_heads(seen)
shell.provenance(
    "measured",
    f"{lens.title}, {lens.dtype} on {lens.device}: where each head's attention went, as means over tokens; over "
    "which, says the line below the table. Induction: Olsson et al. 2022; sinks: Xiao et al. 2023; entropy: Clark et "
    "al. 2019.",
)
st.info(
    "A label says where a head looks in *this* text. It does not explain the model: another text may earn the head "
    "another label, and a head that is taken out may not be missed.",
    icon=":material/balance:",
)
shell.code(views.code(seen))
shell.try_this(
    __file__,
    (
        "Does it copy proverbs too?",
        {"scored": "text", "text": PROVERB},
        "The same induction heads on words that have a meaning: are they still first?",
    ),
    (
        "Where sinks live",
        {"score": "on_first"},
        "In layers 3 to 9, 52 of 63 heads are sinks; the first two layers have none. Nor have 10 and 11: see what they "
        "do instead.",
    ),
    (
        "An encoder does not copy",
        {"model": ENCODER},
        "It sees the second half while it reads the first, so it never needed to learn it: its best induction score "
        "is next to nothing.",
    ),
)
