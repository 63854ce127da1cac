"""Accuracy against the number of examples: from each label's log-likelihood to a curve with confidence intervals.

A label's log-likelihood is the sum of its tokens' log-probabilities after the prompt; the largest one is the model's
answer. What is measured is kept (nats for each item and label), so that every figure can be computed from it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from playground.core import rouge

Z95 = 1.959963984540054  # the standard normal's 97.5th percentile


def softmax(nats_L: np.ndarray) -> np.ndarray:
    """Probabilities from log-likelihoods along the last axis: what the labels get if only they are allowed.

    >>> softmax(np.log([0.02, 0.06])).round(6).tolist()
    [0.25, 0.75]
    """
    shifted = np.exp(nats_L - nats_L.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def percent(share: float, digits: int = 0) -> str:
    """A share as the pages write it.

    >>> percent(0.671, 1), percent(0.5)
    ('67.1 %', '50 %')
    """
    return f"{100 * share:.{digits}f} %"


def lead(nats_L: np.ndarray) -> tuple[int, float]:
    """Which label is the most likely, and by how many nats it leads the next; e to that power are the odds.

    >>> lead(np.array([-3.0, -1.0, -1.5]))
    (1, 0.5)
    """
    first, second = np.argsort(-nats_L, kind="stable")[:2]
    return int(first), float(nats_L[first] - nats_L[second])


def wilson(right: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The 95 % interval of a share: Wilson 1927, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).

    Unlike p ± z √(p(1−p)/n) it stays between 0 and 1, and is no point where everything is right.

    >>> [round(end, 4) for end in wilson(60, 60)], [round(end, 4) for end in wilson(30, 60)]
    ([0.9398, 1.0], [0.3774, 0.6226])
    """
    share, squared = right / total, z * z
    middle = share + squared / (2 * total)
    reach = z * np.sqrt(share * (1 - share) / total + squared / (4 * total * total))
    low, high = (middle - reach) / (1 + squared / total), (middle + reach) / (1 + squared / total)
    return max(0.0, float(low)), min(1.0, float(high))


def majority(truth_I: np.ndarray) -> float:
    """What one gets by always giving the most frequent label, without reading.

    >>> majority(np.array([0, 0, 1]))
    0.6666666666666666
    """
    return float(np.bincount(truth_I).max() / len(truth_I))


def bootstrap(values: Sequence[float], rounds: int = 4_000) -> tuple[float, float]:
    """The 95 % percentile interval of a mean (Efron 1979), with a fixed seed: the same values, the same interval."""
    drawn = np.random.default_rng(0).choice(np.asarray(values, float), (rounds, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


@dataclass(frozen=True)
class Labelled:
    """One number of shots, measured on every item of a set with labels."""

    shots: int
    nats: tuple[tuple[float, ...], ...]  # (item, label)
    neutral: tuple[float, ...]  # (label,): the same for a query that says nothing
    prompt_tokens: int  # of the longest prompt
    seconds: float

    @property
    def by_item(self) -> np.ndarray:
        """Log-likelihood of each label for each item."""
        return np.array(self.nats)

    def answers(self, calibrated: bool = False) -> np.ndarray:
        """The label the model prefers for each item: int (item,).

        Calibrated: after taking off what each label gets for the query that says nothing (contextual calibration,
        Zhao et al. 2021, arXiv:2102.09690, section 5).
        """
        off = np.array(self.neutral) if calibrated else 0.0
        return np.asarray((self.by_item - off).argmax(axis=1))

    def right(self, truth_I: np.ndarray, calibrated: bool = False) -> int:
        """How many items it gets right."""
        return int((self.answers(calibrated) == truth_I).sum())

    def said(self) -> np.ndarray:
        """How often it gives each label: int (label,)."""
        return np.bincount(self.answers(), minlength=len(self.neutral))


@dataclass(frozen=True)
class Written:
    """One number of shots, measured on every item of a set with free answers."""

    shots: int
    nats: tuple[float, ...]  # log-likelihood of each reference
    tokens: tuple[int, ...]  # of each reference
    outputs: tuple[str, ...]  # what the model writes instead, greedily
    prompt_tokens: int
    seconds: float

    def per_token(self) -> list[float]:
        """Nats a token of each reference: 0 would be certainty."""
        return [nats / count for nats, count in zip(self.nats, self.tokens, strict=True)]

    def rouge(self, references: Sequence[str]) -> tuple[list[float], list[float]]:
        """ROUGE-1 and ROUGE-L (F1) of each output."""
        pairs = list(zip(self.outputs, references, strict=True))
        return [rouge.rouge_1(*pair) for pair in pairs], [rouge.rouge_l(*pair) for pair in pairs]


Counted = Labelled | Written
