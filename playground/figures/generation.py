"""A text as it is written, token by token, each coloured by its probability; the tree of continuations; beams.

The HTML is for ``st.html``, which does not escape: every text in it goes through ``html.escape``. The data is for the
component, which sets texts as text.
"""

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from playground.core import repetition
from playground.core.beam_search import PROMPT, BeamSearch
from playground.core.branch_rows import branch_rows
from playground.core.generation_tree import ROOT, Tree
from playground.core.step import Alternative, Step
from playground.core.visible import Glyph
from playground.figures import palette

Label = Callable[[int], tuple[Glyph, ...]]  # a token's id -> how it is shown
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# The classes of the colour: from this probability on, as the legend names it.
CLASSES = (
    (0.5, "50 % or more", palette.BLUE),
    (0.1, "10 – 50 %", palette.GREEN),
    (0.01, "1 – 10 %", palette.ORANGE),
    (0.0, "below 1 %", palette.VERMILION),
)


def kind(probability: float) -> int:
    """The class of a probability: 0 for the likely, 3 for the rare."""
    return next(i for i, (least, _, _) in enumerate(CLASSES) if probability >= least)


def percent(probability: float) -> str:
    """A share of one as people read it.

    >>> percent(0.1234), percent(0.00987), percent(0.00001), percent(1.0)
    ('12 %', '0.99 %', '<0.01 %', '100 %')
    """
    if probability < 1e-4:
        return "<0.01 %"
    if probability < 0.0995:
        return (
            f"{probability:.2%}".replace("%", " %")
            if probability < 0.00995
            else f"{probability:.1%}".replace("%", " %")
        )
    return f"{probability:.0%}".replace("%", " %")


def signed(number: float, decimals: int) -> str:
    """A number with a minus sign, not a hyphen.

    >>> signed(-1.25, 1), signed(-0.001, 1)
    ('−1.2', '0.0')
    """
    return f"{number:z.{decimals}f}".replace("-", "−")


def counted(number: int, what: str = "token") -> str:
    """``1 token``, ``2 tokens``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def legend() -> str:
    """What the colours mean."""
    keys = "".join(f"<span class='gk{i}'>{escape(name)}</span>" for i, (_, name, _) in enumerate(CLASSES))
    return f"{STYLE}<div class='g-legend'>probability: {keys}</div>"


def text(prompt: Sequence[Glyph], steps: Iterable[Step], label: Label, *, numbers: bool = True) -> str:
    """The prompt's end, then each token in its colour; with its probability below, or in its tooltip only."""
    chips = "".join(_chip(step, label(step.id), numbers) for step in steps)
    start = "".join(map(_glyph, prompt))
    return (
        f"{STYLE}<div class='g-text{'' if numbers else ' g-plain'}'><span class='g-prompt'>{start}</span>{chips}</div>"
    )


def _chip(step: Step, shown: Sequence[Glyph], numbers: bool) -> str:
    share = percent(step.probability)
    below = f"<small>{share}</small>" if numbers else ""
    line_end = "<br>" if shown and shown[-1].kind == "newline" else ""
    title = f"{share}, number {step.rank + 1:,} of the vocabulary"
    word = "".join(map(_glyph, shown if numbers else spaced(shown)))
    classes = f"g-token gk{kind(step.probability)}"
    return f"<span class='{classes}' title='{escape(title)}'><b>{word}</b>{below}</span>{line_end}"


def spaced(shown: Iterable[Glyph]) -> list[Glyph]:
    """The same with its spaces as spaces, where a text is to be read rather than taken apart."""
    return [Glyph("text", " " * len(glyph.shown)) if glyph.kind == "space" else glyph for glyph in shown]


def _glyph(glyph: Glyph) -> str:
    if glyph.kind == "text":
        return escape(glyph.shown)
    return f"<code>{glyph.shown}</code>" if glyph.kind in ("bytes", "code point") else f"<i>{glyph.shown}</i>"


def board(tree: Tree, at: int, coming: Step | None, label: Label, ends: frozenset[int]) -> dict[str, Any]:
    """The component's data: the text up to node ``at`` with what could have come instead, what may come next
    (``coming`` is what the seed draws; None where the text ends), and the tree. ``ends``: tokens that end a text.
    """
    way = tree.path(at)
    return {
        "at": at,
        "tokens": [{"node": n, "parent": tree[n].parent, **_told(tree[n].step, label, ends)} for n in way],
        "next": None if coming is None else _told(coming, label, ends),
        "tree": _stretches(tree, at, label),
    }


