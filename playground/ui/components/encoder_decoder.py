"""The "Read, then write" page: a source read once, a target written step by step, and where each step looked."""

import hashlib
import json
from pathlib import Path
from typing import Any

import streamlit as st

from playground import limits
from playground.core.visible import visible
from playground.figures import encoder_decoder as figures
from playground.models import encoder_decoder_code
from playground.models.lens import Lens
from playground.models.translation import Translation, training
from playground.ui import downloads, inputs, shell

TELLING = {"date-t5": (1, 1)}  # the decoder layer and head whose looks a person can read
FIRST_STEP = 7  # of the example, where the month is written
MEAN = "average"
SURE = 0.9

_FILE = Path(__file__)
_film = st.components.v2.component(
    "llm_playground.encoder_decoder",
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
    css="\n".join(
        file.read_text(encoding="utf-8") for file in (_FILE.with_name("player.css"), _FILE.with_suffix(".css"))
    ),
    html=_FILE.with_suffix(".html").read_text(encoding="utf-8"),
)


def head_choice(lens: Lens) -> tuple[int, int | None]:
    """The decoder's layer and its head, None for the average."""
    first_layer, first_head = TELLING.get(lens.model_id, (lens.decoder_layers - 1, MEAN))
    layer_column, head_column = st.columns(2)
    with layer_column:
        layers = range(lens.decoder_layers)
        layer = inputs.choice("Decoder layer (from 0)", layers, key="layer", default=first_layer, slider=True)
    with head_column:
        options = (MEAN, *map(str, range(lens.heads)))
        head = inputs.choice("Head (from 0)", options, key="head", default=str(first_head), slider=True)
    return layer, None if head == MEAN else int(head)


def film(lens: Lens, made: Translation, layer: int, head: int | None) -> int:
    """The steps, one at a time, with a slider and a film; returns the step the reader is at, from 1."""
    count = len(made.steps)
    at = inputs.picked("step", min(FIRST_STEP, count), lambda text: int(text) if text in _numbers(count) else None)
    cross_TS = made.cross(layer, head)
    data: dict[str, Any] = figures.film(made.source, made.target, made.steps, cross_TS, lens.token_label)
    data["signature"] = _digest(data, shell.visit().number)
    data["at"] = at

    def moved() -> None:
        told = st.session_state["encoder_decoder.film"].get("step")
        if (
            isinstance(told, dict)
            and told.get("signature") == data["signature"]
            and str(told.get("at")) in _numbers(count)
        ):
            inputs.pick("step", told["at"])

    _film(key="encoder_decoder.film", data=data, on_step_change=moved)
    where = "its heads' average" if head is None else f"head {head}"
    shell.provenance(
        "measured",
        f"the encoder ran once over {len(made.source)} tokens, the decoder {count} times, taking the most probable "
        f"token each time ({lens.title}, {lens.dtype} on {lens.device}). Shown: decoder layer {layer}, {where}.",
    )
    return at


def result(lens: Lens, made: Translation) -> None:
    """What was written, and how sure of it the model was."""
    row = st.container(horizontal=True)
    row.metric("Written", visible(made.written))
    least = made.least_sure.probability
    row.metric("Least sure step", f"{100 * least:.1f} %", help="The smallest probability among the tokens it wrote.")
    record = training(lens.model_id)
    if record:
        shell.provenance(
            "recorded",
            f"trained in {record.steps:,} steps by `llm-playground train-date-t5`; of texts held out from training, "
            f"{100 * record.accuracy:.1f} % came out exactly right.",
        )
    if record and least < SURE:
        st.info(
            "This model has seen nothing but dates. It has no way to say “this is none”: it writes the date that fits "
            "best. Here some of its probabilities are low; but a model can also be sure and wrong (*Sure, and "
            "wrong*, below).",
            icon=":material/help:",
        )


def map_of_all(lens: Lens, made: Translation, layer: int, head: int | None, step: int) -> None:
    """The whole cross-attention map, and the file of all of them."""
    written = [lens.token_label(one.id) for one in made.steps]
    st.subheader("All steps at once", anchor=False)
    st.plotly_chart(
        figures.cross(made.cross(layer, head), made.source, written, step - 1),
        width="stretch",
        config={"displayModeBar": False},
        key="cross",
        alt="Cross-attention: a row for each token written, a column for each one read",
    )
    st.caption("A row for each token written, a column for each one read; a row's weights add up to 1.")
    downloads.offer("cross-attention", figures.rows(made.maps.cross_LHTS, made.source, written), key="cross.file")


def code(lens: Lens, text: str, layer: int, head: int | None) -> str:
    """The lines that give the same."""
    return encoder_decoder_code.snippet(
        lens.model_id, lens.dtype, text, layer, head, min(limits.HEATMAP_TOKENS, lens.max_tokens), limits.TARGET_TOKENS
    )


def _numbers(count: int) -> set[str]:
    return {str(number) for number in range(1, count + 1)}


def _digest(data: dict[str, Any], visit: int) -> str:
    return hashlib.sha256(f"{visit}{json.dumps(data)}".encode()).hexdigest()[:16]
