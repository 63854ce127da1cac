"""The Embeddings page's views on the table of rows: nearest tokens, words compared, word arithmetic."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from playground import limits
from playground.core import embeddings, words
from playground.core.tokens import Token
from playground.figures import embeddings as figures
from playground.models import embeddings_code, word_rows
from playground.models.lens import Lens
from playground.ui import downloads, inputs, shell

WORD = "king"
WORDS = "king, queen, man, woman, Paris, London, France, England, cat, dog, three, four"
SUM = "king - man + woman"
COUNTS = (5, 10, 15, 20, 30, limits.NEIGHBOURS)
FREQUENT = 2_000  # ids counted as frequent
SPACED, ALONE = "inside a sentence", "at the start"


def nearest_tokens(lens: Lens) -> str:
    """The tokens whose rows are most alike to one token's; returns the code that gives the same."""
    word_column, place_column = st.columns(2)
    with word_column:
        word = inputs.line("Word", WORD, key="word", max_characters=limits.WORD_CHARACTERS)
    spaced = True
    if word_rows.space_matters(lens, word):
        with place_column:
            spaced = _spaced()
    token, piece, text = _picked(lens, word, spaced)
    kind_column, count_column = st.columns(2)
    with kind_column:
        other = inputs.choice(
            "Show",
            ("all tokens", "other words"),
            key="spellings",
            segmented=True,
            help="**other words** leaves out the token's own spellings: capitals, with and without a space.",
        )
    with count_column:
        count = inputs.choice("How many", COUNTS, key="top", default=15, slider=True)
    vector = lens.embedding_rows([token.id])[0]
    other_than = [token.text] if other == "other words" else []
    found = word_rows.nearest(lens, vector, count, without=[token.id], other_than=other_than)
    _bars(found, [False] * len(found), word_rows.average(lens, vector), "nearest")
    shell.provenance(
        "measured",
        f"{lens.title}: the row of token {token.id:,} against all {lens.known_tokens:,} rows of {len(vector)} numbers, "
        f"each one compared. Its own length is {np.linalg.norm(vector):.2f}.",
    )
    st.caption(
        f"The dotted line: every token of the vocabulary, on average. For comparison, {_at_random(lens)}. "
        + ("Rows of rare tokens, seldom touched in training, point more alike." if lens.kind == "decoder" else "")
    )
    _table(found, f"nearest-{token.id}", "nearest_table")
    return embeddings_code.neighbours(lens.model_id, lens.dtype, text, piece, count + 1)


def _spaced() -> bool:
    place = inputs.choice(
        "Where it stands",
        (SPACED, ALONE),
        key="place",
        segmented=True,
        help="Inside a sentence a space comes before it, and belongs to the token: another token, another row.",
    )
    return place == SPACED


def _picked(lens: Lens, word: str, spaced: bool) -> tuple[Token, int, str]:
    """The token asked about, its place in the word, and the text as it was encoded."""
    tokens = word_rows.tokens_of(lens, word, spaced)
    piece = 0
    if len(tokens) > 1:
        labels = [f"{n}: {lens.token_label(token.id)}" for n, token in enumerate(tokens, start=1)]
        shell.notices(
            [f"The vocabulary has no token for this: it is {len(tokens)} tokens. Choose which one to look at."]
        )
        picked = inputs.choice(
            "Token", [str(n) for n in range(1, len(tokens) + 1)], key="piece", format_func=lambda n: labels[int(n) - 1]
        )
        piece = int(picked) - 1
    token = tokens[piece]
    text = word.strip() if token.special or not spaced else f" {word.strip()}"
    return token, piece, text


def _bars(found: Sequence[word_rows.Near], grey: Sequence[bool], average: float, key: str) -> None:
    st.plotly_chart(
        figures.neighbours([n.label for n in found], [n.cosine for n in found], grey, average),
        width="stretch",
        config={"displayModeBar": False},
        key=key,
        alt="The nearest tokens of the vocabulary and their cosines",
    )


def _at_random(lens: Lens) -> str:
    """How alike two tokens are that have nothing in common, in a few words."""
    score = f"two tokens picked at random score {lens.embedding_mean_cosine():.2f} on average"
    if lens.kind == "encoder":
        return score
    return f"{score}, two of the first {FREQUENT:,} (the most frequent) {lens.embedding_mean_cosine(FREQUENT):.2f}"


def _table(found: Sequence[word_rows.Near], name: str, key: str) -> None:
    with st.expander("As a table", icon=":material/table_chart:"):
        st.dataframe(
            [{"token": n.label, "id": n.id, "cosine": n.cosine, "length of its row": n.norm} for n in found],
            hide_index=True,
            column_config={
                "cosine": st.column_config.NumberColumn(format="%.4f"),
                "length of its row": st.column_config.NumberColumn(format="%.3f"),
            },
        )
        rows = [{"token": n.text, "id": n.id, "cosine": round(n.cosine, 6), "norm": round(n.norm, 6)} for n in found]
        downloads.offer(name, rows, key=key)


