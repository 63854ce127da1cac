"""ZeRO, measured: a small transformer is really trained in several processes, in every way of sharding.

What each of them holds is counted to the byte and set beside the formula; what they send is written down in order.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import measuring, zero_measured

shell.header(
    __file__,
    "Here nothing is only computed: **real processes train a real (small) transformer** for three steps under DDP, "
    "ZeRO and FSDP. Each rank's bytes are counted, each collective is written down, and the formula has to agree.",
)
shown = measuring.run(*measuring.ask())

zero_measured.verdict(shown)
chosen = zero_measured.choose(shown)
zero_measured.held(shown, chosen)
zero_measured.closer(chosen)

st.subheader("One step, as it happened", anchor=False)
zero_measured.step(shown, chosen)

st.subheader("What was sent", anchor=False)
zero_measured.sent(shown, chosen)

st.subheader("The same training", anchor=False)
zero_measured.same_training(shown)

st.subheader("What the formula does not tell", anchor=False)
zero_measured.surprises(shown)
shell.code(zero_measured.SNIPPET)

shell.try_this(
    __file__,
    (
        "A sawtooth",
        {"variant": "fsdp2"},
        "Blocks are gathered and cut again, forward and backward. How many are whole at the same time?",
    ),
    (
        "Stage 2, or 3?",
        {"variant": "fsdp2_keep"},
        "All blocks pile up until the backward pass. What is left of the parameters after the step?",
    ),
    (
        "Whole tensors",
        {"variant": "zero1"},
        "Which rank holds most, and by how much? Count the broadcasts in the list of collectives.",
    ),
    (
        "Nothing divides",
        {"size": "odd", "ranks": "3"},
        "Press *Run it here*: a width of 70 on 3 ranks. Which API pays most for rounding?",
    ),
)
