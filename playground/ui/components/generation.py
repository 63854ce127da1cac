"""Texts written by the model: one token by token in a tree of branches, and three ways of writing side by side."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from playground import limits
from playground.core import repetition
from playground.core.beam_search import BeamSearch
from playground.core.generation_tree import ROOT, Tree
from playground.core.sampling_settings import SEED_MAX, TEMPERATURE_MAX, SamplingSettings
from playground.core.step import Step, drawn
from playground.core.visible import Glyph, glyphs, visible
from playground.errors import BadInput
from playground.figures import generation as figures
from playground.lab import generating
from playground.lab.generating import Searched, Written
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components import sampling as live

NEW_TOKENS = 40
PENALTIES = (0.0, 0.5, 1.0, 2.0)
_PROMPT_SHOWN = 240  # characters, its end
_BRANCH = re.compile(rf"\.|([.~]\d{{1,7}}){{1,{limits.GENERATED_TOKENS}}}")
_FILE = Path(__file__)
_CSS = figures.STYLE.removeprefix("<style>").removesuffix("</style>")
_board = st.components.v2.component(
    "llm_playground.generation",
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
    css=_CSS + _FILE.with_suffix(".css").read_text(encoding="utf-8"),
)


class Asked(NamedTuple):
    """What is to be written."""

    prompt: str
    ids: tuple[int, ...]
    settings: SamplingSettings
    seed: int
    new_tokens: int  # at most


# --- inputs ---


def ask(lens: Lens, prompt: str) -> Asked:
    """The settings, shared with the Sampling page, the seed, and how long a text may get."""
    chosen = live.controls(lens.vocabulary_size)
    longest = min(limits.GENERATED_TOKENS, shell.profile().new_tokens)
    heat, length, seed, cuts = st.columns([5, 5, 3, 3], vertical_alignment="bottom")
    with heat:
        _setting(
            st.slider,
            "Temperature",
            "temperature",
            chosen.settings.temperature,
            min_value=0.0,
            max_value=TEMPERATURE_MAX,
            step=0.05,
            help="0 is greedy: always the most probable token.",
        )
    with length:
        new_tokens = inputs.choice(
            "Max new tokens",
            range(1, longest + 1),
            key="new",
            default=min(NEW_TOKENS, longest),
            slider=True,
            help="Writing ends here, unless the model writes its end-of-sequence token before.",
        )
    with seed:
        _setting(
            st.number_input, "Seed", "seed", chosen.seed, min_value=0, max_value=SEED_MAX, step=1,
            help="The seed and the position give the number u that draws a token: the same for everyone.",
        )  # fmt: skip
    with cuts, st.popover(_cuts_label(chosen.settings), width="stretch"):
        last = chosen.settings
        _setting(st.number_input, "Top-k (0: off)", "top_k", last.top_k, min_value=0, max_value=lens.vocabulary_size)
        _setting(st.slider, "Top-p (1: off)", "top_p", last.top_p, min_value=0.0, max_value=1.0, step=0.01)
        _setting(st.slider, "Min-p (0: off)", "min_p", last.min_p, min_value=0.0, max_value=1.0, step=0.01)
        st.caption("The same settings as on the Sampling page, which explains them and has two more.")
    encoding = lens.encode(prompt)
    ids, cut = lens.fit(encoding.ids, lens.max_tokens - longest)
    shell.notices((*cut, *((f"The rest of {lens.max_tokens:,} is kept for new tokens.",) if cut else ())))
    if not ids:
        raise BadInput("There is no token to start from", "Type a prompt: the model can only continue a text.")
    return Asked(prompt, ids, chosen.settings, chosen.seed, new_tokens)


def _setting(widget: Callable[..., Any], label: str, name: str, value: float, **more: Any) -> None:
    """A widget for one of the settings kept by the Sampling page."""
    key = f"generation.{name}"
    st.session_state[key] = value

    def changed() -> None:
        now = st.session_state.get("sampling.values", {})
        st.session_state["sampling.values"] = now | {name: st.session_state[key]}

    widget(label, key=key, on_change=changed, **more)


def _cuts_label(settings: SamplingSettings) -> str:
    on = [
        *([f"k {settings.top_k}"] if settings.top_k else []),
        *([f"p {settings.top_p:g}"] if settings.top_p < 1 else []),
        *([f"min-p {settings.min_p:g}"] if settings.min_p else []),
        *([f"typical {settings.typical_p:g}"] if settings.typical_p < 1 else []),
        *([f"repetition {settings.repetition_penalty:g}"] if settings.repetition_penalty != 1 else []),
    ]
    return f"Cuts: {', '.join(on)}" if on else "Cuts: none"


# --- token by token ---


def token_by_token(lens: Lens, asked: Asked) -> None:
    """The toolbar, the text with its alternatives, and the tree of continuations."""
    signature = _digest(lens.model_id, asked.ids)
    tree = _tree(signature)
    at = _arrive(lens, asked, tree)
    doing = st.session_state.pop("generation.do", "")
    if at is None:
        at, doing = ROOT, "first"
    toolbar = st.empty()
    st.caption(
        "Temperature, cuts and seed hold for the tokens to come; what is written stays, also in the tree. "
        f"“Another seed”: {_reseed_help(asked)}"
    )
    st.html(figures.legend())
    slot, status = st.empty(), st.container()
    if doing in ("play", "first"):
        _toolbar(toolbar, lens, asked, tree, at, writing=True)
        at = _play(lens, asked, tree, at, slot, first=doing == "first")
    coming = _coming(lens, asked, tree, at)
    if doing == "step" and coming is not None:
        at = tree.add(at, coming)
        _stand(tree, at)
        coming = _coming(lens, asked, tree, at)
    _branch()  # where this run has come to, for the address
    _toolbar(toolbar, lens, asked, tree, at, writing=False)
    gone = tree.prune(limits.TREE_NODES, at)
    with slot.container():
        _show_board(lens, asked, tree, at, coming, signature)
    with status:
        _status(lens, asked, tree, at)
        if gone:
            shell.notices([f"The tree keeps {limits.TREE_NODES} tokens: its oldest branch was taken away."])


def _coming(lens: Lens, asked: Asked, tree: Tree, at: int) -> Step | None:
    """What the seed draws next; None where the text is over."""
    if _over(lens, asked, tree, at):
        return None
    before = (*asked.ids, *tree.tokens(at))
    return drawn(lens.next_logits(before), asked.settings, before, asked.seed)


def _over(lens: Lens, asked: Asked, tree: Tree, at: int) -> bool:
    return _remaining(asked, tree, at) <= 0 or _ended(tree, at, lens.stop_ids)


def _tree(signature: str) -> Tree:
    """This session's tree for this prompt and model; another prompt starts another one."""
    state = st.session_state
    if state.get("generation.of") != signature:
        if "generation.of" in state:
            inputs.pick("branch", "")
        state["generation.of"], state["generation.tree"] = signature, Tree()
        state.pop("generation.first", None)
        state.pop("generation.speed", None)
    tree: Tree = state["generation.tree"]
    return tree


