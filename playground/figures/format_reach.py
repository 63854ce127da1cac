"""How far each format reaches, and how many numbers it has between two ends."""

import math
from collections.abc import Sequence
from fractions import Fraction
from html import escape

import plotly.graph_objects as go

from playground.core.exact import decimal_digits, log10, short
from playground.core.storing import Stored
from playground.figures import palette
from playground.figures.format_rows import rows_axis
from playground.figures.powers import ticks

REACH_SHOWN = 50  # powers of ten drawn to each side; FP64 goes on


def reaches(stored: Sequence[Stored], chosen: str) -> go.Figure:
    """From the smallest number above 0 to the largest, by format, with the number typed as a line across."""
    rows = list(stored)
    figure = go.Figure()
    typed = rows[0].typed.value
    at = log10(abs(typed)) if isinstance(typed, Fraction) and typed else None
    edge = REACH_SHOWN if at is None else max(REACH_SHOWN, min(abs(at) + 4, 400))
    for name, colour, opacity, ends in (
        ("fewer digits (subnormal)", palette.SKY, 0.55, lambda f: (f.smallest, f.min_normal)),
        ("all its digits", palette.KEPT, 0.9, lambda f: (f.min_normal, f.max)),
    ):
        spans = [tuple(log10(end * (one.scale or 1)) for end in ends(one.format)) for one in rows]
        cut = [(max(low, -edge), min(high, edge)) for low, high in spans]
        figure.add_bar(
            y=list(range(len(rows))),
            x=[max(0.0, high - low) for low, high in cut],
            base=[low for low, _ in cut],
            orientation="h",
            name=name,
            marker={
                "color": colour,
                "line": {"width": 1.5, "color": colour},
            },  # 4 bits reach so little: keep them visible
            opacity=opacity,
            hovertemplate=[
                f"{one.format.title}: 10<sup>{low:.1f}</sup> to 10<sup>{high:.1f}</sup><extra></extra>"
                for one, (low, high) in zip(rows, spans, strict=True)
            ],
        )
    if at is not None:
        figure.add_vline(x=at, line={"color": palette.WARNING, "width": 1.5})
        figure.add_annotation(
            x=at,
            y=1,
            yref="paper",
            text=f"<b>{escape(rows[0].typed.text[:16])}</b>",
            showarrow=False,
            yanchor="bottom",
            font={"color": palette.WARNING},
        )
    for place, one in enumerate(rows):
        low, high = (log10(end * (one.scale or 1)) for end in (one.format.smallest, one.format.max))
        ink = {"showarrow": False, "y": place, "font": {"color": palette.text_on(palette.KEPT)}}
        if low < -edge:
            figure.add_annotation(x=-edge, text=f"← 10<sup>{math.floor(low)}</sup>", xanchor="left", **ink)
        if high > edge:
            figure.add_annotation(x=edge, text=f"10<sup>{math.floor(high)}</sup> →", xanchor="right", **ink)
        fate = _fate(one)
        if fate:
            figure.add_annotation(
                x=edge, y=place, text=fate, showarrow=False, xanchor="right", font={"color": palette.WARNING}
            )
    figure.update_layout(
        height=112 + 25 * len(rows),
        margin={"l": 4, "r": 8, "t": 52, "b": 4},
        barmode="overlay",
        bargap=0.35,
        legend={"orientation": "h", "yref": "container", "y": 1, "yanchor": "top", "x": 0},
        xaxis={"range": [-edge, edge], "zeroline": False, **ticks(-edge, edge, 6)},
        yaxis=rows_axis([one.format.title for one in rows], [one.format.name == chosen for one in rows]),
    )
    return figure


def _fate(stored: Stored) -> str:
    """What became of the number where it lies outside the format's reach."""
    typed = stored.typed.value
    if not isinstance(typed, Fraction) or not typed:
        return ""
    if not isinstance(stored.value, Fraction):
        return f"<b>overflow: {decimal_digits(stored.value)}</b>"
    if stored.value == 0:
        return "<b>underflow: 0</b>"
    most = stored.format.max * (stored.scale or 1)
    return f"<b>cut to {short(most, 3)}</b>" if abs(typed) > most and stored.error else ""


def counts(rows: Sequence[tuple[str, int]], chosen: str) -> go.Figure:
    """How many numbers each format has between two ends, on a logarithmic axis."""
    figure = go.Figure(
        go.Bar(
            y=list(range(len(rows))),
            x=[max(math.log10(count), 0.02) if count else 0 for _, count in rows],
            orientation="h",
            marker={"color": [palette.KEPT if title == chosen else palette.SKY for title, _ in rows]},
            text=[f"{count:,}" if count < 10**12 else short(Fraction(count), 5) for _, count in rows],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=[f"{title}: {count:,}<extra></extra>" for title, count in rows],
        )
    )
    most = max((math.log10(count) for _, count in rows if count), default=1.0)
    figure.update_layout(
        height=50 + 25 * len(rows),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        bargap=0.35,
        xaxis={"range": [0, 1.45 * most + 0.2], **ticks(0, 1.2 * most + 0.2, 6)},
        yaxis=rows_axis([title for title, _ in rows], [title == chosen for title, _ in rows]),
    )
    return figure
