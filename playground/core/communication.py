"""What the GPUs send each other in one training step, and how long that takes beside the arithmetic.

ZeRO §7 (arXiv:1910.02054): 2Ψ elements a step in stages 0–2, 3Ψ in stage 3, which gathers the parameters for the
forward and again for the backward pass. A ring sends (N−1)/N of that (Patarasuk & Yuan 2009). With a sharding factor
F < N the groups reduce-scatter and gather among F, then the N/F copies of each share all-reduce its gradients.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.zero import Plan
from playground.errors import BadInput


@dataclass(frozen=True)
class Communication:
    """What one GPU sends in one step, by ring: exact, rounded down to bytes."""

    all_reduce: int
    reduce_scatter: int
    all_gather: int
    elements_per_parameter: Fraction  # the paper's count: 2 or 3, and more where copies of a share all-reduce
    to_host: int = 0  # over PCIe, with offload: gradients down …
    from_host: int = 0  # … and parameters up

    @property
    def total(self) -> int:
        """All collectives together; what goes to the host and back is apart."""
        return self.all_reduce + self.reduce_scatter + self.all_gather


def communication(plan: Plan) -> Communication:
    """What one GPU sends in one step of this plan.

    >>> from playground.core.zero import plan
    >>> [communication(plan(10**9, 4, stage)).total for stage in (0, 1, 2, 3)]
    [3000000000, 3000000000, 3000000000, 4500000000]
    """
    f, r = plan.factor, plan.replicas
    gradients, weights = plan.whole("gradients"), plan.whole("parameters")
    host = _over_pcie(plan)
    if plan.stage == 0 or f == 1:
        return Communication(math.floor(2 * gradients * Fraction(plan.gpus - 1, plan.gpus)), 0, 0, Fraction(2), *host)
    gathers = 2 if plan.stage == 3 else 1
    return Communication(
        math.floor(2 * gradients / f * Fraction(r - 1, r)),
        math.floor(gradients * Fraction(f - 1, f)),
        math.floor(gathers * weights * Fraction(f - 1, f)),
        1 + gathers + (Fraction(2, f) if r > 1 else Fraction(0)),
        *host,
    )


def _over_pcie(plan: Plan) -> tuple[int, int]:
    """Down: the gradients of a GPU's share. Up: its updated parameters; offloaded ones for each of the two passes."""
    if plan.offload == "none":
        return 0, 0
    times = 2 if plan.offload == "parameters" else 1
    cut = Fraction(1, plan.factor)
    return math.floor(plan.whole("gradients") * cut), math.floor(times * plan.whole("parameters") * cut)


@dataclass(frozen=True)
class Link:
    """What connects the GPUs: its data-sheet rate, in bytes a second in one direction for one GPU."""

    id: str
    title: str
    bytes_per_s: int
    source: str


LINKS = (
    Link("nvlink4", "NVLink 4 (H100)", 450 * 10**9, "NVIDIA H100: 900 GB/s both ways"),
    Link("nvlink3", "NVLink 3 (A100)", 300 * 10**9, "NVIDIA A100: 600 GB/s both ways"),
    Link("eth400", "400 Gb Ethernet", 50 * 10**9, "400 Gb/s ÷ 8, one port a GPU"),
    Link("pcie4", "PCIe 4.0 ×16", 31_508 * 10**6, "16 GT/s × 16 lanes × 128/130 ÷ 8"),
    Link("eth100", "100 Gb Ethernet", 12_500 * 10**6, "100 Gb/s ÷ 8, one port a GPU"),
)
LINKS_BY_ID = {link.id: link for link in LINKS}
# Dense 16-bit peak of one GPU, FLOP/s, from the data sheets.
PEAKS = {"H100": 989 * 10**12, "A100": 312 * 10**12, "V100": 125 * 10**12}


@dataclass(frozen=True)
class StepTime:
    """One step of one GPU in seconds: the arithmetic, the sending, and the part of it that nothing hides."""

    compute_s: float
    send_s: float
    exposed_s: float

    @property
    def total_s(self) -> float:
        """The step: the arithmetic, and the sending that is not behind it."""
        return self.compute_s + self.exposed_s


def step_time(
    plan: Plan, tokens: int, link: Link, flop_per_s: float, used_share: float = 0.4, overlap: float = 1.0
) -> StepTime:
    """An estimate: ``6·Ψ·tokens`` FLOP at ``used_share`` of the peak; bytes ÷ the link's rate, ``overlap`` of it able
    to run behind the arithmetic.

    Leaves out latency, attention's own arithmetic, and links shared by several GPUs. Raises BadInput for shares outside
    0 … 1 and fewer than one token.
    """
    if tokens < 1 or flop_per_s <= 0 or not 0 < used_share <= 1 or not 0 <= overlap <= 1:
        raise BadInput("This step can't be timed", "Give at least one token, and shares between 0 and 1.")
    compute = 6 * plan.parameters * tokens / (flop_per_s * used_share)
    send = communication(plan).total / link.bytes_per_s
    return StepTime(compute, send, send - min(overlap * send, compute))


def hiding_tokens(plan: Plan, link: Link, flop_per_s: float, used_share: float = 0.4) -> int:
    """The tokens per GPU and step from which the arithmetic takes as long as the sending, so that it can hide it all.

    Ψ cancels: ``bytes per parameter sent × FLOP/s ÷ (6 × bytes/s)``. A larger batch or a longer text is what pays for
    sharding, not a larger model.

    >>> from playground.core.zero import plan
    >>> one, ten = (plan(n * 10**9, 64, 3) for n in (1, 10))
    >>> fast, slow = LINKS_BY_ID["nvlink3"], LINKS_BY_ID["eth100"]
    >>> hiding_tokens(one, fast, PEAKS["A100"]), hiding_tokens(ten, slow, PEAKS["A100"])
    (410, 9828)
    """
    per_parameter = Fraction(communication(plan).total, plan.parameters)
    return math.ceil(float(per_parameter) * flop_per_s * used_share / (6 * link.bytes_per_s))
