"""Quantization drawn: a matrix's weights before and after, every scheme side by side, a GGUF block byte by byte."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from playground.core.gguf_blocks import Block
from playground.figures import palette

BINS = 161
BEST_DB = 60.0  # a bar that reaches the end: nothing worth mentioning was lost


def histogram(before_RC: np.ndarray, after_RC: np.ndarray, title: str, log: bool) -> go.Figure:
    """How many weights have which value, before and after, in the same bins."""
    reach = float(max(np.abs(before_RC).max(), np.abs(after_RC).max())) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    after, before = (np.histogram(values, edges)[0] for values in (after_RC, before_RC))
    figure.add_bar(
        x=middles,
        y=np.where(after, after, np.nan) if log else after,
        name=escape(title),
        marker={"color": palette.KEPT, "line": {"width": 0}},
        opacity=0.75,
        hovertemplate="%{x:.4f}: %{y:,} weights after<extra></extra>",
    )
    figure.add_scatter(
        x=middles,
        y=np.where(before, before, np.nan) if log else before,
        name="before",
        mode="lines",
        line={"color": palette.WARNING, "width": 1.8, "shape": "hvh"},
        hovertemplate="%{x:.4f}: %{y:,} weights before<extra></extra>",
    )
    figure.update_layout(
        height=320,
        barmode="overlay",
        bargap=0,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        xaxis={"title": {"text": "weight"}, "zeroline": False},
        yaxis={"title": {"text": "weights"}, "type": "log" if log else "linear", "tickformat": ",~s"},
    )
    return figure


def schemes(rows: Sequence[tuple[str, float, float]], chosen: str, own: str = "") -> go.Figure:
    """Signal-to-noise of every scheme as (title, bits a weight, dB); longer is nearer to the original. The format the
    file has already (``own``) can't be compared with the others: a bar of stripes.
    """
    ends = [min(max(db, 0.0), BEST_DB) for _, _, db in rows]
    colours = [palette.GREY if t == own else palette.KEPT if t == chosen else palette.SKY for t, _, _ in rows]
    figure = go.Figure(
        go.Bar(
            y=list(range(len(rows))),
            x=ends,
            orientation="h",
            marker={"color": colours, "pattern": {"shape": ["/" if title == own else "" for title, _, _ in rows]}},
            text=["the file's own" if t == own else _beside(db) for t, _, db in rows],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=[f"{escape(t)}: {b:.3f} bits, {db:.2f} dB<extra></extra>" for t, b, db in rows],
        )
    )
    labels = [f"{'<b>' if t == chosen else ''}{escape(t)}{'</b>' if t == chosen else ''} · {b:.2f}" for t, b, _ in rows]
    figure.update_layout(
        height=70 + 27 * len(rows),
        margin={"l": 4, "r": 80, "t": 4, "b": 4},
        bargap=0.3,
        xaxis={"title": {"text": "signal to noise, dB"}, "range": [0, BEST_DB + 3], "zeroline": False},
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": labels,
            "range": [len(rows) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    return figure


def _beside(db: float) -> str:
    return "nothing lost" if math.isinf(db) else f"{db:.1f} dB →" if db > BEST_DB else f"{db:.1f} dB"


def block(shown: Block) -> str:
    """A block as escaped HTML: its bytes as they lie in the file, and the 32 weights they stand for."""
    head = 4 if shown.kind == "Q4_1" else 2
    parts = [("scale d, FP16", shown.raw[:2], palette.EXPONENT)]
    if head == 4:
        parts.append(("minimum m, FP16", shown.raw[2:4], palette.SIGN))
    width = "a byte each" if shown.kind == "Q8_0" else "two to a byte"
    parts.append((f"32 whole numbers q, {width}", shown.raw[head:], palette.MANTISSA))
    pieces = "".join(
        f"<section><span style='border-color:{colour}'>{' '.join(f'{byte:02x}' for byte in piece)}</span>"
        f"<small>{escape(name)}</small></section>"
        for name, piece, colour in parts
    )
    low, high = min(shown.codes), max(shown.codes)
    span = high - low or 1
    cells = "".join(
        f"<div style='background:{palette.faint(palette.MANTISSA, 0.08 + 0.5 * (code - low) / span)}'>"
        f"<b>{code}</b><small>{value:.4f}</small></div>"
        for code, value in zip(shown.codes, shown.values, strict=True)
    )
    return f"{_STYLE}<div class='lp-raw'>{pieces}</div><div class='lp-block'>{cells}</div>"


def decibels_in_bits(db: float) -> str:
    """What a ratio means: 6.02 dB are a bit of every weight.

    >>> decibels_in_bits(24.08)
    '4.0 good bits'
    """
    return "nothing lost" if math.isinf(db) else f"{db / 6.0206:.1f} good bits"


_STYLE = """<style>
.lp-raw{display:flex;flex-wrap:wrap;gap:.5rem 1rem;margin-bottom:.7rem}
.lp-raw span{display:block;font-family:var(--st-code-font,ui-monospace,monospace);font-size:.92rem;
  border-bottom:3px solid;padding-bottom:.15rem;overflow-wrap:anywhere}
.lp-raw small,.lp-block small{font-size:.78rem;opacity:.8}
.lp-block{display:grid;grid-template-columns:repeat(16,minmax(0,1fr));gap:3px}
.lp-block div{display:grid;justify-items:center;border-radius:.35rem;padding:.25rem 0;
  font-variant-numeric:tabular-nums;min-width:0}
@media (max-width:900px){.lp-block{grid-template-columns:repeat(8,minmax(0,1fr))}}
.lp-block small{font-size:.72rem}
@media (max-width:640px){.lp-block{grid-template-columns:repeat(4,minmax(0,1fr))}}
</style>"""
