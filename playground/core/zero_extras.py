"""What a GPU holds besides the model states: activations, logits, and the buffers that ZeRO's collectives fill.

Buffers with DeepSpeed's defaults, in elements, never more than the model has: stages 1 and 2 a reduce bucket of 5·10⁸
(gradients) and an all-gather bucket of 5·10⁸ (parameters); stage 3 the reduce bucket, up to 10⁹ live gathered
parameters and 5·10⁷ of prefetch. Stage 0 is DDP with ``gradient_as_bucket_view=True``: its buckets are the gradients.
For models under a billion parameters these dwarf what sharding saves (DeepSpeed issue 1302).
"""

import math
from dataclasses import dataclass

from playground.core import recipes
from playground.core.activations import Recompute
from playground.core.subject import Subject
from playground.core.training_memory import training_memory
from playground.core.zero import Plan

REDUCE_BUCKET, ALL_GATHER_BUCKET = 5 * 10**8, 5 * 10**8  # elements: DeepSpeed's defaults
LIVE_PARAMETERS, PREFETCH = 10**9, 5 * 10**7


@dataclass(frozen=True)
class Extras:
    """Bytes on each GPU that no stage cuts."""

    activations: int = 0
    buffers: int = 0

    @property
    def total(self) -> int:
        """Both."""
        return self.activations + self.buffers


def buffer_bytes(plan: Plan) -> int:
    """Bytes of the collectives' buffers on each GPU.

    >>> from playground.core.zero import plan
    >>> [buffer_bytes(plan(10**8, 8, stage)) for stage in (0, 2, 3)], buffer_bytes(plan(10**10, 8, 3))
    ([0, 400000000, 500000000], 3100000000)
    """
    if plan.stage == 0 or plan.factor == 1:
        return 0
    reduce = min(REDUCE_BUCKET, plan.parameters)
    gathered = min(ALL_GATHER_BUCKET, plan.parameters)
    if plan.stage == 3:
        gathered = min(LIVE_PARAMETERS, plan.parameters) + min(PREFETCH, plan.parameters)
    return math.ceil(plan.bytes.gradients * reduce + plan.bytes.parameters * gathered)


def activation_bytes(about: Subject, batch: int, sequence: int, recompute: Recompute, element_bytes: int = 2) -> int:
    """Bytes of activations and FP32 logits for ``batch`` texts of ``sequence`` tokens on one GPU; 0 for a bare count.

    >>> from playground.core.subject import subject
    >>> activation_bytes(subject("gpt2"), 1, 1024, "full") < activation_bytes(subject("gpt2"), 1, 1024, "none")
    True

    Raises BadInput for sizes out of range.
    """
    recipe = recipes.recipe("fp32" if element_bytes == 4 else "mixed")
    need = training_memory(about, recipe, recipes.optimizer("adamw"), batch, sequence, recompute, overhead=0)
    return need.activations + need.recomputed_layer + need.logits
