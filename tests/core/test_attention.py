"""Scores of attention maps against a loop written from the definitions, and for any map at all."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import attention, heads
from playground.errors import BadInput


def softmax_maps(seed: int, layers: int, count: int, tokens: int, causal: bool, sharpness: float = 2.0) -> np.ndarray:
    """Maps as a model makes them: softmax of scores, masked or not."""
    scores = sharpness * np.random.default_rng(seed).standard_normal((layers, count, tokens, tokens))
    if causal:
        scores = np.where(np.tri(tokens, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


MAPS = st.builds(
    softmax_maps,
    seed=st.integers(0, 2**32 - 1),
    layers=st.integers(1, 2),
    count=st.integers(1, 3),
    tokens=st.integers(1, 9),
    causal=st.booleans(),
    sharpness=st.floats(0, 20),
)


def by_hand(rows: list[list[float]], ids: list[int]) -> dict[str, float]:
    """One head's scores, written from the definitions without numpy."""
    n = len(rows)
    entropy = [-sum(p * math.log2(p) for p in row if p > 0) for row in rows]
    distance = [sum(p * abs(t - s) for s, p in enumerate(row)) for t, row in enumerate(rows)]
    repeats = []
    for t in range(n):
        after = [j + 1 for j in range(t) if ids[j] == ids[t] and j + 1 < t]
        if after:
            repeats.append(sum(rows[t][s] for s in after))

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else math.nan

    return {
        "entropy_bits": mean(entropy),
        "distance_tokens": mean(distance),
        "on_self": mean([rows[t][t] for t in range(1, n)]),
        "on_previous": mean([rows[t][t - 1] for t in range(1, n)]),
        "on_first": mean([rows[t][0] for t in range(1, n)]),
        "on_repeat": mean(repeats) if len(repeats) >= attention.REPEATS else math.nan,
    }


@settings(deadline=None)
@given(MAPS, st.data())
def test_scores_equal_the_definitions(maps: np.ndarray, data: st.DataObject) -> None:
    tokens = maps.shape[-1]
    ids = data.draw(st.lists(st.integers(0, 2), min_size=tokens, max_size=tokens))
    scores = attention.scores(attention.checked(maps), ids)
    for layer in range(maps.shape[0]):
        for head in range(maps.shape[1]):
            expected = by_hand(maps[layer, head].astype(float).tolist(), ids)
            for name, value in expected.items():
                assert getattr(scores, name)[layer, head] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), (
                    name
                )


@settings(deadline=None)
@given(MAPS)
def test_scores_stay_in_their_bounds(maps: np.ndarray) -> None:
    tokens = maps.shape[-1]
    scores = attention.scores(maps, [1] * tokens)
    assert (scores.entropy_bits >= 0).all() and (scores.entropy_bits <= math.log2(tokens) + 1e-6).all()
    assert (scores.distance_tokens >= 0).all() and (scores.distance_tokens <= tokens - 1 + 1e-6).all()
    for mass in (scores.on_self, scores.on_previous, scores.on_first, scores.on_repeat):
        known = mass[~np.isnan(mass)]
        assert ((known >= 0) & (known <= 1 + 1e-6)).all()


@settings(deadline=None)
@given(MAPS, st.randoms())
def test_entropy_does_not_depend_on_the_order_of_the_keys(maps: np.ndarray, random: object) -> None:
    order = list(range(maps.shape[-1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_allclose(attention.entropy_bits(maps[..., order]), attention.entropy_bits(maps), atol=1e-12)


def test_even_and_single_looks() -> None:
    even = np.full((1, 1, 8, 8), 1 / 8)
    assert attention.entropy_bits(even).item() == pytest.approx(3.0)
    single = np.eye(8)[None, None]
    scores = attention.scores(single, range(8))
    assert (scores.entropy_bits.item(), scores.distance_tokens.item(), scores.on_self.item()) == (0, 0, 1)
    assert math.isnan(scores.on_repeat.item())


@settings(deadline=None)
@given(MAPS)
def test_bf16_weights_are_accepted(maps: np.ndarray) -> None:
    rounded = maps.astype(ml_dtypes.bfloat16).astype(np.float32)
    assert attention.checked(rounded) is rounded


@pytest.mark.parametrize(
    "wrong",
    [
        np.full((1, 1, 2, 2), 0.45),  # rows of 0.9
        np.full((1, 1, 2, 2), np.nan),
        np.array([[[[1.5, -0.5], [0.5, 0.5]]]]),  # sums to 1, but is no weight
        np.zeros((1, 0, 2, 2)),  # a model that returned no maps
        np.zeros((1, 1, 0, 0)),
        np.full((1, 2, 2), 0.5),
    ],
)
def test_what_is_not_attention_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(BadInput):
        attention.checked(wrong)


def test_scores_are_for_self_attention() -> None:
    cross = np.full((1, 1, 2, 4), 0.25)
    assert attention.entropy_bits(cross).item() == pytest.approx(2.0)
    with pytest.raises(BadInput):
        attention.scores(cross, [1, 2])


@settings(deadline=None)
@given(MAPS)
def test_strongest_is_the_largest_weight_off_the_diagonal_and_the_sink(maps: np.ndarray) -> None:
    rows = maps[0, 0].tolist()
    found = attention.strongest(maps[0, 0])
    others = [w for t, row in enumerate(rows) for s, w in enumerate(row) if s not in (0, t)]
    if found is None:
        assert max(others, default=0) == 0
    else:
        assert found.weight == pytest.approx(max(others))
        assert rows[found.query][found.key] == pytest.approx(found.weight)


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (heads.HeadScore(0, 0, None, None, None, None), "one token"),
        (heads.HeadScore(1, 1, 0.1, 0.9, 0.6, None), "90 % on the token before"),
        (heads.HeadScore(1, 1, 0.1, 0.3, 0.6, None), "60 % on the first token"),
        (heads.HeadScore(1, 1, 0.7, 0.1, 0.1, None), "70 % on the token itself"),
        (heads.HeadScore(1, 1, 0.0, 0.1, 0.6, 0.8), "80 % on what followed the same token earlier"),
        (heads.HeadScore(2, 1, 0.1, 0.1, 0.1, 0.1), "4.0 tokens"),
    ],
)
def test_a_label_carries_the_score_that_earned_it(score: heads.HeadScore, says: str) -> None:
    assert says in heads.label(score)


def test_rounded_masses_never_exceed_one() -> None:
    assert dict(heads.HeadScore(0, 0, 1.0009765, None, 0.5, None).masses) == {
        "the token itself": 1.0,
        "the first token": 0.5,
    }