def _arrive(lens: Lens, asked: Asked, tree: Tree) -> int | None:
    """The node the address tells of; None for the first sight of a prompt, where nothing has been written yet."""
    linked = st.query_params.get("branch", "")
    if linked and _BRANCH.fullmatch(linked) is None:
        shell.notices(["The branch in this link can't be read: it is ignored."])
    branch = _branch()
    if not branch:
        first = st.session_state.get("generation.first")
        there = first[1] if first and first[0] == _first_sight(asked) else None
        return there if there is not None and there in tree else None
    told = [(int(number), mark == "~") for mark, number in re.findall(r"([.~])(\d+)", branch)]
    if any(token >= lens.vocabulary_size for token, _ in told):
        shell.notices(["This link was made with another model: its branch is ignored."])
        inputs.pick("branch", ".")
        return ROOT
    tokens = tuple(token for token, _ in told)
    known = next(n for n in range(len(tokens), -1, -1) if tree.find(tokens[:n]) is not None)
    at = tree.find(tokens[:known]) or ROOT
    steps = lens.follow((*asked.ids, *tokens[:known]), tokens[known:], asked.settings)
    for step, (_, forced) in zip(steps, told[known:], strict=True):
        at = tree.add(at, replace(step, forced=forced))
    return at


def _branch() -> str:
    """The tokens up to where the reader is, as the address tells them; empty at first sight, "." at the prompt."""
    return inputs.picked("branch", "", lambda text: text if _BRANCH.fullmatch(text) else None)


def _first_sight(asked: Asked) -> tuple[Any, ...]:
    return asked.settings, asked.seed, _first_count(asked)


def _first_count(asked: Asked) -> int:
    return min(limits.FIRST_TOKENS, asked.new_tokens)


def _stand(tree: Tree, at: int) -> None:
    """The reader is at this node now: remembered, and written in the address by the next run."""
    steps = [tree[n].step for n in tree.path(at)]
    inputs.pick("branch", "".join(f"{'~' if s.forced else '.'}{s.id}" for s in steps) or ".")


def _remaining(asked: Asked, tree: Tree, at: int) -> int:
    return asked.new_tokens - len(tree.path(at))


def _ended(tree: Tree, at: int, ends: frozenset[int]) -> bool:
    return at != ROOT and tree[at].step.id in ends


