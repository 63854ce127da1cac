"""From logits to one token: softmax, temperature, the cuts, the draw.

Order and meaning are those of transformers' logits processors (``generation/utils.py``, ``_get_logits_processor``):
repetition penalty, temperature, top-k, top-p, min-p. Every softmax is over the whole vocabulary, in float64.
Sources: top-k Fan et al. 2018 (arXiv:1805.04833); top-p Holtzman et al. 2019 (arXiv:1904.09751, §3.1); min-p
Nguyen et al. 2024 (arXiv:2407.01082); repetition penalty Keskar et al. 2019 (arXiv:1909.05858, §4.1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput


@dataclass(frozen=True)
class Stage:
    """What one step of the chain removed: tokens, and their share of the distribution before any cut."""

    name: str
    removed_tokens: int
    removed_mass: float


@dataclass(frozen=True, eq=False)
class Distribution:
    """A next-token distribution before and after the settings; arrays run over the whole vocabulary."""

    probability: np.ndarray  # softmax at temperature 1, nothing cut
    adjusted: np.ndarray  # the one sampled from: 0 where cut
    kept: np.ndarray  # bool
    kept_mass: float  # share of the tempered distribution that survived the cuts
    stages: tuple[Stage, ...]

    @property
    def kept_tokens(self) -> int:
        """How many tokens can still be drawn (at least one)."""
        return int(self.kept.sum())

    @property
    def entropy_bits(self) -> float:
        """The entropy of ``adjusted``: 0 when one token is certain, log2 of the vocabulary when all are alike."""
        return entropy_bits(self.adjusted)


def softmax(logits: np.ndarray) -> np.ndarray:
    """``exp(x) / Σ exp(x)`` in float64; -inf is a token that can't come, NaN and +inf are refused.

    >>> softmax(np.log([1.0, 3.0])).round(3).tolist()
    [0.25, 0.75]
    """
    weights = np.exp((scores := _checked(logits)) - scores.max())
    return weights / weights.sum()


def entropy_bits(probability: np.ndarray) -> float:
    """``-Σ p log2 p`` in bits (Shannon 1948), with 0 log 0 = 0.

    >>> entropy_bits(np.array([0.5, 0.25, 0.25, 0.0]))
    1.5
    """
    present = probability[probability > 0]
    return abs(float(-(present * np.log2(present)).sum()))


def most_probable_first(scores: np.ndarray) -> np.ndarray:
    """Ids from the highest score down; among equals the lower id first, as ``argmax`` has it."""
    return np.argsort(-scores, kind="stable")


def adjust(
    logits: np.ndarray, settings: SamplingSettings | None = None, previous_ids: Sequence[int] = ()
) -> Distribution:
    """The distribution of these logits before and after ``settings``; at least one token always survives.

    ``previous_ids`` are the tokens so far, which the repetition penalty makes less likely.

    >>> three = adjust(np.log([0.5, 0.3, 0.2]), SamplingSettings(top_p=0.7))
    >>> three.adjusted.round(3).tolist(), three.kept_tokens
    ([0.625, 0.375, 0.0], 2)
    """
    settings = settings or SamplingSettings()
    scores = _penalised(_checked(logits), settings.repetition_penalty, previous_ids)
    if settings.temperature > 0:
        scores = (scores - scores.max()) / settings.temperature  # shifted first, so that 1e-300 does not overflow
    tempered = softmax(scores)
    kept, stages = np.isfinite(scores), []
    for name, cut in _chain(settings):
        removed = cut(scores) & kept
        scores, kept = np.where(removed, -np.inf, scores), kept & ~removed
        stages.append(Stage(name, int(removed.sum()), float(tempered[removed].sum())))
    return Distribution(softmax(logits), softmax(scores), kept, float(tempered[kept].sum()), tuple(stages))


def uniform(seed: int, position: int) -> float:
    """The number in [0, 1) that decides the token at ``position``: it depends on nothing but these two.

    >>> uniform(1, 5) == uniform(1, 5) != uniform(1, 6)
    True
    """
    return float(np.random.default_rng((seed, position)).random())


def draw(distribution: Distribution, number: float) -> int:
    """The token under ``number`` in [0, 1): tokens laid end to end from the most probable (inverse CDF).

    >>> distribution = adjust(np.log([0.3, 0.5, 0.2]))
    >>> [draw(distribution, u) for u in (0.0, 0.49, 0.51, 0.99)]
    [1, 1, 0, 2]
    """
    if not 0 <= number < 1:
        raise BadInput(f"{number!r} can't choose a token", "Give a number from 0 up to, but not, 1.")
    ids = np.flatnonzero(distribution.adjusted)
    ids = ids[most_probable_first(distribution.adjusted[ids])]
    cumulative = np.cumsum(distribution.adjusted[ids])
    return int(ids[np.searchsorted(cumulative, number * cumulative[-1], side="right")])


def _checked(logits: np.ndarray) -> np.ndarray:
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 1 or not scores.size or np.isnan(scores).any() or scores.max() in (np.inf, -np.inf):
        hint = "Logits are one row of numbers, at least one of them finite, none NaN or +inf."
        raise BadInput("These logits make no distribution", hint)
    return scores


def _penalised(scores: np.ndarray, penalty: float, previous_ids: Sequence[int]) -> np.ndarray:
    ids = np.unique(np.asarray(previous_ids, dtype=np.int64))
    if ids.size and not 0 <= ids[0] <= ids[-1] < scores.size:
        raise BadInput("A previous token is outside the vocabulary", f"Ids run from 0 to {scores.size - 1}.")
    scores = scores.copy()
    scores[ids] = np.where(scores[ids] < 0, scores[ids] * penalty, scores[ids] / penalty)
    return scores


Cut = Callable[[np.ndarray], np.ndarray]  # scores so far, -inf where already cut -> which to remove


def _chain(settings: SamplingSettings) -> list[tuple[str, Cut]]:
    if settings.temperature == 0:
        return [("greedy", lambda scores: np.arange(scores.size) != scores.argmax())]
    steps: tuple[tuple[str, bool, Cut], ...] = (
        ("top_k", settings.top_k > 0, lambda scores: _outside_top_k(scores, settings.top_k)),
        ("top_p", settings.top_p < 1, lambda scores: _outside_nucleus(scores, settings.top_p)),
        ("min_p", settings.min_p > 0, lambda scores: _below_min_p(scores, settings.min_p)),
    )
    return [(name, cut) for name, on, cut in steps if on]


def _outside_top_k(scores: np.ndarray, k: int) -> np.ndarray:
    k = min(k, scores.size)
    return scores < np.partition(scores, -k)[-k]  # tokens equal to the k-th stay, as in transformers


def _outside_nucleus(scores: np.ndarray, p: float) -> np.ndarray:
    least_first = most_probable_first(scores)[::-1]
    removed = np.empty(scores.size, dtype=bool)
    removed[least_first] = np.cumsum(softmax(scores)[least_first]) <= 1 - p
    removed[least_first[-1]] = False
    return removed


def _below_min_p(scores: np.ndarray, min_p: float) -> np.ndarray:
    probability = softmax(scores)
    return probability < min_p * probability.max()
