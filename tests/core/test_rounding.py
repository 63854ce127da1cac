"""Each library's rounding against torch's own code."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.architectures import architecture
from playground.core.rounding import rounded
from playground.core.shards import fsdp2_elements, greedy_elements
from playground.errors import BadInput


@given(sizes=st.lists(st.integers(1, 1000), min_size=1, max_size=40), ranks=st.integers(1, 9))
def test_greedy_is_the_plain_loop(sizes: list[int], ranks: int) -> None:
    held = [0] * ranks
    for size in sorted(sizes, reverse=True):
        held[held.index(min(held))] += size
    assert greedy_elements(sizes, ranks) == held


def test_fsdp2_pads_as_torch_chunks() -> None:
    torch = pytest.importorskip("torch")
    weights = [(50257, 768), (5, 7), (1,), (12, 3, 2)]
    for ranks in (1, 2, 3, 4, 7, 8):
        most = sum(torch.empty(shape).chunk(ranks)[0].numel() for shape in weights)
        assert fsdp2_elements(weights, ranks) == most


@pytest.mark.parametrize("model", ["gpt2", "llama-3.1-8b", "mixtral-8x7b"])
@pytest.mark.parametrize("ranks", [1, 2, 7, 8, 64])
def test_no_library_stores_less_than_the_formula(model: str, ranks: int) -> None:
    cuts = rounded(architecture(model), ranks)
    for cut in cuts:
        assert len(cut.stored) == ranks and cut.most >= math.ceil(cut.ideal) and cut.excess >= 0
        assert sum(cut.stored) >= sum(cuts[0].stored)
    assert sum(cuts[0].stored) == sum(cuts[-1].stored)  # the formula and whole weights have no padding


def test_ranks_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput):
        rounded(architecture("gpt2"), 0)
