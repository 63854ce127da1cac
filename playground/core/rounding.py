"""Real rounding: what each library really stores on each rank, since a weight of 5 rows has no quarter.

The formula gives every rank Ψ/N. FSDP2 cuts each weight's rows and pads all ranks to the largest cut; DeepSpeed cuts
each weight flat (ZeRO-3) or the whole model as one buffer (ZeRO-1/2); ZeroRedundancyOptimizer hands out whole weights.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core import parameters, shards
from playground.core.architectures import Architecture
from playground.core.subject import check_range


@dataclass(frozen=True)
class Rounded:
    """One library's cut of a model: elements stored by each rank, and by its rule."""

    api: str
    rule: str
    stored: tuple[int, ...]
    ideal: Fraction

    @property
    def most(self) -> int:
        """Elements on the fullest rank, which decides whether it fits."""
        return max(self.stored)

    @property
    def excess(self) -> float:
        """How far the fullest rank lies above Ψ/N, as a share of it."""
        return float(self.most / self.ideal - 1)


def rounded(model: Architecture, ranks: int) -> tuple[Rounded, ...]:
    """How each library cuts this model's weights over the ranks.

    >>> from playground.core.architectures import architecture
    >>> [(r.api, r.most) for r in rounded(architecture("gpt2"), 7)][:2]
    [('formula, to the element', 17777116), ('FSDP2', 17800408)]

    Leaves out DeepSpeed's ``stage3_param_persistence_threshold`` (weights up to 10⁵ elements stay whole).
    """
    check_range("ranks", ranks, 1, parameters.count(model))
    weights = [t for t in parameters.tensors(model) if not t.buffer]
    whole = sum(t.elements for t in weights)
    ideal = Fraction(whole, ranks)
    fsdp2 = sum(t.copies * shards.fsdp2_elements([t.shape], ranks) for t in weights)
    stage_3 = sum(t.copies * shards.zero3_elements([t.shape], ranks) for t in weights)
    greedy = shards.greedy_elements((math.prod(t.shape) for t in weights for _ in range(t.copies)), ranks)
    flat = shards.flat_elements(whole, ranks)
    return (
        Rounded("formula, to the element", "Ψ cut anywhere", tuple(shards.even_shares(whole, ranks)), ideal),
        Rounded("FSDP2", "each weight's rows, all ranks padded to the first's", (fsdp2,) * ranks, ideal),
        Rounded("DeepSpeed ZeRO-3", "each weight flat, padded to a multiple of N", (stage_3,) * ranks, ideal),
        Rounded("DeepSpeed ZeRO-1/2", "one flat buffer, padded to a multiple of 2N", (flat,) * ranks, ideal),
        Rounded("ZeroRedundancyOptimizer", "whole weights, largest first", tuple(greedy), ideal),
    )
