"""Real models drawn: tokens per parameter against compute, and as rows for a table."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from playground.core.chinchilla import TOKENS_PER_PARAMETER, Loss
from playground.core.scaling import Budget
from playground.core.trained import Placed, Trained, verdict
from playground.figures import palette
from playground.figures.scaling_marks import LAW_COLOURS, LEGEND_ABOVE, MARGIN, dots, point

# Where a name stands beside its dot, so that neighbours stay readable on a phone too; the pointer names the others.
_NAMED = {
    "GPT-3 175B": "middle left",
    "Chinchilla 70B": "bottom right",
    "BloombergGPT 50B": "middle left",
    "LLaMA 7B": "middle left",
    "Llama 3.1 8B": "middle right",
    "PaLM 540B": "bottom center",
    "SmolLM2 135M": "top right",
}


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
    ratios = [m.tokens_per_parameter for m in models]
    said = [f"{ratio:,.1f} tokens a parameter: {verdict(ratio)}" for ratio in ratios]
    compute = [float(m.flop) for m in models]  # beyond 64 bits, which not every JSON writer takes as whole numbers
    dots(figure, models, compute, ratios, said, _NAMED)
    if budget.parameters and budget.tokens:
        point(figure, budget.flop, budget.tokens / budget.parameters, "yours", "diamond")
    figure.update_layout(
        height=520,
        margin=MARGIN,
        legend=LEGEND_ABOVE,
        xaxis={"type": "log", "title": {"text": "compute, 6ND operations"}, "exponentformat": "power", "dtick": 1},
        yaxis={"type": "log", "title": {"text": "tokens per parameter"}, "dtick": 1, "tickformat": ",~g"},
    )
    return figure


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
