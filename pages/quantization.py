"""Quantization: a weight becomes a small whole number, and a scale shared by many of them gives it back, nearly.

One matrix of a running model, before and after: real bits a weight, error, outliers, and the file's own blocks.
"""

import streamlit as st

from playground.models import weights_code
from playground.ui import resources, shell
from playground.ui.components import quantization

shell.header(
    __file__,
    "Most weights lie close to zero. Quantization lays a ruler of 16 or 256 marks over them, moves each weight to the "
    "nearest mark and keeps the *number of the mark*: 4 or 8 bits. The ruler's **scale** is kept beside, once for a "
    "matrix, a row or a small group. *Make the group smaller and watch error and bits trade places.*",
)
lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
matrix = quantization.pick_matrix(lens)
scheme = quantization.pick_scheme(matrix)
quantization.compare(lens, matrix, scheme)

st.subheader("Every scheme on this matrix", anchor=False)
quantization.side_by_side(lens, matrix, scheme)

st.subheader("A block of the file, byte by byte", anchor=False)
quantization.blocks(lens, matrix, scheme)

shell.code(weights_code.snippet(lens.model_id, matrix, scheme))
shell.try_this(
    __file__,
    (
        "One scale for all",
        {"scheme": "int4", "grain": "tensor", "layer": "0", "module": "self_attn.q_proj"},
        "The ruler must reach the largest weight of the matrix: how many of the others became 0?",
    ),
    (
        "Groups of 16",
        {"scheme": "int4", "grain": "group", "group": "16", "layer": "0", "module": "self_attn.q_proj"},
        "Each outlier now spoils 15 neighbours only, but the scales cost a bit more: 5.0 bits, not 4.",
    ),
    (
        "NF4's marks",
        {"scheme": "nf4", "model": "minilm-l6", "layer": "3"},
        "NF4's 16 marks lie close together where most weights are. Compare it with INT4 in the bars.",
    ),
    (
        "The file's format",
        {"scheme": "q4_1"},
        "This model was published in Q4_1. Quantized again in the same way nothing is lost: look at the block below.",
    ),
)
