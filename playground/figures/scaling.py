"""Scaling laws drawn: the loss surface, iso-FLOP curves, real models, power laws, a corpus."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.core.chinchilla import TOKENS_PER_PARAMETER, Allocation, Loss
from playground.core.power_laws import PowerLaw
from playground.core.scaling import Budget, iso_flop, scientific, surface
from playground.core.trained import DataPart, Placed, TableRow, Trained, verdict
from playground.core.units import format_count
from playground.figures import palette

_MARGIN = {"l": 4, "r": 8, "t": 28, "b": 4}
LAW_COLOURS = {
    "twenty-to-one": palette.GREY,
    "approach-1": palette.SKY,
    "approach-2": palette.PURPLE,
    "approach-3-rounded": palette.ORANGE,
    "approach-3": palette.BLUE,
    "epoch": palette.GREEN,
}
# Where a model's name stands beside its dot, so that neighbours stay readable; the others are named by the pointer.
_NAMED = {
    "GPT-3 175B": "top left",
    "Gopher 280B": "bottom left",
    "Chinchilla 70B": "bottom right",
    "BloombergGPT 50B": "bottom left",
    "LLaMA 7B": "top left",
    "LLaMA 65B": "top left",
    "Llama 2 7B": "top left",
    "Llama 3.1 8B": "top left",
    "Llama 3.1 405B": "top left",
    "PaLM 540B": "bottom right",
    "SmolLM2 135M": "top right",
    "TinyLlama 1.1B": "top left",
}
_SURFACE_NAMED = frozenset({"GPT-3 175B", "BloombergGPT 50B", "Llama 3.1 8B", "Llama 3.1 405B", "LLaMA 7B"})


def loss_surface(law: Loss, budget: Budget, models: Sequence[Trained]) -> go.Figure:
    """Loss over parameters and tokens as contours; the budget's line, its best point, the frontier, real models."""
    sizes, tokens = np.logspace(8, 12.3, 90), np.logspace(9.5, 13.8, 90)
    loss = surface(law, sizes, tokens)
    figure = go.Figure(
        go.Contour(
            x=sizes,
            y=tokens,
            z=loss,
            contours={"start": 1.7, "end": 3.2, "size": 0.05, "coloring": "heatmap"},
            colorscale=[[0.0, palette.faint(palette.BLUE, 0.55)], [1.0, palette.faint(palette.ORANGE, 0.45)]],
            zmin=1.8,
            zmax=3.0,
            line={"width": 0.6},
            colorbar={"title": {"text": "nats/token"}, "thickness": 12, "len": 0.9},
            hovertemplate="%{x:.3s} parameters<br>%{y:.3s} tokens<br>loss %{z:.3f}<extra></extra>",
        )
    )
    along = np.logspace(17, 28, 60)
    best = np.array([law.optimum(c) for c in along])
    figure.add_scatter(
        x=best[:, 0],
        y=best[:, 1],
        mode="lines",
        name="best split",
        line={"color": palette.INK, "width": 2},
        hovertemplate="best split: %{x:.3s} parameters, %{y:.3s} tokens<extra></extra>",
    )
    figure.add_scatter(
        x=sizes,
        y=budget.flop / (6 * sizes),
        mode="lines",
        name=f"{scientific(budget.flop)} operations",
        line={"color": palette.VERMILION, "width": 2, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[m.parameters for m in models],
        y=[m.tokens for m in models],
        mode="markers+text",
        name="real models",
        marker={"size": 7, "color": palette.INK},
        text=[escape(m.name) if m.name in _SURFACE_NAMED else "" for m in models],
        textfont={"color": palette.INK},
        textposition=["bottom center" if m.tokens < 10**12 else "top center" for m in models],
        hovertemplate=[
            f"{escape(m.name)}: {_sizes(m)}, loss {law.loss(m.parameters, m.tokens):.3f}<extra></extra>" for m in models
        ],
    )
    size, length = law.optimum(budget.flop)
    _point(figure, size, length, f"best: {format_count(round(size))} on {format_count(round(length))} tokens")
    if budget.parameters and budget.tokens:
        _point(figure, budget.parameters, budget.tokens, "yours", "diamond")
    figure.update_layout(
        height=470,
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.16, "x": 0, "xanchor": "left"},
        xaxis={"type": "log", "title": {"text": "parameters N"}, "range": [8, 12.3], **_counts(8, 12)},
        yaxis={"type": "log", "title": {"text": "tokens D"}, "range": [9.5, 13.8], **_counts(10, 13)},
    )
    return figure


