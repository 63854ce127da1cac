"""One attention weight, number by number: q·k, ÷ √d, mask, softmax over the row, × v.

Attention(Q, K, V) = softmax(QKᵀ/√d)·V, Vaswani et al. 2017 (arXiv:1706.03762, section 3.2.1), one query at a time.
Shapes: H query heads, K key heads (fewer with grouped-query attention, Ainslie et al. 2023, arXiv:2305.13245),
T targets (queries), S sources (keys), d numbers a head. Everything is added up in float64, so what differs from the
model's own result is the model's rounding.
"""

from dataclasses import dataclass

import numpy as np

from playground.errors import BadInput


@dataclass(frozen=True)
class Captured:
    """What one layer of a running model had: after RoPE where it has RoPE, as float32."""

    queries: np.ndarray  # (H, T, d)
    keys: np.ndarray  # (K, S, d)
    values: np.ndarray  # (K, S, d)
    weights: np.ndarray  # (H, T, S), the model's own
    outputs: np.ndarray  # (H, T, d), the model's own
    scaling: float  # what it multiplies q·k with, as float32
    causal: bool

    @property
    def group(self) -> int:
        """Query heads that share one key and value head."""
        return len(self.queries) // len(self.keys)


@dataclass(frozen=True)
class Row:
    """One head, one query: every number from the two vectors to the head's output."""

    query: int
    key_head: int
    q: np.ndarray  # (d,)
    k: np.ndarray  # (S, d)
    v: np.ndarray  # (S, d)
    dots: np.ndarray  # (S,): q·k
    scores: np.ndarray  # q·k/√d
    allowed: np.ndarray  # False: masked
    exps: np.ndarray  # e^(score − the largest allowed score), 0 where masked
    weights: np.ndarray
    output: np.ndarray  # Σ weight·v
    model_weights: np.ndarray
    model_output: np.ndarray
    root_d: float  # √d

    @property
    def highest(self) -> float:
        """The largest allowed score, taken off each before e^x so that nothing overflows."""
        return float(self.scores[self.allowed].max())

    @property
    def total(self) -> float:
        """What the softmax divides by."""
        return float(self.exps.sum())

    def products(self, key: int) -> np.ndarray:
        """q·k's terms, one for each of the d dimensions."""
        terms: np.ndarray = self.q * self.k[key]
        return terms

    @property
    def weight_error(self) -> float:
        """The largest difference from the model's own weights in this row."""
        return float(np.abs(self.weights - self.model_weights).max())

    @property
    def output_error(self) -> float:
        """The largest difference from the model's own output of this head at this token."""
        return float(np.abs(self.output - self.model_output).max())


def row(captured: Captured, head: int, query: int) -> Row:
    """The arithmetic of one row of one head's map. Raises BadInput for a head or a token that is not there.

    >>> one = np.array([[[1.0, 0.0], [0.0, 2.0]]], np.float32)  # one head, two tokens, d = 2
    >>> found = row(Captured(one, one, one, np.eye(2)[None], one, 2**-0.5, causal=True), head=0, query=1)
    >>> found.dots.tolist(), found.scores.round(3).tolist(), found.weights.round(3).tolist()
    ([0.0, 4.0], [0.0, 2.828], [0.056, 0.944])
    >>> found.output.round(3).tolist()
    [0.056, 1.888]
    """
    heads, tokens, size = captured.queries.shape
    if not (0 <= head < heads and 0 <= query < tokens):
        raise BadInput(
            f"There is no head {head} or no token {query}", f"Heads run to {heads - 1}, tokens to {tokens - 1}, from 0."
        )
    key_head = head // captured.group
    q = captured.queries[head, query].astype(np.float64)
    k, v = (x[key_head].astype(np.float64) for x in (captured.keys, captured.values))
    dots = k @ q
    # The model's factor is 1/√d in every model here but may be another; as float32 it is not quite 1/√d.
    exact = np.isclose(captured.scaling, size**-0.5, rtol=1e-6)
    root_d = float(size**0.5) if exact else 1 / captured.scaling
    scores = dots / root_d
    allowed = np.arange(tokens) <= query if captured.causal else np.ones(tokens, bool)
    exps = np.where(allowed, np.exp(np.minimum(scores - scores[allowed].max(), 0.0)), 0.0)
    weights = exps / exps.sum()
    return Row(
        query=query,
        key_head=key_head,
        q=q,
        k=k,
        v=v,
        dots=dots,
        scores=scores,
        allowed=allowed,
        exps=exps,
        weights=weights,
        output=weights @ v,
        model_weights=captured.weights[head, query].astype(np.float64),
        model_output=captured.outputs[head, query].astype(np.float64),
        root_d=root_d,
    )


def largest_error(captured: Captured) -> tuple[float, float]:
    """The largest difference from the model's own weights, and outputs, over every head and token of the layer."""
    heads, tokens, _ = captured.queries.shape
    rows = [row(captured, head, query) for head in range(heads) for query in range(tokens)]
    return max(r.weight_error for r in rows), max(r.output_error for r in rows)
