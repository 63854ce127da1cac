"""A text written token by token, its alternatives, and the tree of all continuations so far."""

import json
import re
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from playground import limits
from playground.core.generation_tree import ROOT, Tree
from playground.core.sampling_settings import SEED_MAX, SamplingSettings
from playground.core.step import Step, drawn
from playground.core.visible import Glyph, glyphs
from playground.figures import generation as figures
from playground.lab import generating
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components import generation_told as say
from playground.ui.components.generation_inputs import Asked

_PROMPT_SHOWN = 240  # characters, its end
_BRANCH = re.compile(rf"\.|([.~]\d{{1,7}}){{1,{limits.GENERATED_TOKENS}}}")


def token_by_token(lens: Lens, asked: Asked) -> None:
    """The toolbar, the text with its alternatives, and the tree of continuations."""
    signature = say.digest(lens.model_id, asked.ids)
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
    prompt, label = _prompt(asked.prompt), partial(say.label, lens)
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
            st.session_state["generation.speed"] = at, which + speed if (speed := say.speed(text)) else ""
            if not first:
                _stand(tree, at)
            slot.html(figures.text(prompt, [*start, *text.steps], label))
    if first:
        st.session_state["generation.first"] = (_first_sight(asked), at)
    return at


def _show_board(lens: Lens, asked: Asked, tree: Tree, at: int, coming: Step | None, signature: str) -> None:
    data = figures.board(tree, at, coming, partial(say.label, lens), lens.stop_ids) | {
        "prompt": _prompt(asked.prompt),
        "greedy": _greedy(asked.settings),
        "treeTitle": f"All continuations so far: {figures.counted(len(tree))}, {len(tree.leaves())} "
        f"branch{'' if len(tree.leaves()) == 1 else 'es'}. Click a token to go there.",
    }
    data["signature"] = say.digest(signature, json.dumps(data), shell.visit().number)
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

    say.board(key="generation.board", data=data, on_go_change=go, on_take_change=take)


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
    say.circles(lens, steps)
    told = [f"{len(steps)} of at most {figures.counted(asked.new_tokens, 'new token')}", *say.probability(steps)]
    reached, speed = st.session_state.get("generation.speed", (ROOT, ""))
    if speed and reached in tree.path(at):  # what that run wrote is a part of this text
        told.append(speed)
    shell.provenance("measured", ". ".join(told) + f". {say.where(lens)}")


def _prompt(text: str) -> tuple[Glyph, ...]:
    """The prompt's end as it is shown: its spaces are spaces."""
    end = text if len(text) <= _PROMPT_SHOWN else f"…{text[-_PROMPT_SHOWN:]}"
    return tuple(figures.spaced(glyphs(end)))
