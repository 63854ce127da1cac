"""The masks of the three kinds of transformer as matrices, and a real map beside them in the same shape."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from playground.core import masks
from playground.figures import attention, palette

QUARTERS = ("encoder", "decoder", "cross-attention")
COLOURS = (palette.SKY, palette.BLUE, palette.GREEN)


def mask(kind: masks.Kind, labels: Sequence[str], read: int, rows: Sequence[str] | None = None) -> go.Figure:
    """Which token (row) may look at which (column), coloured by whose attention it is; empty where none may.

    The first ``read`` labels are what is read; an encoder–decoder writes the others. ``rows`` names the rows where
    they have names of their own.
    """
    rows = labels if rows is None else rows
    allowed = masks.of(kind, read, len(labels) - read)
    own = np.full(allowed.shape, 1 if kind == "decoder" else 0)
    if kind == "encoder-decoder":
        own[read:, :read], own[read:, read:] = 2, 1
    shown = np.where(allowed, own, np.nan)
    names, looking = ([escape(attention.short(one, 30)) for one in each] for each in (labels, rows))
    text = [
        [f"{looking[t]} may look at {names[s]}" if allowed[t, s] else "" for s in range(len(names))]
        for t in range(len(names))
    ]
    scale = [[edge, palette.faint(colour, 0.75)] for i, colour in enumerate(COLOURS) for edge in (i / 3, (i + 1) / 3)]
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            zmin=-0.5,
            zmax=2.5,
            colorscale=scale,
            showscale=False,
            text=text,
            hovertemplate="%{text}<extra></extra>",
            hoverongaps=False,
            xgap=1,
            ygap=1,
        )
    )
    if kind == "encoder-decoder":
        reading, writing = (read - 1) / 2, (read + len(labels) - 1) / 2
        for number, x, y in ((0, reading, reading), (1, writing, writing), (2, reading, writing)):
            figure.add_annotation(
                x=x,
                y=y,
                text=QUARTERS[number],
                showarrow=False,
                bgcolor=COLOURS[number],
                font={"color": palette.text_on(COLOURS[number]), "size": 11},
            )
    return _framed(figure, labels, rows)


def seen(weights_TS: np.ndarray, labels: Sequence[str], rows: Sequence[str] | None = None) -> go.Figure:
    """A real map with its colour scale; NaN where nothing may be seen."""
    rows = labels if rows is None else rows
    figure = _framed(attention.heatmap(weights_TS, labels, rows, small=True), labels, rows)
    bar = {"title": {"text": "weight", "side": "bottom"}}  # below its numbers: beside them there is no room
    return figure.update_traces(showscale=True, colorbar=bar, selector={"type": "heatmap"}).update_layout(
        height=_HEIGHT + 50
    )


def together(encoder_SS: np.ndarray, decoder_TT: np.ndarray, cross_TS: np.ndarray) -> np.ndarray:
    """An encoder–decoder's three maps in one square, as ``core.masks.encoder_decoder`` lays them out; NaN elsewhere.

    A row of the lower half holds two distributions: over the text that is read, and over what is written.
    """
    sources, targets = len(encoder_SS), len(decoder_TT)
    whole = np.full((sources + targets,) * 2, np.nan, np.float32)
    whole[:sources, :sources] = encoder_SS
    whole[sources:, :sources] = cross_TS
    whole[sources:, sources:] = np.where(masks.causal(targets), decoder_TT, np.nan)
    return whole


def _framed(figure: go.Figure, labels: Sequence[str], rows: Sequence[str]) -> go.Figure:
    font = {"size": 9 if len(labels) > attention.TICKS // 2 else 11}
    few = attention.ticks(labels, attention.TICKS // 2)  # a narrow column's cells are higher than wide
    figure.update_xaxes(title="looked at", side="top", tickangle=-90, tickfont=font, **few)
    figure.update_yaxes(
        title="who looks", autorange="reversed", tickfont=font, **attention.ticks(rows, attention.TICKS)
    )
    return figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


_HEIGHT = 400
