"""A stored number in words: what happened on the way, the formula of its bits, what a flipped bit makes of it."""

import math
from fractions import Fraction

from playground.core.exact import Typed, decimal_digits, parse_number, short
from playground.core.formats import FP32, BlockFormat, FloatFormat, IntFormat, TableFormat
from playground.core.storing import Stored, store
from playground.errors import BadInput

_TYPED_CHARACTERS = 60  # a longer decimal would not fit the field it is typed in


def remark(stored: Stored) -> str:
    """What happened on the way, in a sentence; empty for ordinary rounding.

    >>> from playground.core.formats import FP16
    >>> remark(store(FP16, parse_number("70000")))
    'Overflow: beyond the largest number, 65,504.'
    """
    format, typed = stored.format, stored.typed.value
    if isinstance(format, IntFormat):
        if isinstance(typed, float) or not isinstance(stored.value, Fraction):
            return "An integer has no pattern for ∞ or NaN: it stops at the end of its range (NaN becomes 0)."
        scale = stored.scale or 1
        if abs(typed) > format.high * scale and abs(typed - stored.value) > Fraction(scale) / 2:
            return f"Out of range: clipped to {short(stored.value)}."
        return "Scaled by absmax, rounded, scaled back." if stored.scale else "Rounded to a whole number: no scale."
    if isinstance(format, TableFormat):
        return _remark_table(stored, format)
    if isinstance(typed, float):
        return "Stored as such." if not stored.finite else "This format has no ∞ and no NaN."
    if not isinstance(stored.value, Fraction):
        return f"Overflow: beyond the largest number, {short(format.max)}."
    scale = stored.scale or Fraction(1)
    most = format.max * scale
    if abs(typed) > most:
        return _remark_above(stored, most)
    if typed and stored.value == 0:
        return f"Underflow: below half of the smallest number, {short(format.smallest * scale)}."
    if typed and abs(stored.value) < format.min_normal * scale:
        return "Subnormal: the leading 1 is gone, so fewer digits are left."
    return "Exact." if stored.error == 0 else ""


def _remark_above(stored: Stored, most: Fraction) -> str:
    """A number above the largest that was stored as the largest: rounded down, or cut off?"""
    under = stored.below if stored.value == most else stored.above
    half = (most - abs(under)) / 2 if isinstance(under, Fraction) else Fraction(0)
    if isinstance(stored.typed.value, Fraction) and abs(stored.typed.value) < most + half:
        return f"Rounded to the largest number, {short(most)}: it lies less than half a step above it."
    return f"Out of range: it stops at {short(most)}."


def _remark_table(stored: Stored, format: TableFormat) -> str:
    typed = stored.typed.value
    if isinstance(typed, float) or not isinstance(stored.value, Fraction):
        return "A table has no entry for ∞ or NaN: it stops at its end (NaN becomes 0)."
    scale = stored.scale or Fraction(1)
    if abs(typed) > scale:
        hint = "" if stored.scale else " Give an absmax: the table's values are multiplied by it."
        return f"Out of range: the table ends at {short(scale)}.{hint}"
    return "Exact." if stored.error == 0 else f"Entry {stored.bits} of {len(format.values)}, counted from 0."


def formula(stored: Stored) -> str:
    """The decoding rule with this number's fields filled in.

    >>> from playground.core.formats import FP8_E4M3
    >>> formula(store(FP8_E4M3, parse_number("pi")))
    '(−1)^0 × 1.625 × 2^(8 − 7) = +1 × 1.625 × 2 = 3.25'
    """
    format = stored.format
    if isinstance(format, IntFormat):
        whole = stored.bits - (2**format.bits_total if stored.sign == "1" else 0)
        top = f"−{stored.sign} × 2^{format.bits_total - 1} + {int(stored.mantissa, 2)} = {whole}"
        return top if stored.scale is None else f"{top};  {whole} × {short(stored.scale, 9)} = {short(stored.value, 9)}"
    if isinstance(format, TableFormat):
        entry = f"entry {stored.bits} = {decimal_digits(format.values[stored.bits], most=20)}"
        return entry if stored.scale is None else f"{entry};  × {short(stored.scale, 9)} = {short(stored.value, 9)}"
    if isinstance(format, BlockFormat):
        scale = stored.scale or Fraction(1)
        inner = store(format.element, Typed("", Fraction(stored.value) / scale))
        return f"{formula(inner)};  × {short(scale, 9)} (shared by {format.block}) = {short(stored.value, 9)}"
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


def flipped(stored: Stored, place: int) -> str:
    """The number one gets by flipping a bit (0 is the sign), written so that :func:`parse_number` reads it back.

    >>> from playground.core.formats import FP16
    >>> flipped(store(FP16, parse_number("1")), 0), flipped(store(FP16, parse_number("1")), 1)
    ('-1', 'inf')
    """
    form = stored.format
    bits = stored.bits ^ (1 << (form.bits_total - 1 - place))
    if isinstance(form, FloatFormat):
        value = form.decode(bits)
    elif isinstance(form, TableFormat):
        value = form.values[bits] * (stored.scale or Fraction(1))
    elif isinstance(form, BlockFormat):
        value = Fraction(form.element.decode(bits)) * (stored.scale or Fraction(1))
    else:
        whole = bits - (2**form.bits_total if bits > form.high else 0)
        value = whole * (stored.scale or Fraction(1))
    exact = decimal_digits(value)
    ends = isinstance(value, Fraction) and not exact.endswith("…")  # a scaled integer's decimals may not
    return exact if ends and len(exact) <= _TYPED_CHARACTERS else repr(float(value))


def parse_absmax(text: str) -> Fraction | None:
    """The scale of the scaled formats a person typed: empty for none. BadInput for what is not above zero."""
    if not text.strip():
        return None
    value = parse_number(text).value
    if not isinstance(value, Fraction) or value <= 0:
        raise BadInput("The absmax of a scaled format must be above zero", "It is the largest |weight| of the block.")
    return value


def course_pi() -> tuple[Stored, Stored]:
    """π in FP32, and what some course notes print for it: π cut to 3.141592 first.

    >>> [decimal_digits(stored.value) for stored in course_pi()]
    ['3.1415927410125732421875', '3.1415920257568359375']
    """
    return store(FP32, parse_number("pi")), store(FP32, parse_number("3.141592"))
