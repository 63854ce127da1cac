"""A number as typed, kept exactly: a fraction, never a float, until a format rounds it."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from playground.errors import BadInput

# 60 digits: far more than FP64 holds. OEIS A000796 and A001113.
_PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494")
_E = Fraction("2.71828182845904523536028747135266249775724709369995957496697")
_NAMED: dict[str, Fraction | float] = {
    "pi": _PI,
    "π": _PI,
    "e": _E,
    "inf": math.inf,
    "infinity": math.inf,
    "∞": math.inf,
    "nan": math.nan,
}
_DECIMAL = re.compile(r"(\d[\d_,]*\.?\d*|\.\d+)(?:e([+-]?\d{1,5}))?", re.IGNORECASE)
_RATIO = re.compile(r"(\d{1,30})\s*/\s*(\d{1,30})")
_POWER = re.compile(r"2\s*(?:\^|\*\*)\s*([+-]?\d{1,5})")
_EXPONENT_MAX = 1_200  # FP64 reaches 2^±1074 and 10^±324; beyond this every format has only one answer
_HINT = "Write a number such as 0.1, 1/3, 2^-24, 6.02e23, pi, e, inf or nan."


@dataclass(frozen=True)
class Typed:
    """What a person typed, and the number it is: a Fraction, or a float for ±∞ and NaN."""

    text: str
    value: Fraction | float

    @property
    def finite(self) -> bool:
        """Whether it is a number with a place on the number line."""
        return isinstance(self.value, Fraction)

    @property
    def as_float(self) -> float:
        """The nearest FP64 number, which is what Python would hold; ±∞ beyond its range."""
        try:
            return float(self.value)
        except OverflowError:
            return math.inf if self.value > 0 else -math.inf


def parse_number(text: str) -> Typed:
    """The number a person meant, exactly.

    >>> parse_number("0.1").value, parse_number("-1/3").value, parse_number("2^-3").value
    (Fraction(1, 10), Fraction(-1, 3), Fraction(1, 8))
    >>> parse_number("pi").as_float == math.pi
    True

    Raises BadInput for what is not a number, a division by zero, or an exponent beyond ±1,200.
    """
    raw = text.strip()
    body, sign = raw.replace("−", "-"), 1
    if body[:1] in ("+", "-"):
        body, sign = body[1:].strip(), -1 if body[0] == "-" else 1
    named = _NAMED.get(body.lower())
    if named is not None:
        return Typed(raw, sign * named)
    if match := _RATIO.fullmatch(body):
        if int(match[2]) == 0:
            raise BadInput(f"{raw[:40]!r} divides by zero", _HINT)
        return Typed(raw, sign * Fraction(int(match[1]), int(match[2])))
    if match := _POWER.fullmatch(body):
        return Typed(raw, sign * Fraction(2) ** _exponent(match[1], raw))
    if match := _DECIMAL.fullmatch(body):
        digits = Fraction(match[1].replace(",", "").replace("_", ""))
        return Typed(raw, sign * digits * Fraction(10) ** _exponent(match[2] or "0", raw))
    raise BadInput(f"{raw[:40]!r} is not a number" if raw else "No number given", _HINT)


def _exponent(text: str, raw: str) -> int:
    if abs(int(text)) > _EXPONENT_MAX:
        raise BadInput(f"The exponent of {raw[:40]!r} is out of reach", f"Keep it between ±{_EXPONENT_MAX:,}: {_HINT}")
    return int(text)


def decimal_digits(value: Fraction | float, most: int = 1_100) -> str:
    """Every decimal where the expansion ends (all binary numbers do), up to ``most``; else some and an ellipsis.

    >>> decimal_digits(Fraction(13176795, 4194304))
    '3.1415927410125732421875'
    >>> decimal_digits(Fraction(-1, 3), most=5)
    '-0.33333…'
    """
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 1)
    if rest == 0:
        return f"{sign}{whole}"
    places, denominator = 0, rest.denominator
    while denominator % 2 == 0:
        denominator, places = denominator // 2, places + 1
    fives = 0
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    ends = denominator == 1 and max(places, fives) <= most
    shown = max(places, fives) if ends else most if denominator == 1 else min(most, 30)
    digits = str(int(rest * 10**shown)).rjust(shown, "0")
    return f"{sign}{whole}.{digits}{'' if ends else '…'}"


def short(value: Fraction | float, digits: int = 6) -> str:
    """A number for a narrow cell: ``digits`` significant figures, the exponent as a power of ten.

    >>> short(Fraction(1, 8)), short(Fraction(2) ** 127 * 2), short(Fraction(1, 2**24))
    ('0.125', '3.40282 × 10³⁸', '5.96046 × 10⁻⁸')
    """
    if isinstance(value, float):
        return decimal_digits(value)
    if value == 0:
        return "0"
    exponent = _decimal_exponent(abs(value))
    if -4 <= exponent < 9:
        places = digits - 1 - exponent
        shown = f"{float(round(value, places)):,.{max(0, places)}f}"
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    scaled = float(value / Fraction(10) ** exponent)
    power = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{scaled:.{digits - 1}f}".rstrip("0").rstrip(".") + f" × 10{power}"


def log10(value: Fraction) -> float:
    """The decimal logarithm of a fraction above zero, however large or small.

    >>> log10(Fraction(1, 10**400))
    -400.0
    """
    return math.log10(value.numerator) - math.log10(value.denominator)


def _decimal_exponent(value: Fraction) -> int:
    """floor(log10(value)) without the rounding of a float logarithm."""
    guess = len(str(value.numerator)) - len(str(value.denominator))
    return guess if Fraction(10) ** guess <= value else guess - 1
