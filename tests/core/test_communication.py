"""What is sent, counted by simulating a ring; and when the arithmetic hides it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import zero
from playground.core.communication import LINKS, LINKS_BY_ID, PEAKS, communication, hiding_tokens, step_time
from playground.errors import BadInput


def ring_all_gather(elements: int, ranks: int) -> int:
    """Elements one rank sends while every rank passes on, ranks − 1 times, the piece it has just got."""
    have = [{rank} for rank in range(ranks)]
    sent, latest = 0, list(range(ranks))
    for _ in range(ranks - 1):
        arriving = [latest[rank - 1] for rank in range(ranks)]
        for rank in range(ranks):
            have[rank].add(arriving[rank])
        latest, sent = arriving, sent + elements // ranks
    assert all(len(pieces) == ranks for pieces in have)
    return sent


@given(ranks=st.integers(1, 12), each=st.integers(1, 1000), stage=st.sampled_from(zero.STAGES))
def test_a_ring_really_sends_that_much(ranks: int, each: int, stage: int) -> None:
    whole = each * ranks
    gather = ring_all_gather(whole, ranks)  # a reduce-scatter is the same ring backwards
    sent = communication(zero.plan(whole, ranks, stage))
    gathers = {0: 1, 1: 1, 2: 1, 3: 2}[stage]
    assert sent.total == 2 * gather * (1 + gathers)


def test_hybrid_sharding_sends_what_was_measured() -> None:
    """FSDP2 on a 2 × 2 mesh, 1,460,224 parameters in FP32, by its recorded collectives: 11,681,792 bytes a rank."""
    each = zero.Bytes(Fraction(4), Fraction(4), Fraction(8))
    sent = communication(zero.plan(1_460_224, 4, 3, each, factor=2))
    psi = 4 * 1_460_224
    assert (sent.all_gather, sent.reduce_scatter, sent.all_reduce) == (psi, psi // 2, psi // 2)
    assert sent.total == 11_681_792


@given(gpus=st.integers(1, 64), stage=st.sampled_from((1, 2, 3)), data=st.data())
def test_groups_of_one_are_plain_data_parallel(gpus: int, stage: int, data: st.DataObject) -> None:
    copies, plain = zero.plan(10**6, gpus, stage, factor=1), zero.plan(10**6, gpus, 0)
    assert communication(copies).total == communication(plain).total and copies.total == plain.total
    factor = data.draw(st.sampled_from(zero.divisors(gpus)))
    plan = zero.plan(10**6, gpus, stage, factor=factor)
    assert plan.total == zero.plan(10**6, factor, stage).total  # groups of F hold what F GPUs hold


def test_offloading_crosses_pcie() -> None:
    sent = communication(zero.plan(10**9, 4, 3, offload="parameters"))
    assert (sent.to_host, sent.from_host) == (500_000_000, 1_000_000_000)
    assert communication(zero.plan(10**9, 4, 3)).to_host == 0


def test_where_the_arithmetic_hides_the_sending() -> None:
    plan = zero.plan(7_500_000_000, 64, 3)
    for link in LINKS:
        turn = hiding_tokens(plan, link, PEAKS["A100"])
        before, after = (step_time(plan, tokens, link, PEAKS["A100"]) for tokens in (turn - 1, turn))
        assert before.exposed_s > 0 and after.exposed_s == 0 and after.total_s == after.compute_s
    slow = step_time(plan, 4096, LINKS_BY_ID["eth100"], PEAKS["A100"], overlap=0)
    assert slow.exposed_s == slow.send_s == pytest.approx(44_296_875_000 / 12.5e9)
    assert slow.compute_s == pytest.approx(6 * 7.5e9 * 4096 / (312e12 * 0.4))


NONSENSE = [(0, 0.4, 1), (9, 0, 1), (9, 1.1, 1), (9, 0.4, -1), (9, 0.4, 2)]


@pytest.mark.parametrize(("tokens", "used", "overlap"), NONSENSE)
def test_a_step_that_makes_no_sense_is_refused(tokens: int, used: float, overlap: float) -> None:
    with pytest.raises(BadInput):
        step_time(zero.plan(10**9, 8, 3), tokens, LINKS[0], PEAKS["A100"], used, overlap)
