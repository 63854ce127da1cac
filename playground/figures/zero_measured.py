"""Measured sharding drawn: what each rank held, one step event by event, what was sent; and the tables beside them."""

from collections.abc import Iterable, Sequence
from html import escape

import plotly.graph_objects as go

from playground.core.measured_explained import COMPONENTS, spread
from playground.core.recorded import Event, Measured, Measurement
from playground.core.units import format_bytes, format_gb
from playground.figures import palette
from playground.figures.memory import scale

COLOURS = {"parameters": palette.PARAMETERS, "gradients": palette.GRADIENTS, "optimizer": palette.OPTIMIZER}
OPS = {
    "all_gather": ("all-gather", palette.PARAMETERS, "triangle-up"),
    "reduce_scatter": ("reduce-scatter", palette.GRADIENTS, "triangle-down"),
    "all_reduce": ("all-reduce", palette.GRADIENTS, "diamond"),
    "broadcast": ("broadcast", palette.PARAMETERS, "circle"),
}
WAYS = {"paper": "the paper's formula", "ring": "by ring, as recorded", "wire": "really sent, by gloo"}
_MARGIN = {"l": 4, "r": 4, "t": 8, "b": 4}


def held(measurement: Measurement, chosen: str) -> go.Figure:
    """A bar a rank, grouped by variant: parameters, gradients, optimizer states, and what is whole for a moment."""
    ranks, stages = measurement.gpus, measurement.stages
    unit, name = scale(max(each.total for stage in stages for each in stage.ranks))
    width = 0.78 / ranks
    places = [index + (rank - (ranks - 1) / 2) * width for index in range(len(stages)) for rank in range(ranks)]
    fade = [1.0 if stage.name == chosen else 0.55 for stage in stages for _ in range(ranks)]
    bars = {"y": places, "width": width * 0.88, "orientation": "h"}
    figure = go.Figure()
    for component, title in COMPONENTS.items():
        figure.add_bar(
            x=[getattr(each, component) / unit for stage in stages for each in stage.ranks],
            name=title,
            marker={"color": COLOURS[component], "opacity": fade},
            hovertemplate=[
                f"{stage.variant.title}, rank {rank}: {title}<br>{getattr(each, component):,} bytes<extra></extra>"
                for stage in stages
                for rank, each in enumerate(stage.ranks)
            ],
            **bars,
        )
    peaks = [peak for stage in stages for peak in stage.peak_unsharded]
    figure.add_bar(
        x=[peak / unit for peak in peaks],
        name="parameters whole for a moment",
        marker={
            "color": palette.PARAMETERS,
            "opacity": fade,
            "pattern": {"shape": "/", "fillmode": "replace", "size": 5},
        },
        hovertemplate=[f"at most {peak:,} bytes gathered at a time<extra></extra>" for peak in peaks],
        **bars,
    )
    figure.add_scatter(
        x=[x for stage in stages for x in (stage.ideal.total / unit, stage.ideal.total / unit, None)],
        y=[y for place in range(len(stages)) for y in (place - 0.46, place + 0.46, None)],
        mode="lines",
        name="the paper's formula",
        line={"color": palette.INK, "width": 2, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_layout(
        barmode="stack",
        height=110 + len(stages) * max(44, 9 * ranks),
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.1, "x": 0, "xanchor": "left", "traceorder": "normal"},
        xaxis={"ticksuffix": f" {name}", "nticks": 6},
        yaxis=_rows(stages, chosen),
    )
    return figure


def _rows(stages: Sequence[Measured], chosen: str) -> dict[str, object]:
    """An axis with a row a variant, the first on top."""
    names = [stage.variant.title.replace(", ", ",<br>") for stage in stages]
    bold = [f"<b>{name}</b>" if stage.name == chosen else name for name, stage in zip(names, stages, strict=True)]
    places = list(range(len(stages)))
    return {"tickvals": places, "ticktext": bold, "range": [len(stages) - 0.5, -0.5], "showgrid": False}


def step(stage: Measured) -> go.Figure:
    """One training step on rank 0: what is held after each event, stacked; below it the collectives, in order."""
    events = stage.events
    unit, name = scale(max(event.held_bytes for event in events))
    places = list(range(len(events)))
    figure = go.Figure()
    layers = (
        ("parameters", "parameters_bytes", palette.PARAMETERS, ""),
        ("gradients", "gradients_bytes", palette.GRADIENTS, ""),
        ("optimizer states", "optimizer_bytes", palette.OPTIMIZER, ""),
        ("parameters whole for a moment", "unsharded_bytes", palette.PARAMETERS, "/"),
    )
    for title, field, colour, pattern in layers:
        sizes = [getattr(event, field) for event in events]
        if not any(sizes):
            continue
        figure.add_scatter(
            x=places,
            y=[size / unit for size in sizes],
            name=title,
            mode="lines",
            stackgroup="held",
            line={"shape": "hv", "width": 0.5, "color": colour},
            fillpattern={"shape": pattern, "fgcolor": colour, "size": 6} if pattern else None,
            fillcolor=None if pattern else colour,
            hovertemplate=[f"{title}: {format_bytes(size)}<extra></extra>" for size in sizes],
        )
    top = max(event.held_bytes for event in events) / unit
    for op, (title, colour, symbol) in OPS.items():
        mine = [place for place in places if events[place].kind == "collective" and events[place].op == op]
        if mine:
            figure.add_scatter(
                x=mine,
                y=[-0.07 * top] * len(mine),
                name=title,
                mode="markers",
                marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 1, "color": palette.INK}},
                hovertemplate=[f"{_what(events[place])}<extra></extra>" for place in mine],
            )
    for phase, first, last in _phases(events):
        narrow = last - first < 0.12 * len(events)  # its name then stands before it, a line higher
        figure.add_annotation(
            x=last + 0.4 if narrow else (first + last) / 2,
            y=top * (1.22 if narrow else 1.1),
            text=f"{phase} ↓" if narrow else phase,
            xanchor="right" if narrow else "center",
            showarrow=False,
        )
        if first:
            figure.add_vline(x=first - 0.5, line={"width": 1, "dash": "dot", "color": palette.GREY})
    figure.update_layout(
        height=380,
        margin=_MARGIN,
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.14, "x": 0.5, "xanchor": "center", "traceorder": "normal"},
        xaxis={
            "title": {"text": "events, in order"},
            "showticklabels": False,
            "showgrid": False,
            "range": [-0.6, len(events) - 0.4],
        },
        yaxis={"ticksuffix": f" {name}", "nticks": 5, "range": [-0.15 * top, top * 1.3], "zeroline": True},
    )
    return figure


