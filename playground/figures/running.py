"""Sums and products drawn: the value after each step, format by format, beside what real arithmetic gives."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from playground.core.running import Run
from playground.figures import palette
from playground.figures.powers import log_ticks

_COLOURS = palette.HEADS[:10]
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def curves(runs: Sequence[Run], truth: Sequence[tuple[int, float]], *, log_values: bool, log_steps: bool) -> go.Figure:
    """A line a format over the steps; a cross where it stops moving, ∞ or NaN where it leaves the numbers."""
    figure = go.Figure()
    figure.add_scatter(
        x=[at for at, _ in truth if at],
        y=[_drawn(value, log_values) for at, value in truth if at],
        mode="lines",
        name="exact",
        line={"color": palette.GREY, "dash": "dash", "width": 2},
    )
    for place, found in enumerate(runs):
        colour = _COLOURS[place % len(_COLOURS)]
        pairs = [(at, value) for at, value in zip(found.at, found.values, strict=True) if at]
        figure.add_scatter(
            x=[at for at, _ in pairs],
            y=[_drawn(value, log_values) for _, value in pairs],
            mode="lines",
            name=found.format.title,
            line={"color": colour, "width": 2.5, "dash": _DASHES[place // 5 % len(_DASHES)]},
            hovertemplate=f"{found.format.title}, %{{x:,}} steps: %{{y:.6g}}<extra></extra>",
        )
        if found.stuck_after:
            drawable = [value for _, value in pairs if _drawn(value, log_values) is not None]
            shown = drawable[-1] if drawable else None  # where the line ends, if what follows has no place
            end = "∞" if math.isinf(found.last) else "NaN" if math.isnan(found.last) else f"{found.last:.6g}"
            figure.add_scatter(
                x=[found.stuck_after],
                y=[_drawn(shown, log_values) if shown is not None else None],
                mode="markers",
                marker={"symbol": "x", "size": 10, "color": colour},
                showlegend=False,
                hovertemplate=f"{found.format.title}: {end} from step {found.stuck_after:,} on<extra></extra>",
            )
    figure.update_layout(
        height=400,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.2, "x": 0},
        xaxis={"title": {"text": "steps"}, "zeroline": False, **_steps_axis(log_steps)},
        yaxis={
            "title": {"text": "value"},
            "type": "log" if log_values else "linear",
            "zeroline": False,
            **(_powers_of_ten(figure) if log_values else {"tickformat": ",~s"}),
        },
    )
    return figure


def _steps_axis(log: bool) -> dict:
    return {"type": "log", "dtick": 1, "tickformat": ",~s"} if log else {"tickformat": ",~s"}


def _powers_of_ten(figure: go.Figure) -> dict:
    """Few ticks at round powers of ten, none between them; the values' own where they span less than one power."""
    shown = [abs(y) for trace in figure.data for y in trace.y if y]
    few = log_ticks(min(shown), max(shown), 7) if shown else {"tickvals": []}
    return few if len(few["tickvals"]) > 1 else {"exponentformat": "power", "nticks": 6}


def _drawn(value: float | None, log: bool) -> float | None:
    """The value where the axis has a place for it."""
    if value is None or not math.isfinite(value) or abs(value) > 1e300 or (log and abs(value) < 1e-300):
        return None
    return abs(value) if log else value
