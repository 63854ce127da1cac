"""The logit lens as figures: the first choice after every layer, and how the final answer came up."""

import html
from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.core.logit_lens import Reading, step_name
from playground.figures import clicks, palette
from playground.figures.attention import short, ticks

_CLEAR = "rgba(0,0,0,0)"
WORDS_UP_TO = 16  # positions: beyond, a cell is too narrow for its token
WORD_WIDTH = 9  # columns of a token printed in a cell


def grid(reading: Reading, labels: Sequence[str], name: Callable[[int], str], chosen: int) -> go.Figure:
    """Steps down, positions across: a cell's colour is the probability of the first choice, its text that choice.

    The chosen position is framed. The last trace holds a point a cell, carrying its position for a click.
    """
    steps, positions = reading.steps, reading.positions
    first = reading.ids[..., 0]
    names = {int(i): name(int(i)) for i in np.unique(first)}
    hover = [
        [
            f"after {html.escape(short(labels[p], 30))}, {step_name(s)}<br>first choice "
            f"{html.escape(short(names[int(first[s, p])], 40))}: {reading.probabilities[s, p, 0]:.1%}<br>"
            f"the final answer is number {reading.answer_rank[s, p] + 1:,}"
            for p in range(positions)
        ]
        for s in range(steps)
    ]
    p_SP = reading.probabilities[..., 0]
    figure = go.Figure(
        go.Heatmap(
            z=np.round(p_SP, 4),
            zmin=0,
            zmax=1,
            colorscale=[list(stop) for stop in palette.HEAT],
            xgap=1,
            ygap=1,
            hoverinfo="skip",
            colorbar={
                "title": {"text": "probability\u2003", "side": "right"},
                "orientation": "h",
                "y": 0,
                "yanchor": "top",
                "len": 0.7,
                "thickness": 8,
                "outlinewidth": 0,
                "tickformat": ".0%",
            },
        )
    )
    if positions <= WORDS_UP_TO:
        width = WORD_WIDTH if positions > 6 else 14
        for low, high, colour in ((-1.0, 0.5, palette.INK), (0.5, 0.72, "white"), (0.72, 1.01, "black")):
            s, p = np.nonzero((p_SP >= low) & (p_SP < high))
            figure.add_scatter(
                x=p,
                y=s,
                text=[html.escape(short(names[int(first[i, j])], width)) for i, j in zip(s, p, strict=True)],
                mode="text",
                textfont={"size": 11, "color": colour},
                hoverinfo="skip",
                showlegend=False,
            )
    s, p = np.divmod(np.arange(steps * positions), positions)
    clicks.points(figure, p, s, p.tolist(), [hover[i][j] for i, j in zip(s, p, strict=True)])
    frame = {"x0": chosen - 0.5, "x1": chosen + 0.5, "y0": -0.5, "y1": steps - 0.5}
    figure.add_shape(type="rect", line={"color": palette.VERMILION, "width": 2}, **frame)
    figure.update_xaxes(title="the text so far ends with", side="top", fixedrange=True, **_upright(labels))
    rows = [step_name(step) for step in range(steps)]
    figure.update_yaxes(range=[steps - 0.5, -0.5], fixedrange=True, **ticks(rows, 40))
    return figure.update_layout(
        height=140 + 20 * steps,
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )


def _upright(labels: Sequence[str]) -> dict[str, object]:
    return ticks(labels, 36) | ({"tickangle": -90} if len(labels) > 8 else {"tickangle": 0})


def rise(reading: Reading, position: int) -> go.Figure:
    """The final answer's rank through the steps (1 on top), its probability, and the entropy of the prediction."""
    names = [step_name(step) for step in range(reading.steps)]
    titles = ("rank of the final answer", "its probability", "entropy, bits")
    figure = make_subplots(3, 1, shared_xaxes=True, vertical_spacing=0.1, subplot_titles=titles)
    series = (
        (reading.answer_rank[:, position] + 1, palette.BLUE, "number %{y:,}"),
        (reading.answer_probability[:, position], palette.GREEN, "%{y:.2%}"),
        (reading.entropy_bits[:, position], palette.PURPLE, "%{y:.2f} bits"),
    )
    for place, (values, colour, shown) in enumerate(series, start=1):
        line = go.Scatter(
            x=list(range(reading.steps)),
            y=values,
            mode="lines+markers",
            line={"color": colour},
            marker={"size": 5},
            text=names,
            hovertemplate="%{text}: " + shown + "<extra></extra>",
        )
        figure.add_trace(line, place, 1)
    powers = [power for power in range(6) if 10**power <= max(2, int(reading.answer_rank[:, position].max()) + 1)]
    top = float(np.log10(max(2, int(reading.answer_rank[:, position].max()) + 1)))
    figure.update_yaxes(
        type="log",
        range=[1.08 * top, -0.15],
        tickvals=[10**power for power in powers],
        ticktext=[f"{10**power:,}" for power in powers],
        row=1,
    )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=4, row=2)
    figure.update_yaxes(rangemode="tozero", nticks=4, row=3)
    figure.update_xaxes(**ticks(names, 8))
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    return figure.update_layout(
        height=430,
        margin={"l": 8, "r": 8, "t": 28, "b": 8, "pad": 2},
        showlegend=False,
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )
