"""The lifecycle drawn: what each way costs as requests come in, and each way's prices side by side."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from playground.core.lifecycle import TITLES, Way
from playground.core.scaling import scientific
from playground.core.units import format_gb
from playground.figures import palette

COLOURS = {
    "prompt": palette.SKY,
    "few-shot": palette.ORANGE,
    "lora": palette.GREEN,
    "fine-tune": palette.BLUE,
    "pre-train": palette.VERMILION,
}


def money(value: float) -> str:
    """Dollars, from thousandths of a cent to millions; below one with four digits that count, so that products agree.

    >>> money(0.0000123), money(0.0789321), money(12.3), money(1234567.0)
    ('$0.0000123', '$0.07893', '$12.30', '$1,234,567')
    """
    if value == 0:
        return "$0"
    if value < 1:
        return f"${np.format_float_positional(value, precision=4, fractional=False, trim='-')}"
    return f"${value:,.2f}" if value < 1_000 else f"${value:,.0f}"


def over_requests(ways: Sequence[Way], expected: int) -> go.Figure:
    """Total price over the number of requests, on log axes; the expected number as a line."""
    requests = np.logspace(0, max(9.0, np.log10(expected) + 1), 120)
    figure = go.Figure()
    for way in ways:
        figure.add_scatter(
            x=requests,
            y=[way.total(n) for n in requests],
            mode="lines",
            name=TITLES[way.name],
            line={"color": COLOURS[way.name], "width": 2.5},
            hovertemplate=f"{escape(TITLES[way.name])}: %{{x:.3s}} requests, $%{{y:.3s}}<extra></extra>",
        )
    figure.add_vline(x=expected, line={"dash": "dot", "width": 1.5, "color": palette.GREY})
    figure.add_annotation(
        x=np.log10(expected),
        y=1,
        yref="paper",
        text=f"yours: {expected:,}",
        showarrow=False,
        xanchor="right",
        xshift=-6,
    )
    figure.update_layout(
        height=400,
        margin={"l": 4, "r": 8, "t": 12, "b": 4},
        legend={"orientation": "h", "y": -0.2, "x": 0},
        xaxis={
            "type": "log",
            "title": {"text": "requests answered"},
            "tickvals": [10**power for power in range(0, 13, 3)],
            "ticktext": ["1", "1K", "1M", "1B", "1T"],
        },
        yaxis={
            "type": "log",
            "title": {"text": "dollars in all"},
            "tickvals": [10.0**power for power in range(-6, 13, 2)],
            "ticktext": ["$0.000001", "$0.0001", "$0.01", "$1", "$100", "$10K", "$1M", "$100M", "$10B", "$1T"],
        },
    )
    return figure


def table(ways: Sequence[Way], requests: int, trained_on: int) -> str:
    """Each way's costs, as an escaped HTML table; the cheapest for so many requests is marked.

    ``trained_on`` is how many tokens the one sequence has that is in memory while it trains.
    """
    cheapest = min((way for way in ways if way.name != "prompt"), key=lambda way: way.total(requests))
    rows = ""
    for way in ways:
        training = f"{scientific(way.once_flop)}<small>{money(way.once_price)}</small>" if way.once_flop else "–"
        memory = escape(format_gb(way.once_memory)) if way.once_memory else "–"
        mark = " ✓" if way is cheapest else ""
        rows += (
            f"<tr><td><i style='background:{COLOURS[way.name]}'></i>{escape(TITLES[way.name])}{mark}</td>"
            f"<td><b>{money(way.total(requests))}</b></td><td>{money(1_000 * way.request_price)}</td>"
            f"<td>{way.request_tokens:,}</td><td>{training}</td><td>{memory}</td>"
            f"<td>{escape(format_gb(way.serving_memory))}</td></tr>"
        )
    head = "".join(
        f"<th>{name}{f'<small>{about}</small>' if about else ''}</th>"
        for name, about in (
            ("way", ""),
            ("in all", f"{requests:,} requests"),
            ("1,000 requests", ""),
            ("tokens a request", ""),
            ("training", "operations, price"),
            ("memory to train", f"1 × {trained_on:,} tokens"),
            ("memory to serve", "one request"),
        )
    )
    return f"{_STYLE}<div class='lp-life'><table><tr>{head}</tr>{rows}</table></div>"


_STYLE = """<style>
.lp-life{overflow-x:auto}
.lp-life table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.lp-life th{font-weight:600;font-size:.82rem;opacity:.75;text-align:right;padding:.25rem .6rem}
.lp-life td{text-align:right;padding:.35rem .6rem;white-space:nowrap;
  border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-life td:first-child,.lp-life th:first-child{text-align:left;white-space:normal;min-width:8rem}
.lp-life small{display:block;opacity:.75;font-weight:400}
.lp-life i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.5rem}
</style>"""
