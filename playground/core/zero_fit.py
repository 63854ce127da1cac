"""Will it fit? The fewest GPUs for each stage, the gentlest way onto the GPUs at hand, the largest model per stage.

All by ZeRO's formula (arXiv:1910.02054 §5) solved for N and for Ψ; ``reserved_bytes`` is what no stage cuts.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground import limits
from playground.core.subject import check_range
from playground.core.zero import OFFLOAD_STAGE, OFFLOADS, STAGES, Bytes, Plan, plan
from playground.errors import BadInput

# From the gentlest to the most drastic: what is sent and what waits grows down the list.
WAYS = tuple((stage, offload) for offload in OFFLOADS for stage in STAGES if stage >= OFFLOAD_STAGE[offload])


@dataclass(frozen=True)
class Way:
    """One stage with one offload, on a card: the fewest GPUs, and the plan on them; None where no number is enough."""

    stage: int
    offload: str
    smallest: Plan | None
    kept_bytes: Fraction  # bytes that stay on every GPU however many there are

    @property
    def gpus(self) -> int | None:
        """The fewest GPUs."""
        return self.smallest.gpus if self.smallest else None


def ways(parameters: int, usable_bytes: int, each: Bytes | None = None, reserved_bytes: int = 0) -> tuple[Way, ...]:
    """Every way, with the fewest GPUs it needs.

    >>> [(way.stage, way.gpus) for way in ways(7_500_000_000, 32 * 10**9) if way.offload == "none"]
    [(0, None), (1, 45), (2, 7), (3, 4)]
    """
    each = each or Bytes()
    return tuple(_way(parameters, usable_bytes, each, reserved_bytes, stage, offload) for stage, offload in WAYS)


def _way(parameters: int, usable: int, each: Bytes, reserved: int, stage: int, offload: str) -> Way:
    probe = plan(parameters, 1, stage, each, offload=offload)
    cut = sum((probe.whole(c) for c in probe.share if probe.is_cut(c) and not probe.on_host(c)), Fraction(0))
    kept = probe.total - cut
    free = usable - reserved - kept
    if free < 0 or (cut and not free):
        return Way(stage, offload, None, kept)
    fewest = max(1, math.ceil(cut / free)) if cut else 1
    if fewest > min(limits.GPUS_MAX, parameters):
        return Way(stage, offload, None, kept)
    return Way(stage, offload, plan(parameters, fewest, stage, each, offload=offload), kept)


def gentlest(found: tuple[Way, ...], gpus: int) -> Way | None:
    """The first way that needs no more GPUs than there are: the lowest stage, offloading only if it must.

    >>> way = gentlest(ways(7_500_000_000, 32 * 10**9), gpus=8)
    >>> way.stage, way.offload
    (2, 'none')
    """
    return next((way for way in found if way.gpus is not None and way.gpus <= gpus), None)


def largest_model(
    usable_bytes: int, gpus: int, stage: int, each: Bytes | None = None, reserved_bytes: int = 0, offload: str = "none"
) -> int | None:
    """The most parameters whose states fit each of ``gpus`` cards; None where the GPU keeps no states (all offloaded).

    ``Ψ ≤ (usable − reserved) ÷ bytes per parameter on one GPU``: 0 where the reserve alone is too much.

    >>> [round(largest_model(32 * 10**9, 64, stage) / 1e9, 1) for stage in (0, 1, 2, 3)]
    [2.0, 7.6, 14.4, 128.0]
    """
    check_range("GPUs", gpus, 1, limits.GPUS_MAX)
    if stage < OFFLOAD_STAGE.get(offload, 9):
        raise BadInput(f"Stage {stage} has no offload {offload[:30]!r}", "Choose a higher stage, or none.")
    sample = plan(limits.GPUS_MAX, gpus, stage, each, offload=offload)
    if not sample.total:
        return None
    return max(0, math.floor((usable_bytes - reserved_bytes) * sample.parameters / sample.total))
