"""What may be taken away from a distribution: top-k, top-p, min-p, typical-p, each as transformers does it.

A cut is given scores (-inf where a token is gone already) and says which tokens to remove; never all of them.
Sources: top-k Fan et al. 2018 (arXiv:1805.04833); top-p Holtzman et al. 2019 (arXiv:1904.09751, §3.1); min-p Nguyen
et al. 2024 (arXiv:2407.01082); typical-p Meister et al. 2022 (arXiv:2202.00666, §4).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Cut = Callable[[np.ndarray, float], np.ndarray]  # scores, the setting's value -> which tokens to remove


def softmax(scores: np.ndarray) -> np.ndarray:
    """``exp(x) / Σ exp(x)`` in float64; -inf is a token that can't come."""
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def most_probable_first(scores: np.ndarray) -> np.ndarray:
    """Ids from the highest score down; among equals the lower id first, as ``argmax`` has it."""
    return np.argsort(-scores, kind="stable")


def outside_top_k(scores: np.ndarray, k: float) -> np.ndarray:
    """All below the k-th highest score; tokens equal to the k-th stay."""
    place = min(int(k), scores.size)
    return scores < np.partition(scores, -place)[-place]


def outside_nucleus(scores: np.ndarray, p: float) -> np.ndarray:
    """All outside the smallest set of the most probable tokens whose probabilities reach ``p``."""
    probability = softmax(scores)
    ids, others_mass = _likely(scores, probability, p)
    least_first = ids[most_probable_first(scores[ids])[::-1]]
    removed = np.ones(scores.size, dtype=bool)
    removed[least_first] = others_mass + np.cumsum(probability[least_first]) <= 1 - p
    removed[least_first[-1]] = False
    return removed


_LIKELY = 4_096


def _likely(scores: np.ndarray, probability: np.ndarray, p: float) -> tuple[np.ndarray, float]:
    """Ids, in order, among which the ``p`` most probable are for certain, and the mass of all others.

    Sorting a whole vocabulary of 49,152 takes as long as a third of the model's own step; its most probable few
    thousand tokens nearly always hold enough.
    """
    if scores.size > 2 * _LIKELY:
        likely = scores > np.partition(scores, -_LIKELY)[-_LIKELY]
        others_mass = float(probability[~likely].sum())
        if others_mass < (1 - p) * (1 - 1e-9):
            return np.flatnonzero(likely), others_mass
    return np.arange(scores.size), 0.0


def below_min_p(scores: np.ndarray, min_p: float) -> np.ndarray:
    """All less than ``min_p`` times as probable as the most probable."""
    probability = softmax(scores)
    return probability < min_p * probability.max()


def untypical(scores: np.ndarray, mass: float) -> np.ndarray:
    """All but the tokens whose surprise ``-ln p`` lies nearest to the expected one, the entropy ``H = -Σ p ln p``.

    In the order of ``|-ln p - H|`` tokens are kept until their probabilities reach ``mass``, with those that lie
    exactly as near as the last one. The most probable token may well be cut:

    >>> untypical(np.log([0.6, 0.1, 0.1, 0.1, 0.1]), 0.3).tolist()
    [False, True, True, True, True]
    >>> untypical(np.log([0.4, 0.2, 0.2, 0.2]), 0.5).tolist()
    [True, False, False, False]
    """
    probability = softmax(scores)
    with np.errstate(divide="ignore"):
        surprise = -((scores - scores.max()) - np.log(np.exp(scores - scores.max()).sum()))
    expected = float((probability[probability > 0] * surprise[probability > 0]).sum())
    distance = np.abs(surprise - expected)
    nearest = np.argsort(distance, kind="stable")
    last = int((np.cumsum(probability[nearest]) < mass).sum())
    return distance > distance[nearest[min(last, scores.size - 1)]]


CUTS: dict[str, Cut] = {
    "top_k": outside_top_k,
    "top_p": outside_nucleus,
    "min_p": below_min_p,
    "typical_p": untypical,
}


class Nucleus(NamedTuple):
    """The two sets that "top-p" can mean: how many tokens, and their share."""

    reaching: int  # the smallest set whose probabilities reach p: the one used here and by every library we know
    reaching_mass: float
    within: int  # the largest set whose probabilities stay within p; at least one token
    within_mass: float


def nucleus(probability: np.ndarray, p: float) -> Nucleus:
    """Both readings of top-p, for a distribution and ``p`` in [0, 1].

    >>> nucleus(np.array([0.5, 0.25, 0.125, 0.125]), 0.8)
    Nucleus(reaching=3, reaching_mass=0.875, within=2, within_mass=0.75)
    >>> nucleus(np.array([0.5, 0.25, 0.125, 0.125]), 0.75)[::2]
    (2, 2)
    """
    ids, others_mass = _likely(probability, probability, p)
    present = np.sort(probability[ids][probability[ids] > 0])
    # mass below the n most probable, n = 1, 2, …
    below = (others_mass + np.concatenate([[0.0], np.cumsum(present)[:-1]]))[::-1]
    reaching = 1 + int((below > 1 - p).sum())
    within = max(1, int((below >= 1 - p).sum()))
    reaching, within = min(reaching, present.size), min(within, present.size)
    return Nucleus(reaching, 1 - float(below[reaching - 1]), within, 1 - float(below[within - 1]))
