"""Sampling: a model gives every token of its vocabulary a score; softmax makes probabilities of them.

Temperature flattens or sharpens them, top-k, top-p, min-p and typical-p cut, and one draw picks the next token.
"""

import streamlit as st

from playground.core import sampling
from playground.models import sampling_code
from playground.ui import inputs, resources, shell
from playground.ui.components import sampling as live

EXAMPLE = "The capital of France is"
UNSURE = "My favourite thing is"

shell.header(
    __file__,
    "A model doesn't write a word: it gives *every* token of its vocabulary a probability, and one of them is drawn. "
    "Drag a slider and watch all of them move; click a token to go on with it.",
)
text_column, model_column = st.columns([2, 1])
with text_column:
    prompt = inputs.text("Prompt", EXAMPLE, height=68)
with model_column:
    model_id = resources.model_choice(kinds=("decoder",))
lens = resources.lens(model_id)


def append(token_text: str) -> None:
    """The prompt grows by a token."""
    inputs.pick("text", prompt + token_text)


encoding = lens.encode(prompt)
ids, cut = lens.fit(encoding.ids)
shell.notices(cut)
logits = lens.next_logits(ids)
chosen = live.controls(lens.vocabulary_size)
live.show(lens, logits, ids, chosen, sampling.adjust(logits, chosen.settings, ids), append)
shell.provenance(
    "measured",
    f"{lens.title}, {lens.dtype} on {lens.device}: the logits after {len(ids):,} tokens. Softmax over all "
    f"{lens.vocabulary_size:,} tokens in your browser, with the rules of transformers' processors.",
)

st.subheader("What each step does", anchor=False)
heat, top_k, top_p = st.columns(3)
min_p, typical, penalty = st.columns(3)
heat.markdown(
    "**Temperature** divides the scores: p ∝ exp(score / T). Above 1 it *flattens* the distribution, below 1 it "
    "*sharpens* it. At 0 only the most probable token is left: *greedy* decoding."
)
top_k.markdown(
    "**Top-k** keeps the k most probable tokens, however sure the model is, and those equal to the k-th "
    "([Fan et al. 2018](https://arxiv.org/abs/1805.04833))."
)
top_p.markdown(
    "**Top-p** (nucleus) keeps the *smallest* set of the most probable tokens whose probabilities *reach* p, so the "
    "token that crosses p stays: few when the model is sure, many when it isn't "
    "([Holtzman et al. 2019](https://arxiv.org/abs/1904.09751)). Some notes say “at most p” instead: one token fewer."
)
min_p.markdown(
    "**Min-p** keeps every token at least min-p times as probable as the most probable one "
    "([Nguyen et al. 2024](https://arxiv.org/abs/2407.01082))."
)
typical.markdown(
    "**Typical-p** keeps the tokens whose surprise −log p is nearest to the expected one, the entropy, until they "
    "reach the mass: even the most probable token may go "
    "([Meister et al. 2022](https://arxiv.org/abs/2202.00666))."
)
penalty.markdown(
    "**Repetition penalty** divides the score of each token that the text has already, or multiplies it where it is "
    "negative ([Keskar et al. 2019](https://arxiv.org/abs/1909.05858)). llama.cpp looks back 64 tokens, transformers "
    "at the whole text, as here."
)
st.markdown(
    "After each cut the rest is scaled up to 100 % again. **The draw**: lay the tokens end to end, the most probable "
    "first, and take the one under a random number *u* between 0 and 1. Here *u* depends on the seed and the position "
    "alone, so a link draws the same token for everyone; the 1,000 draws go on from that *u*. **The two orders** are "
    "those of transformers (`generation/utils.py`) and of llama.cpp's default chain (`common/common.h`, without the "
    "steps that are off there: DRY, top-nσ, XTC)."
)
shell.code(sampling_code.snippet(lens.model_id, lens.dtype, lens.vocabulary_size, encoding.text, chosen.settings))

shell.try_this(
    __file__,
    (
        "Top-p when unsure",
        {"text": UNSURE, "p": "0.9"},
        "More than a thousand tokens are needed to reach p = 0.9; for the capital of France 10 were enough.",
    ),
    (
        "The order matters",
        {"text": EXAMPLE, "t": "2", "p": "0.9", "order": "llama.cpp"},
        "Cut first, then heated: 10 tokens are left. Now click “transformers”: heated first, thousands pass the cut.",
    ),
    (
        "A popular mistake",
        {"text": UNSURE, "t": "2", "mistake": "top50"},
        "Softmax over 50 tokens: the likeliest seems more than ten times as likely as it is. The tail has most of it.",
    ),
    (
        "A thousand draws",
        {"text": UNSURE, "seed": "2", "draws": "1000"},
        "Nearly every count lies in its band, yet rare tokens keep coming: there are so many of them.",
    ),
)
