"""The live sampler: sliders and bars that follow the pointer in the browser, the settings kept in the URL.

The logits of the whole vocabulary travel once a prompt, as bytes: they are the sampler's data, and Streamlit does not
send again what has not changed. What a rerun changes goes through a second component, which draws nothing, as a few
hundred bytes of JSON. A drag sends nothing at all.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import streamlit as st

from playground.core import sampling, sampling_draws
from playground.core.sampling_settings import ORDERS, SEED_MAX, SamplingSettings, lenient
from playground.core.visible import glyphs
from playground.errors import BadInput
from playground.figures import palette
from playground.ui import shell

KEYS = {  # in the URL -> in core
    "t": "temperature",
    "k": "top_k",
    "p": "top_p",
    "minp": "min_p",
    "typ": "typical_p",
    "rp": "repetition_penalty",
    "seed": "seed",
}
OPTIONS: dict[str, tuple[str, ...]] = {  # in the URL -> its values; the first is the default, and not written
    "order": tuple(ORDERS),
    "mistake": ("", "top50"),
    "draws": ("", f"{sampling_draws.DRAWS}"),
}
FIRST_SEED = 0
TEXTS_SENT = 256  # texts of the most probable tokens; the browser needs no others to draw its picture
ROWS_COUNTED = 12  # tokens with a bar of their own among many draws

_KEY = "sampling.live"
_NEUTRAL: dict[str, float] = {name: getattr(SamplingSettings(), name, FIRST_SEED) for name in KEYS.values()}
_DEFAULTS = {name: values[0] for name, values in OPTIONS.items()}
_FILE = Path(__file__)
_PARTS = ("words", "chain", "draws", "controls", "waterfall", "curve", "many", "")  # a component has one script


def _read(*names: str) -> str:
    return "\n".join(_FILE.with_name(name).read_text(encoding="utf-8") for name in names)


_sampler = st.components.v2.component(
    "llm_playground.sampling",
    js=_read(*(f"sampling_{part}.js" if part else "sampling.js" for part in _PARTS)),
    html=_read("sampling.html"),
    css=f":host {{ --warning: {palette.WARNING}; }}\n{_read('sampling.css', 'sampling_cards.css')}",
)
_state = st.components.v2.component("llm_playground.sampling_state", js=_read("sampling_state.js"))


class Vocabulary(Protocol):
    """What is asked of a lens here."""

    @property
    def model_id(self) -> str: ...
    def token_text(self, token_id: int) -> str: ...
    def token_bytes(self, token_id: int) -> bytes: ...
    def encode(self, text: str, mode: Any = "plain") -> Any: ...


class Controls(NamedTuple):
    """Where the controls stand."""

    settings: SamplingSettings
    seed: int
    mistake: bool = False
    draws: bool = False


def controls(vocabulary_size: int) -> Controls:
    """The settings and the seed: from the address just opened, else as the person left them on this page."""
    state, visit = st.session_state, shell.visit()
    linked = {name: st.query_params[key] for key, name in KEYS.items() if key in st.query_params}
    chosen = {name: st.query_params[name] for name in OPTIONS if name in st.query_params}
    values: dict[str, float] = state.get("sampling.values", _NEUTRAL)
    options: dict[str, str] = state.get("sampling.options", _DEFAULTS)
    if state.get("sampling.visit") != visit.number:
        state["sampling.visit"] = visit.number
        if linked or chosen or visit.by_address:  # a link tells of all: what it leaves out is off
            usable, changed = lenient(linked, vocabulary_size)
            values, options = _NEUTRAL | usable, _known(chosen)
            unknown = (
                f"{name} in this link is no choice here: it is ignored." for name in chosen.keys() - options.keys()
            )
            shell.notices((*changed, *unknown))
            options = _DEFAULTS | options
    visit.drawing.update((*KEYS, *OPTIONS))
    values = values | {"top_k": min(values["top_k"], vocabulary_size)}
    _keep(values, options)
    numbers = {name: value for name, value in values.items() if name != "seed"}
    settings = SamplingSettings(**numbers, order=options["order"])  # type: ignore[arg-type]
    return Controls(settings, int(values["seed"]), bool(options["mistake"]), bool(options["draws"]))


def show(
    lens: Vocabulary,
    logits: np.ndarray,
    ids: Sequence[int],
    chosen: Controls,
    distribution: sampling.Distribution,
    on_append: Callable[[str], None],
) -> int:
    """Draw the sampler and return the id that the seed draws; ``on_append(text)`` is called with a token to append."""
    number = sampling.uniform(chosen.seed, len(ids))
    drawn = sampling.draw(distribution, number)
    signature, payload, tokens = _payload(lens.model_id, tuple(ids), logits, lens)
    wanted = [drawn, *(_likeliest(distribution) if chosen.draws else ())]
    named = [token(lens, i) | {"rank": _rank(logits, i)} for i in wanted]
    texts = {str(t["id"]): t["text"] for t in (*tokens, *named)}
    size = int(logits.size)

    def append() -> None:
        asked = _sent("append")
        text = texts.get(str(asked.get("id")))
        if text and asked.get("signature") == signature:  # not a click on the prompt of a moment ago
            on_append(text)

    def settings() -> None:
        sent = _sent("settings")
        usable, _ = lenient({name: str(sent.get(name)) for name in KEYS.values()}, size)
        options = {"order": sent.get("order")} | {n: OPTIONS[n][bool(sent.get(n))] for n in ("mistake", "draws")}
        resting = sent.get("resting")
        st.session_state["sampling.resting"] = lenient(_numbers(resting), size)[0]
        _keep(_NEUTRAL | usable, _DEFAULTS | _known(options))

    told_now = {
        "signature": signature,
        "epoch": shell.visit().number,
        "settings": {name: getattr(chosen.settings, name) for name in KEYS.values() if name != "seed"},
        "resting": st.session_state.get("sampling.resting", {}),
        "options": {"order": chosen.settings.order, "mistake": chosen.mistake, "draws": chosen.draws},
        "seed": chosen.seed,
        "seed_max": SEED_MAX,
        "u": number,
        "numbers": sampling_draws.uniforms(chosen.seed, len(ids)).tolist() if chosen.draws else None,
        "named": named,
    }
    with st.container(gap=None):
        _sampler(key=_KEY, data=payload, on_settings_change=settings, on_append_change=append)
        _state(key="sampling.state", data=told_now)
    return drawn


def token(lens: Vocabulary, token_id: int) -> dict[str, Any]:
    """One token as the browser needs it; ``text`` is empty where it can't stand in the prompt as text."""
    try:
        text, raw = lens.token_text(token_id), lens.token_bytes(token_id)
    except BadInput:  # some models have more logits than their tokenizer has tokens
        return {"id": token_id, "text": "", "control": True, "glyphs": [("text", f"id {token_id}")]}
    control = any(t.special for t in lens.encode(text, "control").tokens)
    typeable = not control and "\ufffd" not in text
    return {"id": token_id, "text": text if typeable else "", "control": control, "glyphs": glyphs(text, raw)}


