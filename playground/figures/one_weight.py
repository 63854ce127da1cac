"""One attention weight as pictures: the cell in its map, q·k term by term, and the weighted sum of values."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.core.one_weight import Row
from playground.figures import clicks, palette
from playground.figures.attention import heatmap, short, ticks

_CLEAR = "rgba(0,0,0,0)"
_MARGIN = {"l": 8, "r": 8, "t": 24, "b": 8, "pad": 2}
_QUIET = {"showgrid": False, "zeroline": False, "ticks": ""}


def pick_map(weights_TS: np.ndarray, labels: Sequence[str], chosen: tuple[int, int], *, causal: bool) -> go.Figure:
    """The head's map with one cell framed. Its last trace holds a point a cell, carrying (query, key) for a click."""
    figure = heatmap(weights_TS, labels, causal=causal, small=True)
    tokens = len(labels)
    t, s = np.nonzero(np.tri(tokens, dtype=bool) if causal else np.ones((tokens, tokens), bool))
    names = [html.escape(short(label, 30)) for label in labels]
    texts = [f"{names[i]} → {names[j]}<br>weight {weights_TS[i, j]:.4f}" for i, j in zip(t, s, strict=True)]
    clicks.points(figure, s, t, np.stack([t, s], 1).tolist(), texts)
    query, key = chosen
    frame = {"x0": key - 0.5, "x1": key + 0.5, "y0": query - 0.5, "y1": query + 0.5}
    figure.add_shape(type="rect", line={"color": palette.VERMILION, "width": 3}, **frame)
    return figure.update_layout(height=int(np.clip(90 + 24 * tokens, 240, 460)))


def terms(row: Row, key: int) -> go.Figure:
    """q, k and their products dimension by dimension, then the running sum that ends at q·k."""
    products = row.products(key)
    end = f"their running sum: it ends at q·k = {products.sum():.3f}"
    titles = ("q, the query", "k, the key", "q × k, each pair multiplied", end)
    figure = make_subplots(
        4, 1, shared_xaxes=True, row_heights=[1, 1, 2, 2], vertical_spacing=0.09, subplot_titles=titles
    )
    dims = np.arange(len(products))
    for place, vector in ((1, row.q), (2, row.k[key])):
        figure.add_trace(_strip(vector, dims), place, 1)
        figure.update_yaxes(visible=False, row=place)
    colours = [palette.BLUE if term >= 0 else palette.ORANGE for term in products]
    bars = go.Bar(
        x=dims, y=products, marker={"color": colours}, hovertemplate="dimension %{x}: %{y:.3f}<extra></extra>"
    )
    figure.add_trace(bars, 3, 1)
    running = np.cumsum(products)
    line = go.Scatter(
        x=dims,
        y=running,
        mode="lines",
        line={"color": palette.GREY, "shape": "hv"},
        hovertemplate="up to dimension %{x}: %{y:.3f}<extra></extra>",
    )
    figure.add_trace(line, 4, 1)
    last = {"x": dims[-1:], "y": running[-1:], "mode": "markers", "marker": {"color": palette.VERMILION, "size": 9}}
    figure.add_trace(go.Scatter(**last, hoverinfo="skip", cliponaxis=False), 4, 1)
    figure.update_xaxes(range=[-0.5, len(dims) - 0.5], **_QUIET)
    figure.update_xaxes(title="dimension of the head", row=4)
    figure.update_yaxes(nticks=4, zeroline=True, row=3).update_yaxes(nticks=4, row=4)
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    return figure.update_layout(
        height=430, margin=_MARGIN, showlegend=False, bargap=0.15, paper_bgcolor=_CLEAR, plot_bgcolor=_CLEAR
    )


def weighted_values(row: Row, labels: Sequence[str]) -> go.Figure:
    """A row for each token the query sees: its weight times its value. The last, their sum, is the head's output."""
    seen = np.flatnonzero(row.allowed).tolist()
    parts = row.weights[seen, None] * row.v[seen]
    shown = np.concatenate([parts, row.output[None]])
    most = float(np.abs(shown).max()) or 1.0
    names = [f"{row.weights[i]:.3f} × v({short(labels[i], 10)})" for i in seen] + ["sum: the output"]
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shown, 5),
            zmin=-most,
            zmax=most,
            colorscale=[list(stop) for stop in palette.DIVERGING],
            showscale=False,
            ygap=1,
            hovertemplate="%{text}, dimension %{x}: %{z:.4f}<extra></extra>",
            text=[[html.escape(name)] * shown.shape[1] for name in names],
        )
    )
    figure.add_hline(y=len(seen) - 0.5, line={"color": palette.GREY, "width": 2})
    figure.update_xaxes(title="dimension of the head", **_QUIET)
    labelled = ticks(names, len(names)) | {"ticktext": [html.escape(name) for name in names]}
    figure.update_yaxes(autorange="reversed", **labelled)
    return figure.update_layout(
        height=int(np.clip(90 + 22 * len(names), 180, 620)),
        margin=_MARGIN,
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )


def _strip(vector: np.ndarray, dims: np.ndarray) -> go.Heatmap:
    most = float(np.abs(vector).max()) or 1.0
    return go.Heatmap(
        z=[np.round(vector, 4)],
        x=dims,
        zmin=-most,
        zmax=most,
        colorscale=[list(stop) for stop in palette.DIVERGING],
        showscale=False,
        xgap=1,
        hovertemplate="dimension %{x}: %{z:.3f}<extra></extra>",
    )
