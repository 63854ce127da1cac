"""Will training fit? The fewest GPUs, the gentlest stage, the largest model, and the plan as files to train with.

Cut first what is largest and needed least often; offload to the host only when cutting is not enough.
"""

import streamlit as st

from playground.core.zero_fit import ways
from playground.ui import shell
from playground.ui.components import zero_fit

shell.header(
    __file__,
    "A model, a card, and how many of it: which stage is enough, how few cards would do, and which model would still "
    "fit. The answer comes as a configuration one can train with.",
)
subject, card, count, each, reserved = zero_fit.ask()
found = ways(subject.parameters, card.usable_bytes, each, reserved)
zero_fit.answer(subject, card, count, found, reserved)

st.subheader("Every way, from the gentlest on", anchor=False)
zero_fit.every_way(found, reserved, card, count)

st.subheader("The largest model", anchor=False)
zero_fit.largest(card, count, each, reserved)

st.subheader("Train with it", anchor=False)
zero_fit.exports(subject, count, each, found)

shell.try_this(
    __file__,
    (
        "8B on eight A100s",
        {"model": "llama-3.1-8b", "gpu": "a100-80gb", "gpus": "8"},
        "128 GB of states: one card can't, which stage is the first that can?",
    ),
    (
        "70B on eight",
        {"model": "llama-3.1-70b", "gpu": "h100-80gb", "gpus": "8"},
        "Stage 3 alone does not do. What must move to the host, and how much memory does it need there?",
    ),
    (
        "With activations",
        {"model": "llama-3.1-8b", "gpu": "a100-80gb", "gpus": "4", "count": "all", "sequence": "8192"},
        "One sequence of 8,192 tokens: what no stage cuts may be larger than what it does. Recompute it.",
    ),
    (
        "My gaming card",
        {"model": "llama-3.1-8b", "gpu": "rtx-4090", "gpus": "1"},
        "One card has nothing to share with: only offloading is left.",
    ),
)
