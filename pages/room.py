"""Classroom: one leads, and everyone's page follows; the class predicts the next token, or writes as the model does.

A room has a code that is shown and secrets that are not; what the class answers is counted beside the model.
"""

import streamlit as st

from playground.ui import inputs, resources, rooms, shell
from playground.ui.components import rooms as classroom
from playground.ui.components import rooms_lead as lead

EXAMPLE = "The capital of France is"

shell.header(__file__, classroom.lede())
rooms.refusals()
who = rooms.member()
asking = who is None or (who.leads and lead.free(who))
if who is None:
    classroom.enter()
    st.subheader("Try a question alone", anchor=False)
elif who.leads:
    lead.wall(who)
    lead.now(who)
else:
    classroom.take_part(who)

if asking:
    prompt_column, model_column = st.columns([2, 1])
    with prompt_column:
        prompt = inputs.text("Prompt", EXAMPLE, height=68)
        ready = classroom.has_prompt(prompt)
    with model_column:
        model_id = resources.model_choice(kinds=("decoder",))
    lens = resources.lens(model_id)
    if who is not None:
        lead.ask(lens, prompt, *lead.how())
    elif ready:
        classroom.alone(lens, prompt)

if who is not None and who.leads:
    lead.people(who)
    lead.end()
if asking:
    shell.try_this(
        __file__,
        (
            "A sure model",
            {"text": "The capital of France is"},
            "One token has most of the probability. Would your class be as sure?",
        ),
        (
            "An unsure model",
            {"text": "My favourite thing is"},
            "The likeliest token has a few percent. A class that votes decides more than it predicts.",
        ),
        (
            "A pattern",
            {"text": "The opposite of hot is cold. The opposite of up is"},
            "SmolLM2 135M Instruct takes the pattern up at some 94 %. Does your class?",
        ),
    )
