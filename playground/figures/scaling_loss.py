"""A fitted loss drawn: over parameters and tokens, and along lines of equal compute (iso-FLOP curves)."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.core.chinchilla import Loss
from playground.core.scaling import Budget, iso_flop, scientific, surface
from playground.core.trained import Trained
from playground.core.units import format_count
from playground.figures import palette
from playground.figures.scaling_marks import LEGEND_ABOVE, MARGIN, counts, dots, point

# Where a name stands beside its dot; the others are named by the pointer.
_NAMED = {"GPT-3 175B": "bottom left", "Llama 3.1 8B": "top left"}


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
            colorbar={
                "title": {"text": "predicted loss, nats per token", "side": "bottom"},
                "orientation": "h",
                "thickness": 12,
                "y": -0.16,
                "yanchor": "top",
                "tickvals": [1.8, 2.1, 2.4, 2.7, 3.0],
            },
            hovertemplate="%{x:.3s} parameters<br>%{y:.3s} tokens<br>loss %{z:.3f} nats per token<extra></extra>",
        )
    )
    along = np.logspace(17, 28, 60)
    best = np.array([law.optimum(c) for c in along])
    figure.add_scatter(
        x=best[:, 0],
        y=best[:, 1],
        mode="lines",
        name="best split of any budget",
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
    said = [f"loss {law.loss(m.parameters, m.tokens):.3f} by this law" for m in models]
    dots(figure, models, [m.parameters for m in models], [m.tokens for m in models], said, _NAMED)
    size, length = law.optimum(budget.flop)
    point(figure, size, length, f"best: {format_count(round(size))} on {format_count(round(length))} tokens")
    if budget.parameters and budget.tokens:
        point(figure, budget.parameters, budget.tokens, "yours", "diamond")
    figure.update_layout(
        height=560,
        margin=MARGIN,
        legend=LEGEND_ABOVE,
        xaxis={"type": "log", "title": {"text": "parameters N"}, "range": [8, 12.3], **counts(8, 12)},
        yaxis={"type": "log", "title": {"text": "tokens D"}, "range": [9.5, 13.8], **counts(10, 13)},
    )
    return figure


_STEPS = {-2: "× 0.01", -1: "× 0.1", 0: "this budget", 1: "× 10", 2: "× 100"}


def iso_flop_curves(law: Loss, budget: Budget) -> go.Figure:
    """Loss against size for five budgets, each a tenth of the next; the minima in a line."""
    figure = go.Figure()
    minima = []
    for step, label in _STEPS.items():
        flop, chosen = budget.flop * 10.0**step, step == 0
        sizes, losses = iso_flop(law, flop)
        colour = palette.VERMILION if chosen else palette.GREY
        figure.add_scatter(
            x=sizes,
            y=losses,
            mode="lines",
            name=scientific(flop),
            line={"color": colour, "width": 3 if chosen else 1.5},
            hovertemplate=f"{scientific(flop)} operations: %{{x:.3s}} parameters, loss %{{y:.3f}}<extra></extra>",
            showlegend=False,
        )
        best, _ = law.optimum(flop)
        minima.append((best, law.least(flop)))
        figure.add_annotation(
            x=np.log10(sizes[-1]),
            y=losses[-1],
            text=f"<b>{label}</b>" if chosen else label,
            font={"color": colour} if chosen else None,
            showarrow=False,
            xanchor="left",
            xshift=3,
        )
    low, high = math.log10(minima[0][0]) - 1.6, math.log10(minima[-1][0]) + 2.4
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
        margin=MARGIN,
        xaxis={
            "type": "log",
            "title": {"text": "parameters N (tokens follow: D = C/6N)"},
            "range": [low, high],
            **counts(math.ceil(low), math.floor(high)),
        },
        yaxis={"title": {"text": "predicted loss, nats per token"}},
    )
    return figure
