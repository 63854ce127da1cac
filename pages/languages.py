"""Languages: the same sentence takes three tokens in one language and thirty in another.

A vocabulary learned mostly from English spells other scripts in bytes: longer, slower, dearer, sooner out of context.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import languages

shell.header(
    __file__,
    "The same content is *not* the same number of tokens. A vocabulary learned mostly from English has words for "
    "English and single bytes for Tamil. Who writes in Tamil pays more, waits longer and runs out of context sooner.",
)
counted = languages.ask()
languages.heatmap(counted)
languages.sentences()

st.subheader("What it costs: the token tax", anchor=False)
languages.tax()

st.subheader("Your own text", anchor=False)
languages.own(counted)

shell.try_this(
    __file__,
    (
        "2019 to 2024",
        {"tokenizers": "gpt2,cl100k,o200k"},
        "The same company in 2019, 2022 and 2024. Which languages gained most, and which is still left behind?",
    ),
    (
        "Few, but lost",
        {"tokenizers": "o200k,bert", "measure": "tokens"},
        "BERT needs the fewest tokens for Thai: it reads nearly all of it as one unknown token a phrase.",
    ),
    (
        "Out of context",
        {"model": "gpt-3-175b", "length": "1000"},
        "A text that is half of GPT-3's context in English. In which languages does it no longer fit?",
    ),
    (
        "A greeting",
        {"text": "नमस्ते, आप कैसे हैं?", "english": "Hello, how are you?"},
        "Below, in your own text: how many tokens is a Hindi greeting for GPT-2, and for GPT-4o?",
    ),
)
