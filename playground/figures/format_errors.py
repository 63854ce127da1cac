"""How far off a number is in every format."""

from collections.abc import Sequence

import plotly.graph_objects as go

from playground.core.exact import decimal_digits, log10, short
from playground.core.storing import Stored
from playground.figures import palette
from playground.figures.format_rows import rows_axis

EXACT_BELOW = -19.0  # log10: an error of zero is drawn as no bar at all


def errors(stored: Sequence[Stored], chosen: str) -> go.Figure:
    """The relative error in every format, on a logarithmic axis: no bar where the number is kept exactly, one to the
    edge where no number is left of it.
    """
    rows = list(stored)
    lost = [one.relative_error is None for one in rows]
    logs = [
        _LOST_AT
        if one.relative_error is None
        else min(log10(one.relative_error), _LOST_AT)
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
        yaxis=rows_axis([one.format.title for one in rows], [one.format.name == chosen for one in rows]),
    )
    return figure


_LOST_AT = 0.9  # log10: where the bar of an overflow ends


def _how_far(stored: Stored, digits: int = 2) -> str:
    if stored.relative_error is None:
        kept = decimal_digits(stored.value, most=8)
        return f"overflow: {kept}" if stored.typed.finite else f"stored as {kept}"
    return short(stored.relative_error, digits) if stored.relative_error else "exact"
