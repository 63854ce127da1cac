"""Precision drawn: what a model loses with fewer bits, how its answers part, and a network trained with rounding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from playground.figures import palette

CHANCE = 0.5  # two classes, equally many points of each


@dataclass(frozen=True)
class Answer:
    """What a scheme says: the tokens it continues with, where they part from FP32's, and its next-token shares."""

    title: str
    tokens: tuple[str, ...]
    ended: bool  # the model ended its turn there; else it was stopped
    parts_at: int | None
    next: tuple[tuple[str, float], ...]


def losses(rows: Sequence[tuple[str, float, float, float]], own: str = "") -> go.Figure:
    """Mean KL and perplexity of every scheme as (title, bits a weight, KL bits, perplexity), widest first. The format
    the file has already (``own``) can't be compared with the others: bars of stripes.
    """
    figure = make_subplots(
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=("KL from FP32, bits", "Perplexity"),
    )
    places = list(range(len(rows)))
    for column, values in ((1, [row[2] for row in rows]), (2, [row[3] for row in rows])):
        figure.add_bar(
            y=places,
            x=values,
            orientation="h",
            marker={
                "color": [
                    palette.GREY if row[0] == own else palette.KEPT if column == 1 else palette.SKY for row in rows
                ],
                "pattern": {"shape": ["/" if row[0] == own else "" for row in rows]},
            },
            text=[_short(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=[f"{escape(row[0])}: {v:.5g}<extra></extra>" for row, v in zip(rows, values, strict=True)],
            col=column,
            row=1,
        )
        # One broken scheme must not flatten the others: its bar runs to the edge, its number stands beside it.
        middle = sorted(values)[len(values) // 2]
        most = max([value for value in values if value <= max(4 * middle, 2.0)], default=1.0) or 1.0
        figure.update_xaxes(range=[0, 1.35 * most], col=column, row=1, tickfont={"size": 11}, zeroline=False)
    figure.update_annotations(font={"size": 13})
    figure.update_layout(
        height=90 + 30 * len(rows),
        margin={"l": 4, "r": 24, "t": 34, "b": 4},
        bargap=0.3,
        showlegend=False,
        yaxis={
            "tickvals": places,
            "ticktext": [f"{escape(row[0])} · {row[1]:.2f}" for row in rows],
            "range": [len(rows) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    return figure


def _short(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.2e}" if value >= 1e5 else f"{value:,.4f}" if value < 0.1 else f"{value:,.2f}"


def answers(shown: Sequence[Answer]) -> str:
    """Each scheme's continuation and first choices as escaped HTML; from the first other token on it stands out."""
    return f"{_STYLE}<div class='lp-answers'>{''.join(_answer(one) for one in shown)}</div>"


def _answer(one: Answer) -> str:
    cut = len(one.tokens) if one.parts_at is None else one.parts_at
    same, other = (escape("".join(part)) for part in (one.tokens[:cut], one.tokens[cut:]))
    where = "as FP32, all the way" if one.parts_at is None else f"parts at token {cut + 1}"
    end = "<small class='lp-end' title='the end-of-turn token'>end of turn</small>" if one.ended else "…"
    shares = "".join(
        f"<li><i style='width:{max(2, 100 * share):.0f}%'></i><span>{escape(text)}</span><em>{share:.1%}</em></li>"
        for text, share in one.next[:3]
    )
    return (
        f"<section><header><b>{escape(one.title)}</b><small>{where}</small></header>"
        f"<p>{same}{end if one.parts_at is None else f'<mark>{other}{end}</mark>'}</p><ul>{shares}</ul></section>"
    )


def awareness(bits: Sequence[int], full: np.ndarray, after: np.ndarray, aware: np.ndarray) -> go.Figure:
    """Accuracy by bits: mean over the seeds, and every seed as a dot. Arrays are (bits, seed); ``full`` (seed,)."""
    figure = go.Figure()
    places = np.arange(len(bits))
    exact = float(full.mean())
    for level, dash, name in ((exact, "dot", f"not rounded: {exact:.1%}"), (CHANCE, "dash", f"guessing: {CHANCE:.0%}")):
        figure.add_scatter(
            x=[-0.5, len(bits) - 0.5],
            y=[level, level],
            mode="lines",
            name=name,
            line={"color": palette.INK, "dash": dash, "width": 1.5},
            hoverinfo="skip",
        )
    for offset, values, name, colour in (
        (-0.17, after, "rounded after training", palette.WARNING),
        (0.17, aware, "rounded while it learned", palette.KEPT),
    ):
        means = values.mean(1)
        figure.add_bar(
            x=places + offset,
            y=means,
            width=0.3,
            name=name,
            marker={"color": colour},
            opacity=0.85,
            text=[f"{mean:.1%}" for mean in means],
            textposition="inside",
            insidetextanchor="start",
            hovertemplate="%{y:.1%}<extra></extra>",
        )
        figure.add_scatter(
            x=np.repeat(places + offset, values.shape[1]),
            y=values.ravel(),
            mode="markers",
            marker={"color": palette.GREY, "size": 6, "line": {"width": 1, "color": palette.WHITE}},
            name="each seed",
            showlegend=offset < 0,
            hovertemplate="%{y:.1%}<extra></extra>",
        )
    figure.update_layout(
        height=360,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        xaxis={
            "tickvals": places,
            "ticktext": [f"{b} bits" for b in bits],
            "range": [-0.5, len(bits) - 0.5],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"title": {"text": "right on new points"}, "tickformat": ".0%", "dtick": 0.25, "range": [0, 1.1]},
    )
    return figure


def decisions(maps: Mapping[str, np.ndarray], points: np.ndarray, classes: np.ndarray) -> go.Figure:
    """What each network answers over the plane, with the points it learned from. ``maps``: title → (side, side)."""
    figure = make_subplots(cols=len(maps), shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=list(maps))
    side = np.linspace(-1.15, 1.15, len(next(iter(maps.values()))))
    for column, surface in enumerate(maps.values(), start=1):
        figure.add_heatmap(
            z=surface,
            x=side,
            y=side,
            zmin=0,
            zmax=1,
            colorscale=palette.DIVERGING,
            showscale=False,
            opacity=0.45,
            hoverinfo="skip",
            col=column,
            row=1,
        )
        for kind, colour in ((0, palette.ORANGE), (1, palette.BLUE)):
            chosen = points[classes == kind]
            figure.add_scatter(
                x=chosen[:, 0],
                y=chosen[:, 1],
                mode="markers",
                marker={"size": 4, "color": colour, "line": {"width": 0.5, "color": palette.WHITE}},
                showlegend=False,
                hoverinfo="skip",
                col=column,
                row=1,
            )
    figure.update_xaxes(visible=False, range=[-1.15, 1.15])
    figure.update_yaxes(visible=False, range=[-1.15, 1.15])
    figure.update_layout(height=270, margin={"l": 4, "r": 4, "t": 30, "b": 4})
    return figure


_STYLE = """<style>
.lp-answers{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.7rem}
.lp-answers section{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.6rem;
  padding:.6rem .8rem;min-width:0}
.lp-answers header{display:flex;justify-content:space-between;gap:.6rem;align-items:baseline;flex-wrap:wrap}
.lp-answers small,.lp-answers em{font-size:.8rem;opacity:.8;font-style:normal}
.lp-answers p{margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.92rem;line-height:1.45}
.lp-answers mark{color:inherit;background:OTHER;border-radius:.2rem}
.lp-answers .lp-end{border:1px solid color-mix(in srgb,currentColor 40%,transparent);border-radius:.3rem;
  padding:0 .3rem;margin-left:.3rem;white-space:nowrap}
.lp-answers ul{list-style:none;margin:.3rem 0 0;padding:0;display:grid;gap:2px;font-size:.85rem}
.lp-answers li{position:relative;display:flex;justify-content:space-between;padding:0 .35rem;border-radius:.2rem;
  overflow:hidden}
.lp-answers li i{position:absolute;inset:0 auto 0 0;background:SHARE}
.lp-answers li span,.lp-answers li em{position:relative}
</style>""".replace("OTHER", palette.faint(palette.ORANGE, 0.28)).replace("SHARE", palette.faint(palette.BLUE, 0.25))
