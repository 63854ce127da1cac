"""Numbers as people write them: ``7.5B`` in, ``15.00 GB = 13.97 GiB`` out.

Bytes are integers everywhere inside; rounding happens here and nowhere else, and rounded values are never added.
"""

import math
import re
from fractions import Fraction

from playground.errors import BadInput

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_DIGITS = r"[+-]?(?:(?:\d{1,3}(?:[,_]\d{3})+|\d+)\.?\d*|\.\d+)"  # 1,000 and not 7,5: that may mean 7.5
_NUMBER = re.compile(rf"({_DIGITS}(?:e[+-]?\d{{1,3}})?)\s*([kmbgt]?)", re.IGNORECASE)
_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def parse_count(text: str, what: str = "number") -> int:
    """The whole number a person meant by ``7.5e9``, ``7.5B``, ``70 B``, ``1.4T`` or ``1,000``.

    >>> parse_count("7.5B"), parse_count("7.5e9"), parse_count("1,000")
    (7500000000, 7500000000, 1000)

    A comma stands between groups of three digits: ``7,5B`` is refused.

    Raises BadInput for anything else, and for a number that is not whole once its suffix is applied.
    """
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise BadInput(f"{text.strip()[:40]!r} is not a {what}", "Write it like 7500000000, 7.5e9 or 7.5B.")
    value = Fraction(match[1].replace(",", "").replace("_", "")) * _FACTORS[match[2].lower()]
    if value.denominator != 1:
        raise BadInput(f"{text.strip()[:40]!r} is not a whole {what}", "Write it like 7500000000, 7.5e9 or 7.5B.")
    return int(value)


def _scaled(value: int, step: int, names: tuple[str, ...]) -> str:
    exponent = 0
    while abs(value) >= step ** (exponent + 1) and exponent + 1 < len(names):
        exponent += 1
    if exponent == 0:
        return f"{value:,} B"
    return f"{value / step**exponent:,.2f} {names[exponent]}"


def format_bytes(value: int) -> str:
    """Bytes in decimal and binary units, since memory is sold in the one and reported in the other.

    >>> format_bytes(85_899_345_920)
    '85.90 GB = 80.00 GiB'
    >>> format_bytes(512)
    '512 B'
    """
    decimal = _scaled(value, 1000, _DECIMAL)
    return decimal if abs(value) < 1000 else f"{decimal} = {_scaled(value, 1024, _BINARY)}"


def format_gb(value: int) -> str:
    """The decimal form alone, for axis ticks and narrow cells.

    >>> format_gb(31_414_062_500)
    '31.41 GB'
    """
    return _scaled(value, 1000, _DECIMAL)


def format_gib(value: int) -> str:
    """The binary form alone, as PyTorch and nvidia-smi report a card's memory.

    >>> format_gib(85_899_345_920)
    '80.00 GiB'
    """
    return _scaled(value, 1024, _BINARY)


def format_count(value: int | float) -> str:
    """A count with the suffix the field uses (K, M, B, T).

    >>> format_count(134_515_008), format_count(7_500_000_000), format_count(12)
    ('134.5M', '7.50B', '12')
    """
    if not math.isfinite(value):
        return str(value)
    for factor, suffix in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if abs(value) >= factor:
            scaled = value / factor
            return f"{scaled:,.2f}{suffix}" if scaled < 100 else f"{scaled:,.1f}{suffix}"
    return f"{value:,}"
