"""What the tracers need of a tokenizer: how it cuts a text, and its merges, pieces or scores. No library runs here."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Generic

from playground.core import bpe_trace, unigram_lattice, wordpiece_trace
from playground.core.bpe_trace import Part, Rank, Step
from playground.core.pipeline import SPACE, Algorithm
from playground.core.unigram_lattice import Lattice, Pieces
from playground.core.wordpiece_trace import Matching

Traced = tuple[Step, ...] | Matching | Lattice
Split = tuple[str, list[tuple[str, int, int]]]  # the normalised text; each pre-token with its place in the original

_WORDS = re.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+")


class Staging(ABC):
    """One tokenizer taken apart: ``split`` cuts, ``ids`` encodes one pre-token by this project's own code."""

    algorithm: Algorithm

    def __init__(self, split: Callable[[str], Split], changes: tuple[str, ...], rule: str, is_regex: bool) -> None:
        self.split, self.changes, self.rule, self.is_regex = split, changes, rule, is_regex

    @abstractmethod
    def ids(self, pre_token: str) -> tuple[int, ...]:
        """The ids of a normalised pre-token, whatever its length."""

    @abstractmethod
    def trace(self, pre_token: str) -> Traced:
        """How they came about, step by step: for a short one."""


class Merges(Staging, Generic[Part]):
    """Byte-pair encoding. ``parts_of`` gives the single parts, ``ids_of`` the ids of a part when all is merged."""

    algorithm = "merges"

    def __init__(
        self,
        split: Callable[[str], Split],
        changes: tuple[str, ...],
        rule: str,
        is_regex: bool,
        *,
        parts_of: Callable[[str], list[Part]],
        rank: Rank[Part],
        ids_of: Callable[[Part], tuple[int, ...]],
        unknown: int | None = None,
    ) -> None:
        super().__init__(split, changes, rule, is_regex)
        self._unknown = unknown
        self._parts_of: Callable[[str], list[Part]] = parts_of
        self._rank: Rank[Part] = rank
        self.ids_of: Callable[[Part], tuple[int, ...]] = ids_of

    def ids(self, pre_token: str) -> tuple[int, ...]:
        parts = bpe_trace.merged(self._parts_of(pre_token), self._rank)
        return _joined((token_id for part in parts for token_id in self.ids_of(part)), self._unknown)

    def trace(self, pre_token: str) -> tuple[Step[Part], ...]:
        return bpe_trace.trace(self._parts_of(pre_token), self._rank)


class LongestMatch(Staging):
    """WordPiece."""

    algorithm = "longest match"

    def __init__(self, split: Callable[[str], Split], changes: tuple[str, ...], vocabulary: Mapping[str, int]) -> None:
        super().__init__(split, changes, "at white space, and around every punctuation mark", False)
        self._vocabulary = vocabulary

    def ids(self, pre_token: str) -> tuple[int, ...]:
        return self.trace(pre_token).ids

    def trace(self, pre_token: str) -> Matching:
        return wordpiece_trace.trace(pre_token, self._vocabulary)


class BestPath(Staging):
    """Unigram. ``fallback`` gives the ids of a character the vocabulary has no piece for."""

    algorithm = "lattice"

    def __init__(
        self,
        normalize: Callable[[str], tuple[str, list[int]]],
        changes: tuple[str, ...],
        pieces: Pieces,
        fallback: Callable[[str], tuple[int, ...]],
        unknown: int | None = None,
    ) -> None:
        rule = "not at all: the whole text is one lattice. It is shown here piece of text by piece of text, cut where "
        super().__init__(self._split, changes, rule + "the best path has a token that starts with a space", False)
        self._normalize, self._pieces, self._fallback, self._unknown = normalize, pieces, fallback, unknown

    def _split(self, text: str) -> Split:
        """Cut on the best path: each part's best path is its share of the whole one."""
        normalized, places = self._normalize(text)
        path = unigram_lattice.best(unigram_lattice.lattice(normalized, self._pieces))
        starts = [e.start for e in path.edges if e.piece.startswith(SPACE) or e.start == 0]
        ends = [*starts[1:], len(normalized)]
        return normalized, [
            (normalized[a:b], places[a], places[b]) for a, b in zip(starts, ends, strict=False) if a < b
        ]

    def ids(self, pre_token: str) -> tuple[int, ...]:
        path = unigram_lattice.best(self.trace(pre_token))
        ids = (i for e in path.edges for i in ((e.id,) if e.id is not None else self._fallback(e.piece)))
        return _joined(ids, self._unknown)

    def trace(self, pre_token: str) -> Lattice:
        return unigram_lattice.lattice(pre_token, self._pieces)


def _joined(ids: Iterable[int], unknown: int | None) -> tuple[int, ...]:
    """SentencePiece makes one ``<unk>`` of neighbouring unknown characters.

    >>> _joined([5, 0, 0, 6, 6], unknown=0)
    (5, 0, 6, 6)
    """
    found: list[int] = []
    for token_id in ids:
        if token_id != unknown or found[-1:] != [unknown]:
            found.append(token_id)
    return tuple(found)


def words(normalized: str, places: list[int]) -> list[tuple[str, int, int]]:
    """A SentencePiece text cut before each run of spaces: for a vocabulary in which no piece goes across.

    >>> words("▁a▁▁b", [0, 0, 1, 2, 3, 4])
    [('▁a', 0, 1), ('▁▁b', 1, 4)]
    """
    return [(m.group(), places[m.start()], places[m.end()]) for m in _WORDS.finditer(normalized)]


def by_pattern(find: Callable[[str], list[str]]) -> Callable[[str], Split]:
    """Cut by a regular expression that leaves nothing out; the text itself is not changed."""

    def split(text: str) -> Split:
        pre_tokens, place = [], 0
        for piece in find(text):
            pre_tokens.append((piece, place, place + len(piece)))
            place += len(piece)
        return text, pre_tokens

    return split
