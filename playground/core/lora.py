"""LoRA and QLoRA: the weights stay frozen, two small matrices beside each of some learn.

A matrix of (out × in) gets A (r × in) and B (out × r): ``r·(in + out)`` numbers that learn (arXiv:2106.09685 §4.1).
PEFT keeps them in FP32: 4 + 4 + 8 bytes with AdamW. QLoRA stores the frozen weights in NF4 with double quantization,
4 + 8/64 + 32/(64·256) = 4.127 bits (arXiv:2305.14314 §3). Activations are those of full training, an upper bound: a
frozen matrix without an adapter need not keep its input.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Literal, get_args

from playground.core import training_memory
from playground.core.activations import Recompute
from playground.core.architectures import Architecture
from playground.core.inference_memory import OVERHEAD_BYTES
from playground.core.parameters import tensors
from playground.core.recipes import OPTIMIZERS_BY_NAME, Recipe
from playground.core.subject import Subject, check_range
from playground.core.training_memory import TrainingMemory
from playground.core.weight_formats import WeightFormat, weight_bytes, weight_format
from playground.errors import BadInput

Targets = Literal["attention", "all-linear"]
TARGETS: tuple[Targets, ...] = get_args(Targets)
RANKS = (4, 8, 16, 32, 64, 128, 256)
_ADAPTED = {
    "attention": ("query", "value"),  # the paper's choice, and PEFT's default for Llama
    "all-linear": ("query", "key", "value", "attention_output", "gate", "up", "down"),
}
_QLORA = "NF4 with double quantization, 4.127 bits a weight (arXiv:2305.14314 §3), frozen; FP32 adapters"
LORA_RECIPES = (
    Recipe("lora", "LoRA", 4, 4, 0, Fraction(4), 2, "16-bit weights frozen, FP32 adapters"),
    Recipe("qlora", "QLoRA", 4, 4, 0, Fraction(4), 2, _QLORA),
)
LORA_BY_NAME = {known.name: known for known in LORA_RECIPES}
_BASE = {"lora": "bf16", "qlora": "nf4-dq"}


def frozen_format(recipe_name: str) -> WeightFormat:
    """How the weights that do not learn are stored.

    >>> float(frozen_format("qlora").bits)
    4.126953125
    """
    return weight_format(_BASE[recipe_name])


def adapter_parameters(model: Architecture, rank: int, targets: Targets = "all-linear") -> int:
    """Parameters of the adapters.

    >>> from playground.core.architectures import architecture
    >>> adapter_parameters(architecture("flan-t5-base"), 32, "attention")
    3538944
    """
    roles = _ADAPTED[targets]
    return sum(rank * sum(t.shape) * t.copies for t in tensors(model) if t.role in roles and len(t.shape) == 2)


def lora_memory(
    subject: Subject,
    recipe_name: str,
    rank: int = 16,
    targets: Targets = "all-linear",
    batch: int = 1,
    sequence: int = 1024,
    recompute: Recompute = "none",
    overhead: int = OVERHEAD_BYTES,
) -> TrainingMemory:
    """What one GPU needs to train the adapters.

    >>> from playground.core.subject import subject as about
    >>> got = lora_memory(about("llama-2-7b"), "qlora", 64, overhead=0)
    >>> got.trainable, got.optimizer == 8 * got.trainable
    (159907840, True)

    Raises BadInput for a bare parameter count (adapters depend on shapes), an unknown recipe or targets, and sizes out
    of range.
    """
    if recipe_name not in LORA_BY_NAME:
        raise BadInput(f"{recipe_name[:30]!r} is not a way to adapt", f"There are {', '.join(LORA_BY_NAME)}.")
    if targets not in TARGETS:
        raise BadInput(f"{targets[:30]!r} is not a choice of matrices", f"There are {', '.join(TARGETS)}.")
    check_range("ranks", rank, 1, 4096)
    if subject.model is None:
        raise BadInput("Adapters depend on the matrices' shapes", "Choose a model, or paste its config.json.")
    recipe = LORA_BY_NAME[recipe_name]
    small = adapter_parameters(subject.model, rank, targets)
    frozen = weight_bytes(subject.model, frozen_format(recipe_name))
    adam = OPTIMIZERS_BY_NAME["adamw"]
    whole = training_memory.training_memory(subject, recipe, adam, batch, sequence, recompute, overhead)
    return replace(
        whole,
        weights=frozen + recipe.weight * small,
        gradients=recipe.gradient * small,
        optimizer=2 * 4 * small,
        trainable=small,
    )
