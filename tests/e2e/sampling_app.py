"""A small app for test_sampling_component.py: the live sampler on known logits and on tokens that try to misbehave."""

import numpy as np
import streamlit as st

from playground.core import sampling
from playground.core.tokens import Encoding, Token
from playground.ui import inputs, shell
from playground.ui.components import sampling as live

VOCABULARY = 49_152
HOSTILE = [
    " plain",
    "<script>parent.PWNED = 1</script>",
    "<img src=x onerror='parent.PWNED = 1'>",
    "![x](http://127.0.0.1:1/)",
    "$x$",
    ":red[x]",
    " a\n\tb ",
    "\u202eabc",
    "नमस्ते 👩‍🚀",
    "</style><b>",
]
PARTIAL, CONTROL = 10, 11  # half a character; a control token


def logits() -> np.ndarray:
    """The hostile tokens on top, then a long tail with thousands of ties, and some tokens that can't come."""
    tail = np.random.default_rng(11).normal(0, 1.5, VOCABULARY).round(1)
    tail[:12] = np.linspace(12, 9, 12)
    tail[-100:] = -np.inf
    return tail.astype(np.float32)


class TestVocabulary:
    """A lens as far as the sampler asks: texts, no model."""

    model_id = "test"

    def token_text(self, token_id: int) -> str:
        names = [*HOSTILE, "\ufffd", "<|end|>"]
        return names[token_id] if token_id < len(names) else f" t{token_id}"

    def token_bytes(self, token_id: int) -> bytes:
        return b"\x9f" if token_id == PARTIAL else self.token_text(token_id).encode()

    def encode(self, text: str, mode: str = "plain") -> Encoding:
        token = Token(0, text, text.encode(), 0, len(text), 0, len(text), special=text == "<|end|>")
        return Encoding("test", text, (token,), text)


def main() -> None:
    """One page."""
    prompt = inputs.text("Prompt", "start")
    values = logits()
    chosen, ids = live.controls(VOCABULARY), range(len(prompt))
    distribution = sampling.adjust(values, chosen.settings, ids)
    drawn = live.show(TestVocabulary(), values, ids, chosen, distribution, lambda t: inputs.pick("text", prompt + t))
    st.code(f"drawn={drawn}", language=None)


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    with shell.visiting("sampling"):
        main()
