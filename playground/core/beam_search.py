"""Beam search: keep the few most probable texts so far instead of one, and go on from all of them.

The rules are those of transformers' ``_beam_search`` with ``early_stopping=False`` (its default): of the
``max(2, 1 + stop tokens) x beams`` best continuations, those among the first ``beams`` that end are finished; the best
``beams`` that do not end go on. A text's score is ``log P / tokens ** length_penalty`` (Wu et al. 2016,
arXiv:1609.08144, eq. 14 has a variant of it): 0 compares the probabilities themselves, which favours short texts;
1 the average per token. The search ends when the best open text scores no better than the worst of ``beams`` finished
ones, or at ``max_new_tokens``.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from playground.errors import BadInput

Fate = Literal["kept", "finished", "dropped"]
PROMPT = -1


class Candidate(NamedTuple):
    """One continuation that was looked at: a node of the search's tree."""

    parent: int  # its number in ``candidates``; -1 for the prompt
    depth: int  # tokens after the prompt
    token: int
    log_probability: float  # of all its tokens together, natural logarithm
    score: float  # the same, divided by depth ** length_penalty
    fate: Fate


@dataclass
class BeamSearch:
    """A search under way: give ``advance`` the model's log-probabilities until ``done``.

    >>> table = np.log([[0.6, 0.4, 1e-9], [0.3, 0.3, 0.4], [0.05, 0.95, 1e-9]])  # after token 0, 1, 2
    >>> search = BeamSearch(beams=2, max_new_tokens=2, stop_ids=frozenset(), length_penalty=1.0)
    >>> search.advance(table[:1])  # after the prompt: which rows of the batch go on
    [0, 0]
    >>> search.tokens, search.done
    ((0, 1), False)
    >>> search.advance(table[list(search.tokens)]), search.done, search.text(search.best())
    ([], True, (0, 0))
    """

    beams: int
    max_new_tokens: int
    stop_ids: frozenset[int]
    length_penalty: float = 1.0
    candidates: list[Candidate] = field(default_factory=list)
    running: list[int] = field(default_factory=list)  # numbers in ``candidates``, the most probable first
    finished: list[int] = field(default_factory=list)  # the same, the best score first
    done: bool = False
    _depth: int = 0

    def __post_init__(self) -> None:
        if self.beams < 1 or self.max_new_tokens < 1 or not np.isfinite(self.length_penalty):
            raise BadInput("There is nothing to search", "Ask for at least one beam, one token, a finite penalty.")

    @property
    def tokens(self) -> tuple[int, ...]:
        """The last token of each text that goes on: the model's next batch."""
        return tuple(self.candidates[n].token for n in self.running)

    def advance(self, log_probability_BV: np.ndarray) -> list[int]:
        """Take one step, with a row of log-probabilities for each running text (for the prompt at first).

        Returns, for each text that goes on, the row it grew from: that is how a KV cache is to be reordered.
        """
        before = np.array([self.candidates[n].log_probability for n in self.running] or [0.0])
        total_BV = before[:, None] + log_probability_BV
        rows, vocabulary = total_BV.shape
        looked_at = min(max(2, 1 + len(self.stop_ids)) * self.beams, total_BV.size)
        flat = total_BV.reshape(-1)
        some = np.argpartition(-flat, looked_at - 1)[:looked_at]
        some = some[np.lexsort((some, -flat[some]))]
        self._depth += 1
        parents = self.running or [PROMPT] * rows
        going_on: list[tuple[int, int]] = []
        ending: list[int] = []
        for place, index in enumerate(some.tolist()):
            row, token = divmod(index, vocabulary)
            ends = token in self.stop_ids or self._depth >= self.max_new_tokens
            fate: Fate = "dropped"
            if ends and place < self.beams:
                fate = "finished"
                ending.append(len(self.candidates))
            elif not ends and len(going_on) < self.beams:
                fate = "kept"
                going_on.append((len(self.candidates), row))
            log_probability = float(flat[index])
            score = log_probability / self._depth**self.length_penalty
            self.candidates.append(Candidate(parents[row], self._depth, token, log_probability, score, fate))
        self.finished = sorted(self.finished + ending, key=lambda n: -self.candidates[n].score)[: self.beams]
        self.running = [number for number, _ in going_on]
        self.done = not self.running or not self._can_improve()
        return [row for _, row in going_on]

    def best(self) -> int:
        """The number of the finished text with the highest score, or of the most probable one under way."""
        return (self.finished or self.running)[0]

    def text(self, number: int) -> tuple[int, ...]:
        """The ids of a candidate's text, from its first token on."""
        return tuple(self.candidates[n].token for n in self.way(number))

    def way(self, number: int) -> tuple[int, ...]:
        """The candidates that lead to this one, itself included."""
        found: list[int] = []
        while number != PROMPT:
            found.append(number)
            number = self.candidates[number].parent
        return tuple(reversed(found))

    def log_probabilities(self, number: int) -> tuple[float, ...]:
        """Each token's own log-probability along a candidate's text."""
        sums = [0.0, *(self.candidates[n].log_probability for n in self.way(number))]
        return tuple(after - before for before, after in pairwise(sums))

    def _can_improve(self) -> bool:
        if len(self.finished) < self.beams:
            return True
        open_best = self.candidates[self.running[0]].log_probability / self._depth**self.length_penalty
        return open_best > self.candidates[self.finished[-1]].score
