"""Tables of the scaling laws as escaped HTML: every law's split of a budget, and Chinchilla's as printed."""

from collections.abc import Sequence
from html import escape

from playground.core.chinchilla import Allocation
from playground.core.scaling import scientific
from playground.core.trained import TableRow
from playground.core.units import format_count
from playground.figures.scaling_marks import LAW_COLOURS


def splits(answers: Sequence[Allocation]) -> str:
    """Every law's split as an escaped HTML table."""
    rows = "".join(
        f"<tr><td><i style='background:{LAW_COLOURS[a.name]}'></i>{escape(a.title)}"
        f"<small>{escape(a.source)}</small></td><td>{format_count(round(a.parameters))}</td><td>{format_count(round(a.tokens))}</td>"
        f"<td>{a.tokens_per_parameter:,.1f}</td><td>{f'{a.loss:.3f}' if a.loss else '–'}</td></tr>"
        for a in answers
    )
    head = "<tr><th>law</th><th>parameters</th><th>tokens</th><th>tokens each</th><th>loss,<br>nats per token</th></tr>"
    return f"{_STYLE}<div class='lp-scroll'><table class='lp-laws'>{head}{rows}</table></div>"


def published(rows: Sequence[TableRow]) -> str:
    """Chinchilla's tables side by side, the misprint marked, as escaped HTML."""
    sizes = sorted({row.parameters for row in rows})
    cells = {(row.parameters, row.approach): row for row in rows}
    body = ""
    for size in sizes:
        body += f"<tr><td>{format_count(round(size))}</td>"
        for approach in (1, 2, 3):
            row = cells[(size, approach)]
            mark = "<b style='color:var(--st-red-color,inherit)'>*</b>" if row.misprint else ""
            body += f"<td>{scientific(row.flop)}{mark}</td><td>{format_count(round(row.tokens))}</td>"
            body += f"<td>{row.tokens / row.parameters:.1f}</td>"
        body += "</tr>"
    first = "<tr><th></th>" + "".join(f"<th colspan=3>Approach {approach}</th>" for approach in (1, 2, 3)) + "</tr>"
    second = "<tr><th>N</th>" + "<th>operations</th><th>tokens</th><th>each</th>" * 3 + "</tr>"
    return f"{_STYLE}<div class='lp-scroll'><table class='lp-laws'>{first}{second}{body}</table></div>"


_STYLE = """<style>
.lp-scroll{overflow-x:auto}
.lp-laws{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.lp-laws th{font-weight:600;font-size:.85rem;opacity:.75;text-align:right;padding:.25rem .6rem;white-space:nowrap}
.lp-laws td{text-align:right;padding:.3rem .6rem;white-space:nowrap;
  border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-laws td:first-child,.lp-laws th:first-child{text-align:left;white-space:normal;min-width:9rem}
.lp-laws th[colspan]{text-align:center}
.lp-laws i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.5rem;vertical-align:-.05rem}
.lp-laws small{display:block;opacity:.7;font-size:.8rem;padding-left:1.3rem}
@media (max-width:600px){.lp-laws small{display:none}.lp-laws th{white-space:normal;font-size:.78rem}
  .lp-laws th,.lp-laws td{padding:.25rem .2rem}.lp-laws td{font-size:.88rem}
  .lp-laws td:first-child,.lp-laws th:first-child{min-width:5.5rem}.lp-laws i{margin-right:.25rem}}
</style>"""
