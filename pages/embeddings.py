"""Embeddings: a token enters the model as a row of a table, and words used alike have rows that point alike.

The row is the same in every sentence; what a word means *here* is made by the layers, from its context.
"""

import streamlit as st

from playground.ui import inputs, resources, shell
from playground.ui.components import embeddings, word_in_context

VIEWS = {
    "nearest tokens": embeddings.nearest_tokens,
    "words compared": embeddings.words_compared,
    "word arithmetic": embeddings.word_arithmetic,
    "in context": word_in_context.in_context,
}
DECODER, ENCODER = "smollm2-135m", "minilm-l6"

shell.header(
    __file__,
    "The first thing a model does with a token is to look up its row in a table: a few hundred numbers, learned in "
    "training. Nobody told it what *king* means, but tokens used alike ended up with rows that point alike: the "
    "*cosine* of two rows is 1 for the same direction and 0 for directions that have nothing to do with each other.",
)
view_column, model_column = st.columns([2, 1])
with model_column:
    lens = resources.lens(resources.model_choice(kinds=("decoder", "encoder")))
with view_column:
    view = inputs.choice("What to look at", tuple(VIEWS), key="show", segmented=True)
shell.code(VIEWS[view](lens))

shell.try_this(
    __file__,
    (
        "Three, two…",
        {"show": "nearest tokens", "word": "three", "spellings": "other words"},
        "Are the nearest words ones that mean the same, or ones that could stand in the same place?",
    ),
    (
        "Where is Rome?",
        {"show": "word arithmetic", "sum": "Paris - France + Italy"},
        "Not every analogy works: the nearest word of all is *Paris* itself. And without the sum's words: is it Rome?",
    ),
    (
        "Which book?",
        {
            "show": "in context",
            "follow": "book",
            "first": "I read the teacher's book in one evening.",
            "second": "I want to book a flight to Madrid.",
            "third": "She wrote a book about birds.",
        },
        "All start at 1. By the last layer the book to read in A and C has stayed together; the verb has left.",
    ),
    (
        "Looking back",
        {
            "show": "in context",
            "follow": "bank",
            "first": "The bank of the river was steep.",
            "second": "The bank of my aunt gave us a loan.",
            "third": "",
        },
        "The words before *bank* are the same, and a decoder sees no others: 1 in every layer. Choose MiniLM, which "
        "reads both ways.",
    ),
)
