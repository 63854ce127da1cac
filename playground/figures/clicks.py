"""Something to click on where plotly has no clicks: a heatmap's cells, as invisible points that carry a value."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go


def points(
    figure: go.Figure, x: Any, y: Any, carried: Sequence[Any], texts: Sequence[str], size: int = 14
) -> go.Figure:
    """The figure with a point at each (x, y): pointing at it shows its text (escaped), a click tells what it carries.

    ``carried`` are plain values or lists of them; an array would come back from a click as a dict.
    """
    hidden = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"size": size, "symbol": "square", "opacity": 0},
        selected=hidden,
        unselected=hidden,
        customdata=list(carried),
        text=list(texts),
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    return figure.update_layout(clickmode="event+select", dragmode=False, hoverdistance=-1)
