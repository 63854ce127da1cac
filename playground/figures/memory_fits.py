"""What a card can hold, drawn: the longest context over the texts at once, and the largest models that fit."""

import math
from collections.abc import Sequence
from html import escape

from playground.core.units import format_bytes, format_gib
from playground.figures import palette
from playground.figures.memory import PARTS
from playground.figures.plain import Figure

_GIB = 2**30


def frontier(points: Sequence[tuple[int, int]], asked: tuple[int, int], trained_for: int) -> Figure:
    """The longest context over the number of texts at once, on log axes; the asked pair as a dot."""
    texts, tokens = [point[0] for point in points], [point[1] for point in points]
    figure = Figure()
    figure.add_scatter(
        x=texts,
        y=tokens,
        mode="lines+markers",
        line={"color": palette.KV_CACHE, "width": 2.5},
        fill="tozeroy",
        fillcolor=palette.faint(palette.KV_CACHE, 0.15),
        hovertemplate="%{x:,} at once: up to %{y:,} tokens each<extra></extra>",
        name="longest context",
    )
    batch, context = asked
    room = dict(points).get(batch, 0)
    figure.add_scatter(
        x=[batch],
        y=[context],
        mode="markers+text",
        marker={"size": 14, "symbol": "diamond", "color": palette.GREEN if context <= room else palette.WARNING},
        text=["fits" if context <= room else "does not fit"],
        textposition="top right",  # the dot of a single text stands on the left edge
        hovertemplate=f"{batch:,} texts of {context:,} tokens<extra></extra>",
        name="asked",
    )
    if trained_for:
        figure.add_hline(
            y=trained_for,
            line={"dash": "dot", "width": 1, "color": palette.GREY},
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            y=math.log10(trained_for),  # annotations on a log axis are placed by the exponent
            yanchor="bottom",
            xanchor="right",
            showarrow=False,
            text=f"trained for {trained_for:,} tokens",
        )
    low = min(*tokens, context)
    figure.update_layout(
        height=330,
        margin={"l": 4, "r": 4, "t": 24, "b": 4},
        showlegend=False,
        xaxis={
            "type": "log",
            "title": {"text": "texts at once"},
            "dtick": 1,
            "tickformat": ",~d",
            "range": [-0.12, math.log10(max(*texts, batch)) + 0.12],
        },
        yaxis={
            "type": "log",
            "title": {"text": "tokens each"},
            "dtick": 1,
            "tickformat": ",~d",
            "range": [math.log10(max(1, low / 3)), math.log10(max(*tokens, context, trained_for or 1) * 2)],
        },
    )
    return figure


def models_that_fit(models: Sequence[tuple[str, dict[str, int]]], usable_bytes: int) -> Figure:
    """A stacked bar a model, largest first, and the card's memory as a line; memory.legend names the colours."""
    figure = Figure()
    for part in dict.fromkeys(part for _, parts in models for part in parts):
        title, colour = PARTS[part]
        sizes = [parts.get(part, 0) for _, parts in models]
        if not any(sizes):
            continue
        figure.add_bar(
            y=list(range(len(models))),
            x=[size / _GIB for size in sizes],
            orientation="h",
            name=title,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=[
                f"{escape(model)}, {title}: {format_bytes(size)}<extra></extra>"
                for (model, _), size in zip(models, sizes, strict=True)
            ],
        )
    figure.add_vline(usable_bytes / _GIB, line={"dash": "dash", "width": 2, "color": palette.WARNING})
    figure.add_annotation(
        x=usable_bytes / _GIB,
        y=1,
        yref="y domain",
        yanchor="bottom",
        text=f"usable {format_gib(usable_bytes)}",
        xanchor="right",
        xshift=-4,
        showarrow=False,
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        height=60 + 34 * len(models),
        margin={"l": 4, "r": 4, "t": 24, "b": 4},
        showlegend=False,
        xaxis={"ticksuffix": " GiB", "rangemode": "tozero", "nticks": 7},
        yaxis={
            "tickvals": list(range(len(models))),
            "ticktext": [escape(model) for model, _ in models],
            "autorange": "reversed",
        },
    )
    return figure
