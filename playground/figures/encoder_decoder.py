"""An encoder–decoder writing, step by step: the data of the component, the whole map, and its rows for a file."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from playground.core.step import Step
from playground.figures import attention, palette
from playground.figures.generation import percent

Label = Callable[[int], str]
SHOWN = 5  # candidates a step


def film(
    source: Sequence[str], fed: Sequence[str], steps: Sequence[Step], cross_TS: np.ndarray, label: Label
) -> dict[str, Any]:
    """Every step as the browser shows it: what is fed, where the decoder looks, what may come, what is written."""
    written = [label(step.id) for step in steps]
    return {
        "source": list(source),
        "colour": palette.ORANGE,
        "ink": palette.text_on(palette.ORANGE),
        "kept": palette.KEPT,
        "steps": [
            {
                "fed": list(fed[: number + 1]),
                "weights": [round(float(weight), 4) for weight in cross_TS[number]],
                "looks": _looks(source, cross_TS[number]),
                "written": written[: number + 1],
                "options": [
                    {
                        "token": label(one.id),
                        "p": one.probability,
                        "share": percent(one.probability),
                        "taken": one.id == step.id,
                    }
                    for one in step.alternatives[:SHOWN]
                ],
                "end": step.finish_reason == "stop",
            }
            for number, step in enumerate(steps)
        ],
    }


def _looks(source: Sequence[str], weights_S: np.ndarray) -> str:
    """Where most of a row is, in words: enough tokens for half of it, three at most; which of those that are alike."""
    order = np.argsort(-weights_S, kind="stable")[:3]
    needed = int(np.searchsorted(np.cumsum(weights_S[order]), 0.5)) + 1
    return ", ".join(
        f"{source[i]} ({f'position {i}, ' if source.count(source[i]) > 1 else ''}{percent(float(weights_S[i]))})"
        for i in order[:needed]
    )


def cross(cross_TS: np.ndarray, source: Sequence[str], written: Sequence[str], step: int) -> go.Figure:
    """The whole cross-attention map: a row for each token written, a column for each one read; the step is framed."""
    figure = attention.heatmap(cross_TS, source, written, small=True)
    figure.add_shape(
        type="rect",
        x0=-0.5,
        x1=len(source) - 0.5,
        y0=step - 0.5,
        y1=step + 0.5,
        line={"color": palette.VERMILION, "width": 2},
    )
    letters = all(len(token) == 1 for token in source[:-1])
    figure.update_xaxes(title="read", tickangle=0 if letters else -90, **attention.ticks(source, 64))
    figure.update_yaxes(title="written", **attention.ticks(written, 64))
    return figure.update_layout(height=int(np.clip(110 + 26 * len(written), 220, 900)))


def rows(cross_LHTS: np.ndarray, source: Sequence[str], written: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each layer, head, written and read token."""
    return [
        {
            "layer": layer,
            "head": head,
            "written": written[t],
            "written_at": t,
            "read": source[s],
            "read_at": s,
            "weight": round(float(weight), 6),
        }
        for (layer, head, t, s), weight in np.ndenumerate(cross_LHTS)
    ]
