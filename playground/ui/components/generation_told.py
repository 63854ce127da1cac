"""What every view of a written text tells: its tokens' glyphs, its loops, how probable it is, how fast it came."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from playground.core import repetition
from playground.core.step import Step
from playground.core.visible import Glyph, glyphs, visible
from playground.errors import BadInput
from playground.figures import generation as figures
from playground.lab.generating import Written
from playground.models.lens import Lens
from playground.ui import shell

_FILE = Path(__file__).with_name("generation.py")
_CSS = figures.STYLE.removeprefix("<style>").removesuffix("</style>")
board = st.components.v2.component(
    "llm_playground.generation",
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
    css=_CSS + _FILE.with_suffix(".css").read_text(encoding="utf-8"),
)


def circles(lens: Lens, steps: Sequence[Step]) -> None:
    """Warns where the text ends in a loop, and says whether each round is more probable than the one before."""
    ids = [step.id for step in steps]
    found = repetition.loop(ids)
    if found is None:
        return
    again = lens.decode(ids[found.start : found.start + found.period])
    starts = range(found.start, found.start + found.times * found.period, found.period)
    rounds = [figures.mean_probability(steps[start : start + found.period]) for start in starts]
    first, last = figures.percent(rounds[0]), figures.percent(rounds[-1])
    st.warning(
        f"The text ends in the same {figures.counted(found.period)} {found.times} times in a row: "
        f"“{shell.escape_markdown(visible(again)[:80])}”. "
        + ("Each repetition makes the next one more probable: a" if repetition.rises(rounds) else "A")
        + f" token of the first had {first} on average, one of the last {last}. "
        "A higher temperature, or another word forced in, may break the loop.",
        title="Going round in circles", icon=":material/cached:",
    )  # fmt: skip


def probability(steps: Sequence[Step]) -> list[str]:
    """The text's log P and the mean probability of its tokens, in words; nothing for no token."""
    if not steps:
        return []
    total, mean = figures.log_probability(steps), figures.mean_probability(steps)
    return [f"log P of the text {figures.signed(total, 1)}, on average {figures.percent(mean)} a token"]


def speed(text: Written | None) -> str:
    """How fast the text came, in words; empty where nobody measured."""
    if text is None or text.tokens_per_second is None:
        return ""
    again = " when it was first written" if text.remembered else ""
    return (
        f"{text.tokens_per_second:.1f} tokens/s with the KV cache{again}, "
        f"the first after {text.first_s:.2f} s (it reads the prompt)"
    )


def where(lens: Lens) -> str:
    """The model, its dtype and device, and who else is served."""
    others = lens.generating
    shared = f" {others} text{'s' if others > 1 else ''} being written for others now." if others else ""
    return f"{lens.title}, {lens.dtype} on {lens.device}.{shared}"


def label(lens: Lens, token: int) -> tuple[Glyph, ...]:
    """A token as glyphs."""
    try:
        return glyphs(lens.token_text(token), lens.token_bytes(token))
    except BadInput:  # some models have more logits than their tokenizer has tokens
        return (Glyph("text", f"id {token}"),)


def digest(*of: object) -> str:
    """A short mark that differs where any of these do."""
    return hashlib.blake2b(repr(of).encode(), digest_size=8).hexdigest()
