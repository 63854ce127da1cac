"""Read, then write: an encoder reads a text once, a decoder writes another, looking across at every step.

The decoder loops: what it wrote is fed back, until it writes the end of the sequence.
"""

import streamlit as st

from playground.models.translation import translate
from playground.ui import inputs, resources, shell
from playground.ui.components import encoder_decoder as views

EXAMPLE = "the 3rd of May '99"

shell.header(
    __file__,
    "This tiny T5 was trained, in this project, to do one thing: write a date the way computers do. Its encoder reads "
    "your text once; its decoder writes one character after another and looks back at the text each time. Press Play: "
    "where does it look for the year, the month, the day?",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("encoder-decoder",)))
with text_column:
    label = "A date, as you would write it" if lens.model_id == "date-t5" else "Text"
    text = inputs.text(label, EXAMPLE, key="source", height=68, max_characters=1_000)
made = translate(lens, text)
shell.notices(made.notices)
views.result(lens, made)
layer, head = views.head_choice(lens)
step = views.film(lens, made, layer, head)
views.map_of_all(lens, made, layer, head, step)

shell.code(views.code(lens, text, layer, head))
shell.try_this(
    __file__,
    (
        "Another order",
        {"source": "May 3, 1999", "step": "7"},
        "The month now comes first, and it is found there: attention has no fixed places. One letter is enough to "
        "look at, since the encoder has told each letter about its neighbours.",
    ),
    (
        "Not a date",
        {"source": "hello", "step": "10"},
        "It writes one anyway: a model can only do what it was trained for. At this step it is least sure.",
    ),
    (
        "Sure, and wrong",
        {"source": "14 juillet 1789", "step": "2"},
        "It was trained on years from 1900 to 2099, so it writes 1989, and hardly doubts it. A high probability is not "
        "the truth.",
    ),
    (
        "No such day",
        {"source": "31 February 2001", "step": "9"},
        "It copies what it reads. It has learned how dates are written, not what a calendar is.",
    ),
)
