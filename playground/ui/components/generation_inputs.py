"""What is to be written: the prompt, the settings shared with the Sampling page, the seed, how long a text may get."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from playground import limits
from playground.core.sampling_settings import SEED_MAX, TEMPERATURE_MAX, SamplingSettings
from playground.errors import BadInput
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components import sampling as live

NEW_TOKENS = 40


class Asked(NamedTuple):
    """What is to be written."""

    prompt: str
    ids: tuple[int, ...]
    settings: SamplingSettings
    seed: int
    new_tokens: int  # at most


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
