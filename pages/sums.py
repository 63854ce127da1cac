"""Sums and products: many small steps in few bits. A sum stops growing, a product vanishes or overflows.

The step is not lost at once: it is rounded away as soon as it is no more than half the distance to the next number.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import sums

shell.header(
    __file__,
    "A model adds up thousands of products for every number it computes, and training adds a small update to every "
    "weight, again and again. In few bits, a sum that has grown large no longer notices a small addend: *the curve "
    "goes flat*. This is why sums are kept in FP32 even where the numbers are 8 bits.",
)
asked = sums.Asked()
sums.curve(asked)

st.subheader("Why it stops", anchor=False)
sums.why(asked)

st.subheader("What each format ends with", anchor=False)
sums.table(asked)

shell.code(sums.snippet(asked))
shell.try_this(
    __file__,
    (
        "Counting to 256",
        {"x": "1", "formats": "bf16,fp16,fp8-e4m3", "count": "10000"},
        "BF16 has 8 significant bits: after 256 comes 258, and 257 rounds back. FP16 gets to 2,048, FP8 to 16.",
    ),
    (
        "A tenth, often",
        {"x": "0.1", "formats": "fp64,fp32", "count": "1000000"},
        "A million times: FP32 ends at 100,958 and not at 100,000: it never stops, but each step rounds the same way.",
    ),
    (
        "A gradient fades",
        {"op": "multiply", "start": "1", "x": "0.5", "count": "300", "formats": "fp32,bf16,fp16,fp8-e5m2"},
        "Halved at each layer: FP16 is at 0 after 25, BF16, with FP32's exponents, after 134.",
    ),
    (
        "A lost update",
        {"start": "1", "x": "0.001", "formats": "fp32,bf16,fp16", "count": "1000"},
        "A weight of 1 and an update of 0.001: BF16 never moves. Hence the FP32 master copy of the weights.",
    ),
)
