"""Masked language modelling: some tokens are hidden, and the model learns to say which they were, from both sides.

BERT chooses 15 % of a text's tokens; of these 80 % are replaced by [MASK], 10 % by a random token, 10 % are kept.
Only the chosen ones carry a loss. Devlin et al. 2018, arXiv:1810.04805, section 3.1 and appendix A.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from playground.core.sampling_settings import SEED_MAX
from playground.errors import BadInput

RATE = 0.15
MASKED, RANDOM = 0.8, 0.1  # of the chosen ones; the rest is kept
Change = Literal["", "masked", "random", "kept"]


@dataclass(frozen=True)
class Exercise:
    """What the model reads and, position by position, what it must say; None where nothing is asked."""

    read: tuple[int, ...]
    targets: tuple[int | None, ...]
    changes: tuple[Change, ...]

    @property
    def asked(self) -> tuple[int, ...]:
        """The positions that carry a loss."""
        return tuple(i for i, target in enumerate(self.targets) if target is not None)


class Guess(NamedTuple):
    """What a model says at an asked position: its first choices with their probabilities, and its loss."""

    options: tuple[tuple[int, float], ...]
    nats: float


def guess(logits_V: np.ndarray, target: int, options: int = 3) -> Guess:
    """The ``options`` likeliest tokens under the softmax over the whole vocabulary, and −ln P(target).

    >>> found = guess(np.log([0.2, 0.7, 0.1]), target=0, options=2)
    >>> [(token, round(p, 3)) for token, p in found.options], round(found.nats, 3)
    ([(1, 0.7), (0, 0.2)], 1.609)
    """
    logs_V = logits_V.astype(np.float64) - logits_V.max()
    logs_V -= np.log(np.exp(logs_V).sum())
    best = np.argsort(-logs_V, kind="stable")[:options]
    return Guess(tuple((int(token), float(np.exp(logs_V[token]))) for token in best), float(-logs_V[target]))


def count(tokens: int, maskable: int, rate: float = RATE) -> int:
    """How many of a text's tokens are asked for: round(rate · tokens), at least one, no more than may be.

    >>> count(15, 13), count(3, 1), count(2, 0)
    (2, 1, 0)
    """
    return min(max(1, round(rate * tokens)), maskable)


def exercise(
    ids: Sequence[int],
    maskable: Sequence[bool],
    *,
    mask_id: int,
    vocabulary_size: int,
    seed: int,
    rate: float = RATE,
) -> Exercise:
    """The text with ``rate`` of its tokens chosen among the ``maskable`` ones (not [CLS] and [SEP]); at least one.

    As in BERT's own create_pretraining_data.py: round(rate · tokens) positions without replacement, the tokens a
    template added counted, then a draw for each. A random token may be any id, by chance even the right one.

    >>> one = exercise([7, 8, 9], [True] * 3, mask_id=103, vocabulary_size=200, seed=1)
    >>> len(one.asked), [one.targets[i] == (7, 8, 9)[i] for i in one.asked]
    (1, [True])

    Raises BadInput where nothing may be masked, or for a rate or seed out of range.
    """
    candidates = [i for i, may in enumerate(maskable) if may]
    if not candidates:
        raise BadInput(
            "There is no token to hide",
            "Type a word: control tokens such as [CLS] are never masked, nor is [UNK], which stands for characters "
            "that the tokenizer does not know (an emoji).",
        )
    if not 0 < rate <= 1 or not 0 <= seed <= SEED_MAX:
        raise BadInput("This can't be drawn", f"The rate is above 0 and at most 1, the seed 0 to {SEED_MAX:,}.")
    numbers = np.random.default_rng(seed)
    asked = count(len(ids), len(candidates), rate)
    chosen = sorted(np.array(candidates)[np.argsort(numbers.random(len(candidates)), kind="stable")[:asked]].tolist())
    read, targets = list(ids), [None] * len(ids)  # type: list[int], list[int | None]
    changes: list[Change] = [""] * len(ids)
    for place, (fate, which) in zip(chosen, numbers.random((asked, 2)).tolist(), strict=True):
        targets[place] = ids[place]
        changes[place] = "masked" if fate < MASKED else "random" if fate < MASKED + RANDOM else "kept"
        if changes[place] != "kept":
            read[place] = mask_id if changes[place] == "masked" else int(which * vocabulary_size)
    return Exercise(tuple(read), tuple(targets), tuple(changes))


def shares(ids: Sequence[int], maskable: Sequence[bool], draws: int, seed: int) -> dict[Change, float]:
    """How often each fate came up among the chosen tokens of ``draws`` exercises, as shares.

    >>> found = shares(range(20), [True] * 20, draws=1_000, seed=0)
    >>> abs(found["masked"] - 0.8) < 0.02, round(sum(found.values()), 9)
    (True, 1.0)
    """
    counted: dict[Change, int] = {"masked": 0, "random": 0, "kept": 0}
    for number in range(draws):
        drawn = exercise(ids, maskable, mask_id=0, vocabulary_size=2, seed=(seed + number) % (SEED_MAX + 1))
        for place in drawn.asked:
            counted[drawn.changes[place]] += 1
    total = sum(counted.values())
    return {change: number / total for change, number in counted.items()}
