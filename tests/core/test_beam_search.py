"""Beam search on toy models: against every text there is, and against what must hold whatever the model."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.beam_search import BeamSearch
from playground.errors import BadInput

VOCABULARY, LENGTH, STOP = 3, 3, 2


def toy(seed: int) -> dict[tuple[int, ...], np.ndarray]:
    """Log-probabilities after every text of the toy language."""
    rng = np.random.default_rng(seed)
    texts = (t for n in range(LENGTH) for t in itertools.product(range(VOCABULARY), repeat=n))
    return {text: np.log(rng.dirichlet(np.ones(VOCABULARY))) for text in texts}


def searched(model: dict[tuple[int, ...], np.ndarray], beams: int, penalty: float) -> BeamSearch:
    search = BeamSearch(beams, LENGTH, frozenset([STOP]), penalty)
    texts: list[tuple[int, ...]] = [()]
    while not search.done:
        rows = search.advance(np.stack([model[text] for text in texts]))
        assert [texts[row] for row in rows] == [search.text(n)[:-1] for n in search.running]
        texts = [search.text(n) for n in search.running]
    return search


def every_text(model: dict[tuple[int, ...], np.ndarray], penalty: float) -> dict[tuple[int, ...], float]:
    """The score of each text that ends by the stop token or at the greatest length, by brute force."""
    found = {}
    for n in range(1, LENGTH + 1):
        for text in itertools.product(range(VOCABULARY), repeat=n):
            if STOP in text[:-1] or (text[-1] != STOP and n < LENGTH):
                continue
            log_probability = sum(float(model[text[:i]][text[i]]) for i in range(n))
            found[text] = log_probability / n**penalty
    return found


@given(seed=st.integers(0, 10**6), penalty=st.sampled_from([0.0, 0.5, 1.0, 2.0]))
def test_enough_beams_find_the_best_of_all_texts(seed: int, penalty: float) -> None:
    model = toy(seed)
    truth = every_text(model, penalty)
    search = searched(model, VOCABULARY**LENGTH, penalty)
    best = max(truth, key=lambda text: truth[text])
    assert search.text(search.best()) == best
    assert search.candidates[search.best()].score == pytest.approx(truth[best])


@given(seed=st.integers(0, 10**6), beams=st.integers(1, 5), penalty=st.sampled_from([0.0, 1.0, 2.0]))
def test_every_finished_text_has_its_true_score(seed: int, beams: int, penalty: float) -> None:
    model = toy(seed)
    truth = every_text(model, penalty)
    search = searched(model, beams, penalty)
    scores = [search.candidates[n].score for n in search.finished]
    assert 1 <= len(scores) <= beams and scores == sorted(scores, reverse=True)
    for number in search.finished:
        text = search.text(number)
        assert search.candidates[number].score == pytest.approx(truth[text])
        steps = [float(model[text[:i]][text[i]]) for i in range(len(text))]
        assert search.log_probabilities(number) == pytest.approx(steps)


@given(seed=st.integers(0, 10**6))
def test_one_beam_is_greedy(seed: int) -> None:
    model = toy(seed)
    text: tuple[int, ...] = ()
    while len(text) < LENGTH and STOP not in text:
        text = (*text, int(model[text].argmax()))
    search = searched(model, 1, 1.0)
    assert search.text(search.best()) == text


def test_greedy_can_miss_what_two_beams_find() -> None:
    model = {(): np.log([0.6, 0.4]), (0,): np.log([0.5, 0.5]), (1,): np.log([0.05, 0.95])}
    found = {}
    for beams in (1, 2):
        search = BeamSearch(beams, 2, frozenset())
        search.advance(model[()][None])
        search.advance(np.stack([model[search.text(n)] for n in search.running]))
        found[beams] = search.text(search.best())
    assert found == {1: (0, 0), 2: (1, 1)}  # 0.30 and 0.38


@pytest.mark.parametrize(("beams", "length", "penalty"), [(0, 1, 1.0), (1, 0, 1.0), (1, 1, math.nan)])
def test_a_search_for_nothing_is_refused(beams: int, length: int, penalty: float) -> None:
    with pytest.raises(BadInput):
        BeamSearch(beams, length, frozenset(), penalty)
