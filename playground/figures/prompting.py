"""A prompt drawn: its parts in colour, its tokens against the window, what each label gets. Everything is escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from math import exp
from typing import NamedTuple

from playground.core.prompting import Part
from playground.core.shots import percent
from playground.figures import palette

COLOURS: dict[str, str] = {
    "template": palette.GREY,
    "instruction": palette.BLUE,
    "context": palette.PURPLE,
    "examples": palette.GREEN,
    "query": palette.ORANGE,
}


class Label(NamedTuple):
    """A label's row: its word, its tokens as text, ln P after the prompt, its share among the labels."""

    word: str
    tokens: tuple[str, ...]
    nats: float
    share: float


def prompt(pieces: Sequence[tuple[Part, str]], before: str = "", after: str = "") -> str:
    """The whole text the model reads, part by part; ``before`` and ``after`` are the chat template's."""
    shown = [("template", before), *pieces, ("template", after)]
    spans = "".join(
        f"<span class='lp-part' style='border-color:{COLOURS[part]};background:{palette.faint(COLOURS[part], 0.1)}'>"
        f"{escape(text.rstrip(chr(10)))}</span>"
        for part, text in shown
        if text.strip()
    )
    return f"{_STYLE}<div class='lp-prompt'>{spans}</div>"


def window(counts: Mapping[str, int], most: int) -> str:
    """The prompt's tokens, part by part, in the window: a bar as long as the window, and a legend."""
    total = sum(counts.values())
    whole = max(total, most)
    parts = [(name, count) for name, count in counts.items() if count]
    bars = "".join(
        f"<i style='width:{100 * count / whole:.2f}%;background:{COLOURS[name]}'></i>" for name, count in parts
    )
    legend = "".join(
        f"<span><i style='background:{COLOURS[name]}'></i>{name} <b>{count:,}</b></span>" for name, count in parts
    )
    over = " lp-over" if total > most else ""
    return (
        f"{_STYLE}<div class='lp-window{over}'><header><b>{total:,}</b> of {most:,} tokens "
        f"({percent(total / most, 1)} of the window)</header>"
        f"<div class='lp-track'>{bars}</div><footer>{legend}</footer></div>"
    )


def labels(rows: Sequence[Label], right: str = "") -> str:
    """Each label with its share, the preferred one in colour; ``right`` is the right one, where that is known."""
    best = max(row.nats for row in rows)
    sections = "".join(_label(row, row.nats == best, row.word == right) for row in rows)
    return f"{_STYLE}<div class='lp-labels'>{sections}</div>"


def _label(row: Label, best: bool, right: bool) -> str:
    colour = palette.KEPT if best else palette.CUT
    tokens = " ".join(f"<code>{escape(token)}</code>" for token in row.tokens)
    mark = " <em>the right answer</em>" if right else ""
    return (
        f"<section><b>{escape(row.word)}</b>{mark}<strong>{percent(row.share, 1)}</strong>"
        f"<div class='lp-track'><i style='width:{100 * row.share:.1f}%;background:{colour}'></i></div>"
        f"<small>P = {_percent(row.nats)} · ln P = {row.nats:.2f} nats · {tokens}</small></section>".replace(
            "= -", "= −"
        )
    )


def _percent(nats: float) -> str:
    probability = exp(nats)
    return percent(probability, 1) if probability >= 0.001 else f"{probability:.1e}"


def answer(text: str) -> str:
    """What the model wrote: its first line stands out, for a program would cut there."""
    first, _, rest = text.lstrip().partition("\n")
    return f"{_STYLE}<div class='lp-answer'><b>{escape(first) or '∅'}</b><span>{escape(rest)}</span></div>"


_STYLE = """<style>
.lp-prompt{display:grid;gap:.3rem;max-height:38rem;overflow:auto;font-family:var(--st-code-font,ui-monospace,monospace);font-size:.86rem;line-height:1.45}
.lp-part{border-left:4px solid;padding:.35rem .6rem;border-radius:.25rem;white-space:pre-wrap;overflow-wrap:anywhere}
.lp-track{display:flex;height:.8rem;border-radius:.3rem;overflow:hidden;background:rgba(138,143,152,.22)}
.lp-track i{display:block;min-width:2px}
.lp-window header{margin-bottom:.3rem}
.lp-window footer{display:flex;flex-wrap:wrap;gap:.1rem 1rem;font-size:.85rem;margin-top:.35rem}
.lp-window footer i{display:inline-block;width:.75rem;height:.75rem;border-radius:.2rem;margin-right:.35rem}
.lp-over .lp-track{outline:2px solid #D55E00}
.lp-labels{display:grid;gap:.7rem}
.lp-labels section{display:grid;grid-template-columns:auto 1fr auto;gap:.15rem .6rem;align-items:baseline}
.lp-labels strong{grid-column:3}
.lp-labels em{font-size:.82rem;opacity:.8}
.lp-labels .lp-track,.lp-labels small{grid-column:1/-1}
.lp-labels small{opacity:.85;font-size:.82rem}
.lp-labels code{white-space:pre;border:1px solid rgba(138,143,152,.5);border-radius:.25rem;padding:0 .25rem}
.lp-answer{white-space:pre-wrap;overflow-wrap:anywhere;padding:.6rem .8rem;border-radius:.4rem;
  background:rgba(138,143,152,.13);display:grid;gap:.2rem}
.lp-answer span{opacity:.6}
</style>""".replace("#D55E00", palette.WARNING)
