"""What each way of sharding should hold and send, to the byte: the formula, then the rounding of the API that does it.

Trained in fp32 with Adam: 4 bytes a parameter, 4 a gradient, 8 for the two moments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from playground.core.sharding_variants import VARIANTS
from playground.core.shards import fsdp2_elements, fsdp2_rows, greedy_elements
from playground.core.small_model import Shape, SmallModel

FP32 = 4


@dataclass(frozen=True)
class Held:
    """Bytes one rank holds at rest: after the optimizer's step, before the gradients are cleared."""

    parameters: int
    gradients: int
    optimizer: int  # Adam's two moments; its 4-byte step counters are counted apart

    @property
    def total(self) -> int:
        """All three."""
        return self.parameters + self.gradients + self.optimizer


def ideal(model: SmallModel, variant: str, gpus: int, shard: int) -> Held:
    """The paper's formula (arXiv:1910.02054, §5) in whole bytes; the hybrid cuts over ``shard`` ranks.

    >>> from playground.core.small_model import sizes
    >>> ideal(sizes()["page"], "zero2_textbook", 4, 4).total
    10221568
    """
    stage, over = VARIANTS[variant].stage, shard if variant == "hybrid" else gpus
    whole = FP32 * model.parameters
    cut = [Fraction(size, over if stage >= first else 1) for size, first in ((whole, 3), (whole, 2), (2 * whole, 1))]
    return Held(*(math.floor(size) for size in cut))


def predict(model: SmallModel, variant: str, gpus: int, shard: int) -> list[Held]:
    """What each rank should hold: the formula with the rounding of the API.

    FSDP2 pads dimension 0 of every tensor; the textbook stages pad a unit's flat buffer; ZeroRedundancyOptimizer
    hands out whole tensors, and DDP's buckets are a second copy of the gradients.
    """
    whole = FP32 * model.parameters
    if variant == "ddp":
        return [Held(whole, whole, 2 * whole)] * gpus
    if variant == "ddp_copy":
        return [Held(whole, 2 * whole, 2 * whole)] * gpus
    if variant == "zero1":
        return [Held(whole, whole, 2 * FP32 * own) for own in greedy_elements(map(math.prod, model.shapes), gpus)]
    if variant in ("zero1_textbook", "zero2_textbook"):
        chunk = FP32 * sum(math.ceil(sum(map(math.prod, unit)) / gpus) for unit in model.units.values())
        return [Held(chunk * gpus, chunk * (gpus if variant == "zero1_textbook" else 1), 2 * chunk)] * gpus
    over = shard if variant == "hybrid" else gpus
    stored, rows = FP32 * fsdp2_elements(model.shapes, over), _rows(model.shapes, over)
    # Parameters and gradients are stored padded on every rank; Adam's moments are not padded.
    return [Held(stored, stored, 2 * FP32 * rows[rank % over]) for rank in range(gpus)]


def _rows(shapes: Sequence[Shape], ranks: int) -> list[int]:
    """Elements each rank really owns when every tensor's rows are cut as torch.chunk cuts them."""
    return [sum(fsdp2_rows(s[0], ranks)[rank] * math.prod(s[1:]) for s in shapes) for rank in range(ranks)]


def ring_bytes(op: str, size: int, group: int) -> int:
    """Bytes one rank sends for a collective over ``group`` ranks by ring; ``size`` is the whole tensor's bytes.

    (G−1)/G of it for an all-gather, a reduce-scatter or (on average) a broadcast, twice that for an all-reduce.

    >>> ring_bytes("all_gather", 4000, 4), ring_bytes("all_reduce", 4000, 4)
    (3000, 6000)
    """
    return (2 if op == "all_reduce" else 1) * size * (group - 1) // group


def gloo_bytes(op: str, size: int, group: int) -> int:
    """The same with gloo's CPU collectives, which do a reduce-scatter as an all-reduce of the whole tensor."""
    return ring_bytes("all_reduce" if op == "reduce_scatter" else op, size, group)


def paper_bytes(model: SmallModel, variant: str, gpus: int, shard: int) -> int:
    """What one rank sends in a step by the paper (§7), by ring: 2Ψ elements in stages 0–2, 3Ψ in stage 3.

    The hybrid sends 3Ψ within its group, and all-reduces its share of the gradients between the groups.
    """
    whole, stage = FP32 * model.parameters, VARIANTS[variant].stage
    over = shard if variant == "hybrid" else gpus
    within = Fraction((3 if stage == 3 else 2) * whole * (over - 1), over)
    between = Fraction(2 * whole * (gpus // over - 1), over * (gpus // over)) if variant == "hybrid" else Fraction(0)
    return math.floor(within + between)
