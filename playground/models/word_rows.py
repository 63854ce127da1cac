"""Words as rows of a model's embedding table: their tokens, their vector, what lies nearest, what a sum makes."""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from playground.core import embeddings
from playground.core.tokens import Token
from playground.core.words import Term
from playground.errors import BadInput
from playground.models.lens import Lens

_SPELLINGS = 64  # more than any word has in a vocabulary


class Word(NamedTuple):
    """A word, the tokens it is cut into, and the mean of their rows (float32)."""

    word: str
    tokens: tuple[Token, ...]
    vector: np.ndarray


class Near(NamedTuple):
    """A token of the vocabulary, as it reads, how alike its row is, and how long."""

    id: int
    label: str  # with nothing invisible in it
    text: str
    cosine: float
    norm: float


class Sum(NamedTuple):
    """What lies nearest to a sum of words; ``nearest`` has the words themselves, ``others`` leaves them out.

    A word's other spellings count as the word. ``average`` is the mean cosine of the whole vocabulary with the sum.
    """

    words: tuple[Word, ...]
    average: float
    nearest: tuple[Near, ...]
    others: tuple[Near, ...]

    def has(self, near: Near) -> bool:
        """Whether this token is a word of the sum, in any spelling."""
        return _folded(near.text) in _spellings(self.words)


def tokens_of(lens: Lens, word: str, spaced: bool = True) -> tuple[Token, ...]:
    """The word's tokens. ``spaced`` puts a space before it, as inside a sentence; a control token's name is that token.

    Raises BadInput where nothing is left of the word.
    """
    stripped = word.strip()
    if not stripped:
        raise BadInput("There is no word", "Type a word.")
    alone = tuple(lens.encode(stripped, "control").tokens)
    if not spaced or (len(alone) == 1 and alone[0].special):
        return alone or _nothing_left(stripped)
    return tuple(lens.encode(f" {stripped}", "control").tokens) or _nothing_left(stripped)


def _nothing_left(word: str) -> tuple[Token, ...]:
    raise BadInput(f"The tokenizer leaves nothing of {word[:40]!r}", "Type a word with letters.")


def space_matters(lens: Lens, word: str) -> bool:
    """Whether a space before the word makes other tokens of it (in byte-level BPE; not in WordPiece)."""
    with_space, without = tokens_of(lens, word), tokens_of(lens, word, spaced=False)
    return [token.id for token in with_space] != [token.id for token in without]


def words(lens: Lens, named: Sequence[str], spaced: bool = True) -> tuple[tuple[Word, ...], tuple[str, ...]]:
    """Each word with its vector, and a notice naming those that are several tokens and were averaged."""
    tokens = [tokens_of(lens, word, spaced) for word in named]
    rows = lens.embedding_rows([token.id for group in tokens for token in group])
    ends = np.cumsum([len(group) for group in tokens])
    means = [part.mean(0) for part in np.split(rows, ends[:-1])]
    found = tuple(map(Word, named, tokens, means))
    parts = [f"{w.word[:40]} ({len(w.tokens)})" for w in found if len(w.tokens) > 1]
    return found, (f"Several tokens, their rows averaged: {', '.join(parts)[:300]}.",) if parts else ()


def nearest(
    lens: Lens, vector_D: np.ndarray, count: int, without: Collection[int] = (), other_than: Collection[str] = ()
) -> tuple[Near, ...]:
    """The tokens of the whole vocabulary whose rows are most alike to this vector, the ids of ``without`` left out.

    ``other_than`` leaves out these words in any spelling: with or without a space, capitals, or ##.
    """
    norms_V = lens.embedding_norms()
    spare, left_out = _SPELLINGS * len(other_than), {_folded(word) for word in other_than}
    found = embeddings.nearest(lens.embedding_cosines(vector_D), count + spare, without)
    near = (_near(lens, n.id, n.cosine, float(norms_V[n.id])) for n in found)
    return tuple(islice((n for n in near if _folded(n.text) not in left_out), count))


def average(lens: Lens, vector_D: np.ndarray) -> float:
    """The mean cosine of the whole vocabulary with this vector: what a neighbour must be well above."""
    return float(lens.embedding_cosines(vector_D).mean(dtype=np.float64))


def _spellings(found: Sequence[Word]) -> set[str]:
    return {_folded(text) for word in found for text in (word.word, *(token.text for token in word.tokens))}


def _folded(text: str) -> str:
    return text.strip().removeprefix("##").casefold()


def _near(lens: Lens, token_id: int, cosine: float, norm: float) -> Near:
    return Near(token_id, lens.token_label(token_id), lens.token_text(token_id), cosine, norm)


def add_up(lens: Lens, terms: Sequence[Term], count: int) -> tuple[Sum, tuple[str, ...]]:
    """What lies nearest to the sum of the words' unit vectors, with the words themselves and without."""
    found, notices = words(lens, [term.word for term in terms])
    total_D = embeddings.combine(np.stack([w.vector for w in found]), [term.sign for term in terms])
    near, others = nearest(lens, total_D, count), nearest(lens, total_D, count, other_than=_spellings(found))
    return Sum(found, average(lens, total_D), near, others), notices
