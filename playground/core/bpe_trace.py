"""Byte-pair encoding of one pre-token, merge by merge: which pair joins, and what becomes of the others.

A vocabulary lists its merges in the order they were learned; that order is the *rank*. Encoding joins, again and
again, the pair of neighbours with the lowest rank, the leftmost of equals, until no pair has a rule (Sennrich et al.
2016, arXiv:1508.07909, section 3.2). Parts are bytes, or characters for SentencePiece.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Literal, NamedTuple, TypeVar

Part = TypeVar("Part", bytes, str)
Rank = Callable[[Part, Part], int | None]  # of joining these two; None: there is no rule


@dataclass(frozen=True)
class Pair(Generic[Part]):
    """Two neighbours: the places of the left one's first and the right one's last unit, and the rank of joining."""

    start: int
    middle: int
    end: int
    left: Part
    right: Part
    rank: int | None

    @property
    def joined(self) -> Part:
        """What the two become."""
        return self.left + self.right


@dataclass(frozen=True)
class Step(Generic[Part]):
    """The parts, every pair of neighbours, and the one about to merge (None: no pair has a rule, the parts stay)."""

    parts: tuple[Part, ...]
    pairs: tuple[Pair[Part], ...]
    chosen: Pair[Part] | None


class Fate(NamedTuple):
    """What becomes of a pair: it merges ``now`` or ``later``, is ``lost`` to another merge, or has ``no rule``.

    ``step`` is when, counted from 0 (None where nothing ever happens to it); ``by`` is the pair merged then.
    """

    kind: Literal["now", "later", "lost", "no rule"]
    step: int | None = None
    by: Pair | None = None


def trace(parts: Sequence[Part], rank: Rank[Part]) -> tuple[Step[Part], ...]:
    """Every step from single parts to the last merge; the last step has nothing left to merge.

    Looks at every pair in every step: for a pre-token, not for a page of text.

    >>> ranks = {b"he": 0, b"ll": 2, b"hell": 5, b"lo": 1}
    >>> steps = trace([b"h", b"e", b"l", b"l", b"o"], lambda left, right: ranks.get(left + right))
    >>> [step.chosen.joined for step in steps[:-1]], steps[-1].parts
    ([b'he', b'lo'], (b'he', b'l', b'lo'))
    """
    now, steps = list(parts), []
    while True:
        pairs, start = [], 0
        for left, right in pairwise(now):
            middle = start + len(left)
            pairs.append(Pair(start, middle, middle + len(right), left, right, rank(left, right)))
            start = middle
        ranked = [pair for pair in pairs if pair.rank is not None]
        chosen = min(ranked, key=lambda pair: (pair.rank, pair.start)) if ranked else None
        steps.append(Step(tuple(now), tuple(pairs), chosen))
        if chosen is None:
            return tuple(steps)
        at = pairs.index(chosen)
        now[at : at + 2] = [chosen.joined]


def merged(parts: Sequence[Part], rank: Rank[Part]) -> list[Part]:
    """What ``trace`` ends with, for any length: a heap of pairs over a linked list, O(n log n).

    >>> ranks = {b"aa": 3, b"aaaa": 9}
    >>> merged([b"a"] * 7, lambda left, right: ranks.get(left + right))
    [b'aaaa', b'aa', b'a']
    """
    alive: list[Part | None] = list(parts)
    after = list(range(1, len(alive) + 1))
    before = list(range(-1, len(alive) - 1))
    heap: list[tuple[int, int, Part, Part]] = []

    def offer(left: int, right: int) -> None:
        if left >= 0 and right < len(alive):
            a, b = alive[left], alive[right]
            found = None if a is None or b is None else rank(a, b)
            if found is not None and a is not None and b is not None:
                heapq.heappush(heap, (found, left, a, b))

    for index in range(len(alive) - 1):
        offer(index, index + 1)
    while heap:
        _, left, a, b = heapq.heappop(heap)
        right = after[left]
        if right >= len(alive) or alive[left] != a or alive[right] != b:
            continue  # one of the two has merged with another since
        alive[left], alive[right] = a + b, None
        after[left] = after[right]
        if after[right] < len(alive):
            before[after[right]] = left
        offer(before[left], left)
        offer(left, after[left])
    return [part for part in alive if part is not None]


def fate(steps: Sequence[Step[Part]], at: int, pair: Pair[Part]) -> Fate:
    """What becomes of ``pair``, one of step ``at``'s: why it is not the one that merges.

    >>> ranks = {b"he": 0, b"ll": 2, b"lo": 1}
    >>> steps = trace([b"h", b"e", b"l", b"l", b"o"], lambda left, right: ranks.get(left + right))
    >>> [(pair.joined, fate(steps, 0, pair)[:2]) for pair in steps[0].pairs]
    [(b'he', ('now', 0)), (b'el', ('no rule', None)), (b'll', ('lost', 1)), (b'lo', ('later', 1))]
    """
    if pair.rank is None:
        return Fate("no rule")
    for index in range(at, len(steps)):
        chosen = steps[index].chosen
        if chosen is None:
            break
        if (chosen.start, chosen.end) == (pair.start, pair.end):
            return Fate("now" if index == at else "later", index, chosen)
        if chosen.start < pair.end and pair.start < chosen.end:
            return Fate("lost", index, chosen)
    raise ValueError("the pair is not one of that step's")
