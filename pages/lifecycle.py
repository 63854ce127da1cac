"""The lifecycle as a decision: prompt, few-shot, fine-tune (LoRA or all), pre-train, each with its price.

Prices come from the same calculators: 2N and 6N operations a token, the memory formulas, the cards' speed.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import lifecycle
from playground.ui.components.subjects import subject_input

shell.header(
    __file__,
    "You have a task. **Ask** a model, **show** it examples, **fine-tune** it, or **train your own**? Examples cost "
    "nothing once, but are read again with every request; training costs once, then the short prompt will do. With "
    "your numbers, which one pays?",
)
subject = subject_input(default="llama-3.1-8b")
task, machine = lifecycle.ask()

st.subheader("What each way costs", anchor=False)
lifecycle.decide(subject, task, machine)

st.subheader("When to take the next step", anchor=False)
lifecycle.when()

shell.code(lifecycle.SNIPPET)

shell.try_this(
    __file__,
    (
        "A hundred requests",
        {"requests": "100", "months": "1"},
        "Showing eight examples with each costs less than a cent in all, training LoRA sixteen. From how many requests "
        "on is LoRA the cheaper one?",
    ),
    (
        "Long examples",
        {"example_tokens": "2048", "shots": "16"},
        "32,768 tokens before every question: look at the memory to serve, and at the break-even.",
    ),
    (
        "A small model of your own",
        {"model": "smollm2-135m", "requests": "10000000"},
        "By the 20-token rule 135M parameters are pre-trained for about ten dollars; SmolLM2 itself read 2T tokens.",
    ),
)
