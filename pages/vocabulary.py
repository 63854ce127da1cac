"""Vocabulary: the fixed list of pieces a tokenizer cuts every text into, and each piece's number.

Nobody chose them: they were counted in a training text, and they show which text it was.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import vocabulary

shell.header(
    __file__,
    "A tokenizer knows a *fixed list* of pieces, numbered from 0. Nobody wrote it: the pieces were the frequent ones "
    "in a training text, and they still show what that text was. Look anything up.",
)
search = vocabulary.ask()
table, picked = st.columns([3, 2], gap="large")
with table:
    entry = vocabulary.results(search)
if entry:
    with picked:
        vocabulary.details(search, entry)

st.subheader("What one would not guess", anchor=False)
vocabulary.facts(search)
vocabulary.code(search)

shell.try_this(
    __file__,
    (
        "Never used",
        {"tokenizer": "o200k", "only": "unstable"},
        "Twelve tokens that training made and encoding never reaches. What was that text?",
    ),
    (
        "Half a character",
        {"tokenizer": "gpt2", "by": "bytes", "query": "F0 9F"},
        "Pieces of emoji, and one whole emoji: find it. All the others GPT-2 must write in pieces.",
    ),
    (
        "How much Thai?",
        {"tokenizer": "o200k", "by": "regex", "query": r"^\s?\p{Thai}+$"},
        "Now choose cl100k, then GPT-2. Where do Thai texts get long, and why?",
    ),
    (
        "The longest",
        {"tokenizer": "cl100k", "only": "longest"},
        "Runs of spaces, rulers of dashes: code and web pages, not prose, made these frequent.",
    ),
)
