"""A reading's columns, and where an answer settles."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from playground.core import logit_lens
from playground.errors import BadInput


def test_the_columns_are_in_their_place() -> None:
    reading = logit_lens.unpacked(np.array([[[7, 5, 0.5, 0.25, 1.5, 3, 0.125]]]), 2)
    assert (reading.steps, reading.positions, reading.answer(0)) == (1, 1, 7)
    assert reading.ids.tolist() == [[[7, 5]]] and reading.probabilities.tolist() == [[[0.5, 0.25]]]
    assert (reading.entropy_bits[0, 0], reading.answer_rank[0, 0], reading.answer_probability[0, 0]) == (1.5, 3, 0.125)


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
