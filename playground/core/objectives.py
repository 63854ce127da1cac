"""What a text teaches under each pre-training objective: which positions carry a loss, and how large it is.

A loss is −ln of the probability the model gave the right token: in nats; divided by ln 2, in bits.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from playground.errors import BadInput

NATS_PER_BIT = math.log(2)


class Pair(NamedTuple):
    """Causal language modelling's question at one position: after all up to ``read``, say ``target``."""

    position: int
    read: int
    target: int


class Loss(NamedTuple):
    """The losses of a text's tokens together. ``bits_per_byte`` is None where no byte was predicted."""

    tokens: int
    nats: float  # mean of a token
    bits: float  # mean of a token
    perplexity: float
    total_bits: float
    bits_per_byte: float | None


def causal_pairs(ids: Sequence[int]) -> tuple[Pair, ...]:
    """Every position but the last asks for the next token (Radford et al. 2018, equation 1).

    >>> causal_pairs([5, 6, 7])
    (Pair(position=0, read=5, target=6), Pair(position=1, read=6, target=7))

    Raises BadInput for fewer than two tokens: the first has nothing before it to be predicted from.
    """
    if len(ids) < 2:
        raise BadInput("There is no next token", "Type two tokens or more: the first one is only read.")
    return tuple(Pair(i, read, target) for i, (read, target) in enumerate(pairwise(ids)))


def together(nats_T: np.ndarray, predicted_bytes: int = 0) -> Loss:
    """The mean loss in nats and bits, the perplexity exp(mean nats), and the bits each byte of the text costs.

    A perplexity of 20: as unsure as between 20 equally likely tokens. Jelinek et al. 1977.

    >>> together(np.log([2.0, 8.0]), predicted_bytes=8)
    Loss(tokens=2, nats=1.3862943611198906, bits=2.0, perplexity=4.0, total_bits=4.0, bits_per_byte=0.5)

    Raises BadInput for no token.
    """
    if len(nats_T) == 0:
        raise BadInput("No token has a loss", "Type two tokens or more.")
    mean = float(np.mean(nats_T, dtype=np.float64))
    bits = mean / NATS_PER_BIT
    total = bits * len(nats_T)
    return Loss(len(nats_T), mean, bits, _exp(mean), total, total / predicted_bytes if predicted_bytes else None)


def blind_nats(vocabulary_size: int) -> float:
    """What a model pays that finds all tokens equally likely: ln V.

    >>> round(blind_nats(49_152), 2)
    10.8
    """
    return math.log(vocabulary_size)


def _exp(nats: float) -> float:
    """exp without rounding 4 up to 4.000000000000001 where the number is a whole one but for rounding."""
    value = math.exp(nats)
    return float(round(value)) if math.isclose(value, round(value), rel_tol=1e-12) else value