def _phases(events: Sequence[Event]) -> Iterable[tuple[str, int, int]]:
    for phase in dict.fromkeys(event.phase for event in events):
        places = [place for place, event in enumerate(events) if event.phase == phase]
        yield phase, places[0], places[-1]


def _what(event: Event) -> str:
    return f"{OPS[event.op][0]}: {escape(event.label)}<br>{format_bytes(event.bytes)} in {len(event.ranks)} ranks"


def sent(measurement: Measurement, chosen: str) -> go.Figure:
    """What a rank sends in a step: by the paper, by ring for the recorded collectives, really here."""
    stages = measurement.stages
    most = max(max(stage.paper, stage.ring, stage.wire or 0) for stage in stages)
    unit, name = scale(max(1, most))
    colours = {"paper": palette.GREY, "ring": palette.SKY, "wire": palette.VERMILION}
    figure = go.Figure()
    for way, title in WAYS.items():
        sizes = [getattr(stage, way) or 0 for stage in stages]
        figure.add_bar(
            y=list(range(len(stages))),
            x=[size / unit for size in sizes],
            orientation="h",
            name=title,
            marker={"color": colours[way]},
            hovertemplate=[f"{title}: {format_bytes(size)}<extra></extra>" for size in sizes],
        )
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        height=110 + 46 * len(stages),
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.12, "x": 0, "xanchor": "left", "traceorder": "normal"},
        xaxis={"ticksuffix": f" {name}", "nticks": 6},
        yaxis=_rows(stages, chosen),
    )
    return figure


