"""Positions as vectors and as rotations: the sinusoids of 2017, and RoPE.

Shapes: P positions, D dimensions of the model, d dimensions of a head, i one of its d/2 pairs.
"""

from typing import Literal

import numpy as np

from playground.errors import BadInput

Pairing = Literal["half", "interleaved"]
# half:         pair i is (i, i + d/2), as transformers stores Llama's weights
# interleaved:  pair i is (2i, 2i + 1), as the paper writes it


def frequencies(dimensions: int, base: float = 10_000.0) -> np.ndarray:
    """Each pair's angle per position in radians, base^(−2i/d), (d/2,): the first turns fastest.

    Vaswani et al. 2017 (arXiv:1706.03762, section 3.5) with base 10,000; RoFormer (arXiv:2104.09864, section 3.2.2)
    keeps it, newer models take a larger base ("rope theta").

    >>> frequencies(4, 100.0).tolist()
    [1.0, 0.1]

    Raises BadInput for an odd number of dimensions or a base that is not above 1.
    """
    if dimensions < 2 or dimensions % 2:
        raise BadInput(f"{dimensions} dimensions", "Pairs need an even number, 2 or more.")
    if not base > 1:
        raise BadInput(f"A base of {base:g}", "It is above 1; 10,000 in the papers.")
    result: np.ndarray = base ** (-np.arange(0, dimensions, 2, dtype=np.float64) / dimensions)
    return result


def wavelengths(dimensions: int, base: float = 10_000.0) -> np.ndarray:
    """Positions until each pair has turned once, 2π·base^(2i/d), (d/2,).

    >>> wavelengths(4, 100.0).round(2).tolist()
    [6.28, 62.83]
    """
    turns: np.ndarray = 2 * np.pi / frequencies(dimensions, base)
    return turns


def sinusoids(positions: int, dimensions: int, base: float = 10_000.0) -> np.ndarray:
    """PE(p, 2i) = sin(p·ω), PE(p, 2i+1) = cos(p·ω) with ω = base^(−2i/D), (P, D). Vaswani et al. 2017, section 3.5.

    >>> sinusoids(2, 2).round(4).tolist()
    [[0.0, 1.0], [0.8415, 0.5403]]
    """
    angles_Pi = np.arange(positions)[:, None] * frequencies(dimensions, base)
    return np.stack([np.sin(angles_Pi), np.cos(angles_Pi)], -1).reshape(positions, dimensions)


def dot_by_distance(distances: np.ndarray, dimensions: int, base: float = 10_000.0) -> np.ndarray:
    """The dot product of two sinusoid rows so far apart: Σ cos(Δ·ω), since sin a·sin b + cos a·cos b = cos(a − b).

    Neither position is in it, only the distance; at Δ = 0 it is D/2.

    >>> float(dot_by_distance(np.array([0]), 512)[0])
    256.0
    """
    total: np.ndarray = np.cos(np.asarray(distances)[..., None] * frequencies(dimensions, base)).sum(-1)
    return total


def rotate(
    vectors_Pd: np.ndarray, positions_P: np.ndarray, base: float = 10_000.0, pairing: Pairing = "half"
) -> np.ndarray:
    """Each vector with its pairs turned by position·ω: (x, y) → (x·cos − y·sin, x·sin + y·cos), float64.

    RoFormer (arXiv:2104.09864, section 3.2.2). Lengths stay; ⟨R_m q, R_n k⟩ depends on n − m alone.

    >>> rotate(np.array([[1.0, 0.0]]), np.array([np.pi / 2])).round(6).tolist()
    [[0.0, 1.0]]
    """
    vectors = np.asarray(vectors_Pd, np.float64)
    angles_Pi = np.asarray(positions_P, np.float64)[..., None] * frequencies(vectors.shape[-1], base)
    x, y = (vectors[..., ::2], vectors[..., 1::2]) if pairing == "interleaved" else np.split(vectors, 2, axis=-1)
    turned = x * np.cos(angles_Pi) - y * np.sin(angles_Pi), x * np.sin(angles_Pi) + y * np.cos(angles_Pi)
    if pairing == "interleaved":
        return np.stack(turned, -1).reshape(vectors.shape)
    return np.concatenate(turned, -1)


def scores_by_distance(
    query_d: np.ndarray, key_d: np.ndarray, distances: np.ndarray, base: float = 10_000.0
) -> np.ndarray:
    """q·k/√d after RoPE, were the key ``distance`` positions before the query, (distance,): a head's raw score.

    Pairing "half". A negative distance is a key that comes later.

    >>> one = np.ones(2) / np.sqrt(2)
    >>> scores_by_distance(one, one, np.array([0]), 100.0).round(4).tolist()
    [0.7071]
    """
    away = np.asarray(distances)
    turned_query = rotate(np.broadcast_to(query_d, (*away.shape, len(query_d))), away, base)
    scores: np.ndarray = turned_query @ np.asarray(key_d, np.float64) / np.sqrt(len(key_d))
    return scores
