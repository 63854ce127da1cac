"""The reduction of a step's logits against sorting them, and where an answer settles."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from playground.core import logit_lens
from playground.errors import BadInput

TOP = 3


@given(st.lists(st.lists(st.integers(-9, 9), min_size=5, max_size=5), min_size=1, max_size=4), st.integers(0, 4))
def test_a_step_is_its_logits_sorted(rows: list[list[int]], answer: int) -> None:
    logits = np.array(rows, np.float32)
    reading = logit_lens.unpacked(logit_lens.packed(logits, np.full(len(rows), answer), TOP)[None], TOP)
    for position, row in enumerate(rows):
        p = [math.exp(x) / sum(map(math.exp, row)) for x in row]
        np.testing.assert_allclose(reading.probabilities[0, position], sorted(p, reverse=True)[:TOP], atol=1e-12)
        np.testing.assert_allclose([p[i] for i in reading.ids[0, position]], reading.probabilities[0, position])
        assert len(set(reading.ids[0, position])) == TOP
        assert reading.answer_rank[0, position] == sum(x > row[answer] for x in row)
        assert reading.answer_probability[0, position] == pytest.approx(p[answer])
        assert reading.entropy_bits[0, position] == pytest.approx(-sum(x * math.log2(x) for x in p), abs=1e-9)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_settled_is_the_first_step_of_the_last_run_of_firsts(ranks: list[int]) -> None:
    ranks[-1] = 0  # the last step's first choice is the answer
    steps = len(ranks)
    nothing = np.zeros((steps, 1))
    reading = logit_lens.Reading(
        np.zeros((steps, 1, 1), int), nothing[..., None], nothing, np.array(ranks)[:, None], nothing
    )
    settled = reading.settled(0)
    assert not any(ranks[settled:]) and (settled == 0 or ranks[settled - 1] > 0)


def test_a_position_that_is_not_there() -> None:
    nothing = np.zeros((2, 3))
    reading = logit_lens.Reading(np.zeros((2, 3, 1), int), nothing[..., None], nothing, nothing, nothing)
    assert reading.check(2) == 2
    for wrong in (3, -1):
        with pytest.raises(BadInput, match="run from 0 to 2"):
            reading.check(wrong)
