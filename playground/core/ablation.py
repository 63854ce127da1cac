"""What changes when a part of a model is taken out: two next-token distributions compared, and many cuts ranked.

To ablate is to switch off and look what is missing (heads: Michel et al. 2019, arXiv:1905.10650; Voita et al. 2019,
arXiv:1905.09418). The size of the change is the Kullback–Leibler divergence, in bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from playground.errors import BadInput

Part = Literal["heads", "attention", "mlp", "edge"]
Method = Literal["zero", "mean", "mask", "drop"]
METHODS: dict[Part, tuple[Method, ...]] = {
    "heads": ("zero", "mean"),
    "attention": ("zero", "mean"),
    "mlp": ("zero", "mean"),
    "edge": ("mask", "drop"),
}


@dataclass(frozen=True)
class Cut:
    """What is taken out. ``zero``: the part's output is 0 at every token. ``mean``: it is its own mean over the
    text's tokens. For an edge, ``mask``: −∞ before the softmax, so the row's other weights grow to sum to 1 again;
    ``drop``: the weight becomes 0 after the softmax, the others stay as they are.
    """

    part: Part
    layers: tuple[int, ...]
    heads: tuple[int, ...] = ()  # of a head or an edge
    method: Method = "zero"
    query: int = 0  # of an edge: it may no longer look …
    key: int = 0  # … there

    def check(self, layers: int, heads: int, tokens: int) -> "Cut":
        """The same cut; BadInput where the model or the text has no such part, or the method does not fit it."""
        for name, chosen, count in (("layer", self.layers, layers), ("head", self.heads, heads)):
            wrong = next((n for n in chosen if not 0 <= n < count), None)
            if wrong is not None:
                raise BadInput(f"There is no {name} {wrong}", f"This model's {name}s run from 0 to {count - 1}.")
        if not self.layers or (self.part in ("heads", "edge") and not self.heads):
            raise BadInput("Nothing to take out", "Choose at least one layer, and a head where heads are cut.")
        if self.method not in METHODS[self.part]:
            raise BadInput(
                f"{self.method} is no way to cut {self.part}", f"Choose one of: {', '.join(METHODS[self.part])}."
            )
        if self.part == "edge":
            if not 0 <= self.key <= self.query < tokens:
                raise BadInput(
                    f"Token {self.query} does not look at token {self.key}",
                    f"A decoder's token looks at itself and those before it; tokens run from 0 to {tokens - 1}.",
                )
            if self.method == "mask" and self.query == 0:
                raise BadInput(
                    "The first token can look at nothing but itself",
                    "With that masked no weight is left to share out. Choose a later token, or set the weight to 0.",
                )
        return self


class Candidate(NamedTuple):
    """One next token, before and after a cut."""

    id: int
    before: float
    after: float


@dataclass(frozen=True)
class Effect:
    """A cut's effect on the next token."""

    kl_bits: float
    answer: Candidate  # the most probable token before
    winner: Candidate  # the most probable token after
    moved: Candidate  # whose probability changed most

    @property
    def flipped(self) -> bool:
        """Whether another token is now the most probable one."""
        return self.answer.id != self.winner.id


def softmax(logits_V: np.ndarray) -> np.ndarray:
    """Probabilities over the whole vocabulary, in float64."""
    shifted = logits_V.astype(np.float64)
    exp_V = np.exp(shifted - shifted.max())
    result: np.ndarray = exp_V / exp_V.sum()
    return result


def kl_bits(before_V: np.ndarray, after_V: np.ndarray) -> float:
    """Σ p·log₂(p/q) of two distributions, before ‖ after, in bits (Kullback & Leibler 1951): never below 0.

    >>> kl_bits(np.array([0.5, 0.5]), np.array([0.25, 0.75])).__round__(4)
    0.2075
    """
    p = before_V.astype(np.float64)
    q = np.maximum(after_V.astype(np.float64), np.finfo(np.float64).tiny)
    terms = p * np.log2(np.divide(p, q, where=p > 0, out=np.ones_like(p)))
    return max(float(terms.sum()), 0.0)


def effect(before_logits_V: np.ndarray, after_logits_V: np.ndarray) -> Effect:
    """What a cut did to the next-token distribution, over the whole vocabulary.

    >>> effect(np.log(np.array([0.6, 0.4])), np.log(np.array([0.2, 0.8]))).flipped
    True
    """
    return compared(softmax(before_logits_V), softmax(after_logits_V))


def compared(before_V: np.ndarray, after_V: np.ndarray) -> Effect:
    """The same from the two distributions."""

    def candidate(index: int) -> Candidate:
        return Candidate(index, float(before_V[index]), float(after_V[index]))

    return Effect(
        kl_bits(before_V, after_V),
        candidate(int(before_V.argmax())),
        candidate(int(after_V.argmax())),
        candidate(int(np.abs(after_V - before_V).argmax())),
    )


def candidates(before_logits_V: np.ndarray, after_logits_V: np.ndarray, count: int) -> tuple[Candidate, ...]:
    """The ``count`` most probable tokens of either side, by their larger probability."""
    before_V, after_V = softmax(before_logits_V), softmax(after_logits_V)
    larger_V = np.maximum(before_V, after_V)
    order = np.argsort(-larger_V, kind="stable")[:count]
    return tuple(Candidate(int(i), float(before_V[i]), float(after_V[i])) for i in order)


def spearman(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> float | None:
    """The rank correlation of two lists, −1 to 1 (Spearman 1904); ties share their mean rank. None where one of them
    does not vary, or with fewer than three pairs.

    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    """
    a, b = _ranks(np.asarray(x, np.float64)), _ranks(np.asarray(y, np.float64))
    if len(a) < 3 or not a.std() or not b.std():
        return None
    return float(np.round(((a - a.mean()) * (b - b.mean())).mean() / (a.std() * b.std()), 12))


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: np.ndarray = ends - (counts - 1) / 2
    return means[place]
