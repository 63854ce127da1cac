"""The Attention page's picture of the chosen head in one of four views, and what the head does, in words."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from playground.core import attention, heads
from playground.core.tokens import Token
from playground.figures import attention as figures
from playground.figures import bertviz
from playground.models.lens import Lens
from playground.ui import inputs, resources

HINTS = {
    "heatmap": "A row for each token that looks, a column for each it can look at. Point at a cell for its weight.",
    "head view": "Left looks at right. Point at a token to see its lines alone. Click a numbered square to switch a "
    "head on or off; double-click for that head alone, and again for all.",
    "model view": "All layers (down) and heads (across). Click one to enlarge it, then point at its tokens.",
    "overview": "All layers (down) and heads (across), each a small heatmap. Point at one for what it does; click to "
    "choose it.",
}
VIEWS = tuple(HINTS)
MASKS = {
    "decoder": "**Causal mask.** A decoder predicts the next token, so a token sees itself and those before it, never "
    "those after: the upper right stays empty.",
    "encoder": "**No mask.** An encoder reads the whole text at once: every token sees every other, before and after.",
}
ENTROPY = "−Σ p·log₂ p, averaged over the rows. 0: each token looks at one other; 3 bits: like an even split over 8."
DISTANCE = "How many positions away the head looks, weighted by its attention and averaged over the rows."
MODEL_VIEW_PX = 720  # a taller one scrolls in its frame


def head_choice(lens: Lens) -> tuple[int, int]:
    """Two sliders for layer and head, counted from 0; they start where there is something to see."""
    first_layer, first_head = heads.first_look(lens.model_id, lens.layers)
    layer_column, head_column = st.columns(2)
    with layer_column:
        layer = inputs.choice("Layer (from 0)", range(lens.layers), key="layer", default=first_layer, slider=True)
    with head_column:
        head = inputs.choice("Head (from 0)", range(lens.heads), key="head", default=first_head, slider=True)
    return layer, head


def picture(view: str, maps_LHTS: np.ndarray, tokens: Sequence[Token], layer: int, head: int, *, causal: bool) -> None:
    """The maps in this view; the caller has made sure that it bears so many tokens."""
    labels = figures.labels(tokens)
    if view == "head view":
        d3, jquery = resources.scripts()
        html = bertviz.head_view(maps_LHTS, labels, d3=d3, jquery=jquery, layers=[layer], heads=[head])
        st.iframe(html, alt=f"Lines from each token to those it looks at, layer {layer}")
    elif view == "model view":
        d3, jquery = resources.scripts()
        html = bertviz.model_view(maps_LHTS, labels, d3=d3, jquery=jquery)
        height = min(bertviz.model_view_height(maps_LHTS.shape[0], len(labels)), MODEL_VIEW_PX)
        st.iframe(html, height=height, alt="Lines from each token to those it looks at, for every layer and head")
    elif view == "overview":
        _thumbnails(maps_LHTS, tokens, layer, head)
    else:
        _heatmap(maps_LHTS[layer, head], labels, causal=causal)
    st.caption(HINTS[view])


def reading(maps_LHTS: np.ndarray, tokens: Sequence[Token], layer: int, head: int, *, kind: str, view: str) -> None:
    """The chosen head's scores, in words and bars, and its map where the view shows all heads."""
    score = heads.of(_scores(maps_LHTS, tokens), layer, head)
    link, labels = attention.strongest(maps_LHTS[layer, head]), figures.labels(tokens)
    st.markdown(f"**Layer {layer}, head {head}** {heads.label(score)}.")
    if view == "overview":
        _heatmap(maps_LHTS[layer, head], labels, causal=kind == "decoder", small=True)
    if link:
        st.caption("Strongest link, itself and the first token aside")
        st.text(f"{labels[link.query]} → {labels[link.key]}   {heads.percent(link.weight)}")
    for name, share in score.masses:
        st.progress(share, text=f"on {name}: {heads.percent(share)}")
    st.markdown(f"Entropy **{score.entropy_bits:.2f} bits**", help=ENTROPY)
    st.markdown(f"Mean distance **{score.distance_tokens:.1f} tokens**", help=DISTANCE)
    st.caption(MASKS[kind])


def _scores(maps_LHTS: np.ndarray, tokens: Sequence[Token]) -> attention.Scores:
    return attention.scores(maps_LHTS, [token.id for token in tokens])


def _heatmap(attention_TS: np.ndarray, labels: Sequence[str], *, causal: bool, small: bool = False) -> None:
    st.plotly_chart(
        figures.heatmap(attention_TS, labels, causal=causal, small=small),
        width="stretch",
        config={"displayModeBar": False},
        key="heatmap",
        alt="How much each token (row) looks at each other one (column)",
    )


def _thumbnails(maps_LHTS: np.ndarray, tokens: Sequence[Token], layer: int, head: int) -> None:
    """All heads; a click sets the inputs ``layer`` and ``head``."""

    def clicked() -> None:
        points = st.session_state["overview"].selection.points
        if points:  # a second click on the same one takes the selection away: the inputs stay
            for name, value in zip(("layer", "head"), points[0]["customdata"], strict=True):
                inputs.pick(name, value)

    st.plotly_chart(
        figures.overview(maps_LHTS, heads.labels(_scores(maps_LHTS, tokens)), (layer, head)),
        width="stretch",
        config={"displayModeBar": False},
        key="overview",
        on_select=clicked,
        selection_mode="points",
        alt="A thumbnail of every layer (down) and head (across)",
    )