def words_compared(lens: Lens) -> str:
    """A similarity matrix and a projection of some words; returns the code that gives the same."""
    text = inputs.text("Words, with commas between them", WORDS, key="words", max_characters=2_000, height=68)
    named, twice = words.parse_list(text, limits.WORDS_COMPARED)
    found, averaged = word_rows.words(lens, named)
    shell.notices((*twice, *averaged))
    rows = np.stack([w.vector for w in found])
    matrix = embeddings.cosine_matrix(rows)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("How alike", anchor=False)
        st.plotly_chart(
            figures.similarity(named, matrix),
            width="stretch",
            config={"displayModeBar": False},
            key="similarity",
            alt="The cosine of every two of the words",
        )
        shell.provenance("measured", f"cosines of rows of {lens.title}; {_at_random(lens)}.")
    with right:
        st.subheader("As a map", anchor=False)
        components = _map(lens, named, rows)
    cells = [
        {"word": a, **{b: round(float(c), 6) for b, c in zip(named, row, strict=True)}}
        for a, row in zip(named, matrix, strict=True)
    ]
    downloads.offer("similarity", cells, key="similarity_file")
    return embeddings_code.similarity(lens.model_id, lens.dtype, [_as_encoded(w) for w in found], components)


def _map(lens: Lens, named: Sequence[str], rows: np.ndarray) -> int:
    possible = (2, 3) if len(named) > 3 else (min(2, len(named) - 1),)
    components = possible[0]
    if len(possible) > 1:
        components = inputs.choice(
            "Dimensions", possible, key="dimensions", segmented=True, format_func=lambda k: f"{k}-D"
        )
    seen = embeddings.project(rows, components)
    if components < 2:
        st.caption("Two words lie on one line. A third makes a map.")
        return components
    st.plotly_chart(
        figures.projection(named, seen.points, seen.explained.tolist()),
        width="stretch",
        config={"displayModeBar": False},
        key="map",
        alt="The words along the principal components of their rows",
    )
    shell.provenance(
        "computed",
        f"principal components of these rows (Pearson 1901). The picture shows {100 * seen.explained.sum():.0f} % of "
        f"how they differ; the rest lies in the other {rows.shape[1] - components} dimensions.",
    )
    return components


def _as_encoded(word: word_rows.Word) -> str:
    """With the space in front that it was encoded with, where there was one."""
    return word.word if word.tokens[0].special else f" {word.word}"


def word_arithmetic(lens: Lens) -> str:
    """What lies nearest to a sum of words; returns the code that gives the same."""
    sum_column, count_column = st.columns([3, 2])
    with sum_column:
        text = inputs.line(
            "Sum of words",
            SUM,
            key="sum",
            max_characters=200,
            help="A + or − stands before a word: king - man + woman.",
        )
    with count_column:
        count = inputs.choice("How many", COUNTS, key="top", default=10, slider=True)
    terms = words.parse_sum(text, limits.WORDS_ADDED)
    answer, averaged = word_rows.add_up(lens, terms, count)
    shell.notices(averaged)
    _bars(answer.nearest, [answer.has(near) for near in answer.nearest], answer.average, "sum_bars")
    shell.provenance(
        "measured", f"{lens.title}: the sum of the words' unit vectors against all {lens.known_tokens:,} rows."
    )
    first, other = answer.nearest[0], answer.others[0]
    row = st.container(horizontal=True)
    row.metric(
        "Nearest of all",
        shell.escape_markdown(first.label),
        f"{first.cosine:.3f}",
        delta_color="off",
        delta_arrow="off",
    )
    row.metric(
        "Without the sum's own words",
        shell.escape_markdown(other.label),
        f"{other.cosine:.3f}",
        delta_color="off",
        delta_arrow="off",
    )
    st.caption(
        "Grey: a word of the sum itself, in any spelling. It is often the nearest, since a small difference "
        "does not lead far away from it; the well-known examples leave these words out "
        "([Linzen 2016](https://arxiv.org/abs/1606.07736)), and then the nearest word may be little more than a "
        "neighbour of what was put in. Compare the bars, not only the winner."
    )
    _table(answer.nearest, "sum", "sum_table")
    encoded = [words.Term(term.sign, _as_encoded(word)) for term, word in zip(terms, answer.words, strict=True)]
    return embeddings_code.arithmetic(lens.model_id, lens.dtype, encoded, count)
