"""ZeRO: who keeps what, by stage (Rajbhandari et al. 2020, arXiv:1910.02054).

With Ψ parameters, N GPUs and p, g, K bytes per parameter, gradient and optimizer state (§5): stage 0 ``(p + g + K)Ψ``,
stage 1 ``(p + g)Ψ + KΨ/N``, stage 2 ``pΨ + (g + K)Ψ/N``, stage 3 ``(p + g + K)Ψ/N``. The paper's p, g, K are 2, 2, 12.
A sharding factor F < N cuts within groups of F GPUs and copies the groups (FSDP's hybrid sharding,
arXiv:2304.11277 §3.2.2: F = 1 is plain data parallel, F = N full sharding): N becomes F.
Offloading moves shares to the host's memory (ZeRO-Offload, arXiv:2101.06840).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground import limits
from playground.core import recipes
from playground.core.shards import even_shares, share_bytes
from playground.core.subject import check_range
from playground.errors import BadInput

STAGES = (0, 1, 2, 3)
COMPONENTS = ("parameters", "gradients", "optimizer")
WHAT_IS_CUT = {0: "nothing", 1: "optimizer states", 2: "optimizer states and gradients", 3: "everything"}
FIRST_CUT = {"optimizer": 1, "gradients": 2, "parameters": 3}  # the stage from which each GPU keeps only its share
OFFLOADS: dict[str, tuple[str, ...]] = {
    "none": (),
    "optimizer": ("gradients", "optimizer"),  # the gradients' shares go where they are used
    "parameters": COMPONENTS,
}
OFFLOAD_STAGE = {"none": 0, "optimizer": 1, "parameters": 3}  # DeepSpeed offloads what is cut, and nothing else
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


def of_recipe(name: str) -> Bytes:
    """A training recipe's bytes with AdamW; BadInput for an unknown one.

    >>> of_recipe("megatron").total
    Fraction(18, 1)
    """
    how = recipes.recipe(name)
    optimizer = recipes.optimizer_bytes_per_parameter(how, recipes.optimizer("adamw"))
    return Bytes(Fraction(how.weight), Fraction(how.gradient), Fraction(optimizer))


@dataclass(frozen=True)
class Plan:
    """One stage on one number of GPUs: the formula's share per GPU, each rank's exact share, the reduction."""

    parameters: int
    gpus: int
    stage: int
    bytes: Bytes
    factor: int  # GPUs that share one copy: the sharding factor F
    offload: str = "none"

    @property
    def replicas(self) -> int:
        """Groups of ``factor`` GPUs, each with a whole copy."""
        return self.gpus // self.factor

    @property
    def owned(self) -> dict[str, Fraction]:
        """Bytes of each component one GPU is responsible for, exactly (a fraction where F does not divide)."""
        return {name: self.whole(name) / (self.factor if self.is_cut(name) else 1) for name in COMPONENTS}

    @property
    def share(self) -> dict[str, Fraction]:
        """Bytes of each component in a GPU's own memory."""
        return {name: Fraction(0) if self.on_host(name) else size for name, size in self.owned.items()}

    @property
    def total(self) -> Fraction:
        """Bytes per GPU by the formula."""
        return sum(self.share.values(), Fraction(0))

    @property
    def host_total(self) -> Fraction:
        """Bytes per GPU in the host's memory."""
        return sum(self.owned.values(), Fraction(0)) - self.total

    @property
    def reduction(self) -> Fraction | None:
        """How many times less than stage 0: the real factor at this N. None where a GPU keeps nothing at all."""
        return self.bytes.total * self.parameters / self.total if self.total else None

    @property
    def limit(self) -> Fraction | None:
        """The factor as N grows without end; None for stage 3, which is N itself. The paper's 4× and 8×."""
        kept = sum((getattr(self.bytes, n) for n in COMPONENTS if not self.is_cut(n)), Fraction(0))
        return self.bytes.total / kept if kept else None

    def is_cut(self, component: str) -> bool:
        """Whether this stage gives each GPU only its share of the component."""
        return self.stage >= FIRST_CUT[component]

    def on_host(self, component: str) -> bool:
        """Whether the share lies in the host's memory."""
        return self.is_cut(component) and component in OFFLOADS[self.offload]

    def whole(self, component: str) -> Fraction:
        """Bytes of the component before any cut."""
        return Fraction(getattr(self.bytes, component)) * self.parameters

    def ranks(self, component: str) -> list[int]:
        """Bytes each rank really owns: whole copies, or shares to the parameter that add up to the whole."""
        if not self.is_cut(component):
            return [math.floor(self.whole(component))] * self.gpus
        return share_bytes(even_shares(self.parameters, self.factor), getattr(self.bytes, component)) * self.replicas


def plan(
    parameters: int, gpus: int, stage: int, each: Bytes | None = None, factor: int | None = None, offload: str = "none"
) -> Plan:
    """One stage, checked; without a sharding factor, all GPUs share one copy.

    >>> [float(plan(7_500_000_000, 64, stage).total / 10**9) for stage in STAGES]
    [120.0, 31.40625, 16.640625, 1.875]
    >>> float(plan(7_500_000_000, 64, 3, factor=8).total / 10**9)  # 8 groups of 8
    15.0

    Raises BadInput for fewer than 1 or 10^15 parameters or more, GPUs outside 1 … 4,096, more GPUs than parameters, a
    stage that is not 0 … 3, a factor that does not divide the GPUs, an offload the stage does not have, or bytes
    below 0.
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
    factor = gpus if factor is None else factor
    if factor not in divisors(gpus):
        some = ", ".join(map(str, divisors(gpus)))
        raise BadInput(f"{gpus:,} GPUs do not make whole groups of {factor:,}", f"The sharding factor can be {some}.")
    if offload not in OFFLOADS:
        raise BadInput(f"There is no offload {offload[:30]!r}", f"Choose {', '.join(OFFLOADS)}.")
    if stage < OFFLOAD_STAGE[offload]:
        first = OFFLOAD_STAGE[offload]
        hint = f"Choose stage {first}{' or higher' if first < 3 else ''}: only what is cut can be offloaded."
        raise BadInput(f"Stage {stage} can't offload the {'optimizer states' if first == 1 else 'parameters'}", hint)
    return Plan(parameters, gpus, stage, each, factor, offload)


def plans(
    parameters: int, gpus: int, each: Bytes | None = None, factor: int | None = None, offload: str = "none"
) -> tuple[Plan, ...]:
    """All four stages, side by side, each offloading as much of ``offload`` as it can."""
    return tuple(
        plan(parameters, gpus, stage, each, factor, _most(offload, stage) if offload in OFFLOADS else offload)
        for stage in STAGES
    )


def _most(offload: str, stage: int) -> str:
    names = list(OFFLOADS)
    return next(n for n in reversed(names[: names.index(offload) + 1]) if OFFLOAD_STAGE[n] <= stage)


def divisors(number: int) -> list[int]:
    """What divides ``number``: the sharding factors that make whole groups.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    return [n for n in range(1, number + 1) if number % n == 0]
