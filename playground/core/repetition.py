"""Does a text go round in circles? A loop is the same run of tokens again and again, with nothing between."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

LEAST_TIMES = 3  # twice may be emphasis
LEAST_TOKENS = 6  # "ha ha ha" is no loop yet


class Loop(NamedTuple):
    """The run of ``period`` tokens that starts at ``start`` and is there ``times`` times in a row."""

    start: int
    period: int
    times: int


def loop(ids: Sequence[int]) -> Loop | None:
    """The loop in which the text ends, the one that covers most tokens, the shortest run first; None when there is
    none. A loop that was left again is none; the last repetition may be under way.

    ``ids[i] == ids[i - period]`` over the last ``n`` tokens means ``n // period + 1`` repetitions.

    >>> loop([9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1])
    Loop(start=1, period=3, times=3)
    >>> loop([1, 2, 3, 4, 1, 2, 3, 4]), loop([1, 2, 1, 2, 1, 2, 7])
    (None, None)
    """
    best: Loop | None = None
    for period in range(1, len(ids) // LEAST_TIMES + 1):
        places = range(len(ids) - 1, period - 1, -1)
        run = next((n for n, place in enumerate(places) if ids[place] != ids[place - period]), len(places))
        found = Loop(len(ids) - run - period, period, run // period + 1)
        long_enough = found.times >= LEAST_TIMES and found.times * period >= LEAST_TOKENS
        if long_enough and (best is None or found.times * period > best.times * best.period):
            best = found
    return best


def rises(rounds: Sequence[float]) -> bool:
    """Whether each of the last repetitions was more probable than the one before.

    >>> rises([0.9, 0.4, 0.5, 0.6]), rises([0.4, 0.5, 0.6, 0.6]), rises([0.4, 0.5])
    (True, False, False)
    """
    last = rounds[-LEAST_TIMES:]
    return len(last) == LEAST_TIMES and all(before < after for before, after in pairwise(last))


def repeated_share(ids: Sequence[int], n: int = 3) -> float:
    """Which share of the n-grams was there before: ``1 - different n-grams / n-grams``; 0 for fewer than n tokens.

    Called seq-rep-n by Welleck et al. 2019 (arXiv:1908.04319, §6).

    >>> repeated_share([1, 2, 3, 1, 2, 3], 3), repeated_share([1, 2], 3)
    (0.25, 0.0)
    """
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
