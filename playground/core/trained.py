"""What real models were trained with, and how far from the best split of their own compute they are."""

import functools
import tomllib
from dataclasses import dataclass
from typing import Any

from playground import paths
from playground.core.chinchilla import TOKENS_PER_PARAMETER, Loss
from playground.core.training_compute import training_flop


@dataclass(frozen=True)
class Trained:
    """A published dense model: parameters, tokens it was trained on, who says so."""

    name: str
    year: int
    parameters: int
    tokens: int
    source: str

    @property
    def flop(self) -> int:
        """6ND."""
        return training_flop(self.parameters, self.tokens)

    @property
    def tokens_per_parameter(self) -> float:
        """D / N."""
        return self.tokens / self.parameters


@functools.cache
def trained_models() -> tuple[Trained, ...]:
    """Every model of ``assets/presets/trained.toml``, by compute.

    >>> next(m for m in trained_models() if m.name == "Chinchilla 70B").flop == 588 * 10**21
    True
    """
    rows = _presets("trained")["trained"]
    found = (Trained(r["name"], r["year"], int(r["parameters"]), int(r["tokens"]), r["source"]) for r in rows)
    return tuple(sorted(found, key=lambda model: model.flop))


@dataclass(frozen=True)
class Placed:
    """A model beside the best split of the same compute under one law."""

    model: Trained
    law: Loss
    best_parameters: float
    best_tokens: float

    @property
    def loss(self) -> float:
        """The loss the law predicts for it."""
        return self.law.loss(self.model.parameters, self.model.tokens)

    @property
    def lost(self) -> float:
        """Nats a token it is above the best of its compute."""
        return self.loss - self.law.least(self.model.flop)

    @property
    def tokens_factor(self) -> float:
        """Its tokens per parameter over the best: above 1 over-trained (small and long), below 1 under-trained."""
        return self.model.tokens_per_parameter / (self.best_tokens / self.best_parameters)

    @property
    def compute_wasted(self) -> float:
        """The share of its compute a best split would not have needed for the same loss."""
        return 1 - self.law.compute_for(self.loss) / self.model.flop


def place(model: Trained, law: Loss) -> Placed:
    """The model placed on the law.

    >>> from playground.core.chinchilla import EPOCH
    >>> gpt3 = place(next(m for m in trained_models() if m.name == "GPT-3 175B"), EPOCH)
    >>> round(gpt3.tokens_factor, 2), round(gpt3.model.tokens_per_parameter, 2)
    (0.09, 1.72)
    """
    return Placed(model, law, *law.optimum(model.flop))


def verdict(tokens_per_parameter: float, best: float = TOKENS_PER_PARAMETER) -> str:
    """In words, how a model's tokens per parameter compare with the best.

    >>> verdict(1.72), verdict(20), verdict(1868)
    ('under-trained 12×', 'about right', 'over-trained 93×')
    """
    factor = tokens_per_parameter / best
    if 0.75 <= factor <= 4 / 3:
        return "about right"
    if factor < 1:
        return f"under-trained {_times(1 / factor)}"
    return f"over-trained {_times(factor)}"


def _times(factor: float) -> str:
    return f"{factor:.1f}×" if factor < 10 else f"{factor:.0f}×"


@dataclass(frozen=True)
class DataPart:
    """A part of BloombergGPT's corpus; ``printed`` is the share of training in per cent as its heading says."""

    part: str
    finance: bool
    tokens: int
    printed: float


@functools.cache
def bloomberg_data() -> tuple[DataPart, ...]:
    """BloombergGPT's corpus (arXiv:2303.17564 §2), in its order.

    >>> sum(part.tokens for part in bloomberg_data() if part.finance) // 10**9
    364
    """
    rows = _presets("trained")["bloomberg"]
    return tuple(DataPart(row["part"], row["finance"], int(row["tokens"]), row["printed"]) for row in rows)


@dataclass(frozen=True)
class TableRow:
    """One row of Chinchilla's tables, as printed."""

    approach: int
    parameters: float
    flop: float
    tokens: float

    @property
    def by_formula(self) -> float:
        """6ND of the row's own numbers."""
        return 6 * self.parameters * self.tokens

    @property
    def misprint(self) -> bool:
        """The printed operations are nowhere near 6ND (every sound row is within 5%)."""
        return abs(self.flop / self.by_formula - 1) > 0.5


@functools.cache
def chinchilla_tables() -> tuple[TableRow, ...]:
    """Tables 3 and A3 (arXiv:2203.15556): best size and tokens for nine sizes, by each approach.

    >>> [f"{row.flop:.3g}" for row in chinchilla_tables() if row.misprint]
    ['1.26e+24']
    """
    return tuple(
        TableRow(approach["number"], *row)
        for approach in _presets("chinchilla")["approach"]
        for row in approach["rows"]
    )


@functools.cache
def _presets(name: str) -> dict[str, Any]:
    return tomllib.loads((paths.PRESETS / f"{name}.toml").read_text(encoding="utf-8"))
