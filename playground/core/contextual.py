"""One word in different sentences, layer by layer: how alike its vectors stay, and how alike any two words are there.

The vectors are the residual stream: the embedding (layer 0), then what each block leaves. A similarity says little
alone, since a model's vectors may all point much the same way: it is judged against different words in different
sentences at the same layer (Ethayarajh 2019, arXiv:1909.00512, sections 3.3 and 4).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from playground.core.embeddings import cosine, unit
from playground.errors import BadInput

# Sentences about nothing in common, for the baseline. Written for this project.
REFERENCE = (
    "A small dog ran across the wet grass towards the gate.",
    "Prices rose again in March because fuel was scarce.",
    "Please put the blue cups on the second shelf.",
    "The judge read the verdict in a quiet voice.",
    "Our train left Vienna two hours late last night.",
    "Plants turn light, water and air into sugar.",
    "He wrote a short program that sorts a list of names.",
    "Nobody in the village remembered such a cold winter.",
)


class Baseline(NamedTuple):
    """Cosines of different tokens in different sentences, layer by layer: their mean, and the middle 80 %."""

    mean: np.ndarray
    low: np.ndarray  # a tenth of the pairs lie below
    high: np.ndarray  # a tenth lie above
    pairs: int


def similarity_by_layer(a_LD: np.ndarray, b_LD: np.ndarray) -> np.ndarray:
    """The cosine of a word's two vectors at every layer, (layer,).

    >>> similarity_by_layer(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 0.0]
    """
    if a_LD.shape != b_LD.shape:
        raise BadInput(f"Vectors of shapes {a_LD.shape} and {b_LD.shape}", "Compare vectors of one model.")
    return cosine(a_LD, b_LD)


def baseline(sentences: Sequence[tuple[Sequence[int], np.ndarray]]) -> Baseline:
    """How alike *different* tokens of *different* sentences are at every layer: the measure of anisotropy.

    Each sentence is its ids and its vectors, (layer, token, dimension). The mean is what Ethayarajh subtracts from
    the similarity of a word with itself (section 3.3).

    >>> a, b = np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0], [1.0, 0.0]]])
    >>> found = baseline([([7], a), ([8, 7], b)])  # 7 with 7 does not count
    >>> found.mean.tolist(), found.pairs
    ([0.0], 1)

    Raises BadInput where no two sentences have different tokens.
    """
    units = [(np.asarray(ids), unit(vectors)) for ids, vectors in sentences]
    layers = units[0][1].shape[0] if units else 0
    found = [
        (a @ b.transpose(0, 2, 1)).reshape(layers, -1)[:, (ids_a[:, None] != ids_b).reshape(-1)]
        for (ids_a, a), (ids_b, b) in combinations(units, 2)
    ]
    cosines_LP = np.concatenate(found, axis=1) if found else np.zeros((0, 0))
    if not cosines_LP.size:
        raise BadInput("No pair of different tokens", "Give two or more sentences with different words.")
    low, high = np.quantile(cosines_LP, (0.1, 0.9), axis=1)
    return Baseline(cosines_LP.mean(1), low, high, cosines_LP.shape[1])
