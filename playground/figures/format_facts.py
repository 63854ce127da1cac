"""What one format can hold, as cards: largest, smallest, step."""

from fractions import Fraction
from html import escape

from playground.core import counting
from playground.core.exact import decimal_digits, short
from playground.core.formats import BlockFormat, FloatFormat, TableFormat
from playground.core.storing import Stored


def facts(stored: Stored) -> str:
    """What the format can hold, as escaped HTML: name, value, what it means."""
    form = stored.format
    if isinstance(form, BlockFormat | TableFormat):
        scale = stored.scale or Fraction(1)
        rows = [
            ("Largest", _fact(form.max * scale), "beyond it: it stops there"),
            ("Smallest above 0", _fact(form.smallest * scale), "half of it or less is stored as 0"),
            ("Scale", _fact(scale), "shared by the block, kept beside"),
            ("Values", f"{len(counting.values(form)):,}", "different numbers, before the scale"),
        ]
    elif isinstance(form, FloatFormat):
        rows = [
            ("Largest", _fact(form.max), "beyond it: ∞, NaN, or it stops there"),
            ("Smallest normal", _fact(form.min_normal), "below it the leading 1 goes, and digits with it"),
            ("Smallest above 0", _fact(form.smallest), "half of it or less is stored as 0"),
            ("Epsilon", _fact(form.epsilon), "from 1 to the next number"),
        ]
    else:
        step = stored.scale or Fraction(1)
        rows = [
            ("Largest", _fact(form.high * step), "a larger number is clipped"),
            ("Step", _fact(step), "between two neighbours, the same everywhere"),
            ("Values", f"{2**form.bits_total:,}", "whole numbers in two's complement"),
        ]
    cards = "".join(f"<section><small>{n}</small><b>{escape(v)}</b><em>{escape(m)}</em></section>" for n, v, m in rows)
    return f"{_STYLE}<div class='lp-facts'>{cards}</div>"


def _fact(value: Fraction) -> str:
    """Every digit where they are few, else four."""
    exact = decimal_digits(value)
    return (
        f"{int(value):,}"
        if value.denominator == 1 and len(exact) < 8
        else exact
        if len(exact) < 12
        else short(value, 4)
    )


_STYLE = """<style>
.lp-facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.8rem 1.2rem}
.lp-facts section{display:grid;gap:.1rem;align-content:start}
.lp-facts small{opacity:.8}
.lp-facts b{font-size:1.35rem;font-weight:500;font-variant-numeric:tabular-nums;white-space:nowrap}
.lp-facts em{font-style:normal;font-size:.82rem;opacity:.75}
</style>"""
