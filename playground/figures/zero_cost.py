"""What sending costs, drawn: time per token over the tokens of a step."""

import math
from collections.abc import Mapping, Sequence

from playground.figures import palette
from playground.figures.plain import Figure
from playground.figures.zero import STAGE_COLOURS


def seconds(value: float) -> str:
    """A time with a unit one can read.

    >>> seconds(1.5), seconds(0.0123), seconds(4.2e-5)
    ('1.50 s', '12.3 ms', '42.0 µs')
    """
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if value >= unit:
            return f"{value / unit:.3g} {name}" if value / unit >= 10 else f"{value / unit:.2f} {name}"
    return "0 s" if value == 0 else f"{value * 1e6:.1f} µs"


def _marks(times: Mapping[int, Sequence[float]]) -> list[float]:
    """1, 2 and 5 of each power of ten that the curves pass."""
    shown = [value * 1e6 for values in times.values() for value in values]
    powers = range(math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown))) + 1)
    return [digit * 10.0**power for power in powers for digit in (1, 2, 5)]


def per_token(
    tokens: Sequence[int],
    times: Mapping[int, Sequence[float]],
    limit: float,
    turns: dict[int, int],
    chosen: int,
) -> Figure:
    """Seconds a token, by stage: they fall to the arithmetic's own time (dashed); a dot where it hides the sending."""
    figure = Figure()
    for stage, values in times.items():
        colour = STAGE_COLOURS.get(stage, palette.GREY)
        name = "stages 0–2" if stage == 0 and 3 in times and len(times) == 2 else f"stage {stage}"
        figure.add_scatter(
            x=list(tokens),
            y=[value * 1e6 for value in values],
            mode="lines",
            name=name,
            line={"color": colour, "width": 3},
            hovertemplate=f"{name}, %{{x:,}} tokens: %{{y:.3g}} µs a token<extra></extra>",
        )
        if tokens[0] <= turns[stage] <= tokens[-1]:
            figure.add_scatter(
                x=[turns[stage]],
                y=[limit * 1e6],
                mode="markers+text",
                marker={"color": colour, "size": 11},
                text=[f"<b>{turns[stage]:,}</b>"],
                textposition="bottom center",
                hovertemplate=f"{name}: hidden from {turns[stage]:,} tokens a GPU and step<extra></extra>",
                showlegend=False,
                cliponaxis=False,
            )
    figure.add_scatter(
        x=[tokens[0], tokens[-1]],
        y=[limit * 1e6] * 2,
        mode="lines",
        name="arithmetic alone",
        line={"color": palette.GREY, "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_vline(x=chosen, line={"color": palette.GREY, "width": 1})
    figure.update_layout(
        height=380,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"},
        xaxis={
            "type": "log",
            "title": {"text": "tokens a GPU and step"},
            "tickvals": [2**power for power in range(6, 18, 2)],
            "ticktext": [f"{2**power:,}" for power in range(6, 18, 2)],
        },
        yaxis={"type": "log", "title": {"text": "µs a token"}, "tickvals": _marks(times), "tickformat": "~s"},
    )
    return figure
