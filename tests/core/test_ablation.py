"""Divergence, ranks and cuts against their definitions."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from playground.core import ablation
from playground.core.ablation import Cut
from playground.errors import BadInput

LOGITS = st.lists(st.floats(-30, 30), min_size=3, max_size=8)


@given(st.data())
def test_kl_by_its_definition(data: st.DataObject) -> None:
    a = data.draw(LOGITS)
    b = data.draw(st.lists(st.floats(-30, 30), min_size=len(a), max_size=len(a)))
    p, q = ([math.exp(x - max(xs)) / sum(math.exp(y - max(xs)) for y in xs) for x in xs] for xs in (a, b))
    expected = sum(x * math.log2(x / y) for x, y in zip(p, q, strict=True) if x > 0)
    found = ablation.effect(np.array(a), np.array(b))
    assert found.kl_bits == pytest.approx(expected, abs=1e-9) and found.kl_bits >= 0
    moves = [abs(x - y) for x, y in zip(p, q, strict=True)]
    assert abs(found.moved.after - found.moved.before) == pytest.approx(max(moves))
    assert found.answer.before == pytest.approx(max(p)) and found.winner.after == pytest.approx(max(q))


def test_nothing_changed() -> None:
    same = ablation.effect(np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0]))
    assert same.kl_bits == pytest.approx(0, abs=1e-12) and not same.flipped


def test_the_candidates_are_both_sides_best() -> None:
    before, after = np.log([0.7, 0.2, 0.06, 0.04]), np.log([0.1, 0.05, 0.05, 0.8])
    assert [c.id for c in ablation.candidates(before, after, 2)] == [3, 0]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=12))
def test_spearman_is_the_correlation_of_mean_ranks(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)

    def ranks(values: tuple[int, ...]) -> list[float]:
        return [sum(v < w for v in values) + (sum(v == w for v in values) + 1) / 2 for w in values]

    found = ablation.spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(float(np.corrcoef(ranks(x), ranks(y))[0, 1]), abs=1e-9)


def test_too_few_to_rank() -> None:
    assert ablation.spearman([1, 2], [3, 4]) is None


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (Cut("attention", ()), "Nothing to take out"),
        (Cut("attention", (-1,)), "no layer -1"),
        (Cut("edge", (0,), (0,), "zero", 1, 0), "no way to cut"),
        (Cut("edge", (0,), (0,), "mask", 3, 0), "does not look"),
        (Cut("edge", (0,), (0,), "mask", 0, 0), "nothing but itself"),
    ],
)
def test_what_can_not_be_cut(cut: Cut, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        cut.check(layers=2, heads=2, tokens=3)


def test_what_can() -> None:
    for cut in (Cut("edge", (0,), (0,), "drop", 0, 0), Cut("mlp", (1,), (), "mean"), Cut("heads", (0, 1), (1,))):
        assert cut.check(2, 2, 3) is cut
