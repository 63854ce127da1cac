"""The live sampler: sliders and bars that follow the pointer in the browser, the settings kept in the URL.

The logits of the whole vocabulary travel once a prompt, as bytes: they are the sampler's data, and Streamlit does not
send again what has not changed. What a rerun changes goes through a second component, which draws nothing, as a few
hundred bytes of JSON. A drag sends nothing at all.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import streamlit as st

from playground.core import sampling
from playground.core.sampling_settings import SEED_MAX, SamplingSettings, lenient
from playground.core.visible import glyphs
from playground.errors import BadInput
from playground.ui import shell

KEYS = {"t": "temperature", "k": "top_k", "p": "top_p", "minp": "min_p", "seed": "seed"}  # in the URL -> in core
FIRST_SEED = 0
TEXTS_SENT = 256  # texts of the most probable tokens; the browser needs no others to draw its picture

_KEY = "sampling.live"
_NEUTRAL: dict[str, float] = {name: getattr(SamplingSettings(), name, FIRST_SEED) for name in KEYS.values()}
_FILE = Path(__file__)
_SCRIPT, _MARKUP, _STYLE = (_FILE.with_suffix(s).read_text(encoding="utf-8") for s in (".js", ".html", ".css"))
_sampler = st.components.v2.component("llm_playground.sampling", js=_SCRIPT, html=_MARKUP, css=_STYLE)
_state = st.components.v2.component(
    "llm_playground.sampling_state", js=_FILE.with_name("sampling_state.js").read_text(encoding="utf-8")
)


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


def controls(vocabulary_size: int) -> Controls:
    """The settings and the seed: from the address just opened, else as the person left them on this page."""
    state, visit = st.session_state, shell.visit()
    linked = {name: st.query_params[key] for key, name in KEYS.items() if key in st.query_params}
    values: dict[str, float] = state.get("sampling.values", _NEUTRAL)
    if state.get("sampling.visit") != visit.number:
        state["sampling.visit"] = visit.number
        if linked or visit.by_address:  # a link tells of all: what it leaves out is off
            usable, changed = lenient(linked, vocabulary_size)
            values = _NEUTRAL | usable
            shell.notices(changed)
    values = values | {"top_k": min(values["top_k"], vocabulary_size)}
    _keep(values)
    seed = int(values["seed"])
    return Controls(SamplingSettings(**{n: v for n, v in values.items() if n != "seed"}), seed)  # type: ignore[arg-type]


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
    rank = int((logits > logits[drawn]).sum() + (logits[:drawn] == logits[drawn]).sum())
    size = int(logits.size)
    told = token(lens, drawn) | {"rank": rank}
    texts = {str(t["id"]): t["text"] for t in (*tokens, told)}

    def append() -> None:
        asked = _sent("append")
        text = texts.get(str(asked.get("id")))
        if text and asked.get("signature") == signature:  # not a click on the prompt of a moment ago
            on_append(text)

    def settings() -> None:
        usable, _ = lenient({name: str(_sent("settings").get(name)) for name in KEYS.values()}, size)
        _keep(_NEUTRAL | usable)

    told_now = {
        "signature": signature,
        "epoch": shell.visit().number,
        "settings": {name: getattr(chosen.settings, name) for name in KEYS.values() if name != "seed"},
        "seed": chosen.seed,
        "seed_max": SEED_MAX,
        "u": number,
        "drawn": told,
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
    numbers = logits[order].astype("<f4").tobytes()
    signature = hashlib.blake2b(repr((model_id, ids)).encode() + numbers, digest_size=8).hexdigest()
    head = json.dumps({"signature": signature, "tokens": tokens}).encode()
    return signature, len(head).to_bytes(4, "little") + head + bytes(-len(head) % 4) + numbers, tokens


def _sent(name: str) -> dict[str, Any]:
    sent = st.session_state[_KEY].get(name)
    return sent if isinstance(sent, dict) else {}


def _keep(values: dict[str, float]) -> None:
    """Remember the values and make the address say the same: nothing for what is off."""
    st.session_state["sampling.values"] = values
    now = st.query_params.to_dict()
    ours = {key: f"{values[name]:.12g}" for key, name in KEYS.items() if values[name] != _NEUTRAL[name]}
    wanted = {key: value for key, value in now.items() if key not in KEYS} | ours
    if wanted != now:
        st.query_params.from_dict(wanted)  # all at once: each write is an entry in the browser's history
