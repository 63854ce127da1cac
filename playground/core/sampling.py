"""From logits to one token: softmax, temperature, the cuts, the draw.

Meaning and order are those of transformers' logits processors, or, with ``order="llama.cpp"``, the order of that
program's default chain. Every softmax is over the whole vocabulary, in float64. The cuts and their sources are in
``sampling_cuts``; repetition penalty: Keskar et al. 2019 (arXiv:1909.05858, §4.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from playground.core import sampling_cuts
from playground.core.sampling_cuts import CUTS, most_probable_first
from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput

__all__ = ["Distribution", "SamplingSettings", "Stage", "adjust", "draw", "most_probable_first", "softmax", "uniform"]


@dataclass(frozen=True)
class Stage:
    """What one step of the chain did: a cut removes tokens, penalty and temperature move mass between tokens."""

    name: str
    removed_tokens: int
    removed_mass: float  # their share of the distribution before the first cut
    moved_mass: float = 0.0  # total variation between the distributions before and after a step that cuts nothing


@dataclass(frozen=True, eq=False)
class Distribution:
    """A next-token distribution before and after the settings; arrays run over the whole vocabulary."""

    probability: np.ndarray  # softmax at temperature 1, nothing cut
    adjusted: np.ndarray  # the one sampled from: 0 where cut
    kept: np.ndarray  # bool
    kept_mass: float  # share of the distribution before the first cut that survived the cuts
    stages: tuple[Stage, ...]
    nucleus: sampling_cuts.Nucleus | None = None  # where top-p is on: both readings of it, on what it was given

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
    return sampling_cuts.softmax(_checked(logits))


def entropy_bits(probability: np.ndarray) -> float:
    """``-Σ p log2 p`` in bits (Shannon 1948), with 0 log 0 = 0.

    >>> entropy_bits(np.array([0.5, 0.25, 0.25, 0.0]))
    1.5
    """
    present = probability[probability > 0]
    return abs(float(-(present * np.log2(present)).sum()))


def total_variation(one: np.ndarray, other: np.ndarray) -> float:
    """``½ Σ |p - q|``: the largest difference between the probabilities that two distributions give to any event.

    >>> total_variation(np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.5, 0.25]))
    0.25
    """
    return float(np.abs(one - other).sum() / 2)


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
    scores = _checked(logits)
    probability = sampling_cuts.softmax(scores)
    now, uncut, kept = probability, None, np.isfinite(scores)
    stages, nucleus = [], None
    for name in settings.steps:
        if name in ("repetition_penalty", "temperature"):
            scores = _reshaped(scores, name, settings, previous_ids)
            before, now = now, sampling_cuts.softmax(scores)
            stages.append(Stage(name, 0, 0.0, total_variation(before, now)))
            continue
        uncut = now if uncut is None else uncut
        if name == "greedy":
            removed = kept & (np.arange(scores.size) != scores.argmax())
        else:
            removed = kept & CUTS[name](scores, getattr(settings, name))
        if name == "top_p":
            nucleus = sampling_cuts.nucleus(now, settings.top_p)
        scores, kept = np.where(removed, -np.inf, scores), kept & ~removed
        now = kept.astype(np.float64) if name == "greedy" else sampling_cuts.softmax(scores)
        stages.append(Stage(name, int(removed.sum()), float(uncut[removed].sum())))
    kept_mass = 1.0 if uncut is None else float(uncut[kept].sum())
    return Distribution(probability, now, kept, kept_mass, tuple(stages), nucleus)


def uniform(seed: int, position: int) -> float:
    """The number in [0, 1) that decides the token at ``position``: it depends on nothing but these two.

    >>> uniform(1, 5) == uniform(1, 5) != uniform(1, 6)
    True
    """
    return float(np.random.default_rng((seed, position)).random())


_LIKELY = 1_024  # tokens sorted first: nearly every draw is one of them


def draw(distribution: Distribution, number: float) -> int:
    """The token under ``number`` in [0, 1): tokens laid end to end from the most probable (inverse CDF).

    >>> distribution = adjust(np.log([0.3, 0.5, 0.2]))
    >>> [draw(distribution, u) for u in (0.0, 0.49, 0.51, 0.99)]
    [1, 1, 0, 2]
    """
    if not 0 <= number < 1:
        raise BadInput(f"{number!r} can't choose a token", "Give a number from 0 up to, but not, 1.")
    ids = np.flatnonzero(distribution.adjusted)
    if ids.size > 2 * _LIKELY:  # sorting all of a vocabulary takes a third as long as the model's own step
        shares = distribution.adjusted[ids]
        likely = ids[shares > np.partition(shares, -_LIKELY)[-_LIKELY]]
        if number * shares.sum() < distribution.adjusted[likely].sum() * (1 - 1e-9):
            likely = likely[most_probable_first(distribution.adjusted[likely])]
            cumulative = np.cumsum(distribution.adjusted[likely])
            return int(likely[np.searchsorted(cumulative, number * shares.sum(), side="right")])
    ids = ids[most_probable_first(distribution.adjusted[ids])]
    cumulative = np.cumsum(distribution.adjusted[ids])
    return int(ids[np.searchsorted(cumulative, number * cumulative[-1], side="right")])


def _checked(logits: np.ndarray) -> np.ndarray:
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 1 or not scores.size or np.isnan(scores).any() or scores.max() in (np.inf, -np.inf):
        hint = "Logits are one row of numbers, at least one of them finite, none NaN or +inf."
        raise BadInput("These logits make no distribution", hint)
    return scores


def _reshaped(scores: np.ndarray, name: str, settings: SamplingSettings, previous_ids: Sequence[int]) -> np.ndarray:
    if name == "temperature":
        return (scores - scores.max()) / settings.temperature  # shifted first, so that 1e-300 does not overflow
    ids = np.unique(np.asarray(previous_ids, dtype=np.int64))
    if ids.size and not 0 <= ids[0] <= ids[-1] < scores.size:
        raise BadInput("A previous token is outside the vocabulary", f"Ids run from 0 to {scores.size - 1}.")
    penalty, scores = settings.repetition_penalty, scores.copy()
    scores[ids] = np.where(scores[ids] < 0, scores[ids] * penalty, scores[ids] / penalty)
    return scores