@st.cache_data(max_entries=64, show_spinner=False)
def _payload(
    model_id: str, ids: tuple[int, ...], logits: np.ndarray, _lens: Vocabulary
) -> tuple[str, bytes, list[dict[str, Any]]]:
    order = sampling.most_probable_first(logits)
    tokens = [token(_lens, int(i)) for i in order[:TEXTS_SENT]]
    numbers = logits[order].astype("<f4").tobytes() + order.astype("<i4").tobytes()
    signature = hashlib.blake2b(repr((model_id, ids)).encode() + numbers, digest_size=8).hexdigest()
    previous = np.flatnonzero(np.isin(order, ids)).tolist()
    head = json.dumps({"signature": signature, "tokens": tokens, "previous": previous}).encode()
    return signature, len(head).to_bytes(4, "little") + head + bytes(-len(head) % 4) + numbers, tokens


def _rank(logits: np.ndarray, token_id: int) -> int:
    return int((logits > logits[token_id]).sum() + (logits[:token_id] == logits[token_id]).sum())


def _likeliest(distribution: sampling.Distribution) -> list[int]:
    first = sampling.most_probable_first(distribution.adjusted)[:ROWS_COUNTED]
    return [int(i) for i in first if distribution.adjusted[i]]


def _sent(name: str) -> dict[str, Any]:
    sent = st.session_state[_KEY].get(name)
    return sent if isinstance(sent, dict) else {}


def _numbers(sent: Any) -> dict[str, str]:
    found = sent if isinstance(sent, dict) else {}
    return {name: str(value) for name, value in found.items() if name in _NEUTRAL}


def _known(options: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value in OPTIONS[name]}


def _keep(values: dict[str, float], options: dict[str, str]) -> None:
    """Remember the values and make the address say the same: nothing for what is off."""
    st.session_state["sampling.values"], st.session_state["sampling.options"] = values, options
    ours = {key: f"{values[name]:.12g}" for key, name in KEYS.items() if values[name] != _NEUTRAL[name]}
    ours |= {name: value for name, value in options.items() if value != _DEFAULTS[name]}
    for key in (*KEYS, *OPTIONS):  # only our own: the page's other inputs write theirs
        if key not in ours:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != ours[key]:
            st.query_params[key] = ours[key]
