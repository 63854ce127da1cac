"""The one question every calculator begins with: a model of the catalogue, or a number of parameters."""

import streamlit as st

from playground.core.architectures import catalogue
from playground.core.parameters import count
from playground.core.subject import Subject, subject
from playground.core.units import format_count
from playground.ui import inputs

JUST_A_NUMBER = "params"


def subject_input(default: str = JUST_A_NUMBER, default_count: str = "7.5B") -> Subject:
    """A select box over the catalogue (``?model=``); its first choice opens a field for a count (``?params=``).

    A link that names a count and no model means the count, whatever model was chosen before.
    """
    if "params" in st.query_params and "model" not in st.query_params:
        inputs.pick("model", JUST_A_NUMBER)
    models = catalogue()

    def title(choice: str) -> str:
        if choice == JUST_A_NUMBER:
            return "A number of parameters…"
        return f"{models[choice].title} · {format_count(count(models[choice]))} parameters"

    picked = inputs.choice("Model", [JUST_A_NUMBER, *models], key="model", default=default, format_func=title)
    if picked != JUST_A_NUMBER:
        return subject(picked)
    return subject(count=inputs.line("Parameters", default_count, key="params", help="Such as 7.5B, 350M or 1.4T."))
