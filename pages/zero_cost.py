"""What sharding costs: stage 3 sends half as much again, and it depends on the step whether anyone waits for it.

A step's arithmetic grows with its tokens, its sending does not: from some number of tokens on, one hides the other.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import zero_cost, zero_inputs

shell.header(
    __file__,
    "“FSDP saves memory and pays in communication.” How much, and when? A step's arithmetic grows with the tokens each "
    "GPU computes; what it sends does not. From some number of tokens on, the sending hides behind the arithmetic.",
)
asked = zero_inputs.ask(default_stage=3, states_only=True)
question = zero_cost.ask()
zero_cost.answer(asked, *question)

st.subheader("Where it turns", anchor=False)
zero_cost.over_tokens(asked, *question)

st.subheader("On every link", anchor=False)
link, card, tokens, used, overlap = question
zero_cost.links(asked, card, used)
shell.code(zero_cost.SNIPPET)

shell.try_this(
    __file__,
    (
        "Inside a machine",
        {"stage": "3", "link": "nvlink4", "card": "H100", "tokens": "4096"},
        "NVLink hides stage 3 from some hundred tokens on: full sharding is almost free.",
    ),
    (
        "Across machines",
        {"stage": "3", "link": "eth100", "card": "H100", "tokens": "4096"},
        "The same step over 100 Gb Ethernet: how many tokens would hide it, and would they fit?",
    ),
    (
        "Nothing overlaps",
        {"stage": "3", "link": "nvlink3", "overlap": "0"},
        "Without prefetching the curves never meet the dashed line: sending is always added.",
    ),
    (
        "A larger model",
        {"params": "175B", "stage": "3", "gpus": "256"},
        "Twenty times the parameters, and the turning point hardly moves. Why?",
    ),
)