def _point(figure: go.Figure, x: float, y: float, label: str, symbol: str = "star") -> None:
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        name=label,
        marker={
            "size": 15,
            "color": palette.VERMILION,
            "symbol": symbol,
            "line": {"width": 1.5, "color": palette.WHITE},
        },
        hovertemplate=f"{label}<extra></extra>",
    )


def iso_flop_curves(law: Loss, budget: Budget) -> go.Figure:
    """Loss against size for five budgets, each a tenth of the next; the minima in a line."""
    figure = go.Figure()
    minima = []
    for step in (-2, -1, 0, 1, 2):
        flop, chosen = budget.flop * 10.0**step, step == 0
        sizes, losses = iso_flop(law, flop)
        figure.add_scatter(
            x=sizes,
            y=losses,
            mode="lines",
            name=scientific(flop),
            line={"color": palette.VERMILION if chosen else palette.GREY, "width": 3 if chosen else 1.5},
            hovertemplate=f"{scientific(flop)} operations: %{{x:.3s}} parameters, loss %{{y:.3f}}<extra></extra>",
            showlegend=False,
        )
        best, _ = law.optimum(flop)
        minima.append((best, law.least(flop)))
        figure.add_annotation(
            x=np.log10(sizes[-1]), y=losses[-1], text=scientific(flop), showarrow=False, xanchor="right", yshift=9
        )
    low, high = math.log10(minima[0][0]) - 1.6, math.log10(minima[-1][0]) + 1.7
    figure.add_scatter(
        x=[x for x, _ in minima],
        y=[y for _, y in minima],
        mode="lines+markers",
        line={"color": palette.INK, "dash": "dot", "width": 1.5},
        marker={"size": 8, "color": palette.INK},
        hovertemplate="best: %{x:.3s} parameters, loss %{y:.3f}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        height=400,
        margin=_MARGIN,
        xaxis={
            "type": "log",
            "title": {"text": "parameters N (tokens follow: D = C/6N)"},
            "range": [low, high],
            **_counts(math.ceil(low), math.floor(high)),
        },
        yaxis={"title": {"text": "predicted loss, nats a token"}},
    )
    return figure


def _counts(low: int, high: int) -> dict[str, object]:
    """Ticks of a log axis at powers of ten, named as counts are: 1B, 10B."""
    suffixes = {0: "", 3: "K", 6: "M", 9: "B", 12: "T", 15: "Q"}
    powers = range(low, high + 1)
    named = [
        f"{10 ** (power % 3)}{suffixes[power - power % 3]}" if 0 <= power < 18 else f"1e{power}" for power in powers
    ]
    return {"tickvals": [10.0**power for power in powers], "ticktext": named}


def real_models(models: Sequence[Trained], laws: Sequence[Loss], budget: Budget) -> go.Figure:
    """Tokens per parameter against compute: dots are models, lines what each law calls best."""
    figure = go.Figure()
    along = np.logspace(20, 26, 40)
    for law in laws:
        ratios = [d / n for n, d in (law.optimum(c) for c in along)]
        figure.add_scatter(
            x=along,
            y=ratios,
            mode="lines",
            name=law.title,
            line={"color": LAW_COLOURS[law.name], "width": 2},
            hovertemplate=f"{escape(law.title)}: %{{y:.1f}} tokens a parameter<extra></extra>",
        )
    figure.add_scatter(
        x=[along[0], along[-1]],
        y=[TOKENS_PER_PARAMETER] * 2,
        mode="lines",
        name="20 tokens per parameter",
        line={"color": palette.GREY, "dash": "dash", "width": 2},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[m.flop for m in models],
        y=[m.tokens_per_parameter for m in models],
        mode="markers+text",
        name="real models",
        marker={"size": 8, "color": palette.INK},
        text=[escape(m.name) if m.name in _NAMED else "" for m in models],
        textposition=[_NAMED.get(m.name, "top center") for m in models],
        hovertemplate=[
            f"{escape(m.name)} ({m.year}): {_sizes(m)}<br>{m.tokens_per_parameter:,.1f} tokens a parameter: "
            f"{verdict(m.tokens_per_parameter)}<extra></extra>"
            for m in models
        ],
    )
    if budget.parameters and budget.tokens:
        _point(figure, budget.flop, budget.tokens / budget.parameters, "yours", "diamond")
    figure.update_layout(
        height=480,
        margin=_MARGIN,
        legend={"orientation": "h", "y": -0.17, "x": 0, "xanchor": "left"},
        xaxis={"type": "log", "title": {"text": "compute, 6ND operations"}, "exponentformat": "power", "dtick": 1},
        yaxis={"type": "log", "title": {"text": "tokens per parameter"}, "dtick": 1, "tickformat": ",~g"},
    )
    return figure


