"""One score of every head as a heatmap, layers across and heads down, to pick a head from."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.figures import palette
from playground.figures.attention import points_to_click

CELL_PX = 30


def scores_map(
    values_LH: np.ndarray, captions_LH: Sequence[Sequence[str]], chosen: tuple[int, int], highest: float
) -> go.Figure:
    """The scores from 0 to ``highest``; the chosen head is framed, a head without a score is left empty.

    The last trace holds one invisible point a head, which carries the caption and (layer, head) for a click.
    """
    layers, heads = values_LH.shape
    figure = go.Figure(
        go.Heatmap(
            z=np.round(values_LH.T.astype(np.float64), 4),
            zmin=0,
            zmax=highest,
            colorscale=[list(stop) for stop in palette.HEAT],
            showscale=False,
            hoverinfo="skip",
            xgap=1,
            ygap=1,
        )
    )
    layer, head = chosen
    figure.add_shape(
        type="rect",
        x0=layer - 0.5,
        x1=layer + 0.5,
        y0=head - 0.5,
        y1=head + 0.5,
        line={"color": palette.VERMILION, "width": 3},
    )
    points_to_click(figure, captions_LH, layers_across=True)
    quiet = {"showgrid": False, "zeroline": False, "ticks": "", "tickmode": "linear", "fixedrange": True}
    figure.update_xaxes(title="layer", side="top", range=[-0.5, layers - 0.5], dtick=1 if layers <= 12 else 3, **quiet)
    figure.update_yaxes(title="head", range=[heads - 0.5, -0.5], dtick=1, **quiet)
    return figure.update_layout(
        height=CELL_PX * heads + 60,
        margin={"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2},
        hoverdistance=-1,
        clickmode="event+select",
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
