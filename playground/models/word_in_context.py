"""One word in several sentences, followed through a model's layers.

The first vector is the row of the embedding table, which knows nothing of the sentence; then what each layer leaves.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from playground.core import contextual
from playground.core.tokens import Token
from playground.core.visible import visible
from playground.core.words import locate
from playground.errors import BadInput
from playground.models.lens import Lens


class Followed(NamedTuple):
    """A word in one sentence: its tokens, what stands before them, and its vector at every step (their mean)."""

    sentence: str
    tokens: tuple[Token, ...]
    before: tuple[int, ...]  # ids of everything before the word
    vectors: np.ndarray  # (step, dimension)

    @property
    def label(self) -> str:
        """How its tokens read."""
        return "|".join(visible(token.text, token.raw) for token in self.tokens)


class Pair(NamedTuple):
    """Two of the sentences (counted from 0) and the similarity of the word's vectors in them, (step,)."""

    first: int
    second: int
    similarity: np.ndarray


class Comparison(NamedTuple):
    """A word in sentences, pair by pair, with what any two words would score."""

    steps: tuple[str, ...]
    followed: tuple[Followed, ...]
    pairs: tuple[Pair, ...]
    baseline: contextual.Baseline
    notices: tuple[str, ...]


def compare(lens: Lens, word: str, sentences: Sequence[str], which: Sequence[int]) -> Comparison:
    """The word's ``which``-th occurrence (from 1) in each sentence, compared at every step.

    Raises BadInput where the word is not in a sentence.
    """
    found = tuple(_follow(lens, sentence, word, n) for sentence, n in zip(sentences, which, strict=True))
    pairs = tuple(
        Pair(i, j, contextual.similarity_by_layer(a.vectors, b.vectors))
        for (i, a), (j, b) in combinations(enumerate(found), 2)
    )
    reference = contextual.baseline([_reference(lens, sentence) for sentence in contextual.REFERENCE])
    return Comparison(steps(lens, len(found[0].vectors)), found, pairs, reference, _notices(lens, found))


def steps(lens: Lens, count: int) -> tuple[str, ...]:
    """What each vector is: the table's row, with its position where the model adds one, each layer's output."""
    added = ("row + position",) if count == lens.layers + 2 else ()
    layers = [f"layer {n}" for n in range(1, lens.layers + 1)]
    if lens.kind == "decoder":
        layers[-1] += ", normalised"  # transformers gives the last one after the final norm
    return ("row of the table", *added, *layers)


def _follow(lens: Lens, sentence: str, word: str, which: int) -> Followed:
    encoding = lens.encode(sentence, "template")
    start, end = locate(encoding.text, word, which)
    tokens = list(encoding.tokens)
    at = [i for i, token in enumerate(tokens) if token.start < end and token.end > start and not token.added]
    if not at:
        raise BadInput(f"The tokenizer leaves nothing of {word.strip()[:40]!r}", "Follow a word with letters.")
    vectors = _vectors(lens, encoding.ids)[:, at].mean(1)
    return Followed(encoding.text, tuple(tokens[i] for i in at), encoding.ids[: at[0]], vectors)


def _vectors(lens: Lens, ids: Sequence[int]) -> np.ndarray:
    """(step, token, dimension): the table's rows, then the hidden states; the first of these only where it differs."""
    rows, states = lens.embedding_rows(ids), lens.hidden_states(ids)
    same = np.allclose(rows, states[0], atol=1e-4)
    return states if same else np.concatenate([rows[None], states])


def _reference(lens: Lens, sentence: str) -> tuple[list[int], np.ndarray]:
    """A sentence's words: no marks, nothing the tokenizer added, nor the first token, where attention is parked."""
    encoding = lens.encode(sentence, "template")
    kept = [i for i, t in enumerate(encoding.tokens) if i and not t.added and any(c.isalpha() for c in t.text)]
    return [encoding.ids[i] for i in kept], _vectors(lens, encoding.ids)[:, kept]


def _notices(lens: Lens, found: Sequence[Followed]) -> tuple[str, ...]:
    notices = []
    if any(len(f.tokens) > 1 for f in found):
        cut = sorted({f.label for f in found if len(f.tokens) > 1})
        notices.append(f"Several tokens, their vectors averaged: {', '.join(cut)}.")
    if len({tuple(token.id for token in f.tokens) for f in found}) > 1:
        names = ", ".join(dict.fromkeys(f.label for f in found))
        notices.append(f"Not the same tokens in all sentences ({names}): their rows differ before any context.")
    if lens.kind == "decoder":
        if any(not f.before for f in found):
            notices.append("A text's first token collects parked attention; its vector is like no other's.")
        if any(a.before == b.before for a, b in combinations(found, 2)):
            notices.append("The same words stand before it: a decoder sees nothing else, so these stay the same.")
    return tuple(notices)