def _toolbar(slot: Any, lens: Lens, asked: Asked, tree: Tree, at: int, *, writing: bool) -> None:
    """The buttons; those of a text being written are others, since a run draws both."""
    over = writing or _over(lens, asked, tree, at)
    key = "generation.writing.{}" if writing else "generation.{}"

    def do(what: str) -> None:
        _stand(tree, at)
        st.session_state["generation.do"] = what

    def go(to: int) -> None:
        _stand(tree, to)

    def stop() -> None:
        reached = st.session_state.get("generation.reached", at)
        _stand(tree, reached if reached in tree else at)

    def other_seed() -> None:
        values = st.session_state.get("sampling.values", {})
        st.session_state["sampling.values"] = values | {"seed": (asked.seed + 1) % (SEED_MAX + 1)}
        inputs.pick("branch", "")

    with slot.container(horizontal=True, gap="small"):
        st.button(
            "Play", icon=":material/play_arrow:", type="primary", key=key.format("play"), on_click=do, args=("play",),
            disabled=over, help="Go on until the text ends or the limit is reached.",
        )  # fmt: skip
        st.button("Stop", icon=":material/stop:", key=key.format("stop"), on_click=stop, disabled=not writing)
        st.button(
            "Step", icon=":material/skip_next:", key=key.format("step"), on_click=do, args=("step",), disabled=over,
            help="One more token.",
        )  # fmt: skip
        st.button(
            "Back", icon=":material/skip_previous:", key=key.format("back"), on_click=go,
            args=(ROOT if at == ROOT else tree[at].parent,), disabled=at == ROOT, help="One token back.",
        )  # fmt: skip
        st.button(
            "To the prompt", icon=":material/first_page:", key=key.format("start"), on_click=go, args=(ROOT,),
            disabled=at == ROOT,
        )  # fmt: skip
        st.button(
            "Another seed", icon=":material/casino:", key=key.format("reseed"), on_click=other_seed,
            help=_reseed_help(asked),
        )  # fmt: skip


def _reseed_help(asked: Asked) -> str:
    if asked.settings.temperature == 0:
        return "At temperature 0 nothing is drawn, every seed gives the same text."
    count = _first_count(asked)
    further = f"; Play goes on to {asked.new_tokens}" if count < asked.new_tokens else ""
    return f"A new text from the prompt, of {figures.counted(count)} to begin with{further}."


def _play(lens: Lens, asked: Asked, tree: Tree, at: int, slot: Any, *, first: bool) -> int:
    """Write on, token by token, as far as asked, and return where that leads.

    Leaving (Stop, an input, the tab) ends it within one token.
    """
    count = _first_count(asked) if first else _remaining(asked, tree, at)
    start = [tree[n].step for n in tree.path(at)]
    prompt, label = _prompt(asked.prompt), partial(_label, lens)
    slot.html(figures.text(prompt, start, label))
    before = (*asked.ids, *tree.tokens(at))
    done, text = 0, None
    with closing(generating.write(lens, before, asked.settings, count, asked.seed)) as written:
        for text in written:
            for step in text.steps[done:]:
                at = tree.add(at, step)
            done = len(text.steps)
            st.session_state["generation.reached"] = at
            which = f"Tokens {len(start) + 1} to {len(start) + done}: "
            st.session_state["generation.speed"] = at, which + speed if (speed := _speed(text)) else ""
            if not first:
                _stand(tree, at)
            slot.html(figures.text(prompt, [*start, *text.steps], label))
    if first:
        st.session_state["generation.first"] = (_first_sight(asked), at)
    return at


def _show_board(lens: Lens, asked: Asked, tree: Tree, at: int, coming: Step | None, signature: str) -> None:
    data = figures.board(tree, at, coming, partial(_label, lens), lens.stop_ids) | {
        "prompt": _prompt(asked.prompt),
        "greedy": _greedy(asked.settings),
        "treeTitle": f"All continuations so far: {figures.counted(len(tree))}, {len(tree.leaves())} "
        f"branch{'' if len(tree.leaves()) == 1 else 'es'}. Click a token to go there.",
    }
    data["signature"] = _digest(signature, json.dumps(data), shell.visit().number)
    sent = partial(_sent, "generation.board", data["signature"])

    def go() -> None:
        node = sent("go").get("node")
        if isinstance(node, int) and node in tree:
            _stand(tree, node)

    def take() -> None:
        asked_for = sent("take")
        node, token = asked_for.get("node"), asked_for.get("token")
        if isinstance(node, int) and node in tree and isinstance(token, int) and 0 <= token < lens.vocabulary_size:
            _stand(tree, node)
            known = st.session_state["branch"].removesuffix(".") if node == ROOT else st.session_state["branch"]
            inputs.pick("branch", f"{known}{'.' if coming and (node, token) == (at, coming.id) else '~'}{token}")

    _board(key="generation.board", data=data, on_go_change=go, on_take_change=take)


