"""BERT's exercise: which tokens it asks for, how often each fate comes up, and what it leaves alone."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.masked_modelling import exercise, shares
from playground.core.sampling_settings import SEED_MAX
from playground.errors import BadInput

SETTINGS = {"mask_id": 103, "vocabulary_size": 30_522}


@given(st.lists(st.integers(1_000, 2_000), min_size=3, max_size=80), st.integers(0, SEED_MAX))
def test_only_chosen_tokens_change_and_only_they_are_asked_for(ids: list[int], seed: int) -> None:
    maskable = [False, *[True] * (len(ids) - 2), False]  # [CLS] … [SEP]
    one = exercise(ids, maskable, seed=seed, **SETTINGS)
    assert len(one.asked) == min(max(1, round(0.15 * len(ids))), len(ids) - 2)
    for i, (token, read, target, change) in enumerate(zip(ids, one.read, one.targets, one.changes, strict=True)):
        assert (target is None) == (change == "") and (target in (None, token))
        assert read == {"": token, "kept": token, "masked": 103}.get(change, read)
        assert 0 <= read < 30_522 and (maskable[i] or change == "")
    assert one == exercise(ids, maskable, seed=seed, **SETTINGS)


def test_eighty_ten_ten_within_the_chance_of_a_fair_draw() -> None:
    """3,000 exercises choose 9,000 tokens; four standard deviations of a binomial."""
    found = shares(range(20), [True] * 20, draws=3_000, seed=11)
    for change, expected in (("masked", 0.8), ("random", 0.1), ("kept", 0.1)):
        assert abs(found[change] - expected) < 4 * math.sqrt(expected * (1 - expected) / 9_000)


def test_every_position_is_chosen_as_often_and_random_tokens_come_from_the_whole_vocabulary() -> None:
    counted: Counter[int] = Counter()
    drawn = []
    for seed in range(2_000):
        one = exercise(range(10), [True] * 10, seed=seed, mask_id=-1, vocabulary_size=1_000)
        counted.update(one.asked)
        drawn += [one.read[i] for i in one.asked if one.changes[i] == "random"]
    expected = 2_000 * 2 / 10
    assert all(abs(counted[i] - expected) < 5 * math.sqrt(expected * 0.8) for i in range(10))
    assert min(drawn) < 50 and max(drawn) > 950 and abs(sum(drawn) / len(drawn) - 500) < 60


@pytest.mark.parametrize(
    ("ids", "maskable", "more", "says"),
    [
        ((), (), {}, "no token to hide"),
        ((101, 102), (False, False), {}, "no token to hide"),
        ((1, 2), (True, True), {"rate": 0.0}, "can't be drawn"),
        ((1, 2), (True, True), {"rate": float("nan")}, "can't be drawn"),
        ((1, 2), (True, True), {"seed": -1}, "can't be drawn"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ids, maskable, more, says) -> None:
    with pytest.raises(BadInput, match=says):
        exercise(ids, maskable, **({"seed": 0} | SETTINGS | more))


def test_one_word_is_asked_for_whatever_the_rate() -> None:
    assert exercise([101, 7, 102], [False, True, False], seed=5, **SETTINGS).asked == (1,)
