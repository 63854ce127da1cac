"""What a scale shared by a block of weights does to one stored number, in words."""

from playground.core.exact import short
from playground.core.formats import BlockFormat, FloatFormat, TableFormat
from playground.core.storing import Stored


def scale_note(stored: Stored) -> str:
    """What the shared scale of a scaled format does here, in a sentence; empty for a float, which needs none.

    >>> from fractions import Fraction
    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import NF4
    >>> from playground.core.storing import store
    >>> scale_note(store(NF4, parse_number("pi"), Fraction(4)))
    '16 values from −1 to 1, here times the absmax 4'
    """
    format = stored.format
    if isinstance(format, FloatFormat):
        return ""
    if isinstance(format, BlockFormat):
        inner = f"{format.element.title}'s bits, but {format.block} neighbours share a scale, a power of two"
        return f"{inner}: here {short(stored.scale)}" if stored.scale else f"{inner}. None is set: the same number"
    if isinstance(format, TableFormat):
        inner = f"{len(format.values)} values from −1 to 1"
        if stored.scale:
            return f"{inner}, here times the absmax {short(stored.scale)}"
        return f"{inner}, made for weights ÷ absmax (the largest |weight| of their block). None is set: it ends at 1"
    if stored.scale:
        return f"whole numbers, here times {short(stored.scale)}"
    return "whole numbers: weights need a scale beside them. None is set"
