"""Many draws against the distribution they come from: counts, a band for each token, and a goodness of fit."""

import math
from typing import NamedTuple

import numpy as np

from playground.core.sampling import Distribution, most_probable_first

DRAWS = 1_000
LEVEL = 0.95
LEAST_EXPECTED = 5.0  # of a cell of the chi-square test (Cochran 1954); rarer tokens share one cell


class Band(NamedTuple):
    """Counts from ``low`` to ``high``: what a token is drawn in 95 % of all repetitions."""

    low: int
    high: int


class Fit(NamedTuple):
    """Pearson's chi-square test of counts against a distribution."""

    chi_square: float
    degrees: int  # of freedom: cells - 1; 0 where everything is in one cell, and nothing to be tested
    p_value: float  # how often fair draws lie at least as far off


def uniforms(seed: int, position: int, count: int = DRAWS) -> np.ndarray:
    """The numbers in [0, 1) of so many draws; the first is the one that ``sampling.uniform`` gives.

    >>> from playground.core.sampling import uniform
    >>> bool(uniforms(7, 5)[0] == uniform(7, 5))
    True
    """
    return np.random.default_rng((seed, position)).random(count)


def counts(distribution: Distribution, numbers: np.ndarray) -> np.ndarray:
    """How often each token of the vocabulary is drawn by these numbers (``sampling.draw``, many at once)."""
    ids = np.flatnonzero(distribution.adjusted)
    ids = ids[most_probable_first(distribution.adjusted[ids])]
    cumulative = np.cumsum(distribution.adjusted[ids])
    drawn = ids[np.searchsorted(cumulative, numbers * cumulative[-1], side="right")]
    return np.bincount(drawn, minlength=distribution.adjusted.size)


def band(probability: float, draws: int = DRAWS) -> Band:
    """The central 95 % of the binomial distribution B(draws, probability), exactly, by its quantiles.

    >>> band(0.5), band(0.01), band(1.0)
    (Band(low=469, high=531), Band(low=4, high=17), Band(low=1000, high=1000))
    """
    if probability > 0.5:  # (1 - p)^1000 would underflow
        low, high = _quantiles(1 - probability, draws, (1 + LEVEL) / 2, (1 - LEVEL) / 2, strict=True)
        return Band(draws - low, draws - high)
    return Band(*_quantiles(probability, draws, (1 - LEVEL) / 2, (1 + LEVEL) / 2))


def _quantiles(p: float, draws: int, *levels: float, strict: bool = False) -> list[int]:
    """The least counts whose cumulative probability reaches (``strict``: exceeds) each level."""
    term = (1 - p) ** draws  # of count 0; each next one by the ratio of neighbours
    below, cumulative = [], 0.0
    for count in range(draws + 1):
        cumulative += term
        below.append(cumulative)
        term *= (draws - count) / (count + 1) * p / (1 - p)
    side = "right" if strict else "left"
    return [min(int(np.searchsorted(below, level, side=side)), draws) for level in levels]  # type: ignore[call-overload]


def fit(probability: np.ndarray, counted: np.ndarray) -> Fit:
    """Pearson 1900: ``Σ (observed - expected)² / expected`` over cells, against chi-square.

    A token expected at least 5 times is a cell of its own; all rarer ones are one cell, which joins the smallest of
    the others where it is too small itself.

    >>> even = fit(np.array([0.5, 0.5]), np.array([530, 470]))
    >>> round(even.chi_square, 9), even.degrees, round(even.p_value, 9)
    (3.6, 1, 0.057779571)
    """
    draws = int(counted.sum())
    expected = probability * draws
    own = np.flatnonzero(expected >= LEAST_EXPECTED)
    own = own[most_probable_first(expected[own])]
    cells = [(float(expected[i]), int(counted[i])) for i in own]
    rest = (max(draws - sum(e for e, _ in cells), 0.0), draws - sum(n for _, n in cells))
    if rest[0] >= LEAST_EXPECTED or not cells:
        cells.append(rest)
    elif rest[0] > 0 or rest[1]:
        cells[-1] = (cells[-1][0] + rest[0], cells[-1][1] + rest[1])
    chi_square = sum((n - e) ** 2 / e for e, n in cells)
    degrees = len(cells) - 1
    return Fit(chi_square, degrees, chi_square_tail(chi_square, degrees) if degrees else 1.0)


def chi_square_tail(chi_square: float, degrees: int) -> float:
    """The probability of at least this much with so many degrees of freedom: ``Q(degrees / 2, chi_square / 2)``.

    The regularised upper incomplete gamma function, by its series below and its continued fraction above
    ``degrees / 2 + 1`` (Abramowitz & Stegun 1964, 6.5.29 and 6.5.31).

    >>> round(chi_square_tail(3.841458820694124, 1), 12), round(chi_square_tail(18.307038053275146, 10), 12)
    (0.05, 0.05)
    """
    a, x = degrees / 2, chi_square / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return 1 - front * total
    below, fraction = 1e-300, 1 / (x + 1 - a)
    c, d, value = 1 / below, fraction, fraction
    for n in range(1, 10_000):  # Lentz's way
        even, odd = n * (a - n), x + 2 * n + 1 - a
        d = 1 / (even * d + odd)
        c = odd + even / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * value
