"""One number stored in one format: the bits, what they mean exactly, how far off, and the numbers next to it."""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.exact import Typed, decimal_digits, short
from playground.core.formats import FORMATS, AnyFormat, FloatFormat, IntFormat
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

    @property
    def remark(self) -> str:
        """What happened on the way, in a sentence; empty for ordinary rounding."""
        return _remark(self)


def store(format: AnyFormat, typed: Typed, absmax: Fraction | None = None) -> Stored:
    """The number as ``format`` keeps it, rounded once, ties to even.

    Integers round to the nearest whole number and stop at the ends of their range; with ``absmax`` they are scaled
    first, ``q = round(x / (absmax / q_max))`` (symmetric absmax quantization, arXiv:2208.07339 §2.1), and the value
    stored is ``q × absmax / q_max``.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import BF16, INT8
    >>> float(store(BF16, parse_number("pi")).value), float(store(INT8, parse_number("pi"), Fraction(4)).value)
    (3.140625, 3.1496062992125986)

    Raises BadInput for an absmax that is not above zero, or an integer of NaN.
    """
    if isinstance(format, FloatFormat):
        return _store_float(format, typed)
    return _store_int(format, typed, absmax)


def store_in_all(typed: Typed, absmax: Fraction | None = None) -> tuple[Stored, ...]:
    """The number in every format, widest first."""
    return tuple(store(format, typed, absmax) for format in FORMATS)


def restore(format: FloatFormat, bits: int) -> Typed:
    """The exact number a pattern stands for, as if it had been typed: for a bit that was flipped."""
    value = format.decode(bits)
    return Typed(repr(float(value)), value)


def _store_float(format: FloatFormat, typed: Typed) -> Stored:
    bits = format.encode(typed.value)
    return Stored(format, typed, bits, format.decode(bits), *format.fields(bits), *_neighbours(format, bits))


def _store_int(format: IntFormat, typed: Typed, absmax: Fraction | None) -> Stored:
    if absmax is not None and absmax <= 0:
        raise BadInput("The absmax of an integer format must be above zero", "It is the largest |weight| of the block.")
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


def _remark(stored: Stored) -> str:
    format, typed = stored.format, stored.typed.value
    if isinstance(format, IntFormat):
        if isinstance(typed, float) or not isinstance(stored.value, Fraction):
            return "An integer has no pattern for ∞ or NaN: it stops at the end of its range (NaN becomes 0)."
        scale = stored.scale or 1
        if abs(typed) > format.high * scale and abs(typed - stored.value) > Fraction(scale) / 2:
            return f"Out of range: clipped to {short(stored.value)}."
        return "Scaled by absmax, rounded, scaled back." if stored.scale else "Rounded to a whole number: no scale."
    if isinstance(typed, float):
        return "Stored as such." if not stored.finite else "This format has no ∞ and no NaN."
    if not isinstance(stored.value, Fraction):
        return f"Overflow: beyond the largest number, {short(format.max)}."
    if abs(typed) > format.max and stored.error:
        return f"Out of range: it stops at {short(format.max)}."
    if typed and stored.value == 0:
        return f"Underflow: below half of the smallest number, {short(format.smallest)}."
    if typed and abs(stored.value) < format.min_normal:
        return "Subnormal: the leading 1 is gone, so fewer digits are left."
    return "Exact." if stored.error == 0 else ""


def formula(stored: Stored) -> str:
    """The decoding rule with this number's fields filled in.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import FP8_E4M3
    >>> formula(store(FP8_E4M3, parse_number("pi")))
    '(−1)^0 × 1.625 × 2^(8 − 7) = +1 × 1.625 × 2 = 3.25'
    """
    format = stored.format
    if isinstance(format, IntFormat):
        whole = stored.bits - (2**format.bits_total if stored.sign == "1" else 0)
        top = f"−{stored.sign} × 2^{format.bits_total - 1} + {int(stored.mantissa, 2)} = {whole}"
        return top if stored.scale is None else f"{top};  {whole} × {short(stored.scale, 9)} = {short(stored.value, 9)}"
    if not stored.finite:
        kind = "NaN" if math.isnan(stored.value) else "∞"
        return f"exponent field all ones: a pattern set aside for {kind}"
    field, fraction = int(stored.exponent, 2), Fraction(int(stored.mantissa, 2), 2**format.mantissa_bits)
    lead, power = ("1", field) if field else ("0", 1)
    significand = decimal_digits(fraction + int(lead))
    if "." not in significand:
        significand += ".0"
    two = short(Fraction(2) ** (power - format.bias), 9)
    sign = "−" if stored.sign == "1" else "+"
    return (
        f"(−1)^{stored.sign} × {significand} × 2^({power} − {format.bias})"
        f" = {sign}1 × {significand} × {two} = {decimal_digits(stored.value)}"
    )