def power_laws(laws: Sequence[PowerLaw]) -> go.Figure:
    """Kaplan's three straight lines, over the range that was measured and (dotted) beyond."""
    figure = make_subplots(1, len(laws), shared_yaxes=True, horizontal_spacing=0.04)
    colours = (palette.VERMILION, palette.GREEN, palette.BLUE)
    for column, (law, colour) in enumerate(zip(laws, colours, strict=True), start=1):
        for low, high, dash in ((law.low, law.high, "solid"), (law.high, law.high * 1e4, "dot")):
            x = np.logspace(np.log10(low), np.log10(high), 30)
            figure.add_scatter(
                x=x,
                y=[law.loss(value) for value in x],
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate=f"{escape(law.variable)} = %{{x:.3g}}: loss %{{y:.2f}}<extra></extra>",
                row=1,
                col=column,
            )
        figure.update_xaxes(
            type="log", title={"text": escape(law.title.lower())}, exponentformat="power", nticks=5, col=column
        )
    figure.update_yaxes(type="log", tickvals=[2, 2.5, 3, 4, 5, 6, 8])
    figure.update_yaxes(title={"text": "loss, nats a token"}, col=1)
    figure.update_layout(height=300, margin=_MARGIN, showlegend=False)
    return figure


def data_mix(parts: Sequence[DataPart]) -> go.Figure:
    """A corpus as one bar, finance in one colour and public text in the other."""
    figure = go.Figure()
    for part in parts:
        colour = palette.BLUE if part.finance else palette.ORANGE
        figure.add_bar(
            x=[part.tokens / 1e9],
            y=[0],
            orientation="h",
            marker={"color": colour, "line": {"width": 1, "color": palette.WHITE}},
            text=f"{escape(part.part)}<br>{part.tokens / 1e9:.0f}B",
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": palette.text_on(colour)},
            hovertemplate=f"{escape(part.part)}: {part.tokens / 1e9:.0f}B tokens, {part.printed}%<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        showlegend=False,
        height=120,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        uniformtext={"minsize": 10, "mode": "hide"},
        xaxis={"ticksuffix": "B", "title": {"text": "tokens"}},
        yaxis={"visible": False},
    )
    return figure


def splits(answers: Sequence[Allocation]) -> str:
    """Every law's split as an escaped HTML table."""
    rows = "".join(
        f"<tr><td><i style='background:{LAW_COLOURS[a.name]}'></i>{escape(a.title)}"
        f"<small>{escape(a.source)}</small></td><td>{format_count(round(a.parameters))}</td><td>{format_count(round(a.tokens))}</td>"
        f"<td>{a.tokens_per_parameter:,.1f}</td><td>{f'{a.loss:.3f}' if a.loss else '–'}</td></tr>"
        for a in answers
    )
    head = "<tr><th>law</th><th>parameters</th><th>tokens</th><th>tokens each</th><th>loss</th></tr>"
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


def placed_rows(placed: Sequence[Placed]) -> list[dict[str, object]]:
    """The real models as rows, for a table and for a file."""
    return [
        {
            "model": p.model.name,
            "year": p.model.year,
            "parameters": p.model.parameters,
            "tokens": p.model.tokens,
            "operations": float(p.model.flop),
            "tokens per parameter": round(p.model.tokens_per_parameter, 2),
            "against 20": verdict(p.model.tokens_per_parameter),
            "against this law": verdict(p.tokens_factor, 1.0),
            "predicted loss": round(p.loss, 4),
            "above the best": round(p.lost, 4),
            "compute not needed": round(max(p.compute_wasted, 0.0), 4),
            "source": p.model.source,
        }
        for p in placed
    ]


def _sizes(model: Trained) -> str:
    return f"{format_count(model.parameters)} parameters, {format_count(model.tokens)} tokens"


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
@media (max-width:600px){.lp-laws small{display:none}.lp-laws th,.lp-laws td{padding:.25rem .35rem}
  .lp-laws td:first-child,.lp-laws th:first-child{min-width:7rem}}
</style>"""
