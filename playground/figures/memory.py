"""Memory drawn: stacked bars of what needs it, the cards that hold it, and every part with its formula."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from playground.core.gpus import Fit
from playground.core.measured_memory import Check
from playground.core.memory_explained import Line
from playground.core.other_calculators import Answer
from playground.core.units import format_bytes, format_gb
from playground.figures import palette

# Part -> how it is named, its colour. One colour means one thing on every page.
PARTS = {
    "weights": ("weights", palette.PARAMETERS),
    "gradients": ("gradients", palette.GRADIENTS),
    "optimizer": ("optimizer states", palette.OPTIMIZER),
    "kv_cache": ("KV cache", palette.KV_CACHE),
    "activations": ("activations", palette.ACTIVATIONS),
    "activations and temporaries": ("activations", palette.ACTIVATIONS),
    "recomputed_layer": ("recomputed layer", palette.ACTIVATIONS),
    "logits": ("logits", palette.SKY),
    "overhead": ("overhead", palette.OVERHEAD),
}
_UNITS = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (1, "bytes"))


@dataclass(frozen=True)
class Bar:
    """One bar: a label (ours, may be two lines) and its parts in bytes."""

    label: str
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All parts."""
        return sum(self.parts.values())


def stacked(bars: Sequence[Bar]) -> go.Figure:
    """Horizontal bars, first on top, each cut into its parts; above each its label and total in both units.

    No legend: a part large enough is named in the bar, every part by the pointer and in :func:`table`.
    """
    unit, name = scale(max(bar.total for bar in bars))
    figure = go.Figure()
    for row, bar in enumerate(bars):
        for part, size in bar.parts.items():
            title, colour = PARTS[part]
            figure.add_bar(
                y=[row],
                x=[size / unit],
                orientation="h",
                name=title,
                marker={
                    "color": colour,
                    "line": {"width": 0},
                    "pattern": {"shape": "/" * (part == "recomputed_layer")},
                },
                text=f"{title}<br>{format_gb(size)}",
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": palette.text_on(colour)},
                hovertemplate=f"{title}: {format_bytes(size)}<extra></extra>",
            )
        figure.add_annotation(
            x=0,
            y=row,
            text=f"<b>{bar.label}</b>: {format_bytes(bar.total)}",
            showarrow=False,
            xanchor="left",
            xshift=-4,
            yshift=34,
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.48,
        showlegend=False,
        height=50 + 84 * len(bars),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        uniformtext={"minsize": 11, "mode": "hide"},
        xaxis={"ticksuffix": f" {name}", "rangemode": "tozero", "nticks": 7},
        yaxis={"visible": False, "range": [len(bars) - 0.55, -0.75]},
    )
    return figure


def frontier(points: Sequence[tuple[int, int]], asked: tuple[int, int], trained_for: int) -> go.Figure:
    """The longest context over the number of texts at once, on log axes; the asked pair as a dot."""
    texts, tokens = [point[0] for point in points], [point[1] for point in points]
    figure = go.Figure(
        go.Scatter(
            x=texts,
            y=tokens,
            mode="lines+markers",
            line={"color": palette.KV_CACHE, "width": 2.5},
            fill="tozeroy",
            fillcolor=palette.faint(palette.KV_CACHE, 0.15),
            hovertemplate="%{x:,} at once: up to %{y:,} tokens each<extra></extra>",
            name="longest context",
        )
    )
    batch, context = asked
    room = dict(points).get(batch, 0)
    figure.add_scatter(
        x=[batch],
        y=[context],
        mode="markers+text",
        marker={"size": 14, "symbol": "diamond", "color": palette.GREEN if context <= room else palette.WARNING},
        text=["fits" if context <= room else "does not fit"],
        textposition="top center",
        hovertemplate=f"{batch:,} texts of {context:,} tokens<extra></extra>",
        name="asked",
    )
    if trained_for:
        figure.add_hline(
            y=trained_for,
            line={"dash": "dot", "width": 1, "color": palette.GREY},
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            y=math.log10(trained_for),  # annotations on a log axis are placed by the exponent
            yanchor="bottom",
            xanchor="right",
            showarrow=False,
            text=f"trained for {trained_for:,} tokens",
        )
    low = min(*tokens, context)
    figure.update_layout(
        height=330,
        margin={"l": 4, "r": 4, "t": 24, "b": 4},
        showlegend=False,
        xaxis={"type": "log", "title": {"text": "texts at once"}, "dtick": 1, "tickformat": ",~d"},
        yaxis={
            "type": "log",
            "title": {"text": "tokens each"},
            "dtick": 1,
            "tickformat": ",~d",
            "range": [math.log10(max(1, low / 3)), math.log10(max(*tokens, context, trained_for or 1) * 2)],
        },
    )
    return figure


def models_that_fit(models: Sequence[tuple[str, dict[str, int]]], usable_bytes: int) -> go.Figure:
    """A stacked bar a model, largest first, and the card's memory as a line."""
    unit, name = scale(usable_bytes)
    figure = go.Figure()
    for part in dict.fromkeys(part for _, parts in models for part in parts):
        title, colour = PARTS[part]
        sizes = [parts.get(part, 0) for _, parts in models]
        if not any(sizes):
            continue
        figure.add_bar(
            y=list(range(len(models))),
            x=[size / unit for size in sizes],
            orientation="h",
            name=title,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=[
                f"{escape(model)}, {title}: {format_bytes(size)}<extra></extra>"
                for (model, _), size in zip(models, sizes, strict=True)
            ],
        )
    figure.add_vline(
        x=usable_bytes / unit,
        line={"dash": "dash", "width": 2, "color": palette.WARNING},
        annotation={"text": f"usable {format_gb(usable_bytes)}", "xanchor": "right", "xshift": -4},
        annotation_position="top",
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        height=100 + 34 * len(models),
        margin={"l": 4, "r": 4, "t": 24, "b": 4},
        legend={"orientation": "h", "y": -0.12, "x": 0, "traceorder": "normal"},
        xaxis={"ticksuffix": f" {name}", "rangemode": "tozero", "nticks": 7},
        yaxis={
            "tickvals": list(range(len(models))),
            "ticktext": [escape(model) for model, _ in models],
            "autorange": "reversed",
        },
    )
    return figure


