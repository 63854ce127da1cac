"""A text as a pre-training exercise: what the model reads, what it must say, and what each token costs it.

The HTML is for ``st.html``: every text in it goes through ``html.escape``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from playground.core.masked_modelling import Change, Exercise
from playground.core.span_corruption import Corrupted, Piece, Sentinel
from playground.figures import generation, palette
from playground.figures.attention import short

Label = Callable[[int], str]  # a token's id -> how it is shown
CHANGES: dict[Change, tuple[str, str]] = {
    "masked": ("replaced by [MASK]", palette.BLUE),
    "random": ("replaced by a random token", palette.ORANGE),
    "kept": ("kept, and asked for all the same", palette.GREEN),
}


class Cost(NamedTuple):
    """A token of a text as the model met it."""

    label: str
    bits: float
    nats: float
    rank: int
    best: str  # what the model would rather have said
    best_probability: float


def masked(exercise: Exercise, label: Label, guesses: Mapping[int, Sequence[tuple[str, float]]] | None = None) -> str:
    """What BERT reads, and below each chosen token the one it must say; with a running model also what it does say."""
    chips = "".join(
        _masked_chip(exercise, place, label, (guesses or {}).get(place, ())) for place in range(len(exercise.read))
    )
    keys = "".join(
        f"<span style='--c:{colour}' class='ob-key'>{escape(name)}</span>" for name, colour in CHANGES.values()
    )
    return f"{_STYLE}<div class='ob-legend'>{keys}</div><div class='ob-text'>{chips}</div>"


def _masked_chip(exercise: Exercise, place: int, label: Label, guesses: Sequence[tuple[str, float]]) -> str:
    read, target, change = exercise.read[place], exercise.targets[place], exercise.changes[place]
    if target is None:
        return f"<span class='ob'><b>{escape(label(read))}</b></span>"
    name, colour = CHANGES[change]
    said = "".join(f"<small>{escape(word)} {generation.percent(probability)}</small>" for word, probability in guesses)
    return (
        f"<span class='ob ob-asked' style='--c:{colour}' title='{escape(name)}'><b>{escape(label(read))}</b>"
        f"<small class='ob-target'>must say <u>{escape(label(target))}</u></small>{said}</span>"
    )


def costs(first: str, tokens: Iterable[Cost]) -> str:
    """A text whose tokens are coloured by how likely the model found them, with the loss in nats below each."""
    chips = "".join(
        f"<span class='g-token gk{generation.kind(2**-token.bits)}' title='{escape(_cost(token))}'>"
        f"<b>{escape(token.label)}</b><small>{token.nats:.1f}</small></span>"
        for token in tokens
    )
    return (
        f"{generation.legend()}{_STYLE}<div class='g-text'><span class='g-prompt' title='Nothing comes before it: only "
        f"read, never asked for'>{escape(first)}</span>{chips}</div>"
    )


def _cost(token: Cost) -> str:
    rank = "the model's first choice" if token.rank == 0 else f"number {token.rank + 1:,} of the vocabulary"
    rather = "" if token.rank == 0 else f"; rather “{token.best}” ({generation.percent(token.best_probability)})"
    return f"{token.bits:.2f} bits = {token.nats:.2f} nats, {generation.percent(2**-token.bits)}, {rank}{rather}"


def bars(tokens: Sequence[Cost], blind_nats: float, mean_nats: float) -> go.Figure:
    """Each token's loss in nats, the mean, and what a model pays that knows nothing."""
    kinds = [generation.kind(2**-token.bits) for token in tokens]
    figure = go.Figure(
        go.Bar(
            x=list(range(len(tokens))),
            y=[token.nats for token in tokens],
            marker={"color": [generation.CLASSES[kind][2] for kind in kinds], "line": {"width": 0}},
            text=[f"{escape(token.label)}<br>{escape(_cost(token))}" for token in tokens],
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    )
    for level, text, dash in (
        (mean_nats, f"mean {mean_nats:.2f}", "dot"),
        (blind_nats, f"blind guess {blind_nats:.2f}", "dash"),
    ):
        figure.add_scatter(
            x=[-0.5, len(tokens) - 0.5],
            y=[level] * 2,
            mode="lines",
            name=text,
            line={"dash": dash, "width": 1.5, "color": palette.GREY},
            hoverinfo="skip",
        )
    step = -(-len(tokens) // 40)
    places = list(range(0, len(tokens), step))
    figure.update_xaxes(
        tickvals=places, ticktext=[escape(short(tokens[i].label)) for i in places], tickangle=-90, showgrid=False
    )
    figure.update_yaxes(
        title="loss in nats", rangemode="tozero", range=[0, max(blind_nats, *(t.nats for t in tokens)) * 1.06]
    )
    return figure.update_layout(
        height=300,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        bargap=0.25,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},  # off the bars, on a phone too
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def spans(ids: Sequence[int], noise_T: np.ndarray, made: Corrupted, label: Label) -> str:
    """The text with its spans in colour; what is left of it; and what must be written."""
    number, before, pieces = -1, False, []
    for token, cut in zip(ids, noise_T, strict=True):
        number += bool(cut) and not before
        before = bool(cut)
        pieces.append(_piece(token, label, number if cut else None))
    rows = (
        ("The text", "".join(pieces)),
        ("The encoder reads", _pieces(made.read, label, tinted=False)),
        ("The decoder must write", _pieces(made.target, label, tinted=True)),
    )
    return f"{_STYLE}" + "".join(
        f"<p class='ob-row'>{escape(title)}</p><div class='ob-text'>{body}</div>" for title, body in rows
    )


def _pieces(pieces: Sequence[Piece], label: Label, *, tinted: bool) -> str:
    shown, number = [], None
    for piece in pieces:
        if isinstance(piece, Sentinel):
            number = piece.number
            shown.append(f"<span class='ob ob-sentinel' style='--c:{_tint(number)}'><b>{escape(piece.text)}</b></span>")
        else:
            shown.append(_piece(piece, label, number if tinted else None))
    return "".join(shown)


def _piece(token: int, label: Label, number: int | None) -> str:
    style = "" if number is None else f" style='--c:{_tint(number)}'"
    return f"<span class='ob{'' if number is None else ' ob-cut'}'{style}><b>{escape(label(token))}</b></span>"


def _tint(number: int) -> str:
    return palette.TOKEN_TINTS[number % len(palette.TOKEN_TINTS)]


_STYLE = """<style>
.ob-text{line-height:1.5;overflow-wrap:anywhere;padding:.1rem 0 .5rem}
.ob-row{font-size:.85rem;opacity:.8;margin:.4rem 0 .1rem}
.ob{display:inline-flex;flex-direction:column;vertical-align:top;margin:0 1px .3rem;padding:.05rem .25rem;
  border-radius:.3rem;max-width:100%;unicode-bidi:isolate}
.ob b{font-weight:500;white-space:pre-wrap}
.ob small{font-size:.72rem;line-height:1.35;font-variant-numeric:tabular-nums}
.ob-asked,.ob-cut{background:color-mix(in srgb,var(--c) 24%,transparent);border-bottom:3px solid var(--c)}
.ob-sentinel{border:2px solid var(--c);font-family:var(--st-code-font,ui-monospace,monospace);font-size:.85em}
.ob-target{opacity:.85}
.ob-target u{text-decoration:none;font-weight:700}
.ob-legend{display:flex;flex-wrap:wrap;gap:.3rem .6rem;font-size:.8rem;padding-bottom:.4rem}
.ob-key{padding:.05rem .45rem;border-radius:.3rem;background:color-mix(in srgb,var(--c) 24%,transparent);
  border-bottom:3px solid var(--c)}
</style>"""
