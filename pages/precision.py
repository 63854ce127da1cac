"""Precision you can feel: the same model in 32, 16, 8 and 4 bits a weight, and what becomes of its answers.

Measured on a copy of the running model; below, a small network that learns while it is being rounded.
"""

import streamlit as st

from playground.ui import resources, shell
from playground.ui.components import precision

shell.header(
    __file__,
    "Half the bits, half the memory, and an answer that is *nearly* the same: how nearly? Here the running model's "
    "weights are rounded to each format, and it reads and writes again. **KL** (divergence) says how far the "
    "probabilities moved from FP32's: 0 is not at all. **Perplexity** says how surprised the model is by a text, as "
    "if it had to choose each token among so many: lower is better.",
)
lens = resources.lens(resources.model_choice(kinds=("decoder",)))
job, schemes = precision.ask(lens)
found = precision.measured(job, schemes)
precision.results(lens, found)

st.subheader("Learning while rounded", anchor=False)
st.markdown(
    "Rounding a finished network hurts more, the fewer bits are left. **Quantization-aware training** rounds the "
    "weights in every forward pass while the network learns, so it finds weights that survive rounding."
)
precision.aware()

shell.code(precision.snippet(lens, job))
shell.try_this(
    __file__,
    (
        "Four bits, four ways",
        {"schemes": "fp32,q4_1,nf4,int4,q4_0,mxfp4"},
        "Nearly the same size, not the same loss. Which one is the file's own format?",
    ),
    (
        "One scale is not enough",
        {"schemes": "fp32,int4,int4-channel,int4-tensor"},
        "4 bits each time, but a scale for 64 weights, for a row, for a whole matrix. What does the last one say?",
    ),
    (
        "Two bits",
        {"bits": "2", "seeds": "10"},
        "Three values are left for each weight: −s, 0, s. Trained that way the network still finds half a spiral.",
    ),
)
