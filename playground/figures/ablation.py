"""What a cut does, as figures: the next token before and after, the map of all heads, attention against effect."""

import html
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from playground.core.ablation import Candidate
from playground.figures import clicks, palette
from playground.figures.attention import short, ticks

_CLEAR = "rgba(0,0,0,0)"
_MARGIN = {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 2}
FLOOR_BITS, MAP_FLOOR_BITS = 1e-4, 1e-3  # what is drawn as nothing
NEAR = 0.04  # attention: a label to the right would run into the next point
BEFORE, AFTER = palette.GREY, palette.BLUE


def before_after(candidates: Sequence[Candidate], labels: Sequence[str]) -> go.Figure:
    """Two bars a token: its probability as the model is, and with the part taken out."""
    figure = go.Figure()
    rows = list(range(len(candidates)))
    for name, colour, values in (
        ("as it is", BEFORE, [c.before for c in candidates]),
        ("with the part taken out", AFTER, [c.after for c in candidates]),
    ):
        figure.add_bar(
            y=rows,
            x=values,
            name=name,
            orientation="h",
            marker={"color": colour},
            text=[f"{100 * value:.1f} %" for value in values],
            textposition="outside",
            cliponaxis=False,
            customdata=[html.escape(short(label, 40)) for label in labels],
            hovertemplate="%{customdata} " + name + ": %{x:.4%}<extra></extra>",
        )
    most = max((max(c.before, c.after) for c in candidates), default=1.0)
    figure.update_xaxes(range=[0, 1.18 * most], tickformat=".0%", title="probability of the next token", zeroline=False)
    figure.update_yaxes(autorange="reversed", **ticks(labels, len(labels)))
    return figure.update_layout(
        height=90 + 40 * len(rows),
        margin=_MARGIN,
        bargap=0.25,
        bargroupgap=0.05,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )


def head_map(kl_LH: np.ndarray, captions_LH: Sequence[Sequence[str]], chosen: tuple[int, int]) -> go.Figure:
    """The bits each head alone is worth, layers down and heads across; the last trace carries (layer, head)."""
    layers, heads = kl_LH.shape
    shown = np.log10(np.maximum(kl_LH, MAP_FLOOR_BITS))
    low, high = np.log10(MAP_FLOOR_BITS), max(0.0, float(shown.max()))
    marks = [power for power in range(round(low), int(np.ceil(high)) + 1) if power <= high]
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shown, 3),
            zmin=low,
            zmax=high,
            colorscale=[list(stop) for stop in palette.HEAT],
            xgap=2,
            ygap=2,
            hoverinfo="skip",
            colorbar={
                "title": {"text": "bits (KL)", "side": "top"},
                "tickvals": marks,
                "ticktext": ["≤ 0.001" if power == round(low) else f"{10.0**power:g}" for power in marks],
                "thickness": 10,
                "outlinewidth": 0,
            },
        )
    )
    l_index, h_index = np.divmod(np.arange(layers * heads), heads)
    texts = [f"layer {i}, head {j}<br>{html.escape(captions_LH[i][j])}" for i, j in zip(l_index, h_index, strict=True)]
    clicks.points(figure, h_index, l_index, np.stack([l_index, h_index], 1).tolist(), texts, size=16)
    layer, head = chosen
    frame = {"x0": head - 0.5, "x1": head + 0.5, "y0": layer - 0.5, "y1": layer + 0.5}
    figure.add_shape(type="rect", line={"color": palette.VERMILION, "width": 3}, **frame)
    quiet = {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True}
    figure.update_xaxes(title="head", side="top", range=[-0.5, heads - 0.5], dtick=1, **quiet)
    figure.update_yaxes(title="layer", range=[layers - 0.5, -0.5], dtick=1 if layers <= 16 else 2, **quiet)
    return figure.update_layout(
        height=int(np.clip(600 / layers, 18, 40) * layers) + 60,
        margin=_MARGIN,
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
    )


def against_attention(
    weights: Sequence[float],
    kl_bits: Sequence[float],
    labels: Sequence[str],
    *,
    named: Sequence[int] = (),
    x_title: str,
    y_title: str,
) -> go.Figure:
    """A point a cut: the attention it had (across), what it changed (up, logarithmic). ``named`` are labelled."""
    names = [html.escape(short(label, 60)) for label in labels]
    inside = set(named)
    figure = go.Figure(
        go.Scatter(
            x=list(weights),
            y=[max(bits, FLOOR_BITS) for bits in kl_bits],
            mode="markers+text",
            marker={
                "size": 10,
                "color": [palette.VERMILION if i in inside else palette.BLUE for i in range(len(names))],
                "opacity": 0.75,
            },
            text=[names[i] if i in inside else "" for i in range(len(names))],
            textposition=[_side(weights, i, named) for i in range(len(names))],
            customdata=[[name, bits] for name, bits in zip(names, kl_bits, strict=True)],
            hovertemplate="%{customdata[0]}<br>attention %{x:.3f}, effect %{customdata[1]:.4f} bits<extra></extra>",
            cliponaxis=False,
        )
    )
    top = max([*kl_bits, 10 * FLOOR_BITS])
    figure.update_xaxes(title=x_title, range=[-0.03, 1.03], zeroline=False)
    figure.update_yaxes(
        title=y_title,
        type="log",
        range=[np.log10(FLOOR_BITS) - 0.15, np.log10(top) + 0.3],
        tickvals=[10.0**power for power in range(-4, 3)],
        ticktext=["≤ 0.0001", "0.001", "0.01", "0.1", "1", "10", "100"],
    )
    return figure.update_layout(height=380, margin=_MARGIN, paper_bgcolor=_CLEAR, plot_bgcolor=_CLEAR)


def _side(weights: Sequence[float], one: int, named: Sequence[int]) -> str:
    """Where a point's label has room: on the left near the right edge, or where another named point is close by."""
    close = any(0 < weights[other] - weights[one] < NEAR for other in named)
    return "middle left" if weights[one] > 0.5 or close else "middle right"
