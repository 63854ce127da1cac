"""The bits of a number drawn as cells: sign, exponent, mantissa; one strip, or a row for every format."""

from collections.abc import Sequence
from html import escape

from playground.core.exact import decimal_digits, short
from playground.core.shared_scale import scale_note
from playground.core.storing import Stored
from playground.figures import palette

FIELDS = {"sign": palette.SIGN, "exponent": palette.EXPONENT, "mantissa": palette.MANTISSA}


def every_format(stored: Sequence[Stored], chosen: str) -> str:
    """A row a format as escaped HTML: its bits, the value kept and the error; ``chosen`` stands out."""
    legend = "".join(f"<span><i style='background:{colour}'></i>{name}</span>" for name, colour in FIELDS.items())
    rows = "".join(_row(one, one.format.name == chosen) for one in stored)
    legend = f"<div class='lp-legend'>{legend}<span>filled: 1, pale: 0</span></div>"
    return f"{_STYLE}{legend}<div class='lp-formats'>{rows}</div>"


def _row(stored: Stored, chosen: bool) -> str:
    lost = "overflow" if stored.typed.finite and not stored.finite else ""
    error = lost if stored.relative_error is None else _error(stored)
    note = scale_note(stored)
    note = f"<small class='lp-note'>{escape(note)}</small>" if note else ""
    return (
        f"<section{' class=lp-on' if chosen else ''}><header><b>{escape(stored.format.title)}</b>"
        f"<small>{stored.format.bits_total} bits</small><span>{escape(decimal_digits(stored.value, most=22))}</span>"
        f"<em>{escape(error)}</em></header>{bits(stored)}{note}</section>"
    )


def _error(stored: Stored) -> str:
    relative = stored.relative_error
    if not relative:
        return "exact"
    return f"off by {short(100 * relative, 2)} %"


def bits(stored: Stored) -> str:
    """The bits as a strip of cells, field by field."""
    fields = (("sign", stored.sign), ("exponent", stored.exponent), ("mantissa", stored.mantissa))
    strips = "".join(
        f"<span title='{name}'>{''.join(_cell(bit, FIELDS[name]) for bit in text)}</span>"
        for name, text in fields
        if text
    )
    return f"<div class='lp-bits' role='img' aria-label='{' '.join(text for _, text in fields)}'>{strips}</div>"


def _cell(bit: str, colour: str) -> str:
    if bit == "1":
        return f"<i style='background:{colour};color:{palette.text_on(colour)}'>1</i>"
    return f"<i style='background:color-mix(in srgb,{colour} 22%,transparent)'>0</i>"


def strip(stored: Stored) -> str:
    """The bits alone, with the style they need."""
    return f"{_STYLE}{bits(stored)}"


_STYLE = """<style>
.lp-legend{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;font-size:.85rem;margin-bottom:.6rem;opacity:.9}
.lp-legend span{display:flex;align-items:center;gap:.4rem}
.lp-legend i{width:.8rem;height:.8rem;border-radius:.2rem}
.lp-formats{display:grid;gap:.35rem}
.lp-formats section{padding:.35rem .6rem;border-radius:.5rem;border:1px solid transparent}
.lp-formats .lp-on{border-color:var(--st-primary-color,currentColor);
  background:color-mix(in srgb,currentColor 5%,transparent)}
.lp-formats header{display:grid;grid-template-columns:6.2rem 4.2rem 1fr auto;gap:0 .6rem;align-items:baseline;
  font-variant-numeric:tabular-nums}
.lp-formats header span{font-family:var(--st-code-font,ui-monospace,monospace);font-size:.9rem;overflow-wrap:anywhere}
.lp-formats small,.lp-formats em{font-size:.82rem;opacity:.8;font-style:normal}
.lp-formats em{text-align:right}
.lp-note{display:block;margin-top:.15rem}
.lp-bits{display:flex;flex-wrap:wrap;gap:2px 4px;margin-top:.2rem}
.lp-bits span{display:flex;flex-wrap:wrap;gap:1px}
.lp-bits i{font-style:normal;width:.68rem;height:1.15rem;line-height:1.15rem;text-align:center;font-size:.66rem;
  border-radius:2px;font-family:var(--st-code-font,ui-monospace,monospace)}
@media (max-width:640px){.lp-formats header{grid-template-columns:auto auto 1fr}
  .lp-formats header span{grid-column:1/-1;grid-row:2}}
</style>"""
