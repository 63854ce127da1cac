"""The same settings another way: in the other program's order, and with a popular mistake."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from playground.core.sampling import Distribution, adjust, most_probable_first, total_variation
from playground.core.sampling_settings import ORDERS, SamplingSettings

MISTAKEN_TOKENS = 50  # that a popular explainer fetches before it takes the softmax


@dataclass(frozen=True, eq=False)
class Other:
    """Another distribution for the same logits, and how far it is from the right one."""

    name: str
    distribution: Distribution
    total_variation: float  # share of all draws that would give another token, at the least


def other_order(logits: np.ndarray, settings: SamplingSettings, previous_ids: Sequence[int] = ()) -> Other:
    """The settings' steps in the order that was not chosen.

    >>> three = np.log([0.5, 0.3, 0.2])
    >>> hot = SamplingSettings(temperature=3.0, top_p=0.75)
    >>> adjust(three, hot).kept_tokens, other_order(three, hot).distribution.kept_tokens
    (3, 2)
    """
    name = next(order for order in ORDERS if order != settings.order)
    changed = adjust(logits, replace(settings, order=name), previous_ids)
    return Other(name, changed, total_variation(changed.adjusted, adjust(logits, settings, previous_ids).adjusted))


def mistaken(logits: np.ndarray, settings: SamplingSettings, previous_ids: Sequence[int] = ()) -> Other:
    """The popular mistake: softmax over the 50 most probable tokens, as if there were no others.

    Every probability shown is then too high, by the same factor before any setting.

    >>> wrong = mistaken(np.zeros(200), SamplingSettings())
    >>> float(wrong.distribution.adjusted[0].round(3)), wrong.total_variation  # 1/50 in place of 1/200
    (0.02, 0.75)
    """
    seen = np.full(len(logits), -np.inf)
    top = most_probable_first(np.asarray(logits))[:MISTAKEN_TOKENS]
    seen[top] = np.asarray(logits)[top]
    wrong = adjust(seen, settings, previous_ids)
    return Other("top 50", wrong, total_variation(wrong.adjusted, adjust(logits, settings, previous_ids).adjusted))
