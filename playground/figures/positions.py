"""Positions as plotly figures: waves as heatmaps, products by distance, turns and wavelengths of RoPE's pairs."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.figures import palette

_CLEAR = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8}
_SCALE = {"thickness": 8, "outlinewidth": 0, "len": 0.8}


def table(
    values_PD: np.ndarray, across: str, *, most: float, down: str = "position", step: int = 1, height: int = 420
) -> go.Figure:
    """A table of signed numbers, a row a position: blue above 0, orange below, nothing at 0."""
    figure = go.Figure(
        go.Heatmap(
            z=values_PD.astype(np.float32),
            dy=step,
            zmin=-most,
            zmax=most,
            colorscale=[list(stop) for stop in palette.DIVERGING],
            colorbar=_SCALE,
            hovertemplate=f"{down} %{{y}}, {across} %{{x}}<br>%{{z:.3f}}<extra></extra>",
        )
    )
    figure.update_xaxes(title=across, showgrid=False, zeroline=False)
    figure.update_yaxes(title=down, autorange="reversed", showgrid=False, zeroline=False)
    return figure.update_layout(height=height, margin=_MARGIN, **_CLEAR)


def pairs(values_PP: np.ndarray, what: str, *, low: float, high: float, step: int = 1) -> go.Figure:
    """Every position against every other (every ``step``-th); two colours where the ``low``est is below 0."""
    figure = go.Figure(
        go.Heatmap(
            z=values_PP.astype(np.float32),
            dx=step,
            dy=step,
            zmin=-high if low < 0 else 0,
            zmax=high,
            colorscale=[list(stop) for stop in (palette.DIVERGING if low < 0 else palette.HEAT)],
            colorbar=_SCALE,
            hovertemplate=f"positions %{{y}} and %{{x}}<br>{what} %{{z:.3f}}<extra></extra>",
        )
    )
    quiet = {"showgrid": False, "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(title="position", **quiet)
    figure.update_yaxes(title="position", autorange="reversed", scaleanchor="x", **quiet)
    return figure.update_layout(height=420, margin=_MARGIN, **_CLEAR)


def by_distance(
    distances: np.ndarray,
    curve: np.ndarray,
    what: str,
    *,
    dots: Sequence[tuple[str, np.ndarray, np.ndarray]] = (),
    mark: tuple[float, float, str] | None = None,
    name: str = "formula",
    across: str = "distance between the two positions",
) -> go.Figure:
    """A curve over distance; ``dots`` are (name, distances, values) that should lie on it, ``mark`` one point."""
    figure = go.Figure()
    figure.add_scatter(
        x=distances,
        y=np.round(curve, 4),
        mode="lines",
        line={"color": palette.BLUE, "width": 2},
        name=name,
        hovertemplate="distance %{x}<br>%{y:.3f}<extra></extra>",
    )
    shapes = ("circle-open", "x", "diamond-open", "square-open")
    for (label, x, y), colour, shape in zip(dots, (palette.ORANGE, palette.GREEN, palette.VERMILION), shapes):  # noqa: B905
        figure.add_scatter(
            x=x,
            y=np.round(y, 4),
            mode="markers",
            marker={"color": colour, "symbol": shape, "size": 8},
            name=label,
            hovertemplate="distance %{x}<br>%{y:.3f}<extra></extra>",
        )
    if mark is not None:
        at, value, label = mark
        figure.add_scatter(
            x=[at],
            y=[value],
            mode="markers",
            marker={"color": palette.VERMILION, "size": 11},
            name=html.escape(label),
            hovertemplate="distance %{x}<br>%{y:.3f}<extra></extra>",
        )
    figure.update_xaxes(title=across, showgrid=False, zeroline=False)
    figure.update_yaxes(title=what, zeroline=True)
    legend = {"orientation": "h", "y": -0.25, "yanchor": "top", "x": 0}
    return figure.update_layout(height=360, margin=_MARGIN, legend=legend, showlegend=bool(dots or mark), **_CLEAR)


def waves(lengths_i: np.ndarray, context: int) -> go.Figure:
    """Positions until each pair has turned once, on a logarithmic axis; a line marks the longest text."""
    slow = lengths_i > context
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(lengths_i)),
            y=lengths_i,
            marker_color=[palette.GREY if s else palette.BLUE for s in slow],
            hovertemplate="pair %{x}: one turn in %{y:,.1f} positions<extra></extra>",
        )
    )
    figure.add_hline(y=context, line={"color": palette.VERMILION, "width": 2, "dash": "dot"})
    figure.add_annotation(
        x=0, y=np.log10(context), xanchor="left", yanchor="bottom", showarrow=False, text=f"longest text: {context:,}"
    )
    figure.update_xaxes(title="pair", showgrid=False)
    figure.update_yaxes(title="positions in one turn", type="log", dtick=1)
    return figure.update_layout(height=360, margin=_MARGIN, bargap=0.15, **_CLEAR)


def dials(angles_i: np.ndarray) -> go.Figure:
    """Each pair as a clock hand: how far it has turned at one position, from pair 0 (fast) to the last (slow)."""
    columns, row_height, radius = 8, 1.45, 0.42
    rows = -(-len(angles_i) // columns)
    i = np.arange(len(angles_i))
    x0, y0 = i % columns, row_height * (i // columns)
    x1, y1 = x0 + radius * np.cos(angles_i), y0 - radius * np.sin(angles_i)  # y grows downwards: − is up
    turns = angles_i / (2 * np.pi)
    figure = go.Figure()
    for x, y in zip(x0, y0, strict=True):
        corners = {"x0": x - radius, "x1": x + radius, "y0": y - radius, "y1": y + radius}
        figure.add_shape(type="circle", line={"width": 1, "color": palette.GREY}, **corners)
    breaks = np.full(len(i), np.nan)
    figure.add_scatter(
        x=np.stack([x0, x1, breaks], 1).reshape(-1),
        y=np.stack([y0, y1, breaks], 1).reshape(-1),
        mode="lines",
        line={"color": palette.BLUE, "width": 3},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x0,
        y=y0,
        mode="markers",
        marker={"size": 6, "color": palette.BLUE},
        text=[
            f"pair {n}: turned {t:,.3f} times, {np.degrees(a):,.1f}°"
            for n, t, a in zip(i, turns, angles_i, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.add_scatter(
        x=x0, y=y0 + 0.68, mode="text", text=[str(n) for n in i], textfont={"size": 11}, hoverinfo="skip"
    )
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[-0.6, columns - 0.4], **hidden)
    figure.update_yaxes(range=[row_height * rows - 0.5, -0.6], scaleanchor="x", **hidden)
    return figure.update_layout(height=70 * rows, showlegend=False, dragmode=False, margin=_MARGIN, **_CLEAR)
