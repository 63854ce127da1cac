"""One row of attention against a loop that does what the paper says, for any shapes."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from playground.core.one_weight import Captured, largest_error, row
from playground.errors import BadInput


def made(seed: int, heads: int, group: int, tokens: int, size: int, causal: bool) -> Captured:
    rng = np.random.default_rng(seed)
    queries = rng.normal(size=(heads * group, tokens, size)).astype(np.float32)
    keys, values = rng.normal(size=(2, heads, tokens, size)).astype(np.float32)
    nothing = np.zeros((heads * group, tokens, tokens)), np.zeros_like(queries)
    return Captured(queries, keys, values, *nothing, scaling=float(np.float32(size**-0.5)), causal=causal)


@given(
    seed=st.integers(0, 99),
    heads=st.integers(1, 3),
    group=st.integers(1, 3),
    tokens=st.integers(1, 6),
    size=st.integers(1, 9),
    causal=st.booleans(),
)
def test_a_row_is_the_papers_formula(seed: int, heads: int, group: int, tokens: int, size: int, causal: bool) -> None:
    captured = made(seed, heads, group, tokens, size, causal)
    for head in range(heads * group):
        for query in range(tokens):
            found = row(captured, head, query)
            shared = head // group
            assert found.key_head == shared
            scores = [
                sum(
                    float(a) * float(b)
                    for a, b in zip(captured.queries[head, query], captured.keys[shared, s], strict=True)
                )
                / math.sqrt(size)
                for s in range(query + 1 if causal else tokens)
            ]
            total = sum(math.exp(score) for score in scores)
            weights = [math.exp(score) / total for score in scores] + [0.0] * (tokens - len(scores))
            np.testing.assert_allclose(found.weights, weights, atol=1e-12)
            output = sum(w * captured.values[shared, s].astype(float) for s, w in enumerate(weights))
            np.testing.assert_allclose(found.output, output, atol=1e-12)
            assert found.weights.sum() == pytest.approx(1)
            assert found.products(0).sum() == pytest.approx(found.dots[0])


def test_large_scores_do_not_overflow() -> None:
    one = np.array([[[1000.0]], [[2000.0]]], np.float32).reshape(1, 2, 1)
    found = row(Captured(one, one, one, np.eye(2)[None], one, 1.0, causal=False), 0, 1)
    assert found.weights.tolist() == [0.0, 1.0] and found.highest == 4_000_000


def test_the_errors_are_the_largest_differences() -> None:
    captured = made(1, 2, 2, 4, 5, True)
    weights = np.stack([[row(captured, head, query).weights for query in range(4)] for head in range(4)])
    outputs = np.stack([[row(captured, head, query).output for query in range(4)] for head in range(4)])
    weights[2, 3, 1] += 0.25
    outputs[1, 0, 4] -= 0.5
    wrong = Captured(captured.queries, captured.keys, captured.values, weights, outputs, captured.scaling, causal=True)
    assert largest_error(wrong) == pytest.approx((0.25, 0.5))


def test_a_factor_that_is_not_one_over_root_d() -> None:
    captured = made(2, 1, 1, 3, 4, False)
    other = Captured(
        captured.queries, captured.keys, captured.values, captured.weights, captured.outputs, 0.25, causal=False
    )
    np.testing.assert_allclose(row(other, 0, 0).scores, row(other, 0, 0).dots * 0.25)


@pytest.mark.parametrize(("head", "query"), [(4, 0), (-1, 0), (0, 4), (0, -1)])
def test_a_row_that_is_not_there(head: int, query: int) -> None:
    with pytest.raises(BadInput, match=f"no head {head} or no token {query}"):
        row(made(0, 2, 2, 4, 2, True), head, query)
