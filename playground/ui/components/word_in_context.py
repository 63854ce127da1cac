"""The Embeddings page's view of one word in two or three sentences, layer by layer."""

import streamlit as st

from playground import limits
from playground.core.words import occurrences
from playground.figures import embeddings as figures
from playground.models import embeddings_code, word_in_context
from playground.models.lens import Lens
from playground.ui import downloads, inputs, shell

WORD = "bank"
SENTENCES = (
    ("A", "first", "We sat on the grassy bank of the river and watched the boats."),
    ("B", "second", "She opened an account at the bank to save her salary."),
    ("C", "third", "He borrowed money from the bank to buy a house."),
)


def in_context(lens: Lens) -> str:
    """The word's similarity to itself across sentences; returns the code that gives the same."""
    word = inputs.line("Word", WORD, key="follow", max_characters=limits.WORD_CHARACTERS)
    sentences, which = [], []
    for column, (letter, key, example) in zip(st.columns(3), SENTENCES, strict=True):
        with column:
            label = f"Sentence {letter}" + (" (may be left empty)" if letter == "C" else "")
            text = inputs.text(label, example, key=key, max_characters=limits.SENTENCE_CHARACTERS, height=100)
            if text.strip() or letter != "C":
                sentences.append(text)
                which.append(_which(text, word, f"{key}_at"))
    found = word_in_context.compare(lens, word, sentences, which)
    shell.notices(found.notices)
    letters = [letter for letter, _, _ in SENTENCES]
    names = [f"{letters[pair.first]} and {letters[pair.second]}" for pair in found.pairs]
    curves = [(name, pair.similarity) for name, pair in zip(names, found.pairs, strict=True)]
    base = found.baseline
    st.plotly_chart(
        figures.layers(found.steps, curves, base.mean, base.low, base.high),
        width="stretch",
        config={"displayModeBar": False},
        key="layers",
        alt="The cosine of the word's vectors in two sentences, from the embedding to the last layer",
    )
    shell.provenance(
        "measured",
        f"{lens.title}, {lens.dtype} on {lens.device}. Grey: {base.pairs:,} pairs of different words in "
        "different sentences of ours, at the same layer: a model's vectors may all point much the same way, and only "
        "what lies above is the word's own ([Ethayarajh 2019](https://arxiv.org/abs/1909.00512), §3.3).",
    )
    row = st.container(horizontal=True)
    for name, (_, similarity) in zip(names, curves, strict=True):
        row.metric(
            f"{name}, last layer",
            f"{similarity[-1]:.2f}",
            f"{similarity[-1] - base.mean[-1]:+.2f} against different words",
            delta_color="off",
            delta_arrow="off",
        )
    with st.expander("As a table", icon=":material/table_chart:"):
        rows = [
            {
                "step": step,
                **{name: round(float(curve[n]), 4) for name, curve in curves},
                "different words": round(float(base.mean[n]), 4),
            }
            for n, step in enumerate(found.steps)
        ]
        st.dataframe(rows, hide_index=True)
        downloads.offer("word-in-context", rows, key="layers_file")
    spans = [occurrences(f.sentence, word.strip())[n - 1] for f, n in zip(found.followed, which, strict=True)]
    first, second = ((f.sentence, *span) for f, span in zip(found.followed[:2], spans[:2], strict=True))
    return embeddings_code.context(lens.model_id, lens.dtype, first, second)


def _which(sentence: str, word: str, key: str) -> int:
    """Which of the word's occurrences to follow, from 1; asked only where there is a choice."""
    times = len(occurrences(sentence, word.strip())) if word.strip() else 0
    if times < 2:
        return 1
    return inputs.choice(f"It stands there {times} times: follow number", range(1, times + 1), key=key, segmented=True)