def _stretches(tree: Tree, at: int, label: Label) -> list[dict[str, Any]]:
    """The tree with a box for each stretch of tokens between two branchings; one ends where the reader stands."""
    ends_at: dict[int, int] = {}  # a stretch's first token -> its last
    children: dict[int, list[int]] = {}
    depth: dict[int, int] = {}
    way = set(tree.path(at))
    open_ = [(ROOT, child) for child in tree.children(ROOT)]
    while open_:
        above, first = open_.pop(0)
        last = first
        while last != at and len(tree.children(last)) == 1:
            last = tree.children(last)[0]
        ends_at[last] = first
        children.setdefault(above, []).append(last)
        depth[last] = depth.get(above, 0) + 1
        open_ += [(last, child) for child in tree.children(last)]
    boxes = []
    for last, row in branch_rows(children, depth, ROOT).items():
        tokens = [n for n in tree.path(last) if tree[n].depth >= tree[ends_at[last]].depth]
        boxes.append(
            {
                "node": last,
                "parent": tree[ends_at[last]].parent,
                "column": depth[last],
                "row": row,
                "state": "on" if last in way else "",
                "tokens": [{"node": n, "forced": tree[n].step.forced, **_shown(tree[n].step, label)} for n in tokens],
            }
        )
    return boxes


def _shown(step: Step, label: Label) -> dict[str, Any]:
    share = percent(step.probability)
    return {"glyphs": label(step.id), "below": share, "kind": kind(step.probability), "title": share}


def _told(step: Step, label: Label, ends: frozenset[int]) -> dict[str, Any]:
    options = list(step.alternatives)
    if step.id not in {a.id for a in options}:
        options.append(Alternative(step.id, step.probability, step.adjusted))
    return {
        "id": step.id,
        "rank": step.rank + 1,
        "u": step.number,
        "forced": step.forced,
        "options": [_option(a, label, ends) for a in options],
        "rest": percent(max(0.0, 1 - sum(a.probability for a in options))),
        "plain": all(a.adjusted == a.probability for a in options),
        "alone": step.adjusted == 1.0,
        **_shown(step, label),
    }


def _option(of: Alternative, label: Label, ends: frozenset[int]) -> dict[str, Any]:
    return {
        "id": of.id,
        "glyphs": label(of.id),
        "p": of.probability,
        "share": percent(of.probability),
        "adjusted": percent(of.adjusted) if of.adjusted > 0 else "cut",
        "kind": kind(of.probability),
        "end": of.id in ends,
    }


def beam_tree(search: BeamSearch, label: Label, max_steps: int) -> list[dict[str, Any]]:
    """The search's tree for the component: a column a step, a row a text. All that were kept or finished are there,
    of those dropped the best one a step; below each token the text's score so far.
    """
    best = set(search.way(search.best()))
    children: dict[int, list[int]] = {}
    dropped_at = set()
    for number, one in enumerate(search.candidates):
        if one.depth > max_steps or (one.fate == "dropped" and one.depth in dropped_at):
            continue
        if one.fate == "dropped":
            dropped_at.add(one.depth)
        children.setdefault(one.parent, []).append(number)
    for found in children.values():
        found.sort(key=lambda n: (n not in best, search.candidates[n].fate == "dropped"))
    depth = {number: one.depth for number, one in enumerate(search.candidates)}
    nodes = []
    for number, row in branch_rows(children, depth, PROMPT).items():
        one = search.candidates[number]
        fate = "dropped: not among the best" if one.fate == "dropped" else one.fate
        nodes.append(
            {
                "node": number + 1,  # 0 is the prompt
                "parent": one.parent + 1,
                "column": one.depth,
                "row": row,
                "state": f"{one.fate} {'on' if number in best else ''}",
                "glyphs": label(one.token),
                "below": signed(one.score, 2),
                "kind": -1,
                "title": f"log P {signed(one.log_probability, 2)}, score {signed(one.score, 3)}, {fate}",
            }
        )
    return nodes


