"""Cross-attention: where an encoder–decoder looks in the source while it writes. Shapes as in ``core.attention``."""

from typing import NamedTuple

import numpy as np


class Head(NamedTuple):
    """A head's place, counted from 0."""

    layer: int
    head: int


def selectivity_bits(cross_LHTS: np.ndarray) -> np.ndarray:
    """How much a head's place to look depends on what is being written, in bits, (layer, head).

    The Jensen–Shannon divergence of the rows (Lin 1991): the entropy of their mean, less the mean of their entropies.
    0 for a head that looks at the same place all along; log₂ of the number of rows for one that never looks twice at
    the same token, and never at two at once. It says nothing about whether the look matters.

    >>> one_each, always_first = np.eye(4), np.eye(4)[[0, 0, 0, 0]]
    >>> selectivity_bits(np.stack([one_each, always_first])[None]).round(3).tolist()
    [[2.0, 0.0]]
    """
    whole, each = _entropy_bits(cross_LHTS.mean(axis=2)), _entropy_bits(cross_LHTS).mean(axis=-1)
    return np.asarray(np.maximum(whole - each, 0))  # never negative but for rounding


def most_selective(cross_LHTS: np.ndarray) -> Head:
    """The head that is easiest to read: the most selective one.

    >>> most_selective(np.stack([np.eye(2)[[0, 0]], np.eye(2)])[None])
    Head(layer=0, head=1)
    """
    found = selectivity_bits(cross_LHTS)
    layer, head = np.unravel_index(int(found.argmax()), found.shape)
    return Head(int(layer), int(head))


def _entropy_bits(weights: np.ndarray) -> np.ndarray:
    exact = weights.astype(np.float64)
    logs = np.log2(exact, out=np.zeros_like(exact), where=exact > 0)
    return np.asarray(0 - (exact * logs).sum(-1))
