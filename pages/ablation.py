"""Does it matter? Take a head, a layer or a single look out of the running model and see what the next token becomes.

What is left out shows what it was for: the change of the distribution, in bits (KL), not the strength of a look.
"""

import streamlit as st

from playground.ui import inputs, resources, shell
from playground.ui.components import ablation, ablation_compared

EXAMPLE = "The capital of France is"
MODEL = "smollm2-135m"
VIEWS = {
    "one cut": ablation.one_cut,
    "every head": ablation_compared.every_head,
    "look by look": ablation_compared.edges,
}

shell.header(
    __file__,
    "An attention map shows where a head looks, not whether that matters. So take it out and run the model again. "
    "In the example: without one head of 270, how sure is the model still of *Paris*?",
)
text_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder",)))
with text_column:
    text = inputs.text("Text", EXAMPLE, height=68, end=True)
view = inputs.choice("Look at", tuple(VIEWS), key="show", segmented=True)
snippet = VIEWS[view](ablation.ask(lens, text))
shell.code(snippet)

shell.try_this(
    __file__,
    (
        "One look",
        {"model": MODEL, "text": EXAMPLE, "cut": "edge", "layer": "23", "head": "4", "query": "4", "key": "3"},
        "The same head may look at everything but *France*: that moves the prediction by 1.6 bits, taking the whole "
        "head out by 1.7. So nearly all that it does here is this one look.",
    ),
    (
        "A sink, dropped and masked",
        {"model": MODEL, "text": EXAMPLE, "show": "look by look", "layer": "18", "head": "8", "method": "drop"},
        "All of its attention is on the first token. Dropping that look changes next to nothing, masking it a lot: "
        "then the weight must go elsewhere. Which of the two tells what the look was worth?",
    ),
    (
        "Which heads copy?",
        {
            "model": MODEL,
            "text": "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr",
            "show": "every head",
        },
        "Head 18.6 puts more than half of its attention on *Potter*, the answer; taking it out moves the prediction "
        "by some 0.2 bits. Is that among the six heads that matter most?",
    ),
)
