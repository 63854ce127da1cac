"""The ZeRO paper's formula with numbers filled in, its Table 1 and the reduction over the number of GPUs."""

from dataclasses import dataclass
from functools import cache

from playground.core.units import format_bytes, parse_count
from playground.core.zero import COMPONENTS, STAGES, TABLE_1_GPUS, TABLE_1_PARAMS, Bytes, Plan, plan


def formula(of: Plan) -> str:
    """The paper's formula for this stage, then with this plan's numbers.

    With a sharding factor below N, F stands where N stood; offloaded shares are left out.

    >>> formula(plan(7_500_000_000, 64, 2))
    '2·Ψ + (2 + 12)·Ψ/N  =  2 × 7,500,000,000 + 14 × 7,500,000,000 / 64  =  16.64 GB = 15.50 GiB'
    """
    here = [name for name in COMPONENTS if not of.on_host(name)]
    kept = [getattr(of.bytes, name) for name in here if not of.is_cut(name)]
    cut = [getattr(of.bytes, name) for name in here if of.is_cut(name)]
    if not here:
        return f"0  (all {format_bytes(int(of.host_total))} of this GPU's share lie in the host's memory)"
    symbols, numbers = [], []
    ranks = "Ψ/N" if of.factor == of.gpus else "Ψ/F"
    for sizes, symbol, number in ((kept, "Ψ", ""), (cut, ranks, f" / {of.factor:,}")):
        if sizes:
            terms = " + ".join(f"{float(size):g}" for size in sizes)
            symbols.append(f"({terms})·{symbol}" if len(sizes) > 1 else f"{terms}·{symbol}")
            numbers.append(f"{float(sum(sizes)):g} × {of.parameters:,}{number}")
    return "  =  ".join((" + ".join(symbols), " + ".join(numbers), format_bytes(int(of.total))))


def limit(of: Plan) -> str:
    """How far the factor can go.

    >>> limit(plan(10**9, 8, 1)), limit(plan(10**9, 8, 3)), limit(plan(10**9, 8, 3, factor=2))
    ('never passes 4×', 'grows with N', '2 GPUs share a copy')
    """
    if of.stage and of.factor < of.gpus:
        return f"{of.factor:,} GPUs share a copy"
    return "grows with N" if of.limit is None else f"never passes {float(of.limit):.3g}×"


@dataclass(frozen=True)
class Cell:
    """One cell of the paper's Table 1."""

    params: str
    gpus: int
    stage: int
    gigabytes: float


@cache
def table_1() -> tuple[Cell, ...]:
    """The paper's Table 1 computed: GB per GPU for 7.5B, 128B and 1T parameters (2 + 2 + 12 bytes each).

    >>> table_1()[0]
    Cell(params='7.5B', gpus=1, stage=1, gigabytes=120.0)
    """
    return tuple(
        Cell(params, gpus, stage, float(plan(parse_count(params), gpus, stage).total / 10**9))
        for params in TABLE_1_PARAMS
        for gpus in TABLE_1_GPUS
        for stage in (1, 2, 3)
    )


def reductions(each: Bytes, up_to: int) -> dict[int, list[tuple[int, float]]]:
    """For stages 1–3, the real factor at 1, 2, 4, … GPUs; it depends on the bytes, not on the model.

    >>> [round(factor, 2) for _, factor in reductions(Bytes(), 8)[1]]
    [1.0, 1.6, 2.29, 2.91]
    """
    counts = [2**power for power in range(up_to.bit_length()) if 2**power <= up_to]
    return {
        stage: [(gpus, float(plan(10**12, gpus, stage, each).reduction or 1)) for gpus in counts]
        for stage in STAGES
        if stage
    }
