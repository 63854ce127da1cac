"""Pairs and losses, against sums written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import objectives
from playground.errors import BadInput


@given(st.lists(st.integers(0, 99), min_size=2, max_size=50))
def test_every_token_but_the_first_is_asked_for_once(ids: list[int]) -> None:
    pairs = objectives.causal_pairs(ids)
    assert [pair.target for pair in pairs] == ids[1:] and [pair.read for pair in pairs] == ids[:-1]


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=50))
def test_the_perplexity_is_the_inverse_geometric_mean(probabilities: list[float]) -> None:
    loss = objectives.together(-np.log(probabilities), predicted_bytes=10)
    assert loss.perplexity == pytest.approx(1 / math.prod(p ** (1 / len(probabilities)) for p in probabilities))
    assert loss.total_bits == pytest.approx(-sum(math.log2(p) for p in probabilities), abs=1e-9)
    assert loss.bits_per_byte == pytest.approx(loss.total_bits / 10)


def test_a_blind_guess_costs_what_an_even_split_does() -> None:
    even = np.full(3, -math.log(1 / 50_257))
    assert objectives.together(even).nats == pytest.approx(objectives.blind_nats(50_257))
    assert objectives.together(even).perplexity == pytest.approx(50_257) and not objectives.together(even).bits_per_byte


@pytest.mark.parametrize(
    "call",
    [
        lambda: objectives.causal_pairs([]),
        lambda: objectives.causal_pairs([4]),
        lambda: objectives.together(np.array([])),
    ],
)
def test_too_little_text_is_refused(call) -> None:
    with pytest.raises(BadInput, match="two tokens"):
        call()