def to_the_byte(stage: Measured) -> str:
    """The table formula | with rounding | measured, as HTML; what differs is marked."""
    rows = []
    for component, title in COMPONENTS.items():
        least, most = spread(stage, component)
        wanted = [getattr(each, component) for each in stage.predicted]
        formula = getattr(stage.ideal, component)
        rows.append(_row(title, formula, min(wanted), max(wanted), least, most))
    totals = [each.total for each in stage.predicted]
    got = [each.total for each in stage.ranks]
    rows.append(_row("all", stage.ideal.total, min(totals), max(totals), min(got), max(got), "lp-sum"))
    head = "".join(f"<th>{text}</th>" for text in ("", "formula", "with rounding", "measured", "equal"))
    return f"{_STYLE}<div class='lp-wide'><table class='lp-bytes'><tr>{head}</tr>{''.join(rows)}</table></div>"


def _row(title: str, formula: int, low: int, high: int, least: int, most: int, mark: str = "") -> str:
    equal = "✓" if (low, high) == (least, most) else "✗"
    cells = (f"{formula:,}", _range(low, high), _range(least, most), equal)
    return f"<tr class='{mark}'><th>{title}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} … {high:,}"


def in_order(stage: Measured) -> str:
    """Every collective of rank 0's step, in order, as an HTML table."""
    rows = [
        f"<tr><td>{number}</td><th>{event.phase}</th><th>{OPS[event.op][0]}</th><th>{escape(event.label)}</th>"
        f"<td>{len(event.ranks)}</td><td>{event.bytes:,}</td><td>{event.ring_bytes:,}</td></tr>"
        for number, event in enumerate(stage.collectives, start=1)
    ]
    titles = ("", "phase", "collective", "of", "ranks", "whole tensor, bytes", "sent by ring, bytes")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f"{_STYLE}<div class='lp-wide'><table class='lp-bytes lp-left'><tr>{head}</tr>{''.join(rows)}</table></div>"


def same_training(measurement: Measurement) -> str:
    """Losses and gradient norms of all variants, step by step, as an HTML table."""
    steps = range(1, len(measurement.stages[0].losses) + 1)
    head = "".join(f"<th>{what} {n}</th>" for what in ("loss", "‖g‖") for n in steps)
    rows = "".join(
        f"<tr><th>{stage.variant.title}</th>"
        + "".join(f"<td>{value:.6f}</td>" for value in (*stage.losses, *stage.gradient_norms))
        + "</tr>"
        for stage in measurement.stages
    )
    return f"{_STYLE}<div class='lp-wide'><table class='lp-bytes'><tr><th></th>{head}</tr>{rows}</table></div>"


def summary(measurement: Measurement) -> str:
    """How many bytes the worst rank of each variant holds, in words for a figure's description."""
    return ", ".join(
        f"{stage.variant.title} {format_gb(max(each.total for each in stage.ranks))}" for stage in measurement.stages
    )


_STYLE = """<style>
.lp-wide{overflow-x:auto}
.lp-bytes{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.lp-bytes th,.lp-bytes td{text-align:right;padding:.25rem .6rem;font-weight:400;white-space:nowrap;
  border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-bytes th:first-child,.lp-left th{text-align:left}
.lp-bytes tr:first-child th{font-weight:600;border-bottom-width:2px}
.lp-bytes .lp-sum>*{font-weight:600}
@media (max-width:640px){.lp-bytes{font-size:.8rem}.lp-bytes th,.lp-bytes td{padding:.25rem .3rem}}
</style>"""
