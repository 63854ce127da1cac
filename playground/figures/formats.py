"""Number formats drawn: the bits of a number in every format, the numbers next to it, the error by format."""

import math
from collections.abc import Sequence
from fractions import Fraction
from html import escape

import plotly.graph_objects as go

from playground.core import counting
from playground.core.exact import decimal_digits, short
from playground.core.formats import BlockFormat, FloatFormat, TableFormat
from playground.core.storing import Stored
from playground.figures import palette

FIELDS = {"sign": palette.SIGN, "exponent": palette.EXPONENT, "mantissa": palette.MANTISSA}
EXACT_BELOW = -19.0  # log10: an error of zero is drawn as no bar at all


def every_format(stored: Sequence[Stored], chosen: str) -> str:
    """A row a format as escaped HTML: its bits, the value kept and the error; ``chosen`` stands out."""
    legend = "".join(f"<span><i style='background:{colour}'></i>{name}</span>" for name, colour in FIELDS.items())
    rows = "".join(_row(one, one.format.name == chosen) for one in stored)
    legend = f"<div class='lp-legend'>{legend}<span>filled: 1, pale: 0</span></div>"
    return f"{_STYLE}{legend}<div class='lp-formats'>{rows}</div>"


def _row(stored: Stored, chosen: bool) -> str:
    lost = "overflow" if stored.typed.finite and not stored.finite else ""
    error = lost if stored.relative_error is None else _error(stored)
    return (
        f"<section{' class=lp-on' if chosen else ''}><header><b>{escape(stored.format.title)}</b>"
        f"<small>{stored.format.bits_total} bits</small><span>{escape(decimal_digits(stored.value, most=22))}</span>"
        f"<em>{escape(error)}</em></header>{bits(stored)}</section>"
    )


def _error(stored: Stored) -> str:
    relative = stored.relative_error
    if not relative:
        return "exact"
    return f"off by {short(100 * relative, 2)} %"


def bits(stored: Stored) -> str:
    """The bits as a strip of cells, field by field."""
    fields = (("sign", stored.sign), ("exponent", stored.exponent), ("mantissa", stored.mantissa))
    strips = "".join(
        f"<span title='{name}'>{''.join(_cell(bit, FIELDS[name]) for bit in text)}</span>"
        for name, text in fields
        if text
    )
    return f"<div class='lp-bits' role='img' aria-label='{' '.join(text for _, text in fields)}'>{strips}</div>"


def _cell(bit: str, colour: str) -> str:
    if bit == "1":
        return f"<i style='background:{colour};color:{palette.text_on(colour)}'>1</i>"
    return f"<i style='background:color-mix(in srgb,{colour} 22%,transparent)'>0</i>"


def strip(stored: Stored) -> str:
    """The bits alone, with the style they need."""
    return f"{_STYLE}{bits(stored)}"


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


def errors(stored: Sequence[Stored], chosen: str) -> go.Figure:
    """The relative error in every format, on a logarithmic axis: no bar where the number is kept exactly, one to the
    edge where no number is left of it.
    """
    rows = list(stored)
    lost = [one.relative_error is None for one in rows]
    logs = [
        _LOST_AT
        if one.relative_error is None
        else min(_log10(one.relative_error), _LOST_AT)
        if one.relative_error
        else EXACT_BELOW
        for one in rows
    ]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(rows))),
            x=[log - EXACT_BELOW for log in logs],
            base=EXACT_BELOW,
            orientation="h",
            marker={
                "color": [
                    palette.WARNING if gone else palette.KEPT if one.format.name == chosen else palette.SKY
                    for one, gone in zip(rows, lost, strict=True)
                ],
            },
            text=[_how_far(one) for one in rows],
            textposition=["inside" if log > -3 else "outside" for log in logs],
            insidetextanchor="end",
            cliponaxis=False,
            hovertemplate=[f"{one.format.title}: {_how_far(one, 4)}<extra></extra>" for one in rows],
        )
    )
    ticks = [-16, -12, -8, -4, 0]
    figure.update_layout(
        height=60 + 27 * len(rows),
        margin={"l": 4, "r": 24, "t": 4, "b": 4},
        bargap=0.3,
        xaxis={
            "title": {"text": "error, as a share of the number"},
            "tickvals": ticks,
            "ticktext": ["1" if power == 0 else f"10<sup>{power}</sup>" for power in ticks],
            "range": [EXACT_BELOW, _LOST_AT],
        },
        yaxis=_format_axis([one.format.title for one in rows], [one.format.name == chosen for one in rows]),
    )
    return figure