def gauges(fits: Sequence[Fit]) -> str:
    """A gauge a card as escaped HTML: how full the need would make it, or how many such cards its bytes fill."""
    return f"{_STYLE}<div class='lp-cards-fit'>{''.join(map(_gauge, fits))}</div>"


def _gauge(fit: Fit) -> str:
    has = f"usable {format_bytes(fit.gpu.usable_bytes)}, sold as {fit.gpu.sold_gb} GB"
    title = f"{has}; needed {format_bytes(fit.needed_bytes)}. Source: {fit.gpu.source}"
    name = f"{escape(fit.gpu.title)}<small>{format_gb(fit.gpu.usable_bytes)}</small>"
    answer = f"✓ fits, {fit.share:.0%} full" if fit.fits else f"✗ at least {fit.cards:,} cards"
    colour = palette.KEPT if fit.fits else palette.CUT
    return (
        f"<section title='{escape(title)}'><h4>{name}</h4>"
        f"<div><i style='width:{min(fit.share, 1):.1%};background:{colour}'></i></div><span>{answer}</span></section>"
    )


def table(lines: Sequence[Line]) -> str:
    """The parts as escaped HTML: colour and name, bytes in both units, the formula with numbers, who says so."""
    rows = "".join(_row(line) for line in lines)
    total = format_bytes(sum(line.bytes for line in lines))
    return f"{_STYLE}<div class='lp-parts'>{rows}<section><h4>total</h4><b>{escape(total)}</b></section></div>"


def _row(line: Line) -> str:
    title, colour = PARTS[line.part]
    return (
        f"<section><h4><i style='background:{colour}'></i>{escape(title)}</h4><b>{escape(format_bytes(line.bytes))}</b>"
        f"<code>{escape(line.formula)}</code><small>{escape(line.source)}</small></section>"
    )


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


def scale(largest: int) -> tuple[int, str]:
    """The unit an axis up to ``largest`` bytes is best read in: its size and its name.

    >>> scale(31_414_062_500)
    (1000000000, 'GB')
    """
    return next((size, name) for size, name in _UNITS if largest >= size or size == 1)


_STYLE = """<style>
.lp-parts{display:grid;gap:.55rem}
.lp-parts section{display:grid;grid-template-columns:10rem 13.5rem 1fr;column-gap:1rem;row-gap:.15rem;
  align-items:baseline;padding-bottom:.5rem;border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-parts section:last-child{border-bottom:0}
.lp-parts h4{font-size:1rem;font-weight:600;margin:0;padding:0;display:flex;align-items:center;gap:.5rem}
.lp-parts i{width:.8rem;height:.8rem;border-radius:.2rem;flex:none}
.lp-parts b{font-variant-numeric:tabular-nums;font-weight:600}
.lp-parts code{font-size:.85rem;background:color-mix(in srgb,currentColor 7%,transparent);padding:.1rem .4rem;
  border-radius:.3rem;overflow-wrap:anywhere;color:inherit}
.lp-parts small{grid-column:3;font-size:.82rem;opacity:.75}
.lp-cards-fit{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(9.5rem,100%),1fr));gap:.7rem 1.2rem}
.lp-cards-fit h4{display:flex;justify-content:space-between;align-items:baseline;font-size:.95rem;font-weight:600;
  margin:0;padding:0}
.lp-cards-fit small{font-weight:400;opacity:.75;font-variant-numeric:tabular-nums}
.lp-cards-fit div{height:.6rem;border-radius:.3rem;overflow:hidden;margin:.2rem 0;
  background:color-mix(in srgb,currentColor 10%,transparent)}
.lp-cards-fit i{display:block;height:100%}
.lp-cards-fit span{font-size:.82rem;opacity:.85}
.lp-checks{display:grid;gap:.7rem}
.lp-checks section{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding-bottom:.6rem;
  border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-checks h4{font-size:1rem;font-weight:600;margin:0;padding:0}
.lp-checks dl{display:grid;grid-template-columns:auto auto;gap:0 .8rem;margin:0;grid-row:1/3;grid-column:2;
  font-variant-numeric:tabular-nums;text-align:right;font-size:.9rem}
.lp-checks dt{opacity:.7}.lp-checks dd{margin:0}
.lp-checks b{font-weight:600;font-variant-numeric:tabular-nums;grid-column:2;text-align:right}
.lp-checks code{font-size:.82rem;grid-column:1;background:none;padding:0;color:inherit;opacity:.8;
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
  .lp-others b{text-align:left}}
@media (max-width:800px){.lp-parts section{grid-template-columns:1fr auto}
  .lp-parts code,.lp-parts small{grid-column:1/-1}
  .lp-parts b{font-size:.9rem;text-align:right}}
</style>""".replace("OTHERS", palette.GREY).replace("OURS", palette.BLUE)
