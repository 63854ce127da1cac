"""One number stored in one format: the bits, what they mean exactly, how far off, and the numbers next to it."""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.exact import Typed
from playground.core.formats import FORMATS, AnyFormat, BlockFormat, FloatFormat, IntFormat, TableFormat
from playground.errors import BadInput


@dataclass(frozen=True)
class Stored:
    """What a format makes of a number."""

    format: AnyFormat
    typed: Typed
    bits: int
    value: Fraction | float  # exactly; a float only for ±∞ and NaN
    sign: str
    exponent: str
    mantissa: str
    below: Fraction | float | None  # the next numbers the format holds; None where there is none
    above: Fraction | float | None
    scale: Fraction | None = None  # integers stored with a scale: value = whole number × scale

    @property
    def error(self) -> Fraction | None:
        """|stored − typed|, exactly; None where either is not finite."""
        if isinstance(self.value, Fraction) and isinstance(self.typed.value, Fraction):
            return abs(self.value - self.typed.value)
        return None

    @property
    def relative_error(self) -> Fraction | None:
        """The error as a share of the number; 0 for a zero stored as zero, None where it has no meaning."""
        if self.error is None or not isinstance(self.typed.value, Fraction):
            return None
        return self.error / abs(self.typed.value) if self.typed.value else self.error

    @property
    def finite(self) -> bool:
        """Whether a number was stored, not ±∞ or NaN."""
        return isinstance(self.value, Fraction)


def store(format: AnyFormat, typed: Typed, absmax: Fraction | None = None) -> Stored:
    """The number as ``format`` keeps it, rounded once, ties to even.

    Integers round to the nearest whole number and stop at the ends of their range; with ``absmax`` they are scaled
    first, ``q = round(x / (absmax / q_max))`` (symmetric absmax quantization, arXiv:2208.07339 §2.1), and the value
    stored is ``q × absmax / q_max``. MXFP4 takes the power of two for that absmax, NF4 multiplies its table by it;
    without absmax nothing is scaled.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import BF16, INT8
    >>> float(store(BF16, parse_number("pi")).value), float(store(INT8, parse_number("pi"), Fraction(4)).value)
    (3.140625, 3.1496062992125986)

    Raises BadInput for an absmax that is not above zero, or an integer of NaN.
    """
    if isinstance(format, FloatFormat):
        return _store_float(format, typed)
    if absmax is not None and absmax <= 0:
        raise BadInput("The absmax of a scaled format must be above zero", "It is the largest |weight| of the block.")
    if isinstance(format, BlockFormat):
        return _store_block(format, typed, absmax)
    if isinstance(format, TableFormat):
        return _store_table(format, typed, absmax)
    return _store_int(format, typed, absmax)


def store_in_all(typed: Typed, absmax: Fraction | None = None) -> tuple[Stored, ...]:
    """The number in every format, widest first."""
    return tuple(store(format, typed, absmax) for format in FORMATS)


def _store_float(format: FloatFormat, typed: Typed) -> Stored:
    bits = format.encode(typed.value)
    return Stored(format, typed, bits, format.decode(bits), *format.fields(bits), *_neighbours(format, bits))


def _store_int(format: IntFormat, typed: Typed, absmax: Fraction | None) -> Stored:
    scale = Fraction(1) if absmax is None else absmax / format.high
    low = format.low if absmax is None else -format.high
    if isinstance(typed.value, Fraction):
        whole = min(max(round(typed.value / scale), low), format.high)
    else:
        whole = 0 if math.isnan(typed.value) else format.high if typed.value > 0 else low
    bits = whole % 2**format.bits_total
    text = f"{bits:0{format.bits_total}b}"
    below = (whole - 1) * scale if whole > low else None
    above = (whole + 1) * scale if whole < format.high else None
    kept = None if absmax is None else scale
    return Stored(format, typed, bits, whole * scale, text[0], "", text[1:], below, above, kept)


def _store_block(format: BlockFormat, typed: Typed, absmax: Fraction | None) -> Stored:
    scale = Fraction(1) if absmax is None else format.scale_for(absmax)
    element = format.element
    bits = element.encode(typed.value / scale if isinstance(typed.value, Fraction) else typed.value)
    value, *around = (
        number * scale if isinstance(number, Fraction) else number
        for number in (element.decode(bits), *_neighbours(element, bits))
    )
    assert value is not None  # E2M1 has neither ∞ nor NaN
    kept = None if absmax is None else scale
    return Stored(format, typed, bits, value, *element.fields(bits), around[0], around[1], kept)


def _store_table(format: TableFormat, typed: Typed, absmax: Fraction | None) -> Stored:
    scale = Fraction(1) if absmax is None else absmax
    values = format.values
    if isinstance(typed.value, Fraction):
        wanted = typed.value / scale
        bits = min(range(len(values)), key=lambda place: abs(values[place] - wanted))
    else:
        bits = values.index(Fraction(0)) if math.isnan(typed.value) else len(values) - 1 if typed.value > 0 else 0
    below = values[bits - 1] * scale if bits else None
    above = values[bits + 1] * scale if bits + 1 < len(values) else None
    kept = None if absmax is None else scale
    text = f"{bits:0{format.bits_total}b}"
    return Stored(format, typed, bits, values[bits] * scale, "", "", text, below, above, kept)


def _neighbours(format: FloatFormat, bits: int) -> tuple[Fraction | float | None, Fraction | float | None]:
    """The numbers just below and just above; patterns of one sign are in the order of their numbers."""
    value = format.decode(bits)
    if isinstance(value, float) and math.isnan(value):
        return None, None
    negative, pattern = divmod(bits, 2 ** (format.bits_total - 1))
    position = -pattern if negative else pattern
    last = format.max_pattern + (format.top == "ieee")

    def at(place: int) -> Fraction | float | None:
        if abs(place) > last:
            return None
        return format.decode(abs(place) + (2 ** (format.bits_total - 1) if place < 0 else 0))

    return at(position - 1), at(position + 1)
