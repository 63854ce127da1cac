"""Embeddings as plotly figures: neighbours, a similarity matrix, words on their principal components, layer curves."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.figures import palette
from playground.figures.attention import print_values, short, ticks

LINES = (palette.VERMILION, palette.ORANGE, palette.BLUE)
_PLACES = (
    "top center",
    "bottom center",
    "middle right",
    "middle left",
    "top right",
    "bottom right",
    "top left",
    "bottom left",
)
_CLEAR = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}
_BESIDE, _ABOVE = 0.25, 0.12  # room around a projection's points for their labels, as shares of its sides
_CHARACTER, _LINE = 0.03, 0.05  # a letter's width and height as shares of a projection's sides
# Where a corner of the cube lies on the screen, for a camera on the diagonal: to the right, and up.
_AS_SEEN = np.array([[-1.0, 1.0, 0.0], [-1.0, -1.0, 2.0]]).T / np.sqrt([2.0, 6.0])
_AROUND = {"center": -0.5, "right": 0.0, "left": -1.0}
VALUES_UP_TO = 12  # words: beyond, a cell is too small for its number


def neighbours(names: Sequence[str], cosines: Sequence[float], grey: Sequence[bool], average: float) -> go.Figure:
    """Bars of cosines, the nearest on top; ``grey`` ones are the words asked with. A line marks the
    average over the whole vocabulary.
    """
    rows = np.arange(len(names))
    figure = go.Figure(
        go.Bar(
            x=np.round(cosines, 4),
            y=rows,
            orientation="h",
            marker_color=[palette.GREY if g else palette.BLUE for g in grey],
            text=[f"{c:.3f}" for c in cosines],
            textposition="inside",
            insidetextanchor="end",
            textfont={"color": "white"},
            customdata=[html.escape(short(name, 40)) for name in names],
            hovertemplate="%{customdata}<br>cosine %{x:.4f}<extra></extra>",
        )
    )
    figure.add_vline(x=average, line={"color": palette.ORANGE, "width": 2, "dash": "dot"})
    figure.add_annotation(
        x=average,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left" if average < 0.3 else "center",
        showarrow=False,
        text=f"all tokens, on average: {average:.2f}",
    )
    figure.update_xaxes(title="cosine", range=[min(0.0, *cosines, average), 1.0], showgrid=False, zeroline=False)
    figure.update_yaxes(autorange="reversed", **ticks(names, len(names)))
    return figure.update_layout(
        height=70 + 26 * len(names), margin={"l": 8, "r": 8, "t": 28, "b": 8, "pad": 4}, bargap=0.2, **_CLEAR
    )


def similarity(names: Sequence[str], cosine_NN: np.ndarray) -> go.Figure:
    """Every word against every other; few words have their values printed."""
    escaped = [html.escape(short(name, 40)) for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=np.round(cosine_NN, 4),
            zmin=0,
            zmax=1,
            colorscale=[list(stop) for stop in palette.HEAT],
            text=[[f"{row} · {column}" for column in escaped] for row in escaped],
            hovertemplate="%{text}<br>cosine %{z:.4f}<extra></extra>",
            xgap=1,
            ygap=1,
            showscale=False,
        )
    )
    if len(names) <= VALUES_UP_TO:
        print_values(figure, cosine_NN)
    figure.update_xaxes(side="top", tickangle=-90, **ticks(names, len(names)))
    figure.update_yaxes(autorange="reversed", **ticks(names, len(names)))
    return figure.update_layout(
        height=int(np.clip(120 + 34 * len(names), 260, 760)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        **_CLEAR,
    )


def projection(names: Sequence[str], points_NK: np.ndarray, explained_K: Sequence[float]) -> go.Figure:
    """The words along two or three principal components; the axes say what share of the variance each carries."""
    labels = [html.escape(short(name, 24)) for name in names]
    titles = [f"component {k + 1}: {100 * share:.0f} %" for k, share in enumerate(explained_K)]
    colours = [palette.BLUE] * len(names)
    if points_NK.shape[1] == 3:
        x, y, z = points_NK.T
        cube = (points_NK - points_NK.min(0)) / np.maximum(np.ptp(points_NK, axis=0), 1e-12)
        figure = go.Figure(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers+text",
                text=labels,
                textposition=places(cube @ _AS_SEEN, [len(name) for name in names]),
                marker={"size": 4, "color": colours},
            )
        )
        axes = dict(zip(("xaxis", "yaxis", "zaxis"), ({"title": {"text": title}} for title in titles), strict=True))
        camera = {"eye": {"x": 2.05, "y": 2.05, "z": 2.05}, "center": {"x": 0, "y": 0, "z": -0.15}}
        figure.update_layout(scene={**axes, "aspectmode": "cube", "camera": camera}, height=480)
    else:
        x, y = points_NK.T
        figure = go.Figure(
            go.Scatter(
                x=x,
                y=y,
                mode="markers+text",
                text=labels,
                textposition=places(points_NK, [len(name) for name in names]),
                marker={"size": 9, "color": colours},
                cliponaxis=False,
            )
        )
        for update, title, values, room in (
            (figure.update_xaxes, titles[0], x, _BESIDE),
            (figure.update_yaxes, titles[1], y, _ABOVE),
        ):
            spread = room * (float(np.ptp(values)) or 1.0)
            update(title=title, range=[values.min() - spread, values.max() + spread], zeroline=True, showgrid=False)
        figure.update_layout(height=480)
    figure.update_traces(hovertemplate="%{text}<extra></extra>")
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, **_CLEAR)


def places(points_N2: np.ndarray, lengths: Sequence[int]) -> list[str]:
    """For each point, where its label overlaps least with the labels placed before it and with the points.

    >>> places(np.array([[0.0, 0.0], [1.0, 1.0]]), [3, 3])
    ['top center', 'top center']
    >>> len(set(places(np.array([[0.0, 0.0], [0.01, 0.0], [1.0, 1.0]]), [9, 9, 9])[:2]))
    2
    """
    low, extent = points_N2.min(0), np.ptp(points_N2, axis=0)
    at = (points_N2 - low) / np.where(extent > 0, extent, 1)
    taken = [(x - 0.02, y - 0.02, x + 0.02, y + 0.02) for x, y in at]
    chosen = []
    for (x, y), length in zip(at, lengths, strict=True):
        boxes = {}
        for place in _PLACES:
            vertical, horizontal = place.split()
            width = _CHARACTER * max(length, 2)
            left = x + _AROUND[horizontal] * width + {"right": 0.025, "left": -0.025}.get(horizontal, 0.0)
            bottom = y + {"top": 0.022, "bottom": -0.022 - _LINE, "middle": -_LINE / 2}[vertical]
            boxes[place] = (left, bottom, left + width, bottom + _LINE)
        best = min(_PLACES, key=lambda place: _cost(boxes[place], taken))
        taken.append(boxes[best])
        chosen.append(best)
    return chosen


def _cost(box: tuple[float, ...], taken: Sequence[tuple[float, ...]]) -> float:
    outside = max(0.0, -_BESIDE - box[0]) + max(0.0, box[2] - 1 - _BESIDE)
    return sum(_overlap(box, other) for other in taken) + outside * _LINE


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def layers(
    steps: Sequence[str],
    curves: Sequence[tuple[str, np.ndarray]],
    mean_L: np.ndarray,
    low_L: np.ndarray,
    high_L: np.ndarray,
) -> go.Figure:
    """The word's similarity at every step, a line a pair of sentences, over what any two words would score there."""
    x = np.arange(len(steps))
    figure = go.Figure()
    figure.add_scatter(
        x=np.concatenate([x, x[::-1]]),
        y=np.round(np.concatenate([high_L, low_L[::-1]]), 4),
        fill="toself",
        mode="none",
        fillcolor=palette.faint(palette.GREY, 0.22),
        name="different words, middle 80 %",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=x,
        y=np.round(mean_L, 4),
        mode="lines",
        line={"color": palette.GREY, "width": 2, "dash": "dot"},
        name="different words, average",
        customdata=list(steps),
        hovertemplate="%{y:.3f} (%{customdata})",
    )
    for (name, similarity_L), colour in zip(curves, LINES, strict=False):
        figure.add_scatter(
            x=x,
            y=np.round(similarity_L, 4),
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"size": 6},
            name=name,
            hovertemplate="%{y:.3f}",
        )
    every = max(1, -(-len(steps) // 12))
    shown = [*range(0, len(steps) - every // 2 - 1, every), len(steps) - 1]
    names = [name.removeprefix("layer ").removesuffix(", normalised") for name in steps]
    names[0] = "row"
    figure.update_xaxes(
        title="layer",
        tickvals=shown,
        ticktext=[names[i].replace("row + position", "+ pos.") for i in shown],
        showgrid=False,
        zeroline=False,
    )
    lowest = float(min(low_L.min(), *(c.min() for _, c in curves))) if curves else 0.0
    figure.update_yaxes(title="cosine", range=[min(0.0, lowest) - 0.02, 1.03], zeroline=False)
    return figure.update_layout(
        height=420,
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        **_CLEAR,
    )
