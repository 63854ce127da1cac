"""Unigram encoding: every way to cut a text into pieces is a path through a lattice, the most probable one is taken.

A piece has a score, the logarithm of its probability; a path's score is the sum. The best path is found in one pass
from left to right (Viterbi), the n best by keeping n at each place (Kudo 2018, arXiv:1804.10959, section 3.2).
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

UNKNOWN_PENALTY = 10.0  # SentencePiece: an unknown character scores this much below the rarest piece


class Edge(NamedTuple):
    """A piece over the characters from ``start`` to ``end``; id None: a character the vocabulary has no piece for."""

    start: int
    end: int
    piece: str
    score: float  # natural logarithm of its probability
    id: int | None


class Path(NamedTuple):
    """One way to cut the text, and the sum of its pieces' scores."""

    edges: tuple[Edge, ...]
    score: float


@dataclass(frozen=True)
class Pieces:
    """A Unigram vocabulary: each piece's id and score."""

    scores: Mapping[str, tuple[int, float]]
    unknown_score: float
    longest: int  # characters of the longest piece

    @classmethod
    def of(cls, scores: Mapping[str, tuple[int, float]]) -> "Pieces":
        """From ids and scores, with SentencePiece's penalty for what is unknown."""
        rarest = min(score for _, score in scores.values())
        return cls(scores, rarest - UNKNOWN_PENALTY, max(map(len, scores)))


@dataclass(frozen=True)
class Lattice:
    """All pieces that fit somewhere in a text, by where they start, the shortest first."""

    text: str
    edges: tuple[Edge, ...]


def lattice(text: str, pieces: Pieces) -> Lattice:
    """The lattice of a text; where no single character fits, an unknown one stands in.

    >>> pieces = Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)})
    >>> [(edge.piece, edge.score) for edge in lattice("abc", pieces).edges]
    [('a', -1.0), ('ab', -2.5), ('b', -2.0), ('c', -12.5)]
    """
    edges = []
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + pieces.longest) + 1):
            found = pieces.scores.get(text[start:end])
            if found is not None:
                edges.append(Edge(start, end, text[start:end], found[1], found[0]))
            elif end == start + 1:
                edges.append(Edge(start, end, text[start:end], pieces.unknown_score, None))
    return Lattice(text, tuple(edges))


def best_scores(of: Lattice) -> tuple[float, ...]:
    """The score of the best path to each place: ``len(text) + 1`` numbers, the first 0.

    >>> best_scores(lattice("ab", Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)})))
    (0.0, -1.0, -2.5)
    """
    return tuple(score for score, _ in _viterbi(of))


def best(of: Lattice) -> Path:
    """The most probable path; of equals, the one found first from the left, as SentencePiece decides.

    >>> [edge.piece for edge in best(lattice("ab", Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)}))).edges]
    ['ab']
    """
    reached, edges, place = _viterbi(of), [], len(of.text)
    score = reached[place][0]
    while (edge := reached[place][1]) is not None:
        edges.append(edge)
        place = edge.start
    return Path(tuple(reversed(edges)), score)


def _viterbi(of: Lattice) -> list[tuple[float, Edge | None]]:
    """In single precision, as SentencePiece adds: its rounding decides between paths of equal score."""
    scores = [np.float32(0.0), *[np.float32(-math.inf)] * len(of.text)]
    arriving: list[Edge | None] = [None] * len(scores)
    for edge in of.edges:  # by start: all ways to ``edge.start`` are known
        score = scores[edge.start] + np.float32(edge.score)
        if score > scores[edge.end]:
            scores[edge.end], arriving[edge.end] = score, edge
    return [(float(score), edge) for score, edge in zip(scores, arriving, strict=True)]


def n_best(of: Lattice, n: int) -> tuple[Path, ...]:
    """The ``n`` most probable paths, the best first; fewer where there are no more.

    >>> pieces = Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)})
    >>> [([edge.piece for edge in path.edges], path.score) for path in n_best(lattice("ab", pieces), 5)]
    [(['ab'], -2.5), (['a', 'b'], -3.0)]
    """
    arriving: list[list[Edge]] = [[] for _ in range(len(of.text) + 1)]
    for edge in of.edges:
        arriving[edge.end].append(edge)
    kept: list[list[Path]] = [[Path((), 0.0)]]
    for edges in arriving[1:]:
        ways = (Path((*path.edges, edge), path.score + edge.score) for edge in edges for path in kept[edge.start])
        kept.append(heapq.nlargest(n, ways, key=lambda path: path.score))
    return tuple(kept[-1])


def total(of: Lattice) -> tuple[int, float]:
    """How many paths there are, and the logarithm of the sum of their probabilities.

    ``exp(path.score - log_sum)`` is a path's share: the probability that sampling with alpha = 1 draws it.

    >>> paths, log_sum = total(lattice("ab", Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)})))
    >>> paths, round(math.exp(-2.5 - log_sum), 4)
    (2, 0.6225)
    """
    paths, log_sums = [1, *[0] * len(of.text)], [0.0, *[-math.inf] * len(of.text)]
    for edge in of.edges:
        paths[edge.end] += paths[edge.start]
        way = log_sums[edge.start] + edge.score
        high, low = max(way, log_sums[edge.end]), min(way, log_sums[edge.end])
        log_sums[edge.end] = high + math.log1p(math.exp(low - high))
    return paths[-1], log_sums[-1]
