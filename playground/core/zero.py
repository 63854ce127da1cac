"""ZeRO: who keeps what, by stage, and what the ranks send each other (Rajbhandari et al. 2020, arXiv:1910.02054).

With Ψ parameters, N GPUs and p, g, K bytes per parameter, gradient and optimizer state (§5): stage 0 ``(p + g + K)Ψ``,
stage 1 ``(p + g)Ψ + KΨ/N``, stage 2 ``pΨ + (g + K)Ψ/N``, stage 3 ``(p + g + K)Ψ/N``. The paper's p, g, K are 2, 2, 12.
Sent per step and GPU (§7): 2Ψ elements in stages 0–2, 3Ψ in stage 3; a ring sends (N−1)/N of that.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground import limits
from playground.core.shards import even_shares, share_bytes
from playground.core.subject import check_range
from playground.errors import BadInput

STAGES = (0, 1, 2, 3)
COMPONENTS = ("parameters", "gradients", "optimizer")
WHAT_IS_CUT = {0: "nothing", 1: "optimizer states", 2: "optimizer states and gradients", 3: "everything"}
TABLE_1_PARAMS, TABLE_1_GPUS = ("7.5B", "128B", "1T"), (1, 4, 16, 64, 256, 1024)  # the rows of its Table 1


@dataclass(frozen=True)
class Bytes:
    """Bytes per parameter of the weight, the gradient and the optimizer's states (the paper's 2, 2 and K = 12)."""

    parameters: Fraction = Fraction(2)
    gradients: Fraction = Fraction(2)
    optimizer: Fraction = Fraction(12)

    @property
    def total(self) -> Fraction:
        """All three."""
        return self.parameters + self.gradients + self.optimizer


@dataclass(frozen=True)
class Communication:
    """What one GPU sends in one step, by ring: exact, rounded down to bytes."""

    all_reduce: int
    reduce_scatter: int
    all_gather: int
    elements_per_parameter: int  # the paper's count: 2 or 3

    @property
    def total(self) -> int:
        """All collectives together."""
        return self.all_reduce + self.reduce_scatter + self.all_gather


@dataclass(frozen=True)
class Plan:
    """One stage on one number of GPUs: the formula's share per GPU, each rank's exact share, the reduction."""

    parameters: int
    gpus: int
    stage: int
    bytes: Bytes

    @property
    def share(self) -> dict[str, Fraction]:
        """Bytes per GPU of each component by the formula, exactly (a fraction where N does not divide)."""
        return {name: self.whole(name) / (self.gpus if self.is_cut(name) else 1) for name in COMPONENTS}

    @property
    def total(self) -> Fraction:
        """Bytes per GPU by the formula."""
        return sum(self.share.values(), Fraction(0))

    @property
    def reduction(self) -> Fraction:
        """How many times less than stage 0: the real factor at this N."""
        return self.bytes.total * self.parameters / self.total

    @property
    def limit(self) -> Fraction | None:
        """The factor as N grows without end; None for stage 3, which is N itself. The paper's 4× and 8×."""
        if self.stage == 3:
            return None
        kept = sum((getattr(self.bytes, n) for n in COMPONENTS if not self.is_cut(n)), Fraction(0))
        return self.bytes.total / kept if kept else None

    @property
    def communication(self) -> Communication:
        """What one GPU sends in one step."""
        gradients, weights = self._ring(self.bytes.gradients), self._ring(self.bytes.parameters)
        if self.stage == 0:
            return Communication(math.floor(2 * gradients), 0, 0, 2)
        gathers = 2 if self.stage == 3 else 1  # stage 3 gathers the weights for the forward and for the backward pass
        return Communication(0, math.floor(gradients), math.floor(gathers * weights), 1 + gathers)

    def is_cut(self, component: str) -> bool:
        """Whether this stage gives each GPU only its share of the component."""
        return self.stage >= {"optimizer": 1, "gradients": 2, "parameters": 3}[component]

    def whole(self, component: str) -> Fraction:
        """Bytes of the component before any cut."""
        return Fraction(getattr(self.bytes, component)) * self.parameters

    def ranks(self, component: str) -> list[int]:
        """Bytes each rank really holds: whole copies, or shares to the parameter that add up to the whole."""
        if not self.is_cut(component):
            return [math.floor(self.whole(component))] * self.gpus
        return share_bytes(even_shares(self.parameters, self.gpus), getattr(self.bytes, component))

    def _ring(self, each: Fraction) -> Fraction:
        return each * self.parameters * Fraction(self.gpus - 1, self.gpus)


def plan(parameters: int, gpus: int, stage: int, each: Bytes | None = None) -> Plan:
    """One stage, checked.

    >>> [float(plan(7_500_000_000, 64, stage).total / 10**9) for stage in STAGES]
    [120.0, 31.40625, 16.640625, 1.875]

    Raises BadInput for fewer than 1 or 10^15 parameters or more, GPUs outside 1 … 4,096, more GPUs than parameters, a
    stage that is not 0 … 3, or bytes below 0.
    """
    each = each or Bytes()
    check_range("parameters", parameters, 1, limits.PARAMETERS_MAX - 1)
    check_range("GPUs", gpus, 1, limits.GPUS_MAX)
    if stage not in STAGES:
        raise BadInput(f"There is no ZeRO stage {stage}", "Stages are 0 (plain data parallel), 1, 2 and 3.")
    if gpus > parameters:
        raise BadInput(f"{gpus:,} GPUs can't share {parameters:,} parameters", "Use at most one GPU per parameter.")
    if min(each.parameters, each.gradients, each.optimizer) < 0 or each.total <= 0:
        raise BadInput("Bytes per parameter can't be below zero", "The paper's are 2, 2 and 12.")
    if max(each.parameters, each.gradients, each.optimizer) > 1_000:
        raise BadInput("More than 1,000 bytes per parameter", "The paper's are 2, 2 and 12.")
    return Plan(parameters, gpus, stage, each)


def plans(parameters: int, gpus: int, each: Bytes | None = None) -> tuple[Plan, ...]:
    """All four stages, side by side."""
    return tuple(plan(parameters, gpus, stage, each) for stage in STAGES)
