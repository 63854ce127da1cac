"""Training compute: ``C = 6·N·D``, what it leaves out, and what it costs in GPUs, days and money.

Each token passes a weight twice forward (multiply, add) and four times backward (gradients of inputs and weights):
6 operations a parameter and token (Kaplan et al., arXiv:2001.08361 §2.1). An encoder–decoder passes a token through
half of its weights: 3 (GPT-3's Table D.1). Attention's own products, ``12·L·width·s`` a token, are not in 6ND.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.architectures import Architecture
from playground.core.parameters import tensors
from playground.errors import BadInput

PETAFLOP_S_DAY = 10**15 * 86_400
FLOP_MIN, FLOP_MAX = 10**12, 10**35
_OUTSIDE_MATRICES = frozenset({"embedding", "positions", "norm", "bias"})


def training_flop(parameters: int, tokens: int, per_parameter_token: int = 6) -> int:
    """Operations to train ``parameters`` weights on ``tokens`` tokens.

    >>> training_flop(70 * 10**9, 1_400 * 10**9) == 588 * 10**21
    True
    """
    return per_parameter_token * parameters * tokens


def petaflop_s_days(flop: float) -> float:
    """The same in days of 10^15 operations a second (8.64e19 each).

    >>> round(petaflop_s_days(3.14e23))
    3634
    """
    return flop / PETAFLOP_S_DAY


def attention_share(layers: int, width: int, sequence: int, parameters: int) -> float:
    """Attention's products as a share of 6ND: ``12·L·width·s / 6N`` (halve it where future tokens are skipped).

    >>> round(attention_share(96, 12288, 2048, 174_600_000_000), 4)
    0.0277
    """
    return 12 * layers * width * sequence / (6 * parameters)


def exact_flop(model: Architecture, sequence: int) -> int:
    """Every matrix product of one training sequence of a decoder: three times forward, attention's squares included.

    ``3·(2·s·W + 4·L·s²·width)`` with W the weights of all matrices a token passes, the output head among them.

    >>> from playground.core.architectures import architecture
    >>> exact_flop(architecture("llama-2-7b"), 4096)
    188763812659200
    """
    passed = 0
    for tensor in tensors(model):
        if tensor.role in _OUTSIDE_MATRICES or len(tensor.shape) < 2:
            continue
        share = Fraction(model.experts.active, model.experts.total) if tensor.expert and model.experts else 1
        passed += int(tensor.elements * share)
    head = model.vocabulary * model.hidden if model.tied else 0
    squares = 4 * model.layers * sequence**2 * model.heads * model.head_size
    return 3 * (2 * sequence * (passed + head) + squares)


@dataclass(frozen=True)
class Run:
    """A training run on a number of equal GPUs."""

    flop: float
    gpus: int
    tflops: float  # a GPU's peak, dense, 16 bit
    utilisation: float  # of the peak, 0 … 1
    price_per_gpu_hour: float = 0.0

    @property
    def days(self) -> float:
        """``C / (GPUs · peak · utilisation)``, in days.

        >>> round(Run(3.14e23, 1024, 312, 0.4).days, 2)
        28.44
        """
        return self.flop / (self.gpus * self.tflops * 1e12 * self.utilisation * 86_400)

    @property
    def gpu_hours(self) -> float:
        """Hours of all GPUs together: the same however many there are."""
        return self.days * self.gpus * 24

    @property
    def price(self) -> float:
        """What the GPU hours cost, in the currency of the price."""
        return self.gpu_hours * self.price_per_gpu_hour


def run(flop: float, gpus: int, tflops: float, utilisation: float, price_per_gpu_hour: float = 0.0) -> Run:
    """A run, its inputs checked. BadInput for what no run can be."""
    check_flop(flop)
    if gpus < 1 or not 0 < tflops < math.inf:
        raise BadInput("A run needs at least one GPU that computes", "Choose 1 GPU or more.")
    if not 0 < utilisation <= 1:
        raise BadInput(f"A utilisation of {utilisation:g} is not possible", "Choose more than 0 and at most 1 (100%).")
    if not 0 <= price_per_gpu_hour < 10**6:
        raise BadInput(f"{price_per_gpu_hour:g} is not a price", "Choose 0 or more an hour.")
    return Run(flop, gpus, tflops, utilisation, price_per_gpu_hour)


def gpus_for_one_day(flop: float, tflops: float, utilisation: float = 1.0) -> float:
    """How many GPUs deliver this much in 24 hours.

    >>> gpus_for_one_day(PETAFLOP_S_DAY, 125)
    8.0
    """
    return flop / (tflops * 1e12 * utilisation * 86_400)


def check_flop(flop: float) -> float:
    """The budget, if the laws can be asked about it; BadInput otherwise."""
    if not (math.isfinite(flop) and FLOP_MIN <= flop <= FLOP_MAX):
        raise BadInput(f"{flop:.3g} operations are not a training budget", f"Choose {FLOP_MIN:.0e} … {FLOP_MAX:.0e}.")
    return flop
