"""ZeRO drawn: the stages side by side, each GPU with the slice it owns, the factor over N, what is sent."""

from collections.abc import Sequence
from html import escape

from playground.core.communication import communication
from playground.core.rounding import Rounded
from playground.core.units import format_bytes, format_gb
from playground.core.zero import COMPONENTS, Plan
from playground.core.zero_explained import Cell
from playground.core.zero_extras import Extras
from playground.figures import palette
from playground.figures.memory import scale
from playground.figures.plain import Figure
from playground.figures.shards import COLOURS, TITLES

STAGE_NAMES = ("plain data parallel", "ZeRO-1", "ZeRO-2", "ZeRO-3")
# A stage's line has the colour of what it is the first to cut.
STAGE_COLOURS = {1: palette.OPTIMIZER, 2: palette.GRADIENTS, 3: palette.PARAMETERS}
_MARGIN = {"l": 4, "r": 4, "t": 8, "b": 4}


def stages(plans: tuple[Plan, ...], chosen: int, extras: tuple[Extras, ...] = ()) -> Figure:
    """Bytes per GPU in stages 0–3, stacked; the chosen stage in full colour (the paper's Figure 1)."""
    extras = extras or (Extras(),) * len(plans)
    totals = [int(plan.total) + extra.total for plan, extra in zip(plans, extras, strict=True)]
    unit, name = scale(max(totals))
    figure = Figure()
    for component in reversed(COMPONENTS):
        colour = COLOURS[component]
        shares = [int(plan.share[component]) for plan in plans]
        figure.add_bar(
            x=list(range(len(plans))),
            y=[share / unit for share in shares],
            name=TITLES[component],
            marker={"color": colour, "opacity": [1.0 if plan.stage == chosen else 0.38 for plan in plans]},
            text=[format_gb(share) for share in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": [palette.text_on(colour) if p.stage == chosen else palette.INK for p in plans]},
            hovertemplate=[
                f"{STAGE_NAMES[plan.stage]}: {TITLES[component]} {format_bytes(share)}"
                f"{' (a share of 1/' + format(plan.factor, ',') + ')' if plan.is_cut(component) else ''}<extra></extra>"
                for plan, share in zip(plans, shares, strict=True)
            ],
        )
    for title, colour, sizes in (
        ("activations", palette.ACTIVATIONS, [extra.activations for extra in extras]),
        ("buffers", palette.OVERHEAD, [extra.buffers for extra in extras]),
    ):
        if any(sizes):
            figure.add_bar(
                x=list(range(len(plans))),
                y=[size / unit for size in sizes],
                name=title,
                marker={"color": colour, "opacity": [1.0 if plan.stage == chosen else 0.38 for plan in plans]},
                hovertemplate=[f"{title}: {format_bytes(size)}<extra></extra>" for size in sizes],
            )
    for place, total in enumerate(totals):
        less = f"<br>{totals[0] / total:.3g}× less" if place and total else ""
        figure.add_annotation(
            x=place,
            y=total / unit,
            text=f"<b>{format_gb(total)}</b>{less}",
            showarrow=False,
            yanchor="bottom",
            yshift=2,
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.28,
        height=400,
        margin=_MARGIN,
        uniformtext={"minsize": 11, "mode": "hide"},
        legend={"orientation": "h", "y": -0.14, "x": 0.5, "xanchor": "center", "traceorder": "reversed"},
        xaxis={
            "tickvals": list(range(len(plans))),
            "ticktext": [_tick(plan.stage, plan.stage == chosen) for plan in plans],
        },
        yaxis={"ticksuffix": f" {name}", "range": [0, max(totals) / unit * 1.12], "nticks": 6},
    )
    return figure


def _tick(stage: int, chosen: bool) -> str:
    label = f"stage {stage}<br>{('cuts nothing', '+ optimizer', '+ gradients', '+ parameters')[stage]}"
    return f"<b>{label}</b>" if chosen else label


def factors(curves: dict[int, list[tuple[int, float]]], plan: Plan, most: dict[int, float | None]) -> Figure:
    """How many times less than plain data parallel, over the number of GPUs; dashed the limits, dots this N."""
    figure = Figure()
    last = max(gpus for gpus, _ in curves[1])
    for stage, points in curves.items():
        colour, width = STAGE_COLOURS[stage], 4 if stage == plan.stage else 2
        figure.add_scatter(
            x=[gpus for gpus, _ in points],
            y=[factor for _, factor in points],
            mode="lines",
            name=STAGE_NAMES[stage],
            line={"color": colour, "width": width},
            hovertemplate=f"{STAGE_NAMES[stage]}, %{{x}} GPUs: %{{y:.2f}}×<extra></extra>",
        )
        limit = most[stage]
        if limit is not None:
            figure.add_scatter(
                x=[1, last],
                y=[limit, limit],
                mode="lines",
                line={"color": colour, "width": 1, "dash": "dash"},
                hovertemplate=f"{STAGE_NAMES[stage]} never passes {limit:.3g}×<extra></extra>",
                showlegend=False,
            )
    if plan.stage and plan.reduction and not plan.host_total:
        factor = float(plan.reduction)
        figure.add_scatter(
            x=[plan.factor],  # groups of F save what F GPUs save
            y=[factor],
            mode="markers+text",
            marker={"color": STAGE_COLOURS[plan.stage], "size": 12},
            text=[f"<b>{factor:.3g}×</b>"],
            textposition=("", "bottom center", "top center", "top left")[plan.stage],
            hovertemplate=f"{plan.factor:,} GPUs share a copy: {factor:.4g}×<extra></extra>",
            showlegend=False,
            cliponaxis=False,
        )
    figure.update_layout(
        height=340,
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.24, "x": 0.5, "xanchor": "center"},
        xaxis={"type": "log", "title": {"text": "GPUs"}, "tickvals": [1, 4, 16, 64, 256, 1024, 4096]},
        yaxis={"type": "log", "tickvals": [1, 2, 4, 8, 16, 64, 256, 1024], "ticksuffix": "×"},
    )
    return figure


