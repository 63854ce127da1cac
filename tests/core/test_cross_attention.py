"""Selectivity of a head against scipy-free brute force, and its bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.cross_attention import most_selective, selectivity_bits


def divergence(rows) -> float:
    """The mean of each row's Kullback–Leibler divergence from the mean row, in bits: the same thing, by definition."""
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return sum(sum(p * math.log2(p / m) for p, m in zip(row, mean, strict=True) if p > 0) for row in rows) / len(rows)


@given(st.integers(1, 6), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_selectivity_is_the_mean_divergence_from_the_mean(targets: int, sources: int, seed: int) -> None:
    maps = np.random.default_rng(seed).dirichlet(np.full(sources, 0.3), (2, 3, targets))
    found = selectivity_bits(maps)
    assert found.shape == (2, 3)
    for layer in range(2):
        for head in range(3):
            assert found[layer, head] == pytest.approx(divergence(maps[layer, head].tolist()), abs=1e-9)
    assert found.min() >= 0 and found.max() <= math.log2(targets) + 1e-9
    assert found[most_selective(maps)] == found.max()
