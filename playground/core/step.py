"""One token of a generation: how likely it was, the number that drew it, and what else could have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from playground import limits
from playground.core import sampling
from playground.core.sampling_settings import SamplingSettings


class Alternative(NamedTuple):
    """A token that could have come here."""

    id: int
    probability: float  # softmax at temperature 1, over the whole vocabulary
    adjusted: float  # in the distribution sampled from; 0 where cut


@dataclass(frozen=True)
class Step:
    """One generated token."""

    id: int
    probability: float  # softmax at temperature 1, over the whole vocabulary
    adjusted: float  # in the distribution it was drawn from
    rank: int  # 0: the most probable token
    finish_reason: str = ""  # "stop" or "length" on the last step of a run
    alternatives: tuple[Alternative, ...] = ()  # the most probable tokens, this one perhaps among them
    number: float | None = None  # the u in [0, 1) that drew it; None where it was given
    forced: bool = False  # a person chose it


def drawn(logits: np.ndarray, settings: SamplingSettings, before: Sequence[int], seed: int) -> Step:
    """The token that the seed draws after the tokens ``before`` (``sampling.uniform`` of seed and position).

    >>> from playground.core.sampling_settings import SamplingSettings
    >>> step = drawn(np.log([0.2, 0.7, 0.1]), SamplingSettings(temperature=0), [0], seed=3)
    >>> step.id, round(step.probability, 3), step.adjusted, step.rank
    (1, 0.7, 1.0, 0)
    """
    distribution = sampling.adjust(logits, settings, before)
    number = sampling.uniform(seed, len(before))
    return _step(distribution, sampling.draw(distribution, number), number)


def given(logits: np.ndarray, settings: SamplingSettings, before: Sequence[int], token: int) -> Step:
    """The same for a token that is there already: no draw, its ``number`` is None.

    >>> from playground.core.sampling_settings import SamplingSettings
    >>> step = given(np.log([0.2, 0.7, 0.1]), SamplingSettings(), [0], 2)
    >>> round(step.probability, 3), step.rank, [a.id for a in step.alternatives]
    (0.1, 2, [1, 0, 2])
    """
    return _step(sampling.adjust(logits, settings, before), token, None)


def _step(distribution: sampling.Distribution, token: int, number: float | None) -> Step:
    probability, adjusted = distribution.probability, distribution.adjusted
    count = min(limits.ALTERNATIVES, probability.size)
    most = np.argpartition(probability, -count)[-count:]
    return Step(
        id=token,
        probability=float(probability[token]),
        adjusted=float(adjusted[token]),
        rank=int((probability > probability[token]).sum()),
        alternatives=tuple(
            Alternative(i, float(probability[i]), float(adjusted[i]))
            for i in sorted(most.tolist(), key=lambda i: (-probability[i], i))
        ),
        number=number,
    )
