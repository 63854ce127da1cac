"""Two sliders for a layer and a head, counted from 0: the same inputs on each page that takes one head apart."""

import streamlit as st

from playground.models.lens import Lens
from playground.ui import inputs


def layer_and_head(lens: Lens, first: tuple[int, int], *, head: bool = True) -> tuple[int, int]:
    """The chosen layer and head, starting at ``first``; without ``head`` only the layer is asked for."""
    layer_column, head_column = st.columns(2, gap="medium")
    with layer_column:
        layer = inputs.choice("Layer (from 0)", range(lens.layers), key="layer", default=first[0], slider=True)
    if not head:
        return layer, first[1]
    with head_column:
        chosen = inputs.choice("Head (from 0)", range(lens.heads), key="head", default=first[1], slider=True)
    return layer, chosen
