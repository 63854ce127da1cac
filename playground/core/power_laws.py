"""The first scaling laws: Kaplan et al. 2020, arXiv:2001.08361. Straight lines on log axes, and why they changed.

``L(N) = (8.8e13/N)^0.076``, ``L(D) = (5.4e13/D)^0.095``, ``L(C) = (3.1e8/C)^0.050`` with C in petaflop/s-days, N
without embeddings (equations 1.1–1.3). Its best split, ``N = 1.3e9·C^0.73``, gives a growing budget almost whole to
parameters; Chinchilla found ``C^0.5``, having let every run finish its own learning-rate schedule.
"""

from dataclasses import dataclass

from playground.core.training_compute import petaflop_s_days


@dataclass(frozen=True)
class PowerLaw:
    """``loss = (scale / x) ** exponent``, in nats a token."""

    name: str
    title: str
    variable: str
    scale: float
    exponent: float
    low: float  # the range measured in the paper
    high: float

    def loss(self, x: float) -> float:
        """The loss at x.

        >>> round(BY_PARAMETERS.loss(1e9), 2)
        2.38
        """
        return float((self.scale / x) ** self.exponent)

    @property
    def per_tenfold(self) -> float:
        """By what factor the loss falls for ten times more.

        >>> round(BY_PARAMETERS.per_tenfold, 3)
        0.839
        """
        return float(10**-self.exponent)


BY_PARAMETERS = PowerLaw("parameters", "Parameters", "N, no embeddings", 8.8e13, 0.076, 1e5, 1.5e9)
BY_TOKENS = PowerLaw("tokens", "Tokens", "D, of the text", 5.4e13, 0.095, 2e7, 2.2e10)
BY_COMPUTE = PowerLaw("compute", "Compute", "C, petaflop/s-days", 3.1e8, 0.050, 1e-8, 1e1)
LAWS = (BY_COMPUTE, BY_TOKENS, BY_PARAMETERS)


def kaplan_optimum(flop: float) -> tuple[float, float]:
    """(N, D) by Kaplan's Table 6: ``N = 1.3e9·C^0.73``, ``D = 2e10·C^0.27``, C in petaflop/s-days.

    >>> n, d = kaplan_optimum(5.76e23)
    >>> round(n / 1e9), round(d / 1e9)
    (804, 216)
    """
    days = petaflop_s_days(flop)
    return 1.3e9 * days**0.73, 2e10 * days**0.27
