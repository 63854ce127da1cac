"""Lessons: a way through the pages, step by step; each step is a page in a state, and two sentences.

What a step says is checked on the real model whenever the tests run.
"""

import streamlit as st

from playground.ui import lessons, shell

shell.header(
    __file__,
    "A lesson leads through the pages: it sets them, says what to look at and asks one question. Change whatever you "
    "like on the way; **Back to the step** brings its state back. A copied link opens the same step for others.",
)
lessons.cards()

st.subheader("Your own lessons", anchor=False)
st.markdown(
    "A lesson is a YAML file: a title and steps, each with a page, its state as in the address, and what to say. Start "
    "with `llm-playground run --lessons FOLDER` to have yours here, and try them with `llm-playground lessons check "
    "FOLDER`: it opens every step, and names the line where something is wrong."
)
shell.code(lessons.EXAMPLE, "Show a lesson as a file", language="yaml")
