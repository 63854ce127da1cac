"""Before and beside Chinchilla: Kaplan's straight lines, and the corpus of a model for one field."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.core.power_laws import PowerLaw
from playground.core.trained import DataPart
from playground.figures import palette
from playground.figures.powers import log_ticks
from playground.figures.scaling_marks import MARGIN


def power_laws(laws: Sequence[PowerLaw]) -> go.Figure:
    """Kaplan's three straight lines, over the range that was measured and (dotted) beyond."""
    figure = make_subplots(1, len(laws), shared_yaxes=True, horizontal_spacing=0.04)
    colours = (palette.VERMILION, palette.GREEN, palette.BLUE)
    for column, (law, colour) in enumerate(zip(laws, colours, strict=True), start=1):
        for low, high, dash in ((law.low, law.high, "solid"), (law.high, law.high * 1e4, "dot")):
            x = np.logspace(np.log10(low), np.log10(high), 30)
            figure.add_scatter(
                x=x,
                y=[law.loss(value) for value in x],
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate=f"{escape(law.variable)} = %{{x:.3g}}: loss %{{y:.2f}}<extra></extra>",
                row=1,
                col=column,
            )
        symbol, unit = law.variable.split(", ")
        figure.update_xaxes(
            type="log",
            title={"text": f"{escape(law.title.lower())} {symbol}<br>{escape(unit)}", "font": {"size": 11}},
            tickangle=0,
            tickfont={"size": 11},
            col=column,
            **log_ticks(law.low, law.high * 1e4, 4),  # three panels must fit a phone
        )
    figure.update_yaxes(type="log", tickvals=[2, 2.5, 3, 4, 5, 6, 8])
    figure.update_yaxes(title={"text": "loss, nats per token"}, col=1)
    figure.update_layout(height=320, margin=MARGIN, showlegend=False)
    return figure


def data_mix(parts: Sequence[DataPart]) -> go.Figure:
    """A corpus as one bar, finance in one colour and public text in the other."""
    figure = go.Figure()
    for part in parts:
        colour = palette.BLUE if part.finance else palette.ORANGE
        figure.add_bar(
            x=[part.tokens / 1e9],
            y=[0],
            orientation="h",
            marker={"color": colour, "line": {"width": 1, "color": palette.WHITE}},
            text=f"{escape(part.part)}<br>{part.tokens / 1e9:.0f}B",
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": palette.text_on(colour)},
            hovertemplate=f"{escape(part.part)}: {part.tokens / 1e9:.0f}B tokens, {part.printed}%<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        showlegend=False,
        height=120,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        uniformtext={"minsize": 10, "mode": "hide"},
        xaxis={"ticksuffix": "B", "title": {"text": "tokens"}},
        yaxis={"visible": False},
    )
    return figure
