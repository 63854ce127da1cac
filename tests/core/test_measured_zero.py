"""Predictions against bytes counted by another program, sums that must come out, and the shipped recording."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import measured_zero as rules
from playground.core.measured_explained import differences, disagreement, surprises
from playground.core.recorded import Measurement, recording
from playground.core.sharding_variants import OF_STAGE, VARIANTS, choose, groups, sharding_factor
from playground.core.shards import greedy_elements
from playground.core.small_model import SmallModel, size, sizes
from playground.core.zero import Bytes, plan
from playground.errors import BadInput

MODELS = st.builds(
    SmallModel, st.just("any"), st.integers(1, 4), st.integers(1, 40), st.integers(2, 200), st.integers(2, 40)
)
NAMES = st.sampled_from(sorted(VARIANTS))


# Counted in real processes by a program written apart from this one (torch 2.13, gloo): bytes of the fullest rank.
@pytest.mark.parametrize(
    ("variant", "gpus", "shard", "total"),
    [
        ("ddp", 2, 2, 23_363_584),
        ("ddp_copy", 4, 4, 29_204_480),
        ("zero1", 2, 2, 17_522_688),
        ("zero1", 4, 4, 14_630_912),
        ("zero1", 8, 8, 13_189_120),
        ("zero1_textbook", 8, 8, 13_142_016),
        ("zero2_textbook", 2, 2, 14_602_240),
        ("zero2_textbook", 4, 4, 10_221_568),
        ("zero2_textbook", 8, 8, 8_031_232),
        ("fsdp2_keep", 4, 4, 5_840_896),
        ("fsdp2", 2, 2, 11_681_792),
        ("fsdp2", 8, 8, 2_920_448),
        ("hybrid", 4, 2, 11_681_792),
        ("hybrid", 8, 4, 5_840_896),
    ],
)
def test_predictions_are_what_another_program_counted(variant: str, gpus: int, shard: int, total: int) -> None:
    predicted = rules.predict(sizes()["page"], variant, gpus, shard)
    assert max(held.total for held in predicted) == total


# The same program's bytes sent per step and rank on four ranks: by the paper, by ring from its log, on gloo's wire.
@pytest.mark.parametrize(
    ("variant", "paper", "ring", "gloo"),
    [
        ("ddp", 8.761, 8.761, 8.761),
        ("zero1", 8.761, 13.142, 13.142),
        ("zero1_textbook", 8.761, 8.761, 13.142),
        ("zero2_textbook", 8.761, 8.761, 13.142),
        ("fsdp2_keep", 8.761, 8.761, 13.142),
        ("fsdp2", 13.142, 13.142, 17.523),
        ("hybrid", 11.682, 11.682, 14.602),
    ],
)
def test_the_recordings_bytes_are_another_programs(variant: str, paper: float, ring: float, gloo: float) -> None:
    stage = recording()[variant]
    assert (stage.paper, stage.ring, stage.gloo) == tuple(pytest.approx(x * 1e6, abs=600) for x in (paper, ring, gloo))
    assert stage.wire == pytest.approx(gloo * 1e6, rel=0.01)


def test_the_recording_is_whole_and_as_predicted() -> None:
    shown = recording()
    assert shown.gpus == 4 and {stage.name for stage in shown.stages} == set(VARIANTS)
    assert [line for stage in shown.stages for line in differences(stage)] == []
    assert disagreement(shown) < 1e-6
    assert Measurement.from_json(shown.to_json()) == shown
    text = str(shown.to_json())
    assert "/home" not in text and "/tmp" not in text
    for stage in shown.stages:
        *_, last = stage.events
        assert last.parameters_bytes == stage.ranks[0].parameters and last.unsharded_bytes == 0
        assert [event.phase for event in stage.events] == sorted(
            (event.phase for event in stage.events), key=["forward", "backward", "optimizer"].index
        )


def test_the_collectives_of_full_sharding_are_in_the_papers_order() -> None:
    said = [(event.phase, event.op, event.label) for event in recording()["fsdp2"].collectives]
    units = ["root", *(f"block {i}" for i in range(6))]
    assert said[:7] == [("forward", "all_gather", unit) for unit in units]
    backward = said[7:]
    assert sorted(label for _, op, label in backward if op == "all_gather") == sorted(units)
    assert [label for _, op, label in backward if op == "reduce_scatter"] == [*reversed(units[1:]), "root"]
    assert len(said) == 21


@given(MODELS, NAMES, st.integers(1, 9))
def test_no_rank_holds_less_than_its_share_and_nothing_is_lost(model: SmallModel, variant: str, gpus: int) -> None:
    shard = sharding_factor(gpus)
    predicted = rules.predict(model, variant, gpus, shard)
    formula = rules.ideal(model, variant, gpus, shard)
    assert len(predicted) == gpus
    moments = sum(held.optimizer for held in predicted)
    copies = gpus if VARIANTS[variant].stage == 0 else gpus // shard if variant == "hybrid" else 1
    assert moments >= 8 * model.parameters * copies
    if variant in ("zero1", "fsdp2", "fsdp2_keep", "hybrid"):
        assert moments == 8 * model.parameters * copies  # every moment once, none padded
    if variant != "fsdp2_keep":  # at rest that one is below its stage
        assert max(held.total for held in predicted) >= formula.total


@given(MODELS, st.integers(1, 9), st.sampled_from(["ddp", "zero1_textbook", "zero2_textbook", "fsdp2"]))
def test_the_formula_is_the_papers(model: SmallModel, gpus: int, variant: str) -> None:
    if gpus > model.parameters:
        return
    paper = plan(model.parameters, gpus, VARIANTS[variant].stage, Bytes(*map(Fraction, (4, 4, 8))))
    got = rules.ideal(model, variant, gpus, gpus)
    for name in ("parameters", "gradients", "optimizer"):
        assert getattr(got, name) == int(paper.share[name])
    elements = (3 if variant == "fsdp2" else 2) * model.parameters  # its §7
    assert rules.paper_bytes(model, variant, gpus, gpus) == 4 * elements * (gpus - 1) // gpus


@given(MODELS, st.integers(1, 8))
def test_greedy_hands_out_every_tensor(model: SmallModel, ranks: int) -> None:
    owned = greedy_elements(map(math.prod, model.shapes), ranks)
    assert sum(owned) == model.parameters and max(owned) - min(owned) <= max(map(math.prod, model.shapes))


def test_stages_by_number_and_name() -> None:
    assert choose(["0", "1", "2", "3"], 4) == tuple(n for n in VARIANTS if any(n in v for v in OF_STAGE.values()))
    assert choose(["all"], 4) == tuple(VARIANTS) and "hybrid" not in choose(["all"], 3)
    for wrong in (["4"], ["zero9"], [""], []):
        with pytest.raises(BadInput):
            choose(wrong, 4)


@pytest.mark.parametrize("gpus", range(1, 9))
def test_groups_divide(gpus: int) -> None:
    assert all(sharding_factor(gpus, each) == each for each in groups(gpus))
    for wrong in {0, -1, gpus + 1, *range(1, gpus)} - set(groups(gpus)):
        with pytest.raises(BadInput, match="groups"):
            sharding_factor(gpus, wrong)


def test_sizes() -> None:
    assert [size(name).parameters for name in sizes()] == [235_264, 383_670, 1_460_224, 5_279_744]
    with pytest.raises(BadInput):
        size("70b")


def test_the_surprises_are_told_with_their_numbers() -> None:
    told = "\n".join(sentence for _, sentence in surprises(recording()))
    for number in ("29,204,480", "23,363,584", "20 bytes", "5,840,896", "10,221,568", "2,910,208 to 2,949,120"):
        assert number in told
