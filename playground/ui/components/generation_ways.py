"""Greedy, sampling and beam search from one prompt, side by side, and the tree of the beams."""

import json
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from playground import limits
from playground.core.beam_search import BeamSearch
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.core.visible import glyphs
from playground.figures import generation as figures
from playground.lab import generating
from playground.lab.generating import Searched, Written
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components import generation_told as say
from playground.ui.components.generation_inputs import Asked

PENALTIES = (0.0, 0.5, 1.0, 2.0)


def side_by_side(lens: Lens, asked: Asked) -> None:
    """Greedy, sampling and beam search from one prompt, then the beams' tree."""
    beams_column, penalty_column = st.columns(2)
    with beams_column:
        beams = inputs.choice("Beams", range(1, limits.BEAMS + 1), key="beams", default=4, segmented=True)
    with penalty_column:
        penalty = inputs.choice(
            "Length penalty",
            PENALTIES,
            key="penalty",
            default=1.0,
            segmented=True,
            help="A text's score is its log P divided by (its number of tokens) to this power. 0: log P itself.",
        )
    heat = f"temperature {asked.settings.temperature:g}" if asked.settings.temperature else "temperature 0: greedy"
    several = f"The {beams} best texts so far go on together." if beams > 1 else "One beam: the same as greedy."
    st.html(figures.legend())
    greedy_card, sampling_card, beam_card = (
        _card(column, title, how)
        for column, title, how in zip(
            st.columns(3),
            ("Greedy", "Sampling", "Beam search"),
            ("The most probable token, each time.", f"Drawn at {heat}, seed {asked.seed}.", several),
            strict=True,
        )
    )
    greedy = _one(lens, asked, greedy_card, SamplingSettings(temperature=0.0))
    sampled = _one(lens, asked, sampling_card, asked.settings)
    search = _beams(lens, asked, beam_card, beams, penalty).search
    _compared(greedy, sampled, search)
    _beam_tree(lens, search, penalty)


class _Card(NamedTuple):
    text: Any
    below: Any


def _card(column: Any, title: str, how: str) -> _Card:
    with column.container(border=True, height="stretch"):
        st.markdown(f"**{title}**  \n{how}")
        return _Card(st.empty(), st.container())


def _one(lens: Lens, asked: Asked, card: _Card, settings: SamplingSettings) -> Written:
    label = partial(say.label, lens)
    text = Written((), 0.0, 0.0)
    with closing(generating.write(lens, asked.ids, settings, asked.new_tokens, asked.seed)) as written:
        for text in written:
            card.text.html(figures.text((), text.steps, label, numbers=False))
    with card.below:
        st.caption(
            f"{figures.counted(len(text.steps))}, finish reason: {text.steps[-1].finish_reason}.  \n{say.speed(text)}"
        )
        say.circles(lens, text.steps)
    return text


def _beams(lens: Lens, asked: Asked, card: _Card, beams: int, penalty: float) -> Searched:
    label, found = partial(say.label, lens), None
    with closing(generating.search(lens, asked.ids, beams, asked.new_tokens, penalty)) as searched:
        for found in searched:
            card.text.html(figures.text((), _beam_steps(found.search), label, numbers=False))
    assert found is not None  # a search has at least one step
    best = found.search.candidates[found.search.best()]
    reason = "stop" if best.token in lens.stop_ids else "length"
    again = " when it was first searched" if found.remembered else ""
    with card.below:
        st.caption(
            f"{figures.counted(best.depth)}, finish reason: {reason}.  \n"
            f"{found.steps / found.total_s:.1f} steps/s{again}: each step reads the weights once for "
            f"{'all ' if beams > 1 else ''}{figures.counted(beams, 'beam')}"
        )
        say.circles(lens, _beam_steps(found.search))
    return found


def _beam_steps(search: BeamSearch) -> list[Step]:
    return figures.steps_of(search, search.best())


