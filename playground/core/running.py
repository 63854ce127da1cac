"""Many small steps in few bits: sums that stop growing, products that vanish or overflow.

Each step is one operation, rounded once to the format, ties to even (IEEE 754): ``s ← round(s + x)``. Once x is no
more than half the distance to the next number, s + x rounds back to s, and the sum stays where it is.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from playground.core.exact import Typed, log10
from playground.core.formats import FP32, FP64, FloatFormat
from playground.core.storing import store
from playground.errors import BadInput

Operation = Literal["add", "multiply"]
COUNT_MAX = 1_000_000
_POINTS = 160


@dataclass(frozen=True)
class Run:
    """What a format made of the steps. ``at`` and ``values`` are the curve: after how many steps, which value."""

    format: FloatFormat
    at: tuple[int, ...]
    values: tuple[float, ...]
    stuck_after: int | None  # the first step that changed nothing any more; None while it still moves

    @property
    def last(self) -> float:
        """The value at the end: maybe ±∞ or NaN."""
        return self.values[-1]


def run(form: FloatFormat, operation: Operation, start: Typed, by: Typed, count: int) -> Run:
    """``count`` times ``+ by`` or ``× by``, from ``start``, in this format.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import BF16
    >>> found = run(BF16, "add", parse_number("0"), parse_number("1"), 1000)
    >>> found.last, found.stuck_after
    (256.0, 256)

    Raises BadInput for a count outside 1…1,000,000, or numbers that are not finite.
    """
    if not 1 <= count <= COUNT_MAX:
        raise BadInput(f"{count:,} steps can't be taken here", f"Choose 1 to {COUNT_MAX:,}.")
    if not start.finite or not by.finite:
        raise BadInput("∞ and NaN stay what they are", "Start with a finite number, and step by one.")
    first, step = (float(store(form, number).value) for number in (start, by))
    marks = _marks(count)
    if form in (FP32, FP64):
        return _at_once(form, operation, first, step, marks)
    values, value, stuck = [first], first, None
    done = 0
    for mark in marks[1:]:
        while done < mark and stuck is None:
            following = rounded(form, value + step if operation == "add" else value * step)
            done += 1
            if following == value or math.isnan(following):
                stuck = done - 1
            value = following
        values.append(value)
    return Run(form, marks, tuple(values), stuck)


def _marks(count: int) -> tuple[int, ...]:
    spread = np.geomspace(1, count, min(count, _POINTS)).round().astype(int)
    return (0, *sorted({int(mark) for mark in spread}))


def _at_once(form: FloatFormat, operation: Operation, first: float, step: float, marks: tuple[int, ...]) -> Run:
    """FP32 and FP64 step by step in numpy, whose ``accumulate`` rounds after each operation."""
    kind = np.float32 if form is FP32 else np.float64
    every = np.full(marks[-1] + 1, step, kind)
    every[0] = first
    with np.errstate(all="ignore"):
        path = np.add.accumulate(every) if operation == "add" else np.multiply.accumulate(every)
    still = np.flatnonzero(path[1:] == path[:-1])
    moving = np.flatnonzero(path[1:] != path[:-1])
    last_move = int(moving[-1]) + 1 if moving.size else 0
    stuck = last_move if still.size and last_move < marks[-1] else None
    return Run(form, marks, tuple(float(path[mark]) for mark in marks), stuck)


def rounded(form: FloatFormat, value: float) -> float:
    """A float64 rounded to a format of at most 11 significant bits; what the format has beyond its largest number.

    The sum or product of two such numbers is exact in float64 wherever it lies in the format's reach, so this is the
    one rounding of the operation.
    """
    if math.isnan(value) or value == 0:
        return value
    if math.isinf(value):
        return float(form.decode(form.encode(value)))
    _, exponent = math.frexp(value)
    lowest = 1 - form.bias - form.mantissa_bits
    quantum = math.ldexp(1.0, max(exponent - 1 - form.mantissa_bits, lowest))
    near = round(value / quantum) * quantum
    if abs(near) <= float(form.max):
        return near
    return float(form.decode(form.encode(Fraction(value))))


def exact(operation: Operation, start: Typed, by: Typed, count: int) -> float:
    """What real arithmetic gives: start + count · by, or start · by^count; ±∞ or 0 beyond FP64's reach."""
    first, step = Fraction(start.value), Fraction(by.value)
    if operation == "add":
        return Typed("", first + count * step).as_float
    if not first or not step:
        return float(first) if not count else 0.0
    digits = log10(abs(first)) + count * log10(abs(step))
    sign = -1 if (first < 0) != (step < 0 and count % 2 == 1) else 1
    if abs(digits) > 300:
        return sign * math.inf if digits > 0 else 0.0
    return sign * 10**digits


def half_step(form: FloatFormat, value: float) -> Fraction | None:
    """Half the distance from this number to the next larger one: what an addend must exceed to change it."""
    stored = store(form, Typed("", Fraction(abs(value)))) if math.isfinite(value) else None
    if stored is None or not isinstance(stored.above, Fraction):
        return None
    return (stored.above - Fraction(stored.value)) / 2
