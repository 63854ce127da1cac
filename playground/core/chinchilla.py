"""Chinchilla: how to split a compute budget between parameters N and tokens D (Hoffmann et al., arXiv:2203.15556).

Approach 3 fits ``L(N, D) = E + A/N^α + B/D^β``; with 6ND = C its minimum is in closed form (equation 4):
``N = G·(C/6)^a``, ``D = (C/6)^b/G``, ``G = (αA/βB)^(1/(α+β))``, ``a = β/(α+β)``, ``b = α/(α+β)``. The coefficients as
printed are rounded, and rounded ones do not give the paper's own answers; the unrounded ones stand in its TeX source.
"""

import math
from dataclasses import dataclass

GOPHER_BUDGET = 5.76e23  # what Gopher cost, and Chinchilla was allowed
TOKENS_PER_PARAMETER = 20  # the course's rule


@dataclass(frozen=True)
class Loss:
    """A fitted loss surface, in nats a token."""

    name: str
    title: str
    E: float
    A: float
    B: float
    alpha: float
    beta: float
    source: str

    def loss(self, parameters: float, tokens: float) -> float:
        """The loss predicted for a model of this size trained on so many tokens.

        >>> round(EPOCH.loss(70e9, 1.4e12), 4)
        1.9739
        """
        return self.E + self.A / parameters**self.alpha + self.B / tokens**self.beta

    def optimum(self, flop: float) -> tuple[float, float]:
        """(N, D) of least loss for the budget.

        >>> n, d = UNROUNDED.optimum(5.76e23)
        >>> round(n / 1e9, 2), round(d / n, 1)
        (40.36, 58.9)
        """
        together = self.alpha + self.beta
        g = (self.alpha * self.A / (self.beta * self.B)) ** (1 / together)
        each = flop / 6
        return g * each ** (self.beta / together), each ** (self.alpha / together) / g

    def least(self, flop: float) -> float:
        """The least loss the budget can reach."""
        return self.loss(*self.optimum(flop))

    def compute_for(self, loss: float) -> float:
        """The smallest budget whose optimum reaches this loss (infinite at or below E).

        The optimum's loss is ``E + K·C^(−γ)`` with γ = αβ/(α+β), so this is its inverse.

        >>> f"{EPOCH.compute_for(EPOCH.least(1e22)):.6g}"
        '1e+22'
        """
        if loss <= self.E:
            return math.inf
        gamma = self.alpha * self.beta / (self.alpha + self.beta)
        k = self.least(1.0) - self.E
        return float((k / (loss - self.E)) ** (1 / gamma))


ROUNDED = Loss(
    "approach-3-rounded",
    "Approach 3, coefficients as printed",
    *(1.69, 406.4, 410.7, 0.34, 0.28),
    "arXiv:2203.15556, equation 10",
)
UNROUNDED = Loss(
    "approach-3",
    "Approach 3, unrounded",
    *(1.6933736809989528, 406.4010175194737, 410.7228269450398, 0.33917084, 0.2849083),
    "the paper's TeX source, as read by Besiroglu et al., arXiv:2404.10102",
)
EPOCH = Loss(
    "epoch",
    "Epoch's refit",
    *(1.8172, 482.01, 2085.43, 0.3478, 0.3658),
    "Besiroglu et al. 2024, arXiv:2404.10102",
)
LOSSES = (ROUNDED, UNROUNDED, EPOCH)
LOSS_BY_NAME = {law.name: law for law in LOSSES}


@dataclass(frozen=True)
class Lines:
    """Straight lines on log axes: ``log10 N = a·log10 C + a0``, ``log10 D = b·log10 C + b0``."""

    name: str
    title: str
    a: float
    a0: float
    b: float
    b0: float
    source: str

    def optimum(self, flop: float) -> tuple[float, float]:
        """(N, D) on the lines.

        >>> n, d = APPROACH_1.optimum(5.76e23)
        >>> round(n / 1e9), round(d / 1e12, 2)
        (67, 1.43)
        """
        log = math.log10(flop)
        return float(10 ** (self.a * log + self.a0)), float(10 ** (self.b * log + self.b0))


_REGRESSION = "BloombergGPT's lines through Chinchilla's tables, arXiv:2303.17564 §3.2"
APPROACH_1 = Lines("approach-1", "Approach 1, training curves", 0.498, -1.004, 0.502, 0.229, _REGRESSION)
APPROACH_2 = Lines("approach-2", "Approach 2, iso-FLOP curves", 0.490, -0.839, 0.510, 0.062, _REGRESSION)


@dataclass(frozen=True)
class Allocation:
    """One law's answer to a budget."""

    name: str
    title: str
    parameters: float
    tokens: float
    loss: float | None  # None where the law predicts no loss
    source: str

    @property
    def tokens_per_parameter(self) -> float:
        """D / N."""
        return self.tokens / self.parameters


def twenty(flop: float) -> tuple[float, float]:
    """The 20-tokens-per-parameter rule at a budget: ``N = √(C/120)``.

    >>> n, d = twenty(5.76e23)
    >>> round(n / 1e9, 1), round(d / n)
    (69.3, 20)
    """
    parameters = math.sqrt(flop / (6 * TOKENS_PER_PARAMETER))
    return parameters, TOKENS_PER_PARAMETER * parameters


def allocations(flop: float) -> tuple[Allocation, ...]:
    """Every law's answer, the course's rule first."""
    rule = Allocation("twenty-to-one", "20 tokens per parameter", *twenty(flop), None, "the course's rule")
    lines = (Allocation(x.name, x.title, *x.optimum(flop), None, x.source) for x in (APPROACH_1, APPROACH_2))
    losses = (Allocation(x.name, x.title, *x.optimum(flop), x.least(flop), x.source) for x in LOSSES)
    return (rule, *lines, *losses)
