"""What the Scaling laws page asks: one budget, however it is given, and the curves around it."""

from dataclasses import dataclass

import numpy as np

from playground.core.chinchilla import Loss
from playground.core.training_compute import FLOP_MAX, check_flop, training_flop
from playground.core.units import parse_count
from playground.errors import BadInput

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PARAMETERS_MAX, TOKENS_MAX = 10**15, 10**18


@dataclass(frozen=True)
class Budget:
    """Operations to spend, and the model they are spent on where one was named."""

    flop: float
    parameters: int | None = None
    tokens: int | None = None


def budget_of_compute(text: str) -> Budget:
    """The budget a person typed, in operations (``5.76e23``). Raises BadInput for anything else.

    >>> budget_of_compute("5.76e23").flop
    5.76e+23
    """
    return Budget(check_flop(float(parse_count(text, "number of operations"))))


def budget_of_model(params: str, tokens: str) -> Budget:
    """The budget that trains this model on these tokens: 6ND. Raises BadInput.

    >>> budget_of_model("70B", "1.4T").flop
    5.88e+23
    """
    size, length = parse_count(params, "number of parameters"), parse_count(tokens, "number of tokens")
    if not 1 <= size < PARAMETERS_MAX:
        raise BadInput(f"{size:,} parameters can't be computed with", f"Choose between 1 and {PARAMETERS_MAX:,}.")
    if not 1 <= length <= TOKENS_MAX:
        raise BadInput(f"{length:,} tokens can't be computed with", f"Choose between 1 and {TOKENS_MAX:,}.")
    return Budget(check_flop(float(training_flop(size, length))), size, length)


def budget_of_gpus(gpus: int, days: float, tflops: float, utilisation: float) -> Budget:
    """The budget of so many GPUs for so many days: GPUs · days · peak · utilisation.

    >>> f"{budget_of_gpus(512, 53, 312, 0.327).flop:.3g}"
    '2.39e+23'
    """
    return Budget(check_flop(min(gpus * days * 86_400 * tflops * 1e12 * utilisation, FLOP_MAX * 10)))


def iso_flop(law: Loss, flop: float, decades: float = 1.6, points: int = 161) -> tuple[np.ndarray, np.ndarray]:
    """(parameters, loss) at this budget, ``decades`` of sizes to either side of the best.

    >>> from playground.core.chinchilla import UNROUNDED
    >>> sizes, losses = iso_flop(UNROUNDED, 5.76e23)
    >>> round(float(sizes[losses.argmin()]) / 1e9)
    40
    """
    best, _ = law.optimum(flop)
    sizes = best * np.logspace(-decades, decades, points)
    return sizes, np.array([law.loss(n, flop / (6 * n)) for n in sizes])


def surface(law: Loss, sizes_N: np.ndarray, tokens_D: np.ndarray) -> np.ndarray:
    """The loss over a grid, rows by tokens, columns by parameters."""
    return law.E + law.A / sizes_N[None, :] ** law.alpha + law.B / tokens_D[:, None] ** law.beta


def scientific(value: float) -> str:
    """A large number as it is written by hand.

    >>> scientific(5.76e23), scientific(6.0)
    ('5.76 × 10²³', '6')
    """
    if abs(value) < 10**4:
        return f"{value:,.4g}"
    mantissa, exponent = f"{value:.3g}".split("e") if "e" in f"{value:.3g}" else f"{value:.2e}".split("e")
    return f"{float(mantissa):g} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
