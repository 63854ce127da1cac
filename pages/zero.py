"""ZeRO: on N GPUs in plain data parallel, everything is kept N times; each stage cuts more of it into N shares.

Stage 1 cuts the optimizer states, stage 2 the gradients too, stage 3 the parameters as well.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import zero, zero_inputs

shell.header(
    __file__,
    "Plain data parallel keeps **everything on every GPU**: parameters, gradients, optimizer states. ZeRO lets each "
    "GPU keep only *its share*: of the optimizer states (stage 1), the gradients too (2), and the parameters (3). "
    "Ψ is the number of parameters, N the number of GPUs.",
)
asked = zero_inputs.ask()
zero.answer(asked)
zero.side_by_side(asked)

st.subheader("Who keeps what", anchor=False)
zero.who_keeps_what(asked.chosen)

less, cost = st.columns(2, gap="large")
with less:
    st.subheader("How much less", anchor=False)
    zero.factors(asked.plans, asked.chosen)
with cost:
    st.subheader("What it costs", anchor=False)
    zero.sent(asked.plans, asked.chosen)

zero.rounding(asked)
zero.table_1(asked.chosen.gpus)
shell.code(zero.SNIPPET)

shell.try_this(
    __file__,
    (
        "The paper's figure",
        {"params": "7.5B", "gpus": "64", "stage": "3"},
        "120 GB on each GPU become 1.9. Step through the stages: what is cut, and what is sent for it?",
    ),
    (
        "Eight GPUs",
        {"params": "7.5B", "gpus": "8", "stage": "2"},
        "“Up to 8×” is 4.27× here: 2Ψ stay on every GPU, however many there are.",
    ),
    (
        "Groups of eight",
        {"params": "7.5B", "gpus": "64", "stage": "3", "factor": "8"},
        "Hybrid sharding: eight machines, each with a whole copy cut in eight. What is saved, what is sent?",
    ),
    (
        "Seven don't divide",
        {"model": "gpt2", "gpus": "7", "stage": "3"},
        "124,439,808 parameters on 7 GPUs: point at the columns. Who holds one parameter more?",
    ),
)
