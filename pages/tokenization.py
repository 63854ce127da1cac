"""Tokenization: a model reads numbered pieces of text, not letters.

A vocabulary learned beforehand says which: one token for a common word, parts for a rare one, bytes for the rest.
"""

from functools import partial

import streamlit as st

from playground import limits
from playground.core.tokens import measure
from playground.figures import tokens as figures
from playground.models.engines import snippets
from playground.ui import inputs, shell, tokenizing

EXAMPLE = "Tokenization turns “unhappiness” into 3 or 4 pieces; café, नमस्ते and 👩‍🚀 may need many more."
RATIO = st.column_config.NumberColumn(format="%.2f")

shell.header(
    __file__,
    "A model never sees letters. A *tokenizer* cuts the text into pieces from a fixed vocabulary and hands over their "
    "numbers: one token for a common word, several for a rare one, single bytes for what it has never met.",
)
text = inputs.text("Text", EXAMPLE, max_characters=limits.TEXT_CHARACTERS, height=110)
chosen = inputs.choices(
    "Tokenizers", list(tokenizing.TITLES), key="tokenizers", format_func=tokenizing.TITLES.__getitem__
)
with st.container(horizontal=True, gap="medium"):
    view = inputs.choice("Show on each token", ("text", "ids", "bytes"), key="view", segmented=True)
    special = inputs.choice(
        "Special tokens in the text",
        ("plain", "control"),
        key="special",
        segmented=True,
        help="What a typed <|endoftext|>, [SEP] or <|im_end|> becomes. **plain**: text like any other, the safe way "
        "to treat what users type. **control**: the single id by which a model is told that the text ends.",
    )

by_id = tokenizing.compare(chosen, text, special)
sides = tuple(by_id.values())
st.html(figures.cards(sides, view, limits.TOKENS_SHOWN // len(sides)))
st.caption(
    "· is a space, ↵ a line end, ⇥ a tab. Boxed hex digits are bytes: part of a character, cut by the tokenizer. "
    "A boxed U+200D is a whole character that draws nothing. Thick frame: a control token; dashed: text that is lost."
)
shell.provenance("measured", "Encoded now by tiktoken, tokenizers and sentencepiece with the published vocabularies.")

st.subheader("The same text, counted", anchor=False)
measured = measure(sides[0].encoding)
with st.container(horizontal=True):
    st.metric("Characters", f"{measured.characters:,}", help="Unicode code points: 👩‍🚀 is three.", border=True)
    st.metric("UTF-8 bytes", f"{measured.utf8_bytes:,}", help="What byte-level BPE starts from.", border=True)
    st.metric("Words", f"{measured.words:,}", help="Pieces between white space.", border=True)
st.plotly_chart(
    figures.bars(sides),
    width="stretch",
    config={"displayModeBar": False},
    key="tokenization.bars",
    alt="The number of tokens each tokenizer makes of the text",
)
st.dataframe(
    figures.counts(sides),
    hide_index=True,
    column_config={"characters per token": RATIO, "bytes per token": RATIO, "tokens per word": RATIO},
)
shell.provenance(
    "computed",
    "Tokens per word is *fertility* ([Rust et al. 2021](https://arxiv.org/abs/2012.15613)); words are cut at white "
    "space, so it means nothing for Chinese or Thai.",
)

st.subheader("A closer look", anchor=False)
one = inputs.choice("Tokenizer", chosen, key="tokenizer", format_func=tokenizing.TITLES.__getitem__)
encoding = by_id[one].encoding
st.caption("Top to bottom: the character, its code point, its UTF-8 bytes, and the token over those bytes with its id.")
st.html(figures.byte_strip(encoding, limits.TOKENS_ALIGNED))
if not encoding.round_trip:
    st.caption("Decoding the ids gives another text. Struck out: lost. Underlined: new.")
    st.html(figures.difference(encoding))
st.dataframe(figures.table(encoding, limits.TOKENS_SHOWN), hide_index=True, height=300)
st.download_button(
    "All tokens as CSV", partial(figures.csv, encoding), f"tokens-{one}.csv", "text/csv", on_click="ignore"
)
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
        {"text": "def f(x):\n    if x > 0:\n        return x ** 2\n"},
        "GPT-2 spends a token on each space of an indent; its successors have tokens for runs of spaces.",
    ),
    (
        "A typed special",
        {"text": "Stop here.<|endoftext|>And go on.", "special": "control"},
        "Switch between plain and control: a handful of ordinary tokens, or the one id that ends a text.",
    ),
)
