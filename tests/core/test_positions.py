"""Sinusoids and rotations against loops from the papers' formulas, and the property both were made for."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import positions
from playground.errors import BadInput

SIZES = st.integers(1, 40).map(lambda pairs: 2 * pairs)
BASES = st.floats(1.5, 1e6)
SEEDS = st.integers(0, 2**32 - 1)
PAIRINGS = st.sampled_from(["half", "interleaved"])


def test_the_paper_s_formula() -> None:
    table = positions.sinusoids(40, 16)
    for p in range(40):
        for i in range(8):
            assert table[p, 2 * i] == pytest.approx(math.sin(p / 10_000 ** (2 * i / 16)), abs=1e-12)
            assert table[p, 2 * i + 1] == pytest.approx(math.cos(p / 10_000 ** (2 * i / 16)), abs=1e-12)


@settings(deadline=None)
@given(SIZES, BASES, st.integers(0, 200), st.integers(0, 200))
def test_the_dot_product_depends_on_the_distance_only(size: int, base: float, p: int, q: int) -> None:
    table = positions.sinusoids(201, size, base)
    expected = positions.dot_by_distance(np.array([abs(p - q)]), size, base)[0]
    assert table[p] @ table[q] == pytest.approx(expected, abs=1e-8)


@settings(deadline=None)
@given(SEEDS, SIZES, BASES, st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 3_000), PAIRINGS)
def test_rotated_scores_depend_on_the_distance_only(
    seed: int, size: int, base: float, m: int, n: int, shift: int, pairing: positions.Pairing
) -> None:
    q, k = np.random.default_rng(seed).standard_normal((2, size))

    def score(at_q: int, at_k: int) -> float:
        turned_q = positions.rotate(q, np.array(at_q), base, pairing)
        return float(turned_q @ positions.rotate(k, np.array(at_k), base, pairing))

    assert score(m, n) == pytest.approx(score(m + shift, n + shift), abs=1e-7)
    if pairing == "half":
        by_distance = positions.scores_by_distance(q, k, np.array([m - n]), base)[0]
        assert by_distance * math.sqrt(size) == pytest.approx(score(m, n), abs=1e-7)


@settings(deadline=None)
@given(SEEDS, SIZES, st.integers(-500, 500), PAIRINGS)
def test_turning_keeps_the_length_and_turns_back(seed: int, size: int, at: int, pairing: positions.Pairing) -> None:
    x = np.random.default_rng(seed).standard_normal(size)
    turned = positions.rotate(x, np.array(at), pairing=pairing)
    assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(x))
    np.testing.assert_allclose(positions.rotate(turned, np.array(-at), pairing=pairing), x, atol=1e-9)


@settings(deadline=None)
@given(SEEDS, SIZES, st.integers(0, 500))
def test_both_pairings_are_one_rotation_with_the_dimensions_reordered(seed: int, size: int, at: int) -> None:
    x = np.random.default_rng(seed).standard_normal(size)
    order = np.arange(size).reshape(2, -1).T.reshape(-1)  # 0, d/2, 1, d/2 + 1, …
    half = positions.rotate(x, np.array(at))
    np.testing.assert_allclose(positions.rotate(x[order], np.array(at), pairing="interleaved"), half[order], atol=1e-12)


def test_a_pair_by_hand() -> None:
    angle = 3 * 100.0 ** (-2 / 4)  # position 3, pair 1 of 4 dimensions
    x = positions.rotate(np.array([0.0, 2.0, 0.0, 1.0]), np.array(3), 100.0)
    assert x[1] == pytest.approx(2 * math.cos(angle) - math.sin(angle))
    assert x[3] == pytest.approx(2 * math.sin(angle) + math.cos(angle))


@given(SIZES, BASES)
def test_a_wavelength_is_one_turn(size: int, base: float) -> None:
    turns = positions.wavelengths(size, base) * positions.frequencies(size, base)
    np.testing.assert_allclose(turns, 2 * math.pi)
    assert (np.diff(positions.wavelengths(size, base)) > 0).all()


@pytest.mark.parametrize(("size", "base"), [(0, 1e4), (3, 1e4), (-2, 1e4), (4, 1.0), (4, 0.0), (4, math.nan)])
def test_sizes_and_bases_that_make_no_pairs(size: int, base: float) -> None:
    with pytest.raises(BadInput):
        positions.frequencies(size, base)
