"""What quantization did to a matrix: how far off the weights are, and which of them made it hard."""

import math
from dataclasses import dataclass

import numpy as np

from playground.errors import BadInput

FAR_SIGMAS = 6.0


@dataclass(frozen=True)
class Errors:
    """Differences between the weights and what was stored for them."""

    rmse: float
    largest: float
    snr_db: float  # 10·log10(Σw² / Σ(w − ŵ)²); ∞ where nothing was lost
    zeroed: float  # share of the weights that became 0 and were not


@dataclass(frozen=True)
class Outliers:
    """How far the extremes lie from the crowd. A scale must reach them, so they make everyone else's steps larger."""

    mean: float
    sigma: float
    absmax: float
    far: int  # weights beyond FAR_SIGMAS standard deviations
    kurtosis: float  # 3 for a bell curve; above it, heavier tails

    @property
    def sigmas(self) -> float:
        """The largest |weight| in standard deviations."""
        return self.absmax / self.sigma if self.sigma else 0.0


def errors(weights_RC: np.ndarray, restored_RC: np.ndarray) -> Errors:
    """RMSE, the largest error, the signal-to-noise ratio in decibels (6.02 dB are one bit), and what became 0.

    >>> errors(np.array([1.0, -1.0]), np.array([1.1, -1.0])).snr_db.__round__(2)
    23.01
    """
    weights, restored = weights_RC.astype(np.float64), restored_RC.astype(np.float64)
    if weights.shape != restored.shape or not weights.size:
        raise BadInput("These two matrices can't be compared", "They need the same shape, and at least one weight.")
    off = weights - restored
    noise, signal = float((off**2).sum()), float((weights**2).sum())
    return Errors(
        rmse=math.sqrt(noise / weights.size),
        largest=float(np.abs(off).max()),
        snr_db=math.inf if not noise else 10 * math.log10(signal / noise) if signal else -math.inf,
        zeroed=float(((restored == 0) & (weights != 0)).mean()),
    )


def outliers(weights_RC: np.ndarray) -> Outliers:
    """The crowd and its extremes.

    >>> found = outliers(np.array([[0.0] * 99 + [10.0]]))
    >>> found.far, round(found.sigmas, 2)
    (1, 10.05)
    """
    weights = np.asarray(weights_RC, np.float64)
    mean, sigma = float(weights.mean()), float(weights.std())
    away = weights - mean
    return Outliers(
        mean=mean,
        sigma=sigma,
        absmax=float(np.abs(weights).max()),
        far=int((np.abs(away) > FAR_SIGMAS * sigma).sum()),
        kurtosis=float((away**4).mean() / sigma**4) if sigma else 0.0,
    )
