"""The columns of GPUs: the slices of each copy tile it, and each says whose parameters it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import zero
from playground.figures import palette
from playground.figures.shards import columns


@given(
    gpus=st.integers(1, 200),
    stage=st.sampled_from(zero.STAGES),
    parameters=st.integers(200, 10**12),
    data=st.data(),
)
def test_a_group_of_gpus_owns_every_parameter_once(gpus: int, stage: int, parameters: int, data: st.DataObject) -> None:
    factor = data.draw(st.sampled_from(zero.divisors(gpus)))
    plan = zero.plan(parameters, gpus, stage, factor=factor)
    drawn = columns(plan)
    assert len(drawn["columns"]) == min(gpus, 16)
    for component in zero.COMPONENTS:
        slices = [slice_ for column in drawn["columns"] for slice_ in column["slices"][component]]
        assert all(s["from"] >= 0 and s["from"] + s["size"] <= 100 + 1e-9 for s in slices)
        if plan.is_cut(component) and gpus <= 16:
            assert sum(s["size"] for s in slices) == pytest.approx(100 * plan.replicas)
        if not plan.is_cut(component):
            assert {s["size"] for s in slices} == {100.0}


def test_a_slice_names_the_parameters_its_rank_owns() -> None:
    drawn = columns(zero.plan(10, 4, 3))["columns"]
    assert [column["slices"]["parameters"][0]["say"].split(":")[0] for column in drawn] == [
        "GPU 0 owns parameters 0 … 2",
        "GPU 1 owns parameters 3 … 5",
        "GPU 2 owns parameters 6 … 7",
        "GPU 3 owns parameters 8 … 9",
    ]
    assert [column["slices"]["optimizer"][0]["name"] for column in drawn] == ["O₀", "O₁", "O₂", "O₃"]


def test_groups_that_copy_own_the_same_slices() -> None:
    drawn = columns(zero.plan(10**6, 8, 3, factor=4))["columns"]
    assert [c["label"] for c in drawn if c["first"]] == ["4"]
    for one, other in zip(drawn[:4], drawn[4:], strict=True):
        assert one["slices"]["gradients"][0]["name"] == other["slices"]["gradients"][0]["name"]


def test_what_is_offloaded_is_marked() -> None:
    drawn = columns(zero.plan(10**9, 4, 2, offload="optimizer"))
    assert [band["host"] for band in drawn["bands"]] == [False, True, True]
    assert drawn["bands"][2]["about"] == "3.00 GB in the host's memory, 1/4"
    assert [band["colour"] for band in drawn["bands"]] == [palette.PARAMETERS, palette.GRADIENTS, palette.OPTIMIZER]


def test_a_component_without_bytes_has_no_band() -> None:
    none = zero.Bytes(optimizer=zero.Fraction(0))
    assert [band["name"] for band in columns(zero.plan(10**9, 2, 1, none))["bands"]] == ["parameters", "gradients"]