_LOST_AT = 0.9  # log10: where the bar of an overflow ends


def _how_far(stored: Stored, digits: int = 2) -> str:
    if stored.relative_error is None:
        kept = decimal_digits(stored.value, most=8)
        return f"overflow: {kept}" if stored.typed.finite else f"stored as {kept}"
    return short(stored.relative_error, digits) if stored.relative_error else "exact"


def _format_axis(titles: Sequence[str], bold: Sequence[bool]) -> dict:
    return {
        "tickvals": list(range(len(titles))),
        "ticktext": [f"<b>{t}</b>" if strong else t for t, strong in zip(titles, bold, strict=True)],
        "range": [len(titles) - 0.5, -0.5],
        "showgrid": False,
    }


def _log10(value: Fraction) -> float:
    """Of a fraction above zero, however large or small."""
    return math.log10(value.numerator) - math.log10(value.denominator)


def number_line(stored: Stored, shown: Sequence[Fraction], log: bool) -> go.Figure:
    """The format's numbers as ticks on a linear or a logarithmic axis, with the number typed among them."""
    typed = stored.typed.value
    place = (lambda value: _log10(abs(value))) if log else float
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
    ticks = {} if not log else _powers(low, high)
    figure.update_layout(
        height=170,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={"range": [low - room, high + room], "zeroline": False, "showgrid": False, **ticks},
        yaxis={"visible": False, "range": [-0.4, 0.85]},
    )
    return figure


def _powers(low: float, high: float) -> dict:
    step = max(1, round((high - low) / 8))
    powers = list(range(math.ceil(low), math.floor(high) + 1, step))
    return {"tickvals": powers, "ticktext": [f"10<sup>{power}</sup>" for power in powers]}


REACH_SHOWN = 50  # powers of ten drawn to each side; FP64 goes on


def reaches(stored: Sequence[Stored], chosen: str) -> go.Figure:
    """From the smallest number above 0 to the largest, by format, with the number typed as a line across."""
    rows = list(stored)
    figure = go.Figure()
    typed = rows[0].typed.value
    at = _log10(abs(typed)) if isinstance(typed, Fraction) and typed else None
    edge = REACH_SHOWN if at is None else max(REACH_SHOWN, min(abs(at) + 4, 400))
    for name, colour, opacity, ends in (
        ("fewer digits (subnormal)", palette.SKY, 0.55, lambda f: (f.smallest, f.min_normal)),
        ("all its digits", palette.KEPT, 0.9, lambda f: (f.min_normal, f.max)),
    ):
        spans = [tuple(_log10(end * (one.scale or 1)) for end in ends(one.format)) for one in rows]
        cut = [(max(low, -edge), min(high, edge)) for low, high in spans]
        figure.add_bar(
            y=list(range(len(rows))),
            x=[max(0.0, high - low) for low, high in cut],
            base=[low for low, _ in cut],
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            opacity=opacity,
            hovertemplate=[
                f"{one.format.title}: 10<sup>{low:.1f}</sup> to 10<sup>{high:.1f}</sup><extra></extra>"
                for one, (low, high) in zip(rows, spans, strict=True)
            ],
        )
    if at is not None:
        figure.add_vline(x=at, line={"color": palette.WARNING, "width": 2})
    for place, one in enumerate(rows):
        fate = _fate(one)
        if fate:
            figure.add_annotation(
                x=edge, y=place, text=fate, showarrow=False, xanchor="right", font={"color": palette.WARNING}
            )
    figure.update_layout(
        height=90 + 25 * len(rows),
        margin={"l": 4, "r": 8, "t": 30, "b": 4},
        barmode="overlay",
        bargap=0.35,
        legend={"orientation": "h", "y": 1.1, "x": 0},
        xaxis={"range": [-edge, edge], "zeroline": False, **_powers(-edge, edge)},
        yaxis=_format_axis([one.format.title for one in rows], [one.format.name == chosen for one in rows]),
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
        xaxis={"range": [0, 1.45 * most + 0.2], **_powers(0, 1.2 * most + 0.2)},
        yaxis=_format_axis([title for title, _ in rows], [title == chosen for title, _ in rows]),
    )
    return figure