_KINDS = "".join(
    f".gk{i}{{--tone:{colour};background:{palette.faint(colour, 0.24)};border-bottom:3px solid {colour}}}"
    for i, (_, _, colour) in enumerate(CLASSES)
)
STYLE = f"""<style>
{_KINDS}
.g-legend{{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;font-size:.8rem}}
.g-legend span{{padding:.05rem .45rem;border-radius:.3rem}}
.g-text{{line-height:1.5;overflow-wrap:anywhere;padding:.2rem 0}}
.g-text .g-prompt{{opacity:.72;white-space:pre-wrap;margin-right:.15rem;unicode-bidi:isolate}}
.g-token{{display:inline-flex;flex-direction:column;align-items:center;vertical-align:top;margin:0 1px .35rem;
  padding:0 .2rem;border-radius:.3rem;max-width:100%;unicode-bidi:isolate}}
.g-token b{{font-weight:500;white-space:pre-wrap}}
.g-token small{{font-size:.7rem;opacity:.75;font-variant-numeric:tabular-nums;line-height:1.2;white-space:nowrap}}
.g-plain .g-token{{display:inline;padding:.05rem .1rem;margin:0;line-height:1.9}}
.g-text i{{font-style:normal;opacity:.5}}
.g-text code{{font-size:.78em;background:none;color:inherit;padding:0}}
</style>"""


def log_probability(steps: Sequence[Step]) -> float:
    """``Σ log p``: the natural logarithm of the probability of these tokens together."""
    return sum(math.log(max(step.probability, sys.float_info.min)) for step in steps)


def mean_probability(steps: Sequence[Step]) -> float:
    """Their geometric mean, ``exp(Σ log p / n)``: one over the perplexity."""
    return math.exp(log_probability(steps) / len(steps))


def steps_of(search: BeamSearch, number: int) -> list[Step]:
    """A beam's text as steps, to be drawn like any other."""
    tokens, logs = search.text(number), search.log_probabilities(number)
    return [Step(token, math.exp(log), 1.0, 0) for token, log in zip(tokens, logs, strict=True)]


def endings(texts: Sequence[str]) -> list[str]:
    """Texts without the beginning that all share, cut before a whole word, so that one sees where they differ.

    >>> endings(["to learn by doing", "to learn by heart"]), endings(["alone"])
    (['… doing', '… heart'], ['alone'])
    """
    first, last = min(texts, default=""), max(texts, default="")  # all share what these two share
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    cut = first.rfind(" ", 0, same) + 1
    return [f"… {text[cut:]}" for text in texts] if len(texts) > 1 and cut else list(texts)


def times_as_probable(steps: Sequence[Step], than: Sequence[Step]) -> str:
    """``exp(log P₁ - log P₂)`` in words: "3.4 million times as probable as".

    >>> times_as_probable([Step(0, 0.5, 1, 0)], [Step(0, 0.25, 1, 0)])
    '2 times as probable as'
    """
    times = in_words(log_probability(steps) - log_probability(than))
    return "about as probable as" if times == "1" else f"{times} times as probable as"


def in_words(nats: float) -> str:
    """``exp(nats)`` to two significant digits; a power of ten from 10⁹ on.

    >>> [in_words(n) for n in (0.7, 6.95, 15.05, 29.02)]
    ['2', '1,000', '3.4 million', '4 × 10¹²']
    """
    power = math.floor(nats / math.log(10))
    digits = round(math.exp(nats - power * math.log(10)), 1)
    if digits >= 10:
        power, digits = power + 1, digits / 10
    if power >= 9:
        return f"{digits:g} × 10{str(power).translate(_SUPERSCRIPT)}"
    times = float(f"{digits}e{power - 6 if power >= 6 else power}")
    shown = f"{times:,.0f}" if times >= 10 else f"{times:g}"
    return f"{shown} million" if power >= 6 else shown


def comparison(texts: Mapping[str, Sequence[Step]]) -> list[dict[str, Any]]:
    """A row a text: tokens, log P, mean probability, repetition."""
    return [
        {
            "": name,
            "tokens": len(steps),
            "log P": log_probability(steps),
            "mean probability a token": mean_probability(steps),
            "3-grams seen before": repetition.repeated_share([step.id for step in steps]),
        }
        for name, steps in texts.items()
    ]
