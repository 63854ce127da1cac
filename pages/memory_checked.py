"""Memory, checked: the calculator's formulas against bytes measured here, and against other calculators.

A real model, its cache and a real training step; then the same question to accelerate, DeepSpeed and EleutherAI.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import memory_checked
from playground.ui.components.subjects import subject_input

shell.header(
    __file__,
    "A formula is worth what a measurement says. Here a **real training step** runs on the first layers of a real "
    "model, and every byte it holds is counted: weights, KV cache, activations, gradients, Adam's states.",
)
st.subheader("Predicted against measured", anchor=False)
memory_checked.measured()

st.subheader("Other calculators say…", anchor=False)
subject = subject_input(default="llama-3.1-8b")
memory_checked.others(subject)

shell.code(memory_checked.SNIPPET)

shell.try_this(
    __file__,
    (
        "More tokens",
        {"layers": "2", "tokens_measured": "256"},
        "Weights, gradients and states stay; what is saved for the backward pass grows fourfold.",
    ),
    (
        "In half the bits",
        {"dtype_measured": "bf16"},
        "Everything halves but what stays in FP32: logits, the norms' inputs, Adam's step count of each tensor.",
    ),
    (
        "A tied table, counted twice",
        {"model": "gpt2"},
        "Another calculator leaves out or doubles the output head. Here it is counted once.",
    ),
)