def facts(stored: Stored) -> str:
    """What the format can hold, as escaped HTML: name, value, what it means."""
    form = stored.format
    if isinstance(form, BlockFormat | TableFormat):
        scale = stored.scale or Fraction(1)
        rows = [
            ("Largest", _fact(form.max * scale), "beyond it: it stops there"),
            ("Smallest above 0", _fact(form.smallest * scale), "half of it or less is stored as 0"),
            ("Scale", _fact(scale), "shared by the block, kept beside"),
            ("Values", f"{len(counting.values(form)):,}", "different numbers, before the scale"),
        ]
    elif isinstance(form, FloatFormat):
        rows = [
            ("Largest", _fact(form.max), "beyond it: ∞, NaN, or it stops there"),
            ("Smallest normal", _fact(form.min_normal), "below it the leading 1 goes, and digits with it"),
            ("Smallest above 0", _fact(form.smallest), "half of it or less is stored as 0"),
            ("Epsilon", _fact(form.epsilon), "from 1 to the next number"),
        ]
    else:
        step = stored.scale or Fraction(1)
        rows = [
            ("Largest", _fact(form.high * step), "a larger number is clipped"),
            ("Step", _fact(step), "between two neighbours, the same everywhere"),
            ("Values", f"{2**form.bits_total:,}", "whole numbers in two's complement"),
        ]
    cards = "".join(f"<section><small>{n}</small><b>{escape(v)}</b><em>{escape(m)}</em></section>" for n, v, m in rows)
    return f"{_STYLE}<div class='lp-facts'>{cards}</div>"


def _fact(value: Fraction) -> str:
    """Every digit where they are few, else four."""
    exact = decimal_digits(value)
    return (
        f"{int(value):,}"
        if value.denominator == 1 and len(exact) < 8
        else exact
        if len(exact) < 12
        else short(value, 4)
    )


_STYLE = """<style>
.lp-legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;font-size:.85rem;margin-bottom:.6rem;opacity:.9}
.lp-legend span{display:flex;align-items:center;gap:.4rem}
.lp-legend i{width:.8rem;height:.8rem;border-radius:.2rem}
.lp-formats{display:grid;gap:.35rem}
.lp-formats section{padding:.35rem .6rem;border-radius:.5rem;border:1px solid transparent}
.lp-formats .lp-on{border-color:var(--st-primary-color,currentColor);
  background:color-mix(in srgb,currentColor 5%,transparent)}
.lp-formats header{display:grid;grid-template-columns:6.2rem 4.2rem 1fr auto;gap:0 .6rem;align-items:baseline;
  font-variant-numeric:tabular-nums}
.lp-formats header span{font-family:var(--st-code-font,ui-monospace,monospace);font-size:.9rem;overflow-wrap:anywhere}
.lp-formats small,.lp-formats em{font-size:.82rem;opacity:.8;font-style:normal}
.lp-formats em{text-align:right}
.lp-bits{display:flex;flex-wrap:wrap;gap:2px 4px;margin-top:.2rem}
.lp-bits span{display:flex;flex-wrap:wrap;gap:1px}
.lp-bits i{font-style:normal;width:.68rem;height:1.15rem;line-height:1.15rem;text-align:center;font-size:.66rem;
  border-radius:2px;font-family:var(--st-code-font,ui-monospace,monospace)}
.lp-facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.8rem 1.2rem}
.lp-facts section{display:grid;gap:.1rem;align-content:start}
.lp-facts small{opacity:.8}
.lp-facts b{font-size:1.35rem;font-weight:500;font-variant-numeric:tabular-nums;white-space:nowrap}
.lp-facts em{font-style:normal;font-size:.82rem;opacity:.75}
@media (max-width:640px){.lp-formats header{grid-template-columns:auto auto 1fr}
  .lp-formats header span{grid-column:1/-1;grid-row:2}}
</style>"""