def sent(plans: tuple[Plan, ...], chosen: int) -> Figure:
    """What one GPU sends in one step, by ring: gradients amber, parameters blue."""
    unit, name = scale(max(1, max(communication(plan).total for plan in plans)))
    kinds = (
        ("all-reduce gradients", "all_reduce", palette.GRADIENTS, "/"),
        ("reduce-scatter gradients", "reduce_scatter", palette.GRADIENTS, ""),
        ("all-gather parameters", "all_gather", palette.PARAMETERS, ""),
    )
    figure = Figure()
    for title, field, colour, pattern in kinds:
        sizes = [getattr(communication(plan), field) for plan in plans]
        figure.add_bar(
            y=list(range(len(plans))),
            x=[size / unit for size in sizes],
            orientation="h",
            name=title,
            marker={
                "color": colour,
                "opacity": [1.0 if plan.stage == chosen else 0.38 for plan in plans],
                "pattern": {"shape": pattern},
            },
            hovertemplate=[f"{title}: {format_bytes(size)}<extra></extra>" for size in sizes],
        )
    for place, one in enumerate(communication(plan) for plan in plans):
        figure.add_annotation(
            x=one.total / unit,
            y=place,
            text=f"<b>{float(one.elements_per_parameter):.3g}Ψ</b> {format_gb(one.total)}",
            showarrow=False,
            xanchor="left",
            xshift=4,
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        height=340,
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.14, "x": 0, "xanchor": "left", "traceorder": "normal"},
        xaxis={"ticksuffix": f" {name}", "nticks": 5, "range": [0, communication(plans[3]).total / unit * 1.38 or 1]},
        yaxis={
            "tickvals": list(range(len(plans))),
            "ticktext": [f"<b>stage {p.stage}</b>" if p.stage == chosen else f"stage {p.stage}" for p in plans],
            "range": [len(plans) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    return figure


def rounding_rows(cuts: tuple[Rounded, ...]) -> list[dict[str, object]]:
    """A row a library: its rule, the fullest and the emptiest rank in elements, and the excess in per cent."""
    return [
        {
            "library": cut.api,
            "rule": cut.rule,
            "fullest rank": cut.most,
            "emptiest rank": min(cut.stored),
            "above Ψ/N": 100 * cut.excess,
        }
        for cut in cuts
    ]


def rounding_by_rank(cuts: tuple[Rounded, ...]) -> list[dict[str, object]]:
    """A row a rank, a column a library: elements stored."""
    return [{"rank": rank, **{cut.api: cut.stored[rank] for cut in cuts}} for rank in range(len(cuts[0].stored))]


def table_1(cells: Sequence[Cell], gpus_marked: int) -> str:
    """The paper's table as escaped HTML, a part per model; the row of ``gpus_marked`` stands out where it has one."""
    models = dict.fromkeys(cell.params for cell in cells)
    parts = "".join(_table_1_part([cell for cell in cells if cell.params == params], gpus_marked) for params in models)
    return f"{_STYLE}<div class='lp-table1'>{parts}</div>"


def _table_1_part(cells: Sequence[Cell], gpus_marked: int) -> str:
    rows: dict[int, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell.gpus, []).append(f"<td>{_gigabytes(cell.gigabytes)}</td>")
    body = "".join(
        f"<tr{' class=lp-on' if gpus == gpus_marked else ''}><th>{gpus:,}</th>{''.join(row)}</tr>"
        for gpus, row in rows.items()
    )
    head = f"<tr><th>{escape(cells[0].params)} on</th><th>stage 1</th><th>stage 2</th><th>stage 3</th></tr>"
    return f"<table>{head}{body}</table>"


def _gigabytes(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}"


_STYLE = """<style>
.lp-table1{display:flex;flex-wrap:wrap;gap:1rem 2rem}
.lp-table1 table{flex:1 1 13rem;border-collapse:collapse;font-variant-numeric:tabular-nums}
.lp-table1 th,.lp-table1 td{text-align:right;padding:.25rem .6rem;font-weight:400;
  border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-table1 tr:first-child th{font-weight:600}
.lp-table1 .lp-on{font-weight:600;background:color-mix(in srgb,currentColor 9%,transparent)}
</style>"""
