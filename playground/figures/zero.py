"""ZeRO drawn: the stages side by side, each GPU with the slice it owns, the factor over N, what is sent."""

from html import escape

import plotly.graph_objects as go

from playground import limits
from playground.core.shards import even_shares
from playground.core.units import format_bytes, format_gb
from playground.core.zero import COMPONENTS, Plan
from playground.core.zero_explained import Cell
from playground.figures import palette
from playground.figures.memory import scale

TITLES = {"parameters": "parameters", "gradients": "gradients", "optimizer": "optimizer states"}
COLOURS = {"parameters": palette.PARAMETERS, "gradients": palette.GRADIENTS, "optimizer": palette.OPTIMIZER}
STAGE_NAMES = ("plain data parallel", "ZeRO-1", "ZeRO-2", "ZeRO-3")
# A stage's line has the colour of what it is the first to cut.
STAGE_COLOURS = {1: palette.OPTIMIZER, 2: palette.GRADIENTS, 3: palette.PARAMETERS}
FAINT = 0.13
_MARGIN = {"l": 4, "r": 4, "t": 8, "b": 4}


def stages(plans: tuple[Plan, ...], chosen: int) -> go.Figure:
    """Bytes per GPU in stages 0–3, stacked; the chosen stage in full colour (the paper's Figure 1)."""
    unit, name = scale(int(plans[0].total))
    figure = go.Figure()
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
                f"{' (a share of 1/' + format(plan.gpus, ',') + ')' if plan.is_cut(component) else ''}<extra></extra>"
                for plan, share in zip(plans, shares, strict=True)
            ],
        )
    for place, plan in enumerate(plans):
        figure.add_annotation(
            x=place,
            y=float(plan.total) / unit,
            text=f"<b>{format_gb(int(plan.total))}</b><br>{float(plan.reduction):.3g}× less"
            if place
            else f"<b>{format_gb(int(plan.total))}</b>",
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
        yaxis={"ticksuffix": f" {name}", "range": [0, float(plans[0].total) / unit * 1.12], "nticks": 6},
    )
    return figure


def _tick(stage: int, chosen: bool) -> str:
    label = f"stage {stage}<br>{('cuts nothing', '+ optimizer', '+ gradients', '+ parameters')[stage]}"
    return f"<b>{label}</b>" if chosen else label


