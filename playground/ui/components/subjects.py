"""The one question every calculator begins with: a model of the catalogue, or a number of parameters."""

import streamlit as st

from playground.core import hub_config
from playground.core.architectures import catalogue
from playground.core.parameters import count
from playground.core.subject import Subject, subject
from playground.core.units import format_count
from playground.ui import inputs, shell

JUST_A_NUMBER, OWN_CONFIG = "params", "config"
CONFIG_EXAMPLE = """{
  "model_type": "llama",
  "hidden_size": 2048,
  "num_hidden_layers": 16,
  "num_attention_heads": 32,
  "num_key_value_heads": 8,
  "intermediate_size": 8192,
  "vocab_size": 128256,
  "max_position_embeddings": 131072,
  "tie_word_embeddings": true
}"""


def subject_input(default: str = JUST_A_NUMBER, default_count: str = "7.5B") -> Subject:
    """A select box over the catalogue (``?model=``); its first choice opens a field for a count (``?params=``).

    Its second choice takes any hub model's ``config.json`` (``?config=``), pasted or as a file. A link that names a
    count and no model means the count, whatever model was chosen before.
    """
    if "params" in st.query_params and "model" not in st.query_params:
        inputs.pick("model", JUST_A_NUMBER)
    models = catalogue()

    def title(choice: str) -> str:
        if choice == JUST_A_NUMBER:
            return "A number of parameters…"
        if choice == OWN_CONFIG:
            return "A config.json…"
        return f"{models[choice].title} · {format_count(count(models[choice]))} parameters"

    picked = inputs.choice(
        "Model",
        [JUST_A_NUMBER, OWN_CONFIG, *models],
        key="model",
        default=default,
        format_func=title,
        help="A published model, by its exact shape; or any number of parameters (the weights a model learned); or a "
        "model's own config.json, pasted.",
    )
    if picked == OWN_CONFIG:
        return _own_config()
    if picked != JUST_A_NUMBER:
        return subject(picked)
    return subject(count=inputs.line("Parameters", default_count, key="params", help="Such as 7.5B, 350M or 1.4T."))


def _own_config() -> Subject:
    """A config.json of the person's own: pasted, or a file that fills the text."""
    with st.popover("Open a file", icon=":material/upload_file:"):
        st.file_uploader("config.json", type="json", key="config.file", on_change=_from_file, max_upload_size=1)
    text = inputs.text(
        "config.json, as on the hub",
        CONFIG_EXAMPLE,
        key="config",
        max_characters=hub_config.CHARACTERS + 1,  # what is longer is refused, not cut
        height=190,
        help=f"Its model_type may be {', '.join(hub_config.TYPES)}.",
    )
    model = hub_config.parse(text)
    about = Subject(count(model), model)
    shell.notices([f"{about.parameters:,} parameters, counted tensor by tensor; nothing is downloaded."])
    return about


def _from_file() -> None:
    uploaded = st.session_state["config.file"]
    if uploaded is not None:
        inputs.pick("config", uploaded.getvalue()[: 4 * hub_config.CHARACTERS].decode("utf-8", "replace"))
