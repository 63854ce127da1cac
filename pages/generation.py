"""Generation: a model writes one token at a time, and each one it takes decides what may come after.

Step through a text, force another word, branch; then greedy, sampling and beam search from one prompt.
"""

import streamlit as st

from playground.models import generation_code
from playground.ui import inputs, resources, shell
from playground.ui.components import generation, generation_inputs, generation_ways

EXAMPLE = "The best way to learn is"
LOOP = "A rose is a rose is a rose is"
SHOWS = {"text": "Token by token", "ways": "Greedy, sampling, beam search"}

shell.header(
    __file__,
    "A model writes one token at a time: it gives every token of its vocabulary a probability, one is taken, the text "
    "grows by it, and all begins anew. Step through a text, click a token to see what else could have come, take that "
    "instead, and watch the story branch.",
)
text_column, model_column = st.columns([2, 1])
with text_column:
    prompt = inputs.text("Prompt", EXAMPLE, height=68)
with model_column:
    model_id = resources.model_choice(kinds=("decoder",))
lens = resources.lens(model_id)
asked = generation_inputs.ask(lens, prompt)

show = inputs.choice("Look at", list(SHOWS), key="show", segmented=True, format_func=SHOWS.__getitem__)
if show == "text":
    generation.token_by_token(lens, asked)
else:
    generation_ways.side_by_side(lens, asked)
shell.code(generation_code.snippet(lens.model_id, lens.dtype, prompt, asked.new_tokens))

shell.try_this(
    __file__,
    (
        "Another way",
        {"text": EXAMPLE},
        "Click the first token and take an unlikely one instead, then Play. How long does the text remember it?",
    ),
    (
        "In circles",
        {"text": LOOP, "new": "60", "t": "0"},
        "Greedy repeats itself, surer each time. Press Play: does it get out? Then set temperature 1, Another seed.",
    ),
    (
        "Beyond greedy",
        {"text": EXAMPLE, "new": "20", "show": "ways"},
        "Beam search finds a text many times as probable as greedy's. Which token did greedy take too early?",
    ),
    (
        "Short texts win",
        {"text": "Hello, how are you?", "new": "20", "show": "ways", "penalty": "0.0"},
        "Length penalty 0: the best text is to end at once. At 1 a whole answer wins, at 2 one that does not end.",
    ),
)
