"""Ticks of an axis whose values are logarithms to base ten."""

import math


def ticks(low: float, high: float, most: int = 8) -> dict:
    """Whole powers of ten between the ends, so many apart that there are at most ``most``.

    >>> ticks(-50, 50)["tickvals"]
    [-40, -20, 0, 20, 40]
    """
    step = next(each for each in (1, 2, 3, 4, 5, 10, 20, 50, 100, 200) if (high - low) / each <= most - 1)
    powers = [power for power in range(math.ceil(low), math.floor(high) + 1) if power % step == 0]
    return {"tickvals": powers, "ticktext": ["1" if power == 0 else f"10<sup>{power}</sup>" for power in powers]}


def log_ticks(low: float, high: float, most: int = 8) -> dict:
    """The same for an axis of type log, whose ticks are values: ``low`` and ``high`` are above zero."""
    shown = ticks(math.log10(low), math.log10(high), most)
    return {**shown, "tickvals": [10.0**power for power in shown["tickvals"]]}
