"""A need drawn: stacked bars of its parts, each part with its formula, and the cards that hold it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from playground.core.gpus import Fit
from playground.core.memory_explained import Line
from playground.core.units import format_bytes, format_gb, format_gib
from playground.figures import palette
from playground.figures.plain import Figure

# Part -> how it is named, its colour. One colour means one thing on every page.
PARTS = {
    "weights": ("weights", palette.PARAMETERS),
    "gradients": ("gradients", palette.GRADIENTS),
    "optimizer": ("optimizer states", palette.OPTIMIZER),
    "kv_cache": ("KV cache", palette.KV_CACHE),
    "activations": ("activations", palette.ACTIVATIONS),
    "activations and temporaries": ("activations", palette.ACTIVATIONS),
    "recomputed_layer": ("recomputed layer", palette.RECOMPUTED),
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


def stacked(bars: Sequence[Bar]) -> Figure:
    """Horizontal bars, first on top, each cut into its parts; above each its label and total in both units.

    A part large enough is named in the bar, every part by the pointer, in :func:`legend` and in :func:`table`.
    """
    unit, name = scale(max(bar.total for bar in bars))
    figure = Figure()
    for row, bar in enumerate(bars):
        for part, size in bar.parts.items():
            title, colour = PARTS[part]
            figure.add_bar(
                y=[row],
                x=[size / unit],
                orientation="h",
                name=title,
                marker={"color": colour, "line": {"width": 0}},
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


def legend(parts: dict[str, int] | Sequence[str]) -> str:
    """The parts' colours and names as escaped HTML, in the order they are stacked; of sizes, each part's share."""
    sizes = parts if isinstance(parts, dict) else dict.fromkeys(parts, 0)
    total = sum(sizes.values())
    shown = [part for part in sizes if sizes[part] or not total]
    return (
        f"{_STYLE}<div class='lp-legend'>"
        + "".join(
            f"<span><i style='background:{PARTS[part][1]}'></i>{escape(PARTS[part][0])}"
            f"{' ' + _share(sizes[part] / total) if total else ''}</span>"
            for part in shown
        )
        + "</div>"
    )


def _share(share: float) -> str:
    return "&lt;0.1%" if share < 0.001 else f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def gauges(fits: Sequence[Fit]) -> str:
    """A gauge a card as escaped HTML: how full the need would make it, or how many such cards its bytes fill."""
    return f"{_STYLE}<div class='lp-cards-fit'>{''.join(map(_gauge, fits))}</div>"


def _gauge(fit: Fit) -> str:
    has = f"usable {format_bytes(fit.gpu.usable_bytes)}, sold as {fit.gpu.sold_gb} GB"
    title = f"{has}; needed {format_bytes(fit.needed_bytes)}. Source: {fit.gpu.source}"
    name = f"{escape(fit.gpu.title)}<small>{format_gib(fit.gpu.usable_bytes)}</small>"
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
.lp-legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.85rem}
.lp-legend span{display:flex;align-items:center;gap:.4rem;font-variant-numeric:tabular-nums}
.lp-legend i{width:.8rem;height:.8rem;border-radius:.2rem;flex:none}
@media (max-width:800px){.lp-parts section{grid-template-columns:1fr auto}
  .lp-parts code,.lp-parts small{grid-column:1/-1}
  .lp-parts b{font-size:.9rem;text-align:right}}
</style>"""
