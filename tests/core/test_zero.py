"""ZeRO against the paper's printed table, and shares that always add up to the whole."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import shards, zero
from playground.core.communication import communication
from playground.core.units import parse_count
from playground.errors import BadInput

# Table 1 of arXiv:1910.02054 as printed: GB per GPU, rows 1, 4, 16, 64, 256, 1024 GPUs, columns stage 1, 2, 3.
TABLE_1 = {
    "7.5B": "120 120 120  52.5 41.3 30  35.6 21.6 7.5  31.4 16.6 1.88  30.4 15.4 0.47  30.1 15.1 0.12",
    "128B": "2048 2048 2048  896 704 512  608 368 128  536 284 32  518 263 8  513 257 2",
    "1T": "16000 16000 16000  7000 5500 4000  4750 2875 1000  4187 2218 250  4046 2054 62.5  4011 2013 15.6",
}


@pytest.mark.parametrize("params", TABLE_1)
def test_table_1_as_printed(params: str) -> None:
    printed = iter(TABLE_1[params].split())
    for gpus in zero.TABLE_1_GPUS:
        for stage in (1, 2, 3):
            cell = next(printed)
            last_digit = 10.0 ** -len(cell.partition(".")[2])  # the paper rounds some cells and cuts others
            got = float(zero.plan(parse_count(params), gpus, stage).total / 10**9)
            assert abs(got - float(cell)) < last_digit, (params, gpus, stage)
    assert next(printed, None) is None


def test_figure_1() -> None:
    got = [float(plan.total / 10**9) for plan in zero.plans(7_500_000_000, 64)]
    assert [f"{gb:.1f}" for gb in got] == ["120.0", "31.4", "16.6", "1.9"]


def test_the_largest_models_of_section_5_fit_32_gb() -> None:
    for params, stage in (("7.5B", 1), ("14B", 2), ("128B", 3)):
        assert zero.plan(parse_count(params), 64, stage).total <= 32 * 10**9


whole_numbers = st.integers(min_value=1, max_value=10**15 - 1)
ranks = st.integers(min_value=1, max_value=512)
sizes = st.fractions(min_value=Fraction(1, 32), max_value=16, max_denominator=32)


@pytest.mark.fault(14)
@given(parameters=whole_numbers, gpus=ranks, stage=st.sampled_from(zero.STAGES), size=sizes)
def test_ranks_add_up_to_the_whole(parameters: int, gpus: int, stage: int, size: Fraction) -> None:
    plan = zero.plan(max(parameters, gpus), gpus, stage, zero.Bytes(Fraction(2), Fraction(4), size))
    for name in zero.COMPONENTS:
        held = plan.ranks(name)
        copies = 1 if plan.is_cut(name) else gpus
        assert len(held) == gpus and sum(held) == copies * int(plan.whole(name) // 1)
        assert max(held) - min(held) < getattr(plan.bytes, name) + 2
        assert abs(max(held) - plan.share[name]) < getattr(plan.bytes, name) + 2


@pytest.mark.fault(14)
@given(whole=st.integers(min_value=0, max_value=10**15), gpus=ranks)
def test_even_shares(whole: int, gpus: int) -> None:
    shares = shards.even_shares(whole, gpus)
    assert sum(shares) == whole and max(shares) - min(shares) <= 1 and shares == sorted(shares, reverse=True)


@given(rows=st.integers(min_value=1, max_value=10_000), gpus=ranks)
def test_fsdp2_rows_are_torch_chunks(rows: int, gpus: int) -> None:
    owned = shards.fsdp2_rows(rows, gpus)
    assert sum(owned) == rows and owned == sorted(owned, reverse=True)
    assert shards.fsdp2_elements([(rows, 3)], gpus) * gpus >= 3 * rows


@given(parameters=whole_numbers, gpus=ranks)
def test_more_stages_never_need_more_and_never_pass_their_limit(parameters: int, gpus: int) -> None:
    totals = [plan.total for plan in zero.plans(max(parameters, gpus), gpus)]
    assert totals == sorted(totals, reverse=True)
    for plan in zero.plans(max(parameters, gpus), gpus):
        assert 1 <= plan.reduction <= (plan.limit if plan.limit is not None else gpus)


@pytest.mark.fault(14)
def test_one_gpu_sends_nothing_and_keeps_everything() -> None:
    for plan in zero.plans(10**9, 1):
        assert plan.total == 16 * 10**9 and plan.reduction == 1 and communication(plan).total == 0


def test_stage_3_sends_half_as_much_again() -> None:
    sent = [communication(plan) for plan in zero.plans(7_500_000_000, 64)]
    assert sent[0].all_reduce == 29_531_250_000 == sent[1].total == sent[2].total
    assert (sent[3].reduce_scatter, sent[3].all_gather) == (14_765_625_000, 29_531_250_000)


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    ("parameters", "gpus", "stage"),
    [(0, 1, 0), (-5, 8, 1), (10**15, 8, 1), (10**9, 0, 1), (10**9, 5_000, 1), (10**9, 8, 4), (10**9, 8, -1), (7, 8, 3)],
)
def test_what_makes_no_sense_is_refused(parameters: int, gpus: int, stage: int) -> None:
    with pytest.raises(BadInput) as refusal:
        zero.plan(parameters, gpus, stage)
    assert refusal.value.hint


@pytest.mark.parametrize("each", [(-1, 2, 12), (0, 0, 0), (2, 2, 10**6)])
def test_bytes_that_make_no_sense_are_refused(each: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput):
        zero.plan(10**9, 8, 1, zero.Bytes(*(Fraction(x) for x in each)))