def _compared(greedy: Written, sampled: Written, search: BeamSearch) -> None:
    found = _beam_steps(search)
    if [step.id for step in found] == list(greedy.ids):
        told = "Beam search found **the same text** as greedy"
    else:
        both = (("the text that beam search found", found), ("greedy's text", greedy.steps))
        (more, its_steps), (less, other) = sorted(both, key=lambda one: -figures.log_probability(one[1]))
        told = f"{more[0].upper()}{more[1:]} is **{figures.times_as_probable(its_steps, other)}** {less}"
        told += "" if len(found) == len(greedy.steps) else "; they have different lengths"
    st.markdown(
        f"{told}. The most probable next token need not begin the most probable text, and the most probable text "
        "need not be the best one: people are less predictable "
        "([Holtzman et al. 2019](https://arxiv.org/abs/1904.09751)). *log P* adds up the logarithms of the tokens' "
        "probabilities, so each further token lowers it."
    )
    texts = {"Greedy": list(greedy.steps), "Sampling": list(sampled.steps), "Beam search": found}
    st.dataframe(
        _with_minus(figures.comparison(texts), {"log P": 2}),
        hide_index=True,
        column_config={
            "mean probability a token": st.column_config.NumberColumn(format="percent"),
            "3-grams seen before": st.column_config.NumberColumn(
                format="percent", help="The share of runs of three tokens that were in the text already: repetition."
            ),
        },
    )


def _with_minus(rows: list[dict[str, Any]], decimals: dict[str, int]) -> Any:
    """The rows as a table whose numbers in these columns are still numbers, shown with a minus sign."""
    shown = {name: partial(figures.signed, decimals=count) for name, count in decimals.items()}
    return pd.DataFrame(rows).style.format(shown)


def _beam_tree(lens: Lens, search: BeamSearch, penalty: float) -> None:
    st.subheader("What the beams did", anchor=False)
    st.markdown(
        "At each step every beam is tried with every token of the vocabulary; of all these texts only the best stay. "
        "The number below a token is the score of the text up to it: $\\log P / n^{\\alpha}$ with *n* tokens and "
        f"length penalty $\\alpha = {penalty:g}$. " + _PENALTY[penalty]
    )
    label = partial(say.label, lens)
    tree = figures.beam_tree(search, label, limits.BEAM_STEPS_DRAWN)
    title = "The search tree. Framed: the text that won. Thin: kept for a while. Struck out: the best one not kept."
    data = {"tree": tree, "treeTitle": title, "at": 0}
    data["signature"] = say.digest(json.dumps(data), shell.visit().number)
    say.board(key="generation.beams", data=data)
    depth = max(one.depth for one in search.candidates)
    if depth > limits.BEAM_STEPS_DRAWN:
        shell.notices([f"Drawn: the first {limits.BEAM_STEPS_DRAWN} of {depth} steps."])
    texts = figures.endings([lens.decode(search.text(number)) for number in search.finished])
    rows = [
        {
            "text": shell.escape_markdown("".join(glyph.shown for glyph in figures.spaced(glyphs(text))).strip()),
            "stopped by": "its end" if search.candidates[number].token in lens.stop_ids else "length",
            "tokens": search.candidates[number].depth,
            "log P": search.candidates[number].log_probability,
            "score": search.candidates[number].score,
        }
        for number, text in zip(search.finished, texts, strict=True)
    ]
    st.table(_with_minus(rows, {"log P": 3, "score": 4}), hide_index=True)
    shell.provenance(
        "measured",
        f"{lens.title}, {lens.dtype} on {lens.device}. The rules and scores are those of transformers' "
        "`generate(num_beams=…)`; length penalty after [Wu et al. 2016](https://arxiv.org/abs/1609.08144), §7.",
    )


_PENALTY = {
    0.0: "At 0 the probabilities themselves are compared: each further token lowers it, so short texts win.",
    0.5: "At ½ long texts are helped a little.",
    1.0: "At 1 it is the average log-probability of a token, so texts of different lengths compete fairly.",
    2.0: "At 2 length is rewarded beyond its due: a long text of unlikely tokens may win.",
}
