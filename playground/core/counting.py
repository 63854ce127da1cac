"""How many numbers a format has, and where: half of a float's lie between −1 and 1, and each binade has as many."""

import math
from fractions import Fraction

from playground.core.exact import Typed
from playground.core.formats import FORMATS, AnyFormat, BlockFormat, FloatFormat, IntFormat, TableFormat
from playground.core.storing import Stored
from playground.errors import BadInput


def count_between(format: AnyFormat, low: Fraction, high: Fraction, scale: Fraction | None = None) -> int:
    """How many different finite numbers x with low ≤ x ≤ high the format has; −0 and 0 are one.

    >>> from playground.core.formats import FP8_E4M3, FP32
    >>> count_between(FP8_E4M3, Fraction(1), Fraction(2)), count_between(FP32, Fraction(1), Fraction(2))
    (9, 8388609)

    Raises BadInput for a low end above the high one.
    """
    if low > high:
        raise BadInput("The first end is larger than the second", "Write the smaller number first.")
    low, high = (end / (scale or 1) for end in (low, high))
    if isinstance(format, TableFormat):
        return sum(low <= value <= high for value in format.values)
    if isinstance(format, IntFormat):
        return max(0, min(math.floor(high), format.high) - max(math.ceil(low), format.low) + 1)
    form = format.element if isinstance(format, BlockFormat) else format
    return max(0, _place(form, high) + _place(form, -low) + 1)


def in_every_format(low: Typed, high: Typed) -> tuple[tuple[AnyFormat, int], ...]:
    """The count for every format, widest first. Raises BadInput for ends that are not finite or the wrong way round."""
    if not isinstance(low.value, Fraction) or not isinstance(high.value, Fraction):
        raise BadInput("Numbers can be counted between finite ends only", "Write numbers such as 0, 1, 1e-3 or 65504.")
    return tuple((format, count_between(format, low.value, high.value)) for format in FORMATS)


def _place(form: FloatFormat, value: Fraction) -> int:
    """The place of the largest number ≤ value, counted from 0 at zero; one before the first where none is."""
    if abs(value) > form.max:
        return form.max_pattern if value > 0 else -form.max_pattern - 1
    negative, pattern = divmod(form.encode(value), 2 ** (form.bits_total - 1))
    place = -pattern if negative else pattern
    stored = form.decode(form.encode(value))
    return place - (stored > value)


def values(format: AnyFormat, scale: Fraction | None = None) -> tuple[Fraction, ...]:
    """Every finite number of a format of at most 8 bits, in order. BadInput for wider ones: they have too many."""
    if format.bits_total > 8:
        raise BadInput(f"{format.title} has too many numbers to list", "Choose a format of at most 8 bits.")
    if isinstance(format, TableFormat):
        found = set(format.values)
    elif isinstance(format, IntFormat):
        found = {Fraction(whole) for whole in range(format.low, format.high + 1)}
    else:
        form = format.element if isinstance(format, BlockFormat) else format
        decoded = (form.decode(bits) for bits in range(2**form.bits_total))
        found = {value for value in decoded if isinstance(value, Fraction)}
    return tuple(sorted(value * (scale or 1) for value in found))


def around(stored: Stored, each_side: int = 16) -> tuple[Fraction, ...]:
    """The numbers of the format next to the stored one, in order: up to ``each_side`` below and above."""
    form, scale = stored.format, stored.scale or Fraction(1)
    if not isinstance(stored.value, Fraction):
        return ()
    if form.bits_total <= 8:
        everything = values(form, scale)
        at = everything.index(stored.value)
        return everything[max(0, at - each_side) : at + each_side + 1]
    assert isinstance(form, FloatFormat)
    negative, pattern = divmod(stored.bits, 2 ** (form.bits_total - 1))
    place = -pattern if negative else pattern
    places = range(max(place - each_side, -form.max_pattern), min(place + each_side, form.max_pattern) + 1)
    sign = 2 ** (form.bits_total - 1)
    found = (form.decode(abs(p) + (sign if p < 0 else 0)) for p in places)
    return tuple(value for value in found if isinstance(value, Fraction))


def landmarks(format: AnyFormat, scale: Fraction | None = None) -> tuple[Fraction, ...]:
    """Positive numbers that show how a format is spread: all of them up to 8 bits, else every power of two."""
    if format.bits_total <= 8:
        return tuple(value for value in values(format, scale) if value > 0)
    assert isinstance(format, FloatFormat)
    low, high = (_log2(end) for end in (format.smallest, format.max))
    return tuple(Fraction(2) ** power for power in range(low, high + 1))


def _log2(value: Fraction) -> int:
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if Fraction(2) ** guess <= value else guess - 1
