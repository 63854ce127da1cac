"""Attention maps as plotly figures: one head with its values, and all layers × heads as thumbnails to pick from."""

import html
import unicodedata
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.core.tokens import Token
from playground.core.visible import visible
from playground.figures import palette

LABEL_WIDTH = 14  # in columns: a CJK character takes two
VALUES_UP_TO = 14  # tokens: beyond, a cell is too small for its number
TICKS = 36  # labels on an axis; with more tokens every second, third… is named
THUMBNAIL_CELLS = 32  # a side; longer texts are pooled


def labels(tokens: Sequence[Token]) -> list[str]:
    """The tokens' texts with nothing invisible: spaces as ``·``, bytes that are no character as hex."""
    return [visible(token.text, token.raw) for token in tokens]


def short(label: str, width: int = LABEL_WIDTH) -> str:
    """The label cut to ``width`` columns, so that a column of labels keeps its place.

    >>> short("·internationalization"), short("·cat")
    ('·internationa…', '·cat')
    """
    columns = [0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in label]
    if sum(columns) <= width:
        return label
    kept = int(np.searchsorted(np.cumsum(columns), width - 1, side="right"))
    return f"{label[:kept]}…"


def heatmap(
    attention_TS: np.ndarray,
    to_labels: Sequence[str],
    from_labels: Sequence[str] | None = None,
    *,
    causal: bool = False,
    small: bool = False,
    first: int = 0,
    unit: str = "weight",
) -> go.Figure:
    """One head's map: a row for each token that looks, a column for each it can look at.

    ``causal`` leaves the cells a decoder masks empty (they are not small: there is no weight). With few tokens the
    weights are printed in the cells; the pointer shows both tokens, their positions and the weight for any length.
    ``small`` leaves out what a narrow column has no room for: printed weights, titles, the colour bar. ``first`` is
    the first label's position in its text, ``unit`` what a cell holds.
    """
    from_labels = to_labels if from_labels is None else from_labels
    targets, sources = attention_TS.shape
    shown_TS = attention_TS.astype(np.float32)
    if causal:
        shown_TS[np.triu_indices(targets, 1, sources)] = np.nan
    gap = 1 if max(targets, sources) <= 48 else 0
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shown_TS, 4),
            zmin=0,
            zmax=1,
            colorscale=[list(stop) for stop in palette.HEAT],
            x0=first,
            y0=first,
            text=_pairs(from_labels, to_labels, shown_TS),
            hovertemplate=f"%{{text}}<br>position %{{y:d}} → %{{x:d}}<br>{unit} %{{z:.4f}}<extra></extra>",
            hoverongaps=False,
            xgap=gap,
            ygap=gap,
            showscale=not small,
            colorbar={
                "title": {"text": f"{unit}\u2003", "side": "right"},
                "orientation": "h",
                "y": 0,
                "yanchor": "top",
                "len": 0.7,
                "thickness": 8,
                "outlinewidth": 0,
                "tickformat": ".1f",
            },
        )
    )
    if max(targets, sources) <= VALUES_UP_TO and not small:
        print_values(figure, shown_TS, first)
    most = TICKS // 2 if small else TICKS
    figure.update_xaxes(
        title=None if small else "to (key)",
        range=[first - 0.5, first + sources - 0.5],  # fixed: a map may be empty at its edges
        side="top",
        tickangle=-90,  # slanted ones drift away from their columns
        **ticks(to_labels, most, first),
    )
    figure.update_yaxes(
        title=None if small else "from (query)",
        range=[first + targets - 0.5, first - 0.5],
        **ticks(from_labels, most, first),
    )
    return figure.update_layout(
        height=320 if small else int(np.clip(120 + 30 * targets, 260, 760)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.GREY, "activecolor": palette.BLUE},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def ticks(names: Sequence[str], most: int, first: int = 0) -> dict[str, object]:
    """Numeric positions with escaped names: plotly eats ``<s>`` and merges equal strings on a category axis."""
    step = -(-len(names) // most)
    shown = range(0, len(names), step)
    return {
        "tickmode": "array",
        "tickvals": [first + i for i in shown],
        "ticktext": [html.escape(short(names[i])) for i in shown],
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
    }


def _pairs(from_labels: Sequence[str], to_labels: Sequence[str], shown_TS: np.ndarray) -> list[list[str]]:
    rows, columns = ([html.escape(short(name, 40)) for name in names] for names in (from_labels, to_labels))
    return [
        ["" if np.isnan(weight) else f"{row} → {column}" for column, weight in zip(columns, weights, strict=True)]
        for row, weights in zip(rows, shown_TS, strict=True)
    ]


def saved_as(name: str) -> dict[str, object]:
    """Plotly's settings for a figure whose one button saves it as ``name.png``, twice as sharp as on the screen."""
    return {
        "displaylogo": False,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
    }


def cells(weights_KK: np.ndarray, tokens: Sequence[Token], positions: Sequence[int]) -> list[dict[str, object]]:
    """A map's cells as rows of a file: both tokens, where they stand, the weight (None where there is none)."""
    return [
        {
            "from_position": positions[t],
            "from": tokens[t].text,
            "to_position": positions[s],
            "to": tokens[s].text,
            "weight": None if np.isnan(weight) else round(float(weight), 6),
        }
        for (t, s), weight in np.ndenumerate(weights_KK)
    ]


def print_values(figure: go.Figure, shown_TS: np.ndarray, first: int = 0) -> None:
    """The values as text: in the theme's own ink on pale cells, white or black where the cell is strong."""
    for low, high, colour in ((-1.0, 0.5, palette.INK), (0.5, 0.72, "white"), (0.72, 1.01, "black")):
        t, s = np.nonzero((shown_TS >= low) & (shown_TS < high))  # NaN is in no range
        figure.add_scatter(
            x=s + first,
            y=t + first,
            text=[f"{weight:.2f}".replace("0.", ".", 1) for weight in shown_TS[t, s]],
            mode="text",
            textfont={"size": 11, "color": colour},
            hoverinfo="skip",
            showlegend=False,
        )


def overview(attention_LHTS: np.ndarray, captions_LH: Sequence[Sequence[str]], chosen: tuple[int, int]) -> go.Figure:
    """Every head's map as a thumbnail, layers down and heads across; the chosen one is framed.

    A text longer than ``THUMBNAIL_CELLS`` tokens is pooled: a pixel shows the largest weight of its block. The last
    trace holds one invisible point a head, which carries the caption and (layer, head) for a click.
    """
    layers, heads = attention_LHTS.shape[:2]
    pooled_LHts = _pool(attention_LHTS)
    rows, columns = pooled_LHts.shape[2:]
    # One byte a cell; 0 is the gap between thumbnails, so a weight starts at 1.
    tiles = np.zeros((layers, heads, rows + 1, columns + 1), np.uint8)
    tiles[:, :, :rows, :columns] = 1 + np.round(254 * pooled_LHts)
    image = tiles.transpose(0, 2, 1, 3).reshape(layers * (rows + 1), heads * (columns + 1))
    figure = go.Figure(
        go.Heatmap(
            z=image,
            x0=-0.5 + 0.5 / (columns + 1),
            dx=1 / (columns + 1),
            y0=-0.5 + 0.5 / (rows + 1),
            dy=1 / (rows + 1),
            zmin=0,
            zmax=255,
            colorscale=[[0.0, "rgba(0,0,0,0)"], [0.5 / 255, "rgba(0,0,0,0)"]]
            + [[max(stop, 0.5 / 255 + 1e-9), colour] for stop, colour in palette.HEAT],
            showscale=False,
            hoverinfo="skip",
        )
    )
    layer, head = chosen
    figure.add_shape(
        type="rect",
        x0=head - 0.5,
        x1=head + 0.5 - 1 / (columns + 1),
        y0=layer - 0.5,
        y1=layer + 0.5 - 1 / (rows + 1),
        line={"color": palette.VERMILION, "width": 3},
    )
    points_to_click(figure, captions_LH, layers_across=False)
    quiet = {"showgrid": False, "zeroline": False, "ticks": "", "tickmode": "linear", "dtick": 1, "fixedrange": True}
    figure.update_xaxes(title="head", side="top", range=[-0.5, heads - 0.5], **quiet)
    figure.update_yaxes(title="layer", range=[layers - 0.5, -0.5], **quiet)
    return figure.update_layout(
        height=int(np.clip(720 / layers, 22, 56) * layers) + 60,
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        hoverdistance=-1,
        clickmode="event+select",
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def points_to_click(figure: go.Figure, captions_LH: Sequence[Sequence[str]], *, layers_across: bool) -> None:
    """One invisible point a head, which carries its caption and, for a click, (layer, head)."""
    places = [(layer, head) for layer, row in enumerate(captions_LH) for head in range(len(row))]
    across, down = zip(*(place if layers_across else place[::-1] for place in places), strict=True)
    figure.add_scatter(
        x=across,
        y=down,
        mode="markers",
        marker={"size": 16, "symbol": "square", "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[list(place) for place in places],  # an array would come back from a click as a dict
        text=[html.escape(captions_LH[layer][head]) for layer, head in places],
        hovertemplate="layer %{customdata[0]}, head %{customdata[1]}<br>%{text}<extra></extra>",
        showlegend=False,
    )


def _pool(attention_LHTS: np.ndarray) -> np.ndarray:
    """Each map with at most THUMBNAIL_CELLS cells a side: the largest weight of each block."""
    pooled = attention_LHTS
    for axis in (2, 3):
        length = pooled.shape[axis]
        starts = np.unique(np.linspace(0, length, min(length, THUMBNAIL_CELLS), endpoint=False).astype(int))
        pooled = np.maximum.reduceat(pooled, starts, axis=axis)
    return pooled
