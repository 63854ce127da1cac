"""Accuracy, answers and summaries against the number of examples in the prompt."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import plotly.graph_objects as go

from playground.core.shots import percent
from playground.figures import palette


class Point(NamedTuple):
    """A mean or a share with its 95 % interval, at a number of examples."""

    shots: int
    value: float
    low: float
    high: float


class Line(NamedTuple):
    """Another curve to compare with: a name, and (shots, value) pairs."""

    name: str
    points: Sequence[tuple[int, float]]


def accuracy(
    points: Sequence[Point],
    baseline: float,
    calibrated: Sequence[tuple[int, float]],
    others: Sequence[Line],
    chosen: int,
) -> go.Figure:
    """Accuracy with intervals; dotted what the most frequent label gives; thin, the same examples in other orders."""
    figure = go.Figure()
    for place, line in enumerate(others):
        figure.add_scatter(
            x=[shots for shots, _ in line.points],
            y=[value for _, value in line.points],
            mode="lines",
            line={"color": palette.GREY, "width": 1.2},
            opacity=0.75,
            name="other orders",
            legendgroup="orders",
            showlegend=place == 0,
            hovertemplate=f"{escape(line.name)}, %{{x}} examples: %{{y:.0%}}<extra></extra>",
        )
    if calibrated:
        figure.add_scatter(
            x=[shots for shots, _ in calibrated],
            y=[value for _, value in calibrated],
            mode="lines+markers",
            line={"color": palette.ORANGE, "dash": "dash", "width": 2},
            marker={"symbol": "diamond", "size": 7},
            name="calibrated",
            hovertemplate="calibrated, %{x} examples: %{y:.0%}<extra></extra>",
        )
    if points:
        _with_intervals(figure, points, chosen, ".0%", "accuracy", palette.KEPT)
    most = max((p.shots for p in points), default=6)
    figure.add_scatter(
        x=[-0.3, most + 0.3],
        y=[baseline, baseline],
        mode="lines",
        line={"color": palette.WARNING, "dash": "dot", "width": 2},
        name=f"always the same label: {percent(baseline)}",
        hoverinfo="skip",
    )
    figure.update_layout(
        height=430,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.2, "x": 0, "traceorder": "reversed"},
        xaxis=_shots_axis(points),
        yaxis={"title": {"text": "right answers"}, "tickformat": ".0%", "range": [0, 1.03], "zeroline": False},
    )
    return figure


def _with_intervals(figure: go.Figure, points: Sequence[Point], chosen: int, form: str, name: str, colour: str) -> None:
    figure.add_scatter(
        x=[p.shots for p in points],
        y=[p.value for p in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [p.high - p.value for p in points],
            "arrayminus": [p.value - p.low for p in points],
            "color": colour,
            "thickness": 1.6,
            "width": 5,
        },
        mode="lines+markers",
        line={"color": colour, "width": 3},
        marker={"size": [14 if p.shots == chosen else 9 for p in points]},
        customdata=[(p.low, p.high) for p in points],
        name=name,
        hovertemplate=f"%{{x}} examples: <b>%{{y:{form}}}</b>, 95 %: %{{customdata[0]:{form}}} to "
        f"%{{customdata[1]:{form}}}<extra></extra>",
    )


def said(labels: Sequence[str], rows: Sequence[tuple[int, Sequence[int]]], truth: Sequence[int]) -> go.Figure:
    """How often each label is given, for each number of examples; the last bar is how often each is right."""
    figure = go.Figure()
    names = [*(str(shots) for shots, _ in rows), "right"]
    readable = sum(truth) / 20  # a lower bar is too thin for its number
    for place, label in enumerate(labels):
        values = [*(counts[place] for _, counts in rows), truth[place]]
        colour = palette.HEADS[place]
        figure.add_bar(
            x=list(range(len(names))),
            y=values,
            name=escape(label),
            marker={"color": colour, "opacity": [0.92] * len(rows) + [0.5]},
            text=[str(value) if value >= readable else "" for value in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": [palette.text_on(colour)] * len(rows) + [palette.INK]},
            hovertemplate=f"{escape(label)}: %{{y}} times<extra></extra>",
        )
    figure.update_layout(
        height=430,
        barmode="stack",
        bargap=0.25,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.2, "x": 0, "traceorder": "normal"},
        xaxis={
            "title": {"text": "examples in the prompt"},
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "showgrid": False,
        },
        yaxis={"title": {"text": "answers"}},
    )
    return figure


def likelihood(points: Sequence[Point], chosen: int) -> go.Figure:
    """ln P a token of the reference summaries against the number of examples."""
    figure = go.Figure()
    _with_intervals(figure, points, chosen, ".2f", "ln P a token", palette.KEPT)
    return _half(figure, points, {"title": {"text": "ln P a token, nats (0 = certain)"}})


def rouge(first: Sequence[Point], longest: Sequence[Point], chosen: int) -> go.Figure:
    """ROUGE of what the model writes against the number of examples."""
    figure = go.Figure()
    _with_intervals(figure, first, chosen, ".2f", "ROUGE-1", palette.GREEN)
    figure.add_scatter(
        x=[p.shots for p in longest],
        y=[p.value for p in longest],
        mode="lines+markers",
        line={"color": palette.ORANGE, "dash": "dash", "width": 2},
        marker={"symbol": "diamond", "size": 7},
        name="ROUGE-L",
        hovertemplate="%{x} examples: %{y:.2f}<extra></extra>",
    )
    return _half(figure, first, {"title": {"text": "ROUGE, F1 (1 = the same words)"}, "rangemode": "tozero"})


def _half(figure: go.Figure, points: Sequence[Point], axis: dict) -> go.Figure:
    figure.update_layout(
        height=360,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.22, "x": 0},
        showlegend=True,
        xaxis=_shots_axis(points),
        yaxis={**axis, "zeroline": False},
    )
    return figure


def _shots_axis(points: Sequence[Point]) -> dict:
    most = max((p.shots for p in points), default=6)
    return {"title": {"text": "examples in the prompt"}, "dtick": 1, "range": [-0.3, most + 0.3], "zeroline": False}
