"""WordPiece encoding of one word: the longest piece that fits, then the longest that fits what is left.

A piece that continues a word is written with ``##``. Where no piece fits, the whole word becomes [UNK] (Devlin et al.
2019, arXiv:1810.04805; ``WordpieceTokenizer`` in google-research/bert, tokenization.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PREFIX = "##"
UNKNOWN = "[UNK]"
LONGEST_WORD = 100  # characters: BERT reads a longer one as [UNK]


@dataclass(frozen=True)
class Try:
    """One candidate: the characters from ``start`` to ``end`` as a vocabulary writes them; id None: not in it."""

    start: int
    end: int
    piece: str
    id: int | None


@dataclass(frozen=True)
class Matching:
    """A word and all candidates in the order they are tried; those with an id are the pieces, if the word has any."""

    word: str
    tries: tuple[Try, ...]
    unknown_id: int

    @property
    def pieces(self) -> tuple[Try, ...]:
        """The pieces the word is cut into; empty where it becomes [UNK]."""
        found = tuple(t for t in self.tries if t.id is not None)
        return found if found and found[-1].end == len(self.word) else ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The word's token ids."""
        return tuple(t.id for t in self.pieces if t.id is not None) or ((self.unknown_id,) if self.word else ())


def trace(word: str, vocabulary: Mapping[str, int]) -> Matching:
    """Every candidate tried for a word, the longest first at each place.

    >>> vocabulary = {"[UNK]": 0, "un": 1, "##able": 2, "##a": 3}
    >>> matching = trace("unable", vocabulary)
    >>> [(t.piece, t.id) for t in matching.tries]
    [('unable', None), ('unabl', None), ('unab', None), ('una', None), ('un', 1), ('##able', 2)]
    >>> matching.ids, trace("unx", vocabulary).ids
    ((1, 2), (0,))
    """
    tries = tuple(_tries(word, vocabulary)) if len(word) <= LONGEST_WORD else ()
    return Matching(word, tries, vocabulary[UNKNOWN])


def _tries(word: str, vocabulary: Mapping[str, int]) -> Iterator[Try]:
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = (PREFIX if start else "") + word[start:end]
            candidate = Try(start, end, piece, vocabulary.get(piece))
            yield candidate
            if candidate.id is not None:
                start = end
                break
        else:
            return  # nothing fits here: the word is [UNK], whatever fitted before
