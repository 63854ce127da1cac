"""A trained tokenizer drawn: what was learned in order, compression beside GPT-2's, and how it grew."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple, Protocol

import plotly.graph_objects as go

from playground.core.visible import visible
from playground.figures import palette


class Learned(Protocol):
    """What a row needs of a learned piece (``models.training.Learned``)."""

    @property
    def order(self) -> int: ...
    @property
    def id(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def parts(self) -> tuple[bytes, bytes] | None: ...
    @property
    def score(self) -> float | None: ...
    @property
    def inside(self) -> bool: ...


class Compression(NamedTuple):
    """How many tokens one tokenizer makes of one text, and whether text was lost on the way."""

    tokenizer: str
    text: str  # which text
    tokens: int
    utf8_bytes: int
    lossy: bool

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes a token carries; 0 for an empty text."""
        return self.utf8_bytes / self.tokens if self.tokens else 0.0


def learned_rows(learned: Sequence[Learned]) -> list[dict[str, Any]]:
    """A row a learned piece, with the pair it was merged from or its score where the method has one."""
    rows = []
    for piece in learned:
        row: dict[str, Any] = {"order": piece.order, "piece": ("##" if piece.inside else "") + _shown(piece.raw)}
        if piece.parts:
            row["merged from"] = " + ".join(map(_shown, piece.parts))
        if piece.score is not None:
            row["log probability"] = piece.score
        row["id"] = piece.id
        rows.append(row)
    return rows


def file_rows(learned: Sequence[Learned]) -> list[dict[str, Any]]:
    """The same for a file: texts are JSON strings (exact, and no formula to a spreadsheet), bytes in hex."""
    return [
        {
            "order": piece.order,
            "id": piece.id,
            "text": json.dumps(piece.raw.decode(errors="replace"), ensure_ascii=False),
            "bytes": piece.raw.hex(),
            "left": piece.parts[0].hex() if piece.parts else None,
            "right": piece.parts[1].hex() if piece.parts else None,
            "score": piece.score,
        }
        for piece in learned
    ]


def _shown(raw: bytes) -> str:
    return visible(raw.decode(errors="replace"), raw)


def compression(results: Sequence[Compression]) -> go.Figure:
    """Bytes per token: a group of bars a text, a bar a tokenizer; hatched where text was lost."""
    texts = list(dict.fromkeys(result.text for result in results))
    colours = (palette.BLUE, palette.GREY)
    figure = go.Figure()
    for colour, name in zip(colours, dict.fromkeys(result.tokenizer for result in results), strict=False):
        own = [result for result in results if result.tokenizer == name]
        figure.add_bar(
            name=escape(name),
            y=[texts.index(result.text) for result in own],
            x=[result.bytes_per_token for result in own],
            orientation="h",
            marker={"color": colour, "pattern": {"shape": ["/" if result.lossy else "" for result in own]}},
            text=[f"{r.bytes_per_token:.2f} · {r.tokens:,} tokens{' (lossy)' if r.lossy else ''}" for r in own],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:.3f} bytes a token<extra></extra>",
        )
    figure.update_layout(
        height=100 + 70 * len(texts),
        margin={"l": 0, "r": 130, "t": 30, "b": 40},
        barmode="group",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": "UTF-8 bytes per token (more is better)", "rangemode": "tozero"},
        yaxis={
            "tickvals": list(range(len(texts))),
            "ticktext": [escape(text) for text in texts],
            "autorange": "reversed",
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def curve(lines: Sequence[tuple[str, Sequence[tuple[int, int]], int]], gpt2: Sequence[float]) -> go.Figure:
    """Bytes per token as the vocabulary grows: a line a text (name, (size, tokens) points, its bytes), with GPT-2's
    as a dotted line in the same colour.
    """
    figure = go.Figure()
    styles = ((palette.BLUE, "top left"), (palette.ORANGE, "bottom left"))
    for (name, points, utf8_bytes), theirs, (colour, place) in zip(lines, gpt2, styles, strict=False):
        figure.add_scatter(
            x=[size for size, _ in points],
            y=[utf8_bytes / max(tokens, 1) for _, tokens in points],
            mode="lines+markers",
            name=escape(name),
            line={"color": colour},
            hovertemplate="%{x:,} entries: %{y:.2f} bytes a token<extra></extra>",
        )
        figure.add_hline(
            y=theirs,
            line={"color": colour, "dash": "dot"},
            annotation={"text": f"GPT-2, {escape(name)}", "font": {"size": 11}},
            annotation_position=place,
        )
    figure.update_layout(
        height=320,
        margin={"l": 0, "r": 10, "t": 30, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        xaxis={"title": "entries in the vocabulary"},
        yaxis={"title": "bytes per token", "rangemode": "tozero"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
