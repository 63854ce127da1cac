"""Will it fit: the fewest GPUs fit and one fewer does not; the largest model fits and one more parameter does not."""

from hypothesis import given
from hypothesis import strategies as st

from playground.core import zero, zero_fit
from playground.core.gpus import gpus as cards
from playground.core.subject import subject
from playground.core.zero_extras import activation_bytes, buffer_bytes

usable = st.sampled_from([card.usable_bytes for card in cards()])


@given(parameters=st.integers(10**4, 10**13), usable=usable, reserved=st.integers(0, 5 * 10**9))
def test_the_fewest_gpus_fit_and_one_fewer_does_not(parameters: int, usable: int, reserved: int) -> None:
    for way in zero_fit.ways(parameters, usable, reserved_bytes=reserved):
        if way.smallest is None:
            most = min(4096, parameters)
            assert zero.plan(parameters, most, way.stage, offload=way.offload).total + reserved > usable
            continue
        assert way.smallest.total + reserved <= usable
        if way.smallest.gpus > 1:
            fewer = zero.plan(parameters, way.smallest.gpus - 1, way.stage, offload=way.offload)
            assert fewer.total + reserved > usable


@given(usable=usable, gpus=st.integers(1, 1024), stage=st.sampled_from(zero.STAGES))
def test_the_largest_model_fits_and_one_parameter_more_does_not(usable: int, gpus: int, stage: int) -> None:
    most = zero_fit.largest_model(usable, gpus, stage)
    assert most is not None
    assert zero.plan(most, gpus, stage).total <= usable < zero.plan(most + 1, gpus, stage).total


def test_section_5_of_the_paper() -> None:
    """7.6B, 14.4B and 128B parameters on 64 GPUs of 32 GB in stages 1, 2 and 3, and 2B without."""
    most = [zero_fit.largest_model(32 * 10**9, 64, stage) for stage in zero.STAGES]
    assert [round((n or 0) / 1e9, 1) for n in most] == [2.0, 7.6, 14.4, 128.0]


def test_the_gentlest_way_shards_before_it_offloads() -> None:
    found = zero_fit.ways(70_000_000_000, 84_986_665_369)
    gentle = zero_fit.gentlest(found, 16)
    assert gentle is not None and (gentle.stage, gentle.offload) == (3, "none")
    alone = zero_fit.gentlest(found, 1)
    assert alone is not None and (alone.stage, alone.offload) == (3, "parameters")
    assert zero_fit.largest_model(10**10, 8, 3, offload="parameters") is None


def test_activations_and_buffers_are_what_no_stage_cuts() -> None:
    about = subject("llama-3.1-8b")
    assert activation_bytes(about, 2, 2048, "none") > activation_bytes(about, 1, 2048, "none")
    assert activation_bytes(subject(count="8B"), 2, 2048, "none") == 0
    # DeepSpeed's defaults in 16 bit: 1 + 1 GB in stages 1 and 2; 1 + 2 + 0.1 GB in stage 3.
    sizes = [buffer_bytes(plan) for plan in zero.plans(8 * 10**9, 8)]
    assert sizes == [0, 2 * 10**9, 2 * 10**9, 3_100_000_000]
