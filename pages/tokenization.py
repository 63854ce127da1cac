"""Tokenization: a model reads numbered pieces of text, not letters.

A vocabulary learned beforehand says which: one token for a common word, parts for a rare one, bytes for the rest.
"""

import streamlit as st

from playground.models.engines import snippets
from playground.ui import shell
from playground.ui.components import tokenization

EXAMPLE = "Tokenization turns “unhappiness” into 3 or 4 pieces; café, नमस्ते and 👩‍🚀 may need many more."

shell.header(
    __file__,
    "A model never sees letters. A *tokenizer* cuts the text into pieces from a fixed vocabulary and hands over their "
    "numbers: one token for a common word, several for a rare one, single bytes for what it has never met.",
)
text, by_id, special = tokenization.ask(EXAMPLE)
sides = tuple(by_id.values())

if not text:
    st.info("There is nothing to cut yet: type a text above, or try one of these.", icon=":material/edit:")
else:
    st.subheader("Side by side", anchor=False)
    tokenization.side_by_side(sides)

    st.subheader("The same text, counted", anchor=False)
    tokenization.counted(sides)

    st.subheader("A closer look: from text to ids", anchor=False)
    one = tokenization.closer_look(by_id, text, special)
    shell.code(snippets.snippet(one, text, special))

shell.try_this(
    __file__,
    (
        "Digits",
        {"text": "1 12 123 1234 12345 1234567890"},
        "One token a digit, threes, or whatever was frequent. Which of these would you like to add with?",
    ),
    (
        "A family",
        {"text": "👨‍👩‍👧‍👦"},
        "One picture, seven characters, 25 bytes. In the closer look, see where tokens end inside a character.",
    ),
    (
        "Indented code",
        {"text": "def f(x):\n    if x > 0:\n        return x ** 2\n", "step": "pre-tokens"},
        "GPT-2 spends a token on each space of an indent; its successors have tokens for runs of spaces.",
    ),
    (
        "A typed special",
        {"text": "Stop here.<|endoftext|>And go on.", "special": "control"},
        "Switch between plain and control: a handful of ordinary tokens, or the one id that ends a text.",
    ),
)
