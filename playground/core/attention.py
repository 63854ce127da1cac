"""Attention weights as numbers: what each head does with its mass, measured rather than named by hand.

Shapes: L layers, H heads, T targets (the queries: "from"), S sources (the keys: "to"). A row [l, h, t, :] says how
head h of layer l, at token t, divides one unit of attention among the tokens it may look at
(softmax(QKᵀ/√d), Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1). Layers and heads are counted from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from playground.errors import BadInput

ROW_SUM_TOLERANCE = 2**-8  # bf16 keeps 8 significant bits, so a row's rounded weights add up to 1 ± 2⁻⁹ at worst
REPEATS = 4  # with fewer repeated tokens, one lucky look would make an induction head


class Link(NamedTuple):
    """One weight of a map: position ``query`` puts ``weight`` of its attention on position ``key``."""

    query: int
    key: int
    weight: float


@dataclass(frozen=True)
class Scores:
    """All heads' scores, each an array of shape (layer, head). A mass is NaN where the text can't show it."""

    entropy_bits: np.ndarray
    distance_tokens: np.ndarray
    on_self: np.ndarray
    on_previous: np.ndarray
    on_first: np.ndarray
    on_repeat: np.ndarray


def checked(attention_LHTS: np.ndarray) -> np.ndarray:
    """The same array, if it is what attention can be: four axes, weights in [0, 1], every row summing to 1.

    >>> checked(np.full((1, 1, 2, 2), 0.5)).shape
    (1, 1, 2, 2)

    Raises BadInput otherwise. The tolerance is that of weights stored as bf16.
    """
    if attention_LHTS.ndim != 4 or 0 in attention_LHTS.shape:
        raise BadInput(
            f"Attention of shape {attention_LHTS.shape}", "Expected (layer, head, target, source), none of them empty."
        )
    worst = float(np.abs(attention_LHTS.sum(-1, dtype=np.float64) - 1).max())
    if not worst <= ROW_SUM_TOLERANCE or attention_LHTS.min() < 0:  # NaN fails the first comparison
        raise BadInput("These are not attention weights", f"A row is off its sum of 1 by {worst:.3g}.")
    return attention_LHTS


def entropy_bits(attention_LHTS: np.ndarray) -> np.ndarray:
    """Mean over the queries of −Σ p·log₂ p, in bits, (layer, head): 0 looks at one token, log₂ S at all S alike.

    Shannon 1948; used for heads by Clark et al. 2019 (arXiv:1906.04341, section 3.3).

    >>> entropy_bits(np.array([[[[1, 0], [0.5, 0.5]]]])).tolist()
    [[0.5]]
    """
    return np.stack([_entropy_bits(attention_HTS) for attention_HTS in attention_LHTS])


def _entropy_bits(attention_HTS: np.ndarray) -> np.ndarray:
    """One layer's: all layers of a long text in float64 would take a gigabyte."""
    p = attention_HTS.astype(np.float64)
    bits = p * np.log2(p, where=p > 0, out=np.zeros_like(p))
    entropy: np.ndarray = np.maximum(-bits.sum(-1).mean(-1), 0.0)
    return entropy


def mean_distance(attention_LHTS: np.ndarray) -> np.ndarray:
    """Mean over the queries of Σ p·|t − s|, in tokens, (layer, head): how far a head looks.

    Vig & Belinkov 2019 (arXiv:1906.04284, section 4.2).

    >>> mean_distance(np.array([[[[1, 0], [1, 0]]]])).tolist()
    [[0.5]]
    """
    targets, sources = attention_LHTS.shape[-2:]
    distance_TS = np.abs(np.arange(targets)[:, None] - np.arange(sources))
    return np.stack([(heads_HTS.astype(np.float64) * distance_TS).sum(-1).mean(-1) for heads_HTS in attention_LHTS])


def induction(attention_LHTS: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """Mass on what followed the same token earlier, mean over the queries whose token came before, (layer, head).

    The prefix-matching score of Olsson et al. 2022 (arXiv:2209.11895), on any text. NaN with fewer than REPEATS
    such queries.

    >>> ids = [5, 6, 7, 8, 5, 6, 7, 8]
    >>> looks_at = [0, 0, 0, 0, 1, 2, 3, 4]
    >>> induction(np.eye(8)[looks_at][None, None], ids).tolist()
    [[1.0]]
    """
    seen = np.asarray(ids)
    same_TS = seen[:, None] == seen
    followed_TS = np.zeros_like(same_TS)
    followed_TS[:, 1:] = np.tril(same_TS, -2)[:, :-1]  # −2: the follower must itself lie before the query
    rows = followed_TS.any(-1)
    if rows.sum() < REPEATS:
        return np.full(attention_LHTS.shape[:2], np.nan)
    return np.stack(
        [(heads_HTS[:, rows].astype(np.float64) * followed_TS[rows]).sum(-1).mean(-1) for heads_HTS in attention_LHTS]
    )


def scores(attention_LHTS: np.ndarray, ids: Sequence[int]) -> Scores:
    """Every head's scores for self-attention over the tokens ``ids``.

    The masses on self, previous and first leave out query 0: under a causal mask it can look at nothing but itself,
    which says nothing about the head.

    >>> scores(np.array([[[[1, 0], [0.75, 0.25]]]]), [7, 8]).on_first.tolist()
    [[0.75]]
    """
    targets, sources = attention_LHTS.shape[-2:]
    if not targets == sources == len(ids):
        raise BadInput(f"{targets} queries, {sources} keys, {len(ids)} ids", "Self-attention has as many of each.")
    t = np.arange(1, targets)

    def mass(s: np.ndarray) -> np.ndarray:
        picked = attention_LHTS[:, :, t, s].astype(np.float64)
        return picked.mean(-1) if len(t) else np.full(picked.shape[:2], np.nan)

    return Scores(
        entropy_bits(attention_LHTS),
        mean_distance(attention_LHTS),
        on_self=mass(t),
        on_previous=mass(t - 1),
        on_first=mass(t * 0),
        on_repeat=induction(attention_LHTS, ids),
    )


def strongest(attention_TS: np.ndarray) -> Link | None:
    """The largest weight between two different tokens, the sink (token 0) left out; None where there is no such pair.

    >>> strongest(np.array([[1, 0, 0], [0.9, 0.1, 0], [0.7, 0.2, 0.1]]))
    Link(query=2, key=1, weight=0.2)
    """
    weights = np.array(attention_TS, np.float64)
    np.fill_diagonal(weights, 0)
    weights[:, 0] = 0
    query, key = np.unravel_index(int(weights.argmax()), weights.shape)
    weight = float(weights[query, key])
    return Link(int(query), int(key), weight) if weight > 0 else None
