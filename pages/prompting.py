"""Prompt lab: a prompt is only text, and examples in it are only more text; nothing in the model changes.

Instruction, context, examples and query, what the model then prefers, and the measured effect of 0 to 6 examples.
"""

import streamlit as st

from playground.ui import resources, shell
from playground.ui.components import prompting, prompting_measured

shell.header(
    __file__,
    "With no example in it a prompt is **zero-shot**, with one **one-shot**, with a few **few-shot**. The model learns "
    "nothing: it reads on, and the next words follow what stands before them. *Build a prompt, see which answer the "
    "model prefers, then see what examples really do to a small model: measured, with error bars.*",
)
lens = resources.lens(prompting.model_choice())
task, shots, chat = prompting.chosen()
parts, whole = st.columns(2, gap="large")
more = st.container()  # below both, so that a phone shows the prompt and what is written before it
with parts:
    asked = prompting.ask(lens, task, shots, chat, more)
with whole:
    st.markdown("**The prompt, as the model reads it**")
    ids = prompting.prompt(lens, asked)
with parts:
    prompting.answer(lens, asked, ids)
prompting.likelihoods(lens, asked, ids)
prompting_measured.measured(lens, asked)

shell.code(prompting.snippet(lens, asked, ids))
shell.try_this(
    __file__,
    (
        "Zero-shot",
        {"shots": "0"},
        "All labels together have a few percent now: examples first teach the *form* of an answer. And which label "
        "gets nearly every review below?",
    ),
    (
        "The last one counts",
        {"shots": "3"},
        "The third example says Positive, and so does the model, nearly always. Take another order: under “Labels, "
        "context, examples”.",
    ),
    (
        "Four topics",
        {"exercise": "topics", "shots": "2"},
        "Chance is 25 % here. With two examples every topic gets its share; with three one is never named. Which?",
    ),
    (
        "Summaries",
        {"exercise": "dialogues", "shots": "1"},
        "Read what it writes with no example, with one, with six. Does ROUGE agree with you?",
    ),
)
