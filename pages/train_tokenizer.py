"""Train a tokenizer: count what stands side by side, give the most frequent a number of its own, and repeat.

Compression on the text it learned from is easy; on a text it never saw it is the point.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import training

shell.header(
    __file__,
    "A vocabulary is *learned*: count what often stands side by side, give it a number of its own, and count again. "
    "Train one on your own text, see what it learned first, and whether it beats GPT-2's 50,257 tokens.",
)
asked = training.ask()
found = training.trained(asked)

if found:
    st.subheader("How well it compresses", anchor=False)
    training.compare(asked, found)
    if found.kind == "bpe":
        training.growth(asked, found)

    st.subheader("What it learned, in order", anchor=False)
    training.learned(asked, found)

    st.subheader("The text it never saw, in tokens", anchor=False)
    training.cut(asked, found)
    training.code(asked)

shell.try_this(
    __file__,
    (
        "Nine merges",
        {"size": "265", "kind": "bpe"},
        "They are the commonest pairs of English letters, and “ the” is already among them. Which is the next?",
    ),
    (
        "Learned by heart",
        {"size": "2000", "kind": "bpe"},
        "On its own text it passes GPT-2 with a fraction of the entries; on the text it never saw it does not.",
    ),
    (
        "A word it can't spell",
        {"size": "500", "kind": "wordpiece"},
        "“ He” is [UNK], though H is known: here a space begins the word, and no ##H was learned. BPE spells it out.",
    ),
    (
        "The BPE paper",
        {
            "corpus": "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
            "size": "270",
        },
        "Its example words: “es”, then “est”. Follow the merges down to “newest”.",
    ),
)
