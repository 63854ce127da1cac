"""T5's spans: the round trip, and the draw against T5's published algorithm written out again here."""

import math
import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.sampling_settings import SEED_MAX
from playground.core.span_corruption import SENTINELS, Sentinel, corrupt, noise, restore
from playground.errors import BadInput


def published(length: int, rate: float, mean: float, rng: random.Random) -> list[bool]:
    """``random_spans_noise_mask`` of google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py.

    Its segmentation marks the first item of each part: a shuffled row of ones and zeros after a leading zero.
    """

    def segmentation(items: int, segments: int) -> list[int]:
        marks = [int(i < segments - 1) for i in range(items - 1)]
        rng.shuffle(marks)
        number, sizes = 0, [0] * segments
        for mark in [0, *marks]:
            number += mark
            sizes[number] += 1
        return sizes

    noisy = min(max(round(length * rate), 1), length - 1)
    spans = max(round(noisy / mean), 1)
    mask: list[bool] = []
    for kept, cut in zip(segmentation(length - noisy, spans), segmentation(noisy, spans), strict=True):
        mask += [False] * kept + [True] * cut
    return mask


def spans_of(mask: list[bool]) -> int:
    return sum(cut and not before for before, cut in zip([False, *mask], mask, strict=False))


@given(
    st.lists(st.integers(0, 50_000), min_size=2, max_size=600),
    st.integers(0, SEED_MAX),
    st.sampled_from([0.1, 0.15, 0.25, 0.5]),
    st.sampled_from([2.0, 3.0, 5.0, 10.0]),
)
def test_the_round_trip_restores_the_text(ids: list[int], seed: int, rate: float, mean: float) -> None:
    cut = noise(len(ids), seed=seed, rate=rate, mean_span=mean)
    if spans_of(cut.tolist()) >= SENTINELS:
        with pytest.raises(BadInput, match="sentinels"):
            corrupt(ids, cut)
        return
    made = corrupt(ids, cut)
    assert restore(*made) == tuple(ids)
    numbers = [piece.number for piece in made.read if isinstance(piece, Sentinel)]
    assert numbers == list(range(made.spans)) and made.target[-1] == Sentinel(made.spans)
    assert len(made.read) + len(made.target) == len(ids) + 2 * made.spans + 1


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_any_noise_can_be_undone(mask: list[bool]) -> None:
    ids = list(range(len(mask)))
    assert restore(*corrupt(ids, mask)) == tuple(ids)


@pytest.mark.parametrize(("rate", "mean"), [(0.15, 3.0), (0.5, 2.0), (0.1, 10.0), (0.25, 5.0)])
def test_as_many_tokens_and_spans_as_t5_s_own_for_every_length(rate: float, mean: float) -> None:
    for length in range(2, 513):
        mine = noise(length, seed=length, rate=rate, mean_span=mean).tolist()
        theirs = published(length, rate, mean, random.Random(length))
        assert (len(mine), sum(mine), spans_of(mine)) == (length, sum(theirs), spans_of(theirs))
        assert not mine[0] and mine[-1]


def test_all_masks_are_equally_likely_as_in_t5_s_own() -> None:
    """12 tokens, half of them in three spans: 10 · 10 masks; both draw each of them, about as often."""
    length, draws = 12, 20_000
    cuts = list(combinations(range(1, 6), 2))
    possible = len(cuts) ** 2
    mine = Counter(tuple(noise(length, seed=s, rate=0.5, mean_span=2).tolist()) for s in range(draws))
    rng = random.Random(0)
    theirs = Counter(tuple(published(length, 0.5, 2, rng)) for _ in range(draws))
    assert set(mine) == set(theirs) and len(mine) == possible
    expected = draws / possible
    chi_square = sum((count - expected) ** 2 / expected for count in mine.values())
    assert abs(chi_square - (possible - 1)) < 4 * math.sqrt(2 * (possible - 1))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: noise(1, seed=0), "nothing to cut"),
        (lambda: noise(0, seed=0), "nothing to cut"),
        (lambda: noise(9, seed=0, rate=1.0), "can't be drawn"),
        (lambda: noise(9, seed=0, mean_span=float("nan")), "can't be drawn"),
        (lambda: noise(9, seed=-1), "can't be drawn"),
        (lambda: corrupt(range(400), [False, True] * 200), "T5 has 100"),
        (lambda: restore([1, Sentinel(1)], [Sentinel(0), 2]), "no <extra_id_1>"),
    ],
)
def test_bad_input_is_refused(call, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        call()
