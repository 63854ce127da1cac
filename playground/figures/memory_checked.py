"""Formulas held against what they are checked by: bytes measured here, and other calculators' answers."""

from collections.abc import Sequence
from html import escape

from playground.core.measured_memory import Check
from playground.core.other_calculators import Answer
from playground.core.units import format_bytes
from playground.figures import palette


def checks(found: Sequence[Check]) -> str:
    """Predicted and measured side by side, and what the difference is made of, as escaped HTML."""
    rows = ""
    for check in found:
        exact = check.difference == 0
        mark = "✓ to the byte" if exact else f"{check.difference:+,} B ({check.off:+.2%})"
        why = "" if exact else f"<small>{escape(check.residual)}</small>"
        rows += (
            f"<section><h4>{escape(check.what)}</h4><dl><dt>predicted</dt><dd>{check.predicted:,} B</dd>"
            f"<dt>measured</dt><dd>{check.measured:,} B</dd></dl><b>{mark}</b>"
            f"<code>{escape(check.formula)}</code>{why}</section>"
        )
    return f"{_STYLE}<div class='lp-checks'>{rows}</div>"


def others(ours: Sequence[tuple[str, str, int, str]], answers: Sequence[Answer]) -> str:
    """Our answer and other calculators', with what each leaves out, as an escaped HTML table."""
    lines = [*ours, *((a.tool, a.question, a.bytes, a.leaves_out) for a in answers)]
    largest = max((size for _, _, size, _ in lines), default=1) or 1
    body = "".join(
        f"<section class='{'ours' if tool == 'here' else ''}'><h4>{escape(tool)}<small>{escape(question)}</small></h4>"
        f"<div><i style='width:{size / largest:.1%}'></i></div><b>{escape(format_bytes(size))}</b>"
        f"<small>{escape(without)}</small></section>"
        for tool, question, size, without in lines
    )
    return f"{_STYLE}<div class='lp-others'>{body}</div>"


_STYLE = """<style>
.lp-checks{display:grid;gap:.7rem}
.lp-checks section{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding-bottom:.6rem;
  border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-checks h4{font-size:1rem;font-weight:600;margin:0;padding:0}
.lp-checks dl{display:grid;grid-template-columns:auto auto;gap:0 .8rem;margin:0;padding:0;grid-row:1/3;grid-column:2;
  font-variant-numeric:tabular-nums;text-align:right;font-size:.9rem}
.lp-checks dt{opacity:.7}.lp-checks dd{margin:0}
.lp-checks b{font-weight:600;font-variant-numeric:tabular-nums;grid-column:2;text-align:right}
.lp-checks code{font-size:.82rem;grid-column:1;grid-row:2;background:none;padding:0;color:inherit;opacity:.8;
  overflow-wrap:anywhere}
.lp-checks small{grid-column:1/-1;font-size:.82rem;opacity:.8}
.lp-others{display:grid;gap:.6rem}
.lp-others section{display:grid;grid-template-columns:16rem 1fr 14rem;gap:.15rem 1rem;align-items:center;
  padding-bottom:.5rem;border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-others h4{font-size:.95rem;font-weight:600;margin:0;padding:0}
.lp-others h4 small{display:block;font-weight:400;opacity:.75;font-size:.82rem}
.lp-others div{height:.6rem;border-radius:.3rem;overflow:hidden;
  background:color-mix(in srgb,currentColor 10%,transparent)}
.lp-others i{display:block;height:100%;background:OTHERS}
.lp-others .ours i{background:OURS}
.lp-others b{font-weight:600;font-variant-numeric:tabular-nums;text-align:right;font-size:.92rem}
.lp-others section>small{grid-column:2/-1;font-size:.82rem;opacity:.75}
.lp-others .ours{font-weight:600}
@media (max-width:800px){.lp-others section,.lp-checks section{grid-template-columns:1fr}
  .lp-others section>small,.lp-checks section>*{grid-column:1;grid-row:auto;text-align:left}
  .lp-checks dl{justify-content:start}
  .lp-others b{text-align:left}}
</style>""".replace("OTHERS", palette.GREY).replace("OURS", palette.BLUE)
