"""What fits my card: the memory calculators the other way round.

The longest context, the largest batch, the best quantization, the recipes that can train, the largest model.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import fits, memory_inputs
from playground.ui.components.subjects import subject_input

shell.header(
    __file__,
    "You have a card. **How long may a text be**, how many at once, in how many bits, and which is the *largest model* "
    "it can run, or train? The “GB” on a card's box are GiB, 2³⁰ bytes each, and a program gets a little less.",
)
card_column, model_column, task_column = st.columns([3, 3, 2])
with card_column:
    card = fits.card_choice()
with model_column:
    subject = subject_input(default="llama-3.1-8b")
with task_column:
    task = memory_inputs.ask_task()

st.subheader("This model on this card", anchor=False)
if task == "inference":
    asked = fits.to_answer(subject, card)
    st.subheader("The largest model this card can run", anchor=False)
    fits.largest_to_run(asked, card)
else:
    trained = fits.to_learn(subject, card)
    st.subheader("The largest model this card can train", anchor=False)
    fits.largest_to_train(trained, card)

shell.code(fits.SNIPPET)

shell.try_this(
    __file__,
    (
        "8B on a small card",
        {"card": "rtx-4060", "model": "llama-3.1-8b", "task": "inference"},
        "16 GB of weights on a card of 8: nothing fits. The best weights that fit have how many bits?",
    ),
    (
        "One million tokens",
        {"card": "h100-80gb", "model": "llama-3.1-8b", "context": "1048576", "kv": "fp8"},
        "The cache of a million tokens: larger than the weights. In which precision does it fit?",
    ),
    (
        "Train 7B at home",
        {"card": "rtx-4090", "model": "llama-2-7b", "task": "training", "recompute": "full"},
        "Full training needs more than 100 GB of states. Which two recipes fit into 24 GiB?",
    ),
)
