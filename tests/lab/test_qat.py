"""Training while rounded: gradients against differences, rounding in the forward pass, the gap it closes."""

import numpy as np
import pytest

from playground.errors import BadInput
from playground.lab import qat


@pytest.fixture(scope="module")
def outcome() -> qat.Outcome:
    *steps, last = list(qat.run(3))
    assert [s.share for s in steps] == sorted(s.share for s in steps) and last.outcome is not None
    return last.outcome


def test_gradients_are_the_slopes_of_the_loss() -> None:
    x, y = qat.spirals(0, 40)
    weights = [w.astype(np.float64) for w in qat._start(1, 1)]
    x, y = x[None].astype(np.float64), y[None].astype(np.float64)
    _, gradients = qat._loss_and_gradients(weights, x, y)
    for index, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        losses = []
        for move in (1e-6, -1e-6):
            moved = [w.copy() for w in weights]
            moved[index][at] += move
            losses.append(qat._loss_and_gradients(moved, x, y)[0][0])
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(gradient[at], rel=1e-4), weight.shape


@pytest.mark.parametrize("bits", qat.BITS)
def test_the_forward_pass_sees_few_values(bits: int) -> None:
    matrices = np.random.default_rng(0).normal(size=(3, 12, 12)).astype(np.float32)
    for before, after in zip(matrices, qat.in_bits(matrices, bits), strict=True):
        assert len(np.unique(after)) <= 2**bits - 1
        assert np.abs(after - before).max() <= np.abs(before).max() / (2 ** (bits - 1) - 1) / 2 * 1.001


def test_learning_while_rounded_closes_the_gap(outcome: qat.Outcome) -> None:
    exact = outcome.full.mean()
    after, aware = (dict(zip(qat.BITS, rows.mean(1), strict=True)) for rows in (outcome.after, outcome.aware))
    assert exact > 0.98 and after[8] > 0.98 and aware[8] > 0.98
    assert after[3] < 0.95 < aware[3]  # three bits afterwards hurt; trained with them they hardly do
    assert after[2] < aware[2] < exact


def test_the_same_seeds_give_the_same_outcome(outcome: qat.Outcome) -> None:
    qat._finished.clear()
    *_, again = qat.run(3)
    assert again.outcome is not None and np.array_equal(again.outcome.aware, outcome.aware)
    (only,) = list(qat.run(3))  # and the second time at once
    assert only.outcome is again.outcome


@pytest.mark.parametrize("seeds", [0, -1, 11])
def test_seeds_outside_the_range_are_refused(seeds: int) -> None:
    with pytest.raises(BadInput):
        list(qat.run(seeds))
