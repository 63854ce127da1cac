"""Training recipes: bytes per parameter of weights, gradients and optimizer states.

fp32 AdamW 4 + 4 + 8; the ZeRO paper's mixed precision 2 + 2 + 12 (arXiv:1910.02054 §3.1); Megatron-LM with FP32
gradient accumulation 2 + 4 + 12; pure BF16, where torch keeps Adam's states in the parameters' type, 2 + 2 + 4; 8-bit
Adam (arXiv:2110.02861), two INT8 states and an FP32 absmax per 256 each, 2 + 2 + 2.03125. The lesson: mixed precision
does not shrink the model states (16 = 16), it shrinks activations and speeds up the arithmetic.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.architectures import Architecture
from playground.core.parameters import Tensor, tensors
from playground.errors import BadInput

COURSE_BYTES = {"weights": 4, "gradients": 4, "optimizer": 8, "activations and temporaries": 8}  # the rule of thumb: 24
SMALL_TENSOR = 4_096  # bitsandbytes keeps the states of smaller tensors in 32 bit
STATE_BLOCK = 256


@dataclass(frozen=True)
class Recipe:
    """Bytes a parameter needs before any optimizer: weight, gradient, FP32 master copy; and the size of one state."""

    name: str
    title: str
    weight: int
    gradient: int
    master: int
    state: Fraction
    activation: int  # bytes of an activation element
    note: str


_MIXED = "16-bit weights and gradients to compute with, an FP32 master copy of the weights to add to"
RECIPES = (
    Recipe("mixed", "Mixed precision (ZeRO paper)", 2, 2, 4, Fraction(4), 2, _MIXED),
    Recipe("fp32", "FP32", 4, 4, 0, Fraction(4), 4, "everything in single precision"),
    Recipe("amp", "FP32 with autocast (torch AMP)", 4, 4, 0, Fraction(4), 2, "weights stay FP32, activations 16 bit"),
    Recipe("megatron", "Megatron-LM", 2, 4, 4, Fraction(4), 2, "gradients are accumulated in FP32"),
    Recipe("bf16", "Pure BF16", 2, 2, 0, Fraction(2), 2, "no FP32 copy; torch keeps the states in BF16 too"),
    Recipe("adam8bit", "BF16, 8-bit Adam", 2, 2, 0, 1 + Fraction(4, STATE_BLOCK), 2, "INT8 states, absmax per 256"),
)
BY_NAME = {known.name: known for known in RECIPES}


@dataclass(frozen=True)
class Optimizer:
    """How many numbers an optimizer keeps per parameter; Adafactor keeps a row and a column per matrix instead."""

    name: str
    title: str
    states: int
    factored: bool = False


OPTIMIZERS = (
    Optimizer("adamw", "AdamW", 2),
    Optimizer("sgd", "SGD", 0),
    Optimizer("sgd-momentum", "SGD, momentum", 1),
    Optimizer("adafactor", "Adafactor", 0, True),
)
OPTIMIZERS_BY_NAME = {known.name: known for known in OPTIMIZERS}


def recipe(name: str) -> Recipe:
    """The recipe with this id; BadInput names the ids there are."""
    if name.lower() not in BY_NAME:
        raise BadInput(f"{name[:30]!r} is not a training recipe", f"There are {', '.join(BY_NAME)}.")
    return BY_NAME[name.lower()]


def optimizer(name: str) -> Optimizer:
    """The optimizer with this id; BadInput names the ids there are."""
    if name.lower() not in OPTIMIZERS_BY_NAME:
        raise BadInput(f"{name[:30]!r} is not an optimizer", f"There are {', '.join(OPTIMIZERS_BY_NAME)}.")
    return OPTIMIZERS_BY_NAME[name.lower()]


def optimizer_bytes_per_parameter(how: Recipe, which: Optimizer) -> Fraction:
    """Bytes per parameter of the master copy and the states, as the recipe is usually quoted.

    >>> float(optimizer_bytes_per_parameter(recipe("mixed"), optimizer("adamw")))
    12.0
    """
    return how.master + which.states * how.state


def optimizer_bytes(how: Recipe, which: Optimizer, parameters: int, model: Architecture | None) -> int:
    """Bytes of the optimizer; tensor by tensor where that matters (8-bit Adam's small tensors, Adafactor).

    >>> optimizer_bytes(recipe("mixed"), optimizer("adamw"), 10**9, None)
    12000000000

    Leaves out the 4-byte step count torch keeps per tensor. Raises BadInput for 8-bit states of an optimizer that has
    none, and for Adafactor of a bare parameter count.
    """
    if how.name == "adam8bit" and which.name != "adamw":
        raise BadInput(f"The 8-bit recipe is AdamW's, not {which.title}'s", "Choose AdamW, or the recipe bf16.")
    if which.factored:
        if model is None:
            raise BadInput("Adafactor's states depend on the matrices' shapes", "Choose a model of the catalogue.")
        return how.master * parameters + sum(_factored(t) for t in tensors(model) if not t.buffer)
    if how.name == "adam8bit" and model is not None:
        return sum(_eight_bit(t) for t in tensors(model) if not t.buffer)
    return math.ceil(optimizer_bytes_per_parameter(how, which) * parameters)


def eight_bit_state_bytes(elements: int) -> int:
    """Adam's two states of one tensor in 8 bit: INT8 numbers and an FP32 absmax per block of 256.

    >>> eight_bit_state_bytes(1024 * 1024), eight_bit_state_bytes(1000)
    (2129920, 8000)
    """
    if elements < SMALL_TENSOR:
        return 2 * 4 * elements
    return 2 * (elements + 4 * math.ceil(elements / STATE_BLOCK))


def adam_state_bytes(elements: int, tensors: int, element_bytes: int) -> int:
    """torch.optim.AdamW's state: two numbers a parameter in the parameters' own type, and a 4-byte step a tensor.

    >>> adam_state_bytes(1_000_000, 1, 4), adam_state_bytes(1_000_000, 1, 2)
    (8000004, 4000004)
    """
    return 2 * element_bytes * elements + 4 * tensors


def _eight_bit(tensor: Tensor) -> int:
    return tensor.copies * eight_bit_state_bytes(math.prod(tensor.shape))


def _factored(tensor: Tensor) -> int:
    """Adafactor (arXiv:1804.04235): FP32 row and column sums of a matrix, the full second moment of a vector."""
    return 4 * tensor.copies * (sum(tensor.shape) if len(tensor.shape) > 1 else tensor.shape[0])
