"""Scaling laws: a compute budget C = 6ND buys a larger model or more tokens, never both; which split is best?

Chinchilla's three approaches (rounded and not), Epoch's refit, the course's 20 tokens per parameter, and real models.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import scaling, scaling_history

shell.header(
    __file__,
    "Training costs about **6 operations per parameter and token**: C = 6·N·D. For the same money, a larger model "
    "reads less, a smaller one more. *Scaling laws* say which split gives the lowest loss (is *compute-optimal*): "
    "about **20 tokens per parameter**, says the course. Where that comes from, and how sure it is:",
)
budget, machine = scaling.ask()
scaling.answer(budget)

st.subheader("How to split it", anchor=False)
scaling.splits(budget)

st.subheader("The loss, over parameters and tokens", anchor=False)
law = scaling.law_choice()
scaling.surface(budget, law)

st.subheader("Real models", anchor=False)
scaling.models(budget, law)

st.subheader("What it costs", anchor=False)
scaling.price(budget, machine)

st.subheader("What 6ND leaves out", anchor=False)
scaling.attention_warning(budget)

st.subheader("Before Chinchilla: straight lines", anchor=False)
scaling_history.history()

st.subheader("A model for one field: BloombergGPT", anchor=False)
scaling_history.bloomberg()

shell.code(scaling.SNIPPET)

shell.try_this(
    __file__,
    (
        "GPT-3",
        {"ask": "model", "params": "174.6B", "tokens": "300B"},
        "1.7 tokens per parameter. How large should it have been, for the same compute?",
    ),
    (
        "Llama 3.1 8B",
        {"ask": "model", "params": "8B", "tokens": "15T"},
        "94 times “optimal”. The laws would have bought 36 to 81B instead: who would pay to run that?",
    ),
    (
        "Two decimals",
        {"ask": "compute", "compute": "5.76e23", "law": "approach-3-rounded"},
        "The same formula with the printed coefficients: 32B instead of 40B, 93 tokens instead of 59.",
    ),
    (
        "One GPU, one year",
        {"ask": "gpus", "card": "rtx-4090", "gpus": "1", "days": "365"},
        "What can you train at home? Look at the best split, then at SmolLM2.",
    ),
)
