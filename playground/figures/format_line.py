"""A number among those its format has: step by step between its neighbours, or on a line over all of them."""

from collections.abc import Sequence
from fractions import Fraction
from html import escape

import plotly.graph_objects as go

from playground.core.exact import decimal_digits, log10, short
from playground.core.storing import Stored
from playground.figures import palette
from playground.figures.powers import ticks


def neighbours(stored: Stored) -> go.Figure:
    """The number typed between the numbers the format has: everything in the band is stored as the middle one."""
    figure = go.Figure()
    middle = stored.value
    if not isinstance(middle, Fraction):
        return figure
    around = {place: value for place, value in ((-1, stored.below), (1, stored.above)) if isinstance(value, Fraction)}
    step = max((abs(value - middle) for value in around.values()), default=Fraction(1))
    places = {float((value - middle) / step): value for value in (middle, *around.values())}
    low, high = min(places), max(places)
    figure.add_shape(type="line", x0=-1.15, x1=1.15, y0=0, y1=0, line={"color": palette.GREY, "width": 2})
    figure.add_shape(
        type="rect", x0=low / 2, x1=high / 2, y0=-0.22, y1=0.22, fillcolor=palette.KEPT, opacity=0.16, line={"width": 0}
    )
    figure.add_scatter(
        x=list(places),
        y=[0] * len(places),
        mode="markers",
        marker={"symbol": "line-ns", "size": 26, "line": {"width": 3, "color": palette.KEPT}},
        hovertemplate=[f"{_label(value)}<extra></extra>" for value in places.values()],
        showlegend=False,
    )
    if isinstance(stored.typed.value, Fraction):
        exactly = (stored.typed.value - middle) / step
        if abs(exactly) <= 1:  # else it lies beyond the end of the format's range
            offset = float(exactly)
            figure.add_scatter(
                x=[offset],
                y=[0.3],
                mode="markers",
                marker={"symbol": "triangle-down", "size": 13, "color": palette.WARNING},
                hovertemplate=f"{escape(stored.typed.text)}: {offset:+.3f} steps from the stored number<extra></extra>",
                showlegend=False,
            )
            figure.add_annotation(
                x=offset,
                y=0.36,
                text=f"<b>{escape(stored.typed.text[:24])}</b>",
                showarrow=False,
                yanchor="bottom",
                font={"color": palette.WARNING},
            )
    figure.update_layout(
        height=190,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={
            "range": [-1.3, 1.3],
            "tickvals": list(places),
            "ticktext": [_stacked(value, middle) for value in places.values()],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"visible": False, "range": [-0.4, 0.75]},
    )
    return figure


def _label(value: Fraction) -> str:
    return decimal_digits(value, most=30)


def _stacked(value: Fraction, middle: Fraction) -> str:
    """A tick's decimals in lines of at most 12, so that three fit a phone; where they are too many, the distance."""
    text = decimal_digits(value)
    if len(text) > 24 and text.endswith("…"):  # a scaled integer
        text = short(value, 9)
    if len(text) > 24:
        sign = "−" if value < middle else "+"
        return "stored" if value == middle else f"stored<br>{sign} {short(abs(value - middle), 4)}"
    return "<br>".join(text[at : at + 12] for at in range(0, len(text), 12))


def number_line(stored: Stored, shown: Sequence[Fraction], log: bool) -> go.Figure:
    """The format's numbers as ticks on a linear or a logarithmic axis, with the number typed among them."""
    typed = stored.typed.value
    place = (lambda value: log10(abs(value))) if log else float
    drawn = [value for value in shown if value > 0] if log else list(shown)
    figure = go.Figure()
    figure.add_scatter(
        x=[place(value) for value in drawn],
        y=[0] * len(drawn),
        mode="markers",
        marker={"symbol": "line-ns", "size": 22, "line": {"width": 1.6, "color": palette.KEPT}},
        hovertemplate=[f"{short(value, 7)}<extra></extra>" for value in drawn],
        showlegend=False,
    )
    low, high = (place(drawn[0]), place(drawn[-1])) if drawn else (0.0, 1.0)
    if isinstance(typed, Fraction) and (typed or not log):
        at = place(typed)
        low, high = min(low, at), max(high, at)
        figure.add_scatter(
            x=[at],
            y=[0.32],
            mode="markers+text",
            marker={"symbol": "triangle-down", "size": 13, "color": palette.WARNING},
            text=[f"<b>{escape(stored.typed.text[:24])}</b>"],
            textposition="top center",
            textfont={"color": palette.WARNING},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    room = 0.04 * (high - low) or 1.0
    powers = ticks(low, high) if log else {}
    figure.update_layout(
        height=170,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={"range": [low - room, high + room], "zeroline": False, "showgrid": False, **powers},
        yaxis={"visible": False, "range": [-0.4, 0.85]},
    )
    return figure