def _greedy(settings: SamplingSettings) -> str:
    """What the panel says of the next token at temperature 0; empty where one is drawn."""
    if settings.temperature > 0:
        return ""
    after = " after the repetition penalty" if settings.repetition_penalty != 1 else ""
    return f"Temperature 0: the most probable{after} (▸) is taken, nothing is drawn."


def _sent(key: str, signature: str, name: str) -> dict[str, Any]:
    """What the browser told, unless it was a click on the picture of a moment ago."""
    told = st.session_state[key].get(name)
    return told if isinstance(told, dict) and told.get("signature") == signature else {}


def _status(lens: Lens, asked: Asked, tree: Tree, at: int) -> None:
    """How the text ended, how probable it is, whether it goes round in circles, how fast it was."""
    steps = [tree[n].step for n in tree.path(at)]
    if _ended(tree, at, lens.stop_ids):
        st.success(
            f"The model ended its text itself, with its end-of-sequence token: {figures.counted(len(steps))}.",
            title="Finish reason: stop", icon=":material/flag:",
        )  # fmt: skip
    elif _remaining(asked, tree, at) <= 0:
        st.info(
            f"“Max new tokens” is {asked.new_tokens}; the model had not ended its text. Raise it to go on.",
            title="Finish reason: length", icon=":material/straighten:",
        )  # fmt: skip
    _circles(lens, steps)
    told = [f"{len(steps)} of at most {figures.counted(asked.new_tokens, 'new token')}", *_probability(steps)]
    reached, speed = st.session_state.get("generation.speed", (ROOT, ""))
    if speed and reached in tree.path(at):  # what that run wrote is a part of this text
        told.append(speed)
    shell.provenance("measured", ". ".join(told) + f". {_where(lens)}")


def _circles(lens: Lens, steps: Sequence[Step]) -> None:
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


def _probability(steps: Sequence[Step]) -> list[str]:
    if not steps:
        return []
    total, mean = figures.log_probability(steps), figures.mean_probability(steps)
    return [f"log P of the text {figures.signed(total, 1)}, on average {figures.percent(mean)} a token"]


def _speed(text: Written | None) -> str:
    if text is None or text.tokens_per_second is None:
        return ""
    again = " when it was first written" if text.remembered else ""
    return (
        f"{text.tokens_per_second:.1f} tokens/s with the KV cache{again}, "
        f"the first after {text.first_s:.2f} s (it reads the prompt)"
    )


def _where(lens: Lens) -> str:
    others = lens.generating
    shared = f" {others} text{'s' if others > 1 else ''} being written for others now." if others else ""
    return f"{lens.title}, {lens.dtype} on {lens.device}.{shared}"


# --- side by side ---


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
    label = partial(_label, lens)
    text = Written((), 0.0, 0.0)
    with closing(generating.write(lens, asked.ids, settings, asked.new_tokens, asked.seed)) as written:
        for text in written:
            card.text.html(figures.text((), text.steps, label, numbers=False))
    with card.below:
        st.caption(
            f"{figures.counted(len(text.steps))}, finish reason: {text.steps[-1].finish_reason}.  \n{_speed(text)}"
        )
        _circles(lens, text.steps)
    return text


def _beams(lens: Lens, asked: Asked, card: _Card, beams: int, penalty: float) -> Searched:
    label, found = partial(_label, lens), None
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
        _circles(lens, _beam_steps(found.search))
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
    label = partial(_label, lens)
    tree = figures.beam_tree(search, label, limits.BEAM_STEPS_DRAWN)
    title = "The search tree. Framed: the text that won. Thin: kept for a while. Struck out: the best one not kept."
    data = {"tree": tree, "treeTitle": title, "at": 0}
    data["signature"] = _digest(json.dumps(data), shell.visit().number)
    _board(key="generation.beams", data=data)
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


# --- labels ---


def _prompt(text: str) -> tuple[Glyph, ...]:
    """The prompt's end as it is shown: its spaces are spaces."""
    end = text if len(text) <= _PROMPT_SHOWN else f"…{text[-_PROMPT_SHOWN:]}"
    return tuple(figures.spaced(glyphs(end)))


def _label(lens: Lens, token: int) -> tuple[Glyph, ...]:
    try:
        return glyphs(lens.token_text(token), lens.token_bytes(token))
    except BadInput:  # some models have more logits than their tokenizer has tokens
        return (Glyph("text", f"id {token}"),)


def _digest(*of: object) -> str:
    return hashlib.blake2b(repr(of).encode(), digest_size=8).hexdigest()
