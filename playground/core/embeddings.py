"""Token embeddings as numbers: how alike two rows are, which rows lie nearest, what a sum of rows comes out at.

A row of the embedding table is the vector a token enters the model with, whatever stands around it. Shapes: V tokens
of the vocabulary, N rows, D dimensions.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from playground.errors import BadInput


class Neighbour(NamedTuple):
    """A token of the vocabulary and how alike its row is to the one asked about."""

    id: int
    cosine: float


class Projection(NamedTuple):
    """Rows seen along their principal components."""

    points: np.ndarray  # (row, component): coordinates, float64
    explained: np.ndarray  # (component,): each component's share of the variance; all components' shares add up to 1


def unit(rows_ND: np.ndarray) -> np.ndarray:
    """The rows at length 1, float64. A row of zeros has no direction: it stays zero, and is like nothing.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    rows = rows_ND.astype(np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def cosine(a_D: np.ndarray, b_D: np.ndarray) -> np.ndarray:
    """a·b / (|a||b|) along the last axis: 1 the same direction, 0 at right angles, −1 opposite.

    >>> round(float(cosine(np.array([1.0, 0.0]), np.array([1.0, 1.0]))), 4)
    0.7071
    """
    similarity: np.ndarray = (unit(a_D) * unit(b_D)).sum(-1)
    return np.clip(similarity, -1.0, 1.0)


def cosine_matrix(rows_ND: np.ndarray) -> np.ndarray:
    """Every row against every other, (N, N), symmetric.

    >>> cosine_matrix(np.array([[2.0, 0.0], [0.0, 3.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows = unit(rows_ND)
    return np.clip(rows @ rows.T, -1.0, 1.0)


def nearest(cosine_V: np.ndarray, count: int, without: Collection[int] = ()) -> tuple[Neighbour, ...]:
    """The ``count`` tokens with the largest cosine, the nearest first, those of ``without`` left out. Exact.

    >>> nearest(np.array([0.1, 1.0, 0.5]), 2, without=[1])
    (Neighbour(id=2, cosine=0.5), Neighbour(id=0, cosine=0.1))
    """
    if count < 1:
        raise BadInput(f"{count} neighbours", "Ask for one or more.")
    wanted = min(count + len(without), len(cosine_V))
    best = np.argpartition(-cosine_V, wanted - 1)[:wanted]
    ranked = best[np.lexsort((best, -cosine_V[best]))]  # ties: the lower id first
    kept = [int(i) for i in ranked if i not in without]
    return tuple(Neighbour(i, float(cosine_V[i])) for i in kept[:count])


def mean_cosine(mean_unit_row_D: np.ndarray, count: int) -> float:
    """The average cosine of two different tokens out of ``count``, from the mean of their unit rows.

    |Σu|² counts every ordered pair and each row with itself (1 each), so (V²|ū|² − V) / (V² − V). It tells how far
    the rows share a direction (anisotropy; Mu & Viswanath 2018, arXiv:1702.01417, section 2): a cosine means little
    unless it is well above.

    >>> mean_cosine(np.array([0.5, 0.5]), 2)  # two rows at right angles
    0.0
    """
    if count < 2:
        raise BadInput("One row has no pair", "Compare two or more.")
    square = float(mean_unit_row_D.astype(np.float64) @ mean_unit_row_D.astype(np.float64))
    return (count**2 * square - count) / (count**2 - count)


def combine(rows_ND: np.ndarray, signs_N: Sequence[int]) -> np.ndarray:
    """Σ ± u over the rows' *unit* vectors, float64 (D,): king − man + woman.

    Mikolov et al. 2013 (NAACL, "Linguistic Regularities…", section 4) normalise before they add.

    >>> combine(np.array([[2.0, 0.0], [0.0, 5.0]]), [1, -1]).tolist()
    [1.0, -1.0]

    Raises BadInput where everything cancels: no direction is left to look in.
    """
    total: np.ndarray = np.asarray(signs_N, np.float64) @ unit(rows_ND)
    if np.linalg.norm(total) < 1e-9:
        raise BadInput("Nothing is left of this sum: its words cancel out", "Change one of the words.")
    return total


def project(rows_ND: np.ndarray, components: int) -> Projection:
    """Principal components of the rows: the directions along which they differ most (Pearson 1901).

    The rows are centred, then X = UΣVᵀ: the coordinates are UΣ, the variance explained σ²/Σσ². A component's sign
    is arbitrary; here the largest coordinate is positive, so that the same words give the same picture.

    >>> seen = project(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]), 1)
    >>> np.abs(seen.points[:, 0]).round(6).tolist(), float(seen.explained[0])
    ([2.0, 0.0, 2.0], 1.0)

    Raises BadInput for fewer rows than components + 1, or rows that are all the same.
    """
    if len(rows_ND) <= components:
        raise BadInput(f"{len(rows_ND)} rows for {components} components", f"Give {components + 1} or more.")
    centred = rows_ND.astype(np.float64) - rows_ND.astype(np.float64).mean(0)
    u, sigma, _ = np.linalg.svd(centred, full_matrices=False)
    variance = sigma**2
    if variance.sum() < 1e-18:
        raise BadInput("These rows are all the same", "Compare different words.")
    points = u[:, :components] * sigma[:components]
    flip = np.sign(points[np.abs(points).argmax(0), np.arange(points.shape[1])])
    return Projection(points * np.where(flip == 0, 1, flip), (variance / variance.sum())[:components])
