"""The Attention page's neuron view: one head's queries and keys as bertviz draws them, captured from the model."""

import numpy as np
import streamlit as st

from playground.core import attention
from playground.figures import attention as figures
from playground.figures import neuron_view
from playground.models import attention_capture
from playground.models.lens import Lens
from playground.ui import resources
from playground.ui.components.attention_asked import Asked, Seen

NAME = "neuron view"


def show(lens: Lens, asked: Asked, seen: Seen) -> None:
    """The view, starting at the token with the head's strongest look."""
    captured = attention_capture.of_layer(lens, [token.id for token in seen.all_tokens], asked.layer)
    weights_TS = captured.weights[asked.head]
    link = attention.strongest(weights_TS)
    d3, jquery = resources.scripts()
    st.iframe(
        neuron_view.neuron_view(
            captured.queries[asked.head],
            captured.keys[asked.head // captured.group],
            np.asarray(weights_TS),
            figures.labels(seen.all_tokens),
            d3=d3,
            jquery=jquery,
            causal=captured.causal,
            query=link.query if link else None,
        ),
        alt=f"Queries, keys and their products in layer {asked.layer}, head {asked.head}",
    )
    size = captured.queries.shape[-1]
    shared = f" {captured.group} query heads share a key head." if captured.group > 1 else ""
    st.caption(
        f"It starts at the head's strongest look. Point at a token on the left: its query, {size} numbers, is "
        "multiplied with each token's key, number by number (q × k), and added up (q·k/√d); on the right, the weight "
        "that the softmax makes of it. Blue is above 0, orange below; the stronger, the larger. Point at a cell for "
        f"its number.{shared} The page *One attention weight* has every number of one such row, "
        "and fits a narrow screen, which cuts this view off."
    )