def gpus(plan: Plan) -> go.Figure:
    """Every GPU as a column of parameters, gradients and optimizer states: solid what it holds, faint what it gave up.

    Above ``limits.GPUS_DRAWN`` neighbours share a column, which shows what they hold together.
    """
    groups = even_shares(plan.gpus, min(plan.gpus, limits.GPUS_DRAWN))
    elements = even_shares(plan.parameters, plan.gpus)
    figure, top = go.Figure(), 0.0
    ticks: list[tuple[float, str]] = []
    for component in COMPONENTS:
        height = float(getattr(plan.bytes, component))
        if not height:
            continue
        cut, colour = plan.is_cut(component), COLOURS[component]
        held = plan.ranks(component)
        bases, heights, hovers, rank, owned = [], [], [], 0, 0
        for size in groups:
            mine = sum(elements[rank : rank + size])
            bases.append(top + (height * owned / plan.parameters if cut else 0))
            heights.append(height * mine / plan.parameters if cut else height)
            hovers.append(_hover(component, cut, rank, size, owned, mine, held[rank]))
            rank, owned = rank + size, owned + mine
        columns = list(range(len(groups)))
        if cut:
            figure.add_bar(
                x=columns,
                y=[height] * len(columns),
                base=top,
                marker={"color": colour, "opacity": FAINT},
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_bar(
            x=columns,
            y=heights,
            base=bases,
            name=TITLES[component],
            marker={"color": colour, "line": {"color": colour, "width": 1}},
            hovertemplate=hovers,
            showlegend=False,
        )
        ticks.append((top + height / 2, f"{TITLES[component].replace(' ', '<br>')}<br>{height:g} B each"))
        top += height
    labels, rank = [], 0
    for size in groups:
        labels.append(f"{rank}" if size == 1 else f"{rank}–{rank + size - 1}")
        rank += size
    figure.update_layout(
        barmode="overlay",
        bargap=0.18,
        height=400,
        margin=_MARGIN,
        xaxis={"title": {"text": "GPU"}, "tickvals": list(range(len(groups))), "ticktext": labels, "showgrid": False},
        yaxis={
            "tickvals": [place for place, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "range": [top * 1.01, -top * 0.01],
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def _hover(component: str, cut: bool, rank: int, size: int, owned: int, mine: int, each: int) -> str:
    who = f"GPU {rank}" if size == 1 else f"GPUs {rank}–{rank + size - 1}"
    if not cut:
        return f"{who}: a whole copy of the {TITLES[component]}, {format_bytes(each)} each<extra></extra>"
    of = "" if component == "parameters" else f"{TITLES[component]} of "
    return f"{who}: {of}parameters {owned:,} … {owned + mine - 1:,}<br>{format_bytes(each)} each<extra></extra>"


def factors(curves: dict[int, list[tuple[int, float]]], plan: Plan, most: dict[int, float | None]) -> go.Figure:
    """How many times less than plain data parallel, over the number of GPUs; dashed the limits, dots this N."""
    figure = go.Figure()
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
    if plan.stage:
        factor = float(plan.reduction)
        figure.add_scatter(
            x=[plan.gpus],
            y=[factor],
            mode="markers+text",
            marker={"color": STAGE_COLOURS[plan.stage], "size": 12},
            text=[f"<b>{factor:.3g}×</b>"],
            textposition=("", "bottom center", "top center", "top left")[plan.stage],
            hovertemplate=f"{plan.gpus:,} GPUs: {factor:.4g}×<extra></extra>",
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


def sent(plans: tuple[Plan, ...], chosen: int) -> go.Figure:
    """What one GPU sends in one step, by ring: gradients amber, parameters blue."""
    unit, name = scale(max(1, max(plan.communication.total for plan in plans)))
    kinds = (
        ("all-reduce gradients", "all_reduce", palette.GRADIENTS, "/"),
        ("reduce-scatter gradients", "reduce_scatter", palette.GRADIENTS, ""),
        ("all-gather parameters", "all_gather", palette.PARAMETERS, ""),
    )
    figure = go.Figure()
    for title, field, colour, pattern in kinds:
        sizes = [getattr(plan.communication, field) for plan in plans]
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
    for place, plan in enumerate(plans):
        figure.add_annotation(
            x=plan.communication.total / unit,
            y=place,
            text=f"<b>{plan.communication.elements_per_parameter}Ψ</b> {format_gb(plan.communication.total)}",
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
        xaxis={"ticksuffix": f" {name}", "nticks": 5, "range": [0, plans[3].communication.total / unit * 1.38 or 1]},
        yaxis={
            "tickvals": list(range(len(plans))),
            "ticktext": [f"<b>stage {p.stage}</b>" if p.stage == chosen else f"stage {p.stage}" for p in plans],
            "range": [len(plans) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    return figure


def table_1(cells: list[Cell], params: str, gpus_marked: int) -> str:
    """The paper's table as escaped HTML; the row of ``gpus_marked`` stands out where it has one."""
    rows: dict[int, list[str]] = {}
    for cell in cells:
        if cell.params == params:
            rows.setdefault(cell.gpus, []).append(f"<td>{cell.gigabytes:,.4g}</td>")
    body = "".join(
        f"<tr{' class=lp-on' if gpus == gpus_marked else ''}><th>{gpus:,}</th>{''.join(row)}</tr>"
        for gpus, row in rows.items()
    )
    head = f"<tr><th>{escape(params)} on</th><th>stage 1</th><th>stage 2</th><th>stage 3</th></tr>"
    return f"{_STYLE}<table class='lp-table1'>{head}{body}</table>"


_STYLE = """<style>
.lp-table1{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.lp-table1 th,.lp-table1 td{text-align:right;padding:.25rem .6rem;font-weight:400;
  border-bottom:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.lp-table1 tr:first-child th{font-weight:600}
.lp-table1 .lp-on{font-weight:600;background:color-mix(in srgb,currentColor 9%,transparent)}
</style>"""
