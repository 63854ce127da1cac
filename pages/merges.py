"""One word, piece by piece: three ways to cut a word, and each of them step by step.

BPE joins the pair with the lowest rank, WordPiece takes the longest piece, Unigram the most probable way of cutting.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import merges

shell.header(
    __file__,
    "A common word is one token, a rare one is built from parts. **Which** parts is decided by the vocabulary's "
    "algorithm: watch all three at work on the same word, with the numbers of real vocabularies.",
)
word, in_text, tokenizer = merges.ask()

if not word.strip():
    st.info("Type a word above, or try one of these.", icon=":material/edit:")
else:
    st.subheader("The same word, three ways", anchor=False)
    merges.three_ways(word, in_text, tokenizer)

    st.subheader("Byte-pair encoding: merge by merge", anchor=False)
    st.markdown("Start from single bytes. Join the two neighbours with the **lowest rank**: the rule learned first.")
    merges.merging(word, in_text, tokenizer)

    st.subheader("WordPiece: the longest match", anchor=False)
    st.markdown(
        "Start from the whole word. Not in the vocabulary? **Drop the last letter**, try again; **##** goes on."
    )
    merges.matching(word)

    st.subheader("Unigram: the most probable way", anchor=False)
    st.markdown(
        "Every piece has a probability. Of **all** ways to cut the word, take the one whose product is highest."
    )
    merges.lattice(word, in_text)

    shell.code(merges.snippet(in_text, tokenizer))

shell.try_this(
    __file__,
    (
        "With a space",
        {"word": "unhappiness", "place": "inside"},
        "· + u merges before u + n can: “un” is gone, and Unigram has the whole word as one piece.",
    ),
    (
        "A long word",
        {"word": "antidisestablishmentarianism", "tokenizer": "o200k"},
        "Millions of ways to cut it. Which parts of meaning survive in which vocabulary?",
    ),
    (
        "An emoji",
        {"word": "👩‍🚀", "tokenizer": "o200k"},
        "Bytes merge into characters, or do not; BERT has no piece and gives up: [UNK].",
    ),
    (
        "A phrase",
        {"word": "at the end of the day", "place": "inside"},
        "BPE merges each pre-token on its own; Jurassic-2's Unigram may take five words as one token.",
    ),
)
