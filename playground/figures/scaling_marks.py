"""What the scaling figures share: the laws' colours, real models as dots, a marked point, ticks named as counts are."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from playground.core.trained import Trained
from playground.core.units import format_count
from playground.figures import palette

MARGIN = {"l": 4, "r": 8, "t": 8, "b": 4}
LEGEND_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"}
LAW_COLOURS = {
    "twenty-to-one": palette.GREY,
    "approach-1": palette.SKY,
    "approach-2": palette.PURPLE,
    "approach-3-rounded": palette.ORANGE,
    "approach-3": palette.BLUE,
    "epoch": palette.GREEN,
}


def dots(
    figure: go.Figure,
    models: Sequence[Trained],
    x: Sequence[float],
    y: Sequence[float],
    said: Sequence[str],
    named: Mapping[str, str],
) -> None:
    """A dot a model; ``said`` is added on hover. ``named``: whose name stands beside the dot, and where."""
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers+text",
        name="real models",
        marker={"size": 7, "color": palette.INK},
        text=[escape(model.name) if model.name in named else "" for model in models],
        textfont={"color": palette.INK, "size": 11},
        textposition=[named.get(model.name, "top center") for model in models],
        hovertemplate=[
            f"{escape(model.name)} ({model.year}): {format_count(model.parameters)} parameters, "
            f"{format_count(model.tokens)} tokens<br>{more}<extra></extra>"
            for model, more in zip(models, said, strict=True)
        ],
    )


def point(figure: go.Figure, x: float, y: float, label: str, symbol: str = "star") -> None:
    """One point that stands out."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=label,
        marker={
            "size": 15,
            "color": palette.VERMILION,
            "symbol": symbol,
            "line": {"width": 1.5, "color": palette.WHITE},
        },
        hovertemplate=f"{label}<extra></extra>",
    )


def counts(low: int, high: int, every: int = 1) -> dict[str, object]:
    """Ticks of a log axis at powers of ten, named as counts are.

    >>> counts(8, 10)["ticktext"]
    ['100M', '1B', '10B']
    """
    suffixes = {0: "", 3: "K", 6: "M", 9: "B", 12: "T", 15: "Q"}
    powers = range(low, high + 1, every)
    named = [
        f"{10 ** (power % 3)}{suffixes[power - power % 3]}" if 0 <= power < 18 else f"1e{power}" for power in powers
    ]
    return {"tickvals": [10.0**power for power in powers], "ticktext": named}
