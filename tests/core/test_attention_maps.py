"""The mean, the rollout and the variants of a map, against loops and against sums over every path."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import attention_maps, head_scores, heads
from playground.core.attention import Scores, scores
from playground.core.rollout import rollout
from playground.errors import BadInput
from tests.core.test_attention import MAPS, softmax_maps


def by_paths(maps: np.ndarray, layers: int, target: int, source: int) -> float:
    """The rollout's cell as its definition reads: the weights of every path of tokens from ``target`` to ``source``."""
    steps = [
        [[0.5 * float(np.mean(maps[layer, :, t, s])) + 0.5 * (t == s) for s in range(maps.shape[-1])]
         for t in range(maps.shape[-1])]
        for layer in range(layers)
    ]  # fmt: skip
    total = 0.0
    for between in itertools.product(range(maps.shape[-1]), repeat=layers - 1):
        path = (target, *between, source)  # from the last layer down to the text
        weight = 1.0
        for step, layer in enumerate(reversed(range(layers))):
            weight *= steps[layer][path[step]][path[step + 1]]
        total += weight
    return total


@pytest.mark.parametrize("causal", [True, False])
def test_rollout_is_the_sum_over_all_paths(causal: bool) -> None:
    maps = softmax_maps(5, 3, 2, 4, causal)
    found = rollout(maps)
    assert found.shape == (3, 4, 4)
    for layers, target, source in itertools.product((1, 2, 3), range(4), range(4)):
        assert found[layers - 1, target, source] == pytest.approx(by_paths(maps, layers, target, source), abs=1e-6)


@settings(deadline=None)
@given(MAPS)
def test_rollout_shares_out_one_and_keeps_the_mask(maps: np.ndarray) -> None:
    found = rollout(maps)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-9)
    if not np.triu(maps, 1).any():
        assert not np.triu(found, 1).any()


def test_rollout_needs_as_many_queries_as_keys() -> None:
    with pytest.raises(BadInput):
        rollout(np.full((1, 1, 2, 3), 1 / 3))


@settings(deadline=None)
@given(MAPS, st.data())
def test_every_map_shares_out_one(maps: np.ndarray, data: st.DataObject) -> None:
    layers, count, tokens, _ = maps.shape
    which = data.draw(st.sampled_from(attention_maps.WHICH))
    variant = data.draw(st.sampled_from(attention_maps.VARIANTS))
    norms = np.random.default_rng(1).uniform(0.1, 9, (layers, count, tokens)).astype(np.float32)
    layer, head = data.draw(st.integers(0, layers - 1)), data.draw(st.integers(0, count - 1))
    if tokens == 1 and variant == "no-sink":
        with pytest.raises(BadInput, match="no token left"):
            attention_maps.looked_at(maps, which, layer, head, variant, norms_LHS=norms)
        return
    shown = attention_maps.looked_at(maps, which, layer, head, variant, norms_LHS=norms)
    assert shown.positions == tuple(range(variant == "no-sink", tokens))
    sums = shown.weights_KK.sum(-1)
    np.testing.assert_allclose(sums[~np.isnan(sums)], 1, atol=1e-6)
    assert 0 <= shown.left_out <= 1


def test_the_sink_is_left_out_and_the_rest_divided() -> None:
    maps = softmax_maps(3, 2, 3, 5, causal=True)
    shown = attention_maps.looked_at(maps, "head", 1, 2, "no-sink", sinks={0, 4})
    assert shown.positions == (1, 2, 3)
    for row, t in enumerate((1, 2, 3)):
        rest = [float(maps[1, 2, t, s]) for s in (1, 2, 3)]
        assert shown.weights_KK[row].tolist() == pytest.approx([w / sum(rest) for w in rest], rel=1e-5)
    gone = [1 - sum(float(maps[1, 2, t, s]) for s in (1, 2, 3)) for t in (1, 2, 3)]
    assert shown.left_out == pytest.approx(sum(gone) / 3, abs=1e-6)


def test_a_row_with_nothing_left_is_empty_not_noise() -> None:
    maps = np.array([[[[1, 0, 0], [0, 1, 0], [0.999, 0.0005, 0.0005]]]])
    shown = attention_maps.looked_at(maps, "head", 0, 0, "no-sink")
    assert shown.weights_KK[0].tolist() == [1, 0] and np.isnan(shown.weights_KK[1]).all()
    every, kept = attention_maps.of_all_heads(maps, "no-sink")
    assert kept == (1, 2) and every[0, 0].tolist() == [[1, 0], [0, 0]]


def test_by_value_length_a_head_with_long_values_speaks_louder() -> None:
    maps, norms = softmax_maps(4, 1, 2, 3, causal=False), np.array([[[1.0, 2.0, 4.0], [10.0, 10.0, 10.0]]])
    head = attention_maps.looked_at(maps, "head", 0, 0, "values", norms_LHS=norms).weights_KK
    mean = attention_maps.looked_at(maps, "mean", 0, 0, "values", norms_LHS=norms).weights_KK
    for t in range(3):
        one = [float(maps[0, 0, t, s]) * (1, 2, 4)[s] for s in range(3)]
        both = [one[s] + float(maps[0, 1, t, s]) * 10 for s in range(3)]
        assert head[t].tolist() == pytest.approx([w / sum(one) for w in one], rel=1e-5)
        assert mean[t].tolist() == pytest.approx([w / sum(both) for w in both], rel=1e-5)
    every, _ = attention_maps.of_all_heads(maps, "values", norms_LHS=norms)
    np.testing.assert_allclose(every[0, 0], head)
    np.testing.assert_allclose(every[0, 1], maps[0, 1], atol=1e-6)  # all as long: nothing changes
    with pytest.raises(BadInput):
        attention_maps.looked_at(maps, "head", 0, 0, "values")


@dataclass
class Stand:
    added: bool


def test_sinks_are_the_first_token_and_what_the_tokenizer_added() -> None:
    assert attention_maps.sink_positions([Stand(False), Stand(False)]) == {0}
    assert attention_maps.sink_positions([Stand(True), Stand(False), Stand(True)]) == {0, 2}


@settings(deadline=None)
@given(MAPS)
def test_heads_are_listed_from_the_highest_score(maps: np.ndarray) -> None:
    found = scores(maps, [1] * maps.shape[-1])
    for measure in head_scores.MEASURES:
        rows = head_scores.ranked(found, measure.key)
        assert {(row.layer, row.head) for row in rows} == set(itertools.product(*map(range, maps.shape[:2])))
        values = [getattr(row.score, measure.key) for row in rows]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=True) and values[: len(known)] == known
        best = head_scores.best(found, measure.key)
        assert best == ((rows[0].layer, rows[0].head) if known else None)


def test_more_than_half_makes_a_sink() -> None:
    table = np.array([[0.5, 0.51], [0.9, np.nan]])
    assert head_scores.sinks(Scores(table, table, table, table, table, table)) == 2


def test_a_short_label_names_the_same_job() -> None:
    for on_first, on_repeat in itertools.product((0.1, 0.7), (None, 0.8)):
        score = heads.HeadScore(1.0, 1.0, 0.1, 0.1, on_first, on_repeat)
        named, short = heads.job(score), heads.short_label(score)
        assert short.startswith(named[0] if named else "over 2.0 tokens")
        assert (named is None) == ("spread out" in heads.label(score))
