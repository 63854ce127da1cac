"""Quantization-aware training in small: a network that is rounded while it learns, beside one rounded afterwards.

Two spirals in the plane, a network of 2–H–H–1, its matrices kept in b bits by absmax (one scale a matrix). While it
trains, the forward pass uses the rounded weights; the backward pass pretends that rounding had slope 1 (the
straight-through estimator, arXiv:1308.3432; for quantization arXiv:1712.05877 §3.2) and moves the exact weights.

All seeds and bit widths train at once, as one batch of networks: numpy, a few seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from playground.core.group_rounding import absmax
from playground.errors import BadInput

BITS = (8, 4, 3, 2)
HIDDEN = 12
POINTS, TEST_POINTS = 300, 1_000
STEPS = 800
LEARNING_RATE = 0.02
SEEDS_MAX = 10
GRID = 48
_EVERY = 20


@dataclass(frozen=True)
class Outcome:
    """Test accuracies, 0 to 1: ``full`` a seed; ``after`` and ``aware`` a row for each of BITS, a column a seed."""

    full: np.ndarray
    after: np.ndarray  # trained exactly, then rounded
    aware: np.ndarray  # rounded while it learned
    losses: np.ndarray  # (recorded step, 1 + len(BITS)): mean training loss over the seeds, exact first
    maps: dict[str, np.ndarray]  # the first seed's decision over the plane, (GRID, GRID), 0 to 1
    points: np.ndarray  # the first seed's training points, (POINTS, 2)
    classes: np.ndarray


class Progress(NamedTuple):
    """How far the training is, and the outcome once it is over."""

    share: float
    outcome: Outcome | None = None


_finished: dict[tuple[int, int], Outcome] = {}  # small, and the same for everyone


def run(seeds: int = 5, steps: int = STEPS) -> Iterator[Progress]:
    """Train with ``seeds`` seeds; the same numbers give the same outcome. BadInput for seeds outside 1…10."""
    if not 1 <= seeds <= SEEDS_MAX or not 1 <= steps <= 10 * STEPS:
        raise BadInput(f"{seeds} seeds can't be trained here", f"Choose 1 to {SEEDS_MAX}.")
    known = _finished.get((seeds, steps))
    if known is not None:
        yield Progress(1.0, known)
        return
    variants = (0, *BITS)  # 0: exact
    data = [spirals(seed, POINTS) for seed in range(seeds)]
    x_MND = np.stack([data[seed][0] for _ in variants for seed in range(seeds)])
    y_MN = np.stack([data[seed][1] for _ in variants for seed in range(seeds)])
    weights = _start(seeds, len(variants))
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    losses = []
    for step in range(1, steps + 1):
        loss_M, gradients = _loss_and_gradients(_rounded(weights, variants, seeds), x_MND, y_MN)
        rate = LEARNING_RATE * min(1.0, 2 * (1 - step / (steps + 1)))  # falls in the second half
        for w, g, m, v in zip(weights, gradients, first, second, strict=True):  # Adam, straight through
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        if step % _EVERY == 0 or step == steps:
            losses.append(loss_M.reshape(len(variants), seeds).mean(1))
            yield Progress(step / steps)
    outcome = _finished[seeds, steps] = _outcome(weights, variants, seeds, np.array(losses), data[0])
    while len(_finished) > SEEDS_MAX:
        del _finished[next(iter(_finished))]
    yield Progress(1.0, outcome)


def spirals(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of two interleaved spirals with a little noise: float32 (count, 2), and their class, 0 or 1."""
    random = np.random.default_rng(seed)
    kind = np.arange(count) % 2
    along = np.sqrt(random.random(count))
    angle = along * 2.2 * np.pi + kind * np.pi
    spread = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return (spread + random.normal(0, 0.025, (count, 2))).astype(np.float32), kind.astype(np.float32)


def _start(seeds: int, variants: int) -> list[np.ndarray]:
    """Every variant of a seed starts from the same weights: matrices (model, in, out) and biases (model, 1, out)."""
    sizes = (2, HIDDEN, HIDDEN, 1)
    made: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(sizes):
        each = [
            np.random.default_rng((seed, fan_in, fan_out)).normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))
            for seed in range(seeds)
        ]
        made += [np.stack(each * variants).astype(np.float32), np.zeros((seeds * variants, 1, fan_out), np.float32)]
    return made


def _rounded(weights: list[np.ndarray], variants: tuple[int, ...], seeds: int) -> list[np.ndarray]:
    """The weights the forward pass sees: each variant's matrices in its bits, biases as they are."""
    seen = []
    for weight in weights:
        if weight.shape[1] == 1:  # biases
            seen.append(weight)
            continue
        parts = [
            in_bits(weight[at * seeds : (at + 1) * seeds], bits) if bits else weight[at * seeds : (at + 1) * seeds]
            for at, bits in enumerate(variants)
        ]
        seen.append(np.concatenate(parts))
    return seen


def in_bits(weight_MIO: np.ndarray, bits: int) -> np.ndarray:
    """Each model's matrix rounded by absmax: 2^(bits−1) − 1 steps on each side of 0."""
    return absmax(weight_MIO.reshape(len(weight_MIO), -1), bits, False).reshape(weight_MIO.shape)


def _forward(weights: list[np.ndarray], x_MND: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    kept = [x_MND]
    for index in range(0, len(weights), 2):
        z = kept[-1] @ weights[index] + weights[index + 1]
        kept.append(z if index == len(weights) - 2 else np.maximum(z, 0))
    return kept[-1][..., 0], kept


def _loss_and_gradients(
    weights: list[np.ndarray], x_MND: np.ndarray, y_MN: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Cross-entropy of each model, and its gradient for every weight (Σ over points ÷ count)."""
    logit_MN, kept = _forward(weights, x_MND)
    loss_M = (np.logaddexp(0, logit_MN) - y_MN * logit_MN).mean(1)
    delta = ((1 / (1 + np.exp(-np.clip(logit_MN, -60, 60))) - y_MN) / y_MN.shape[1])[..., None]
    gradients: list[np.ndarray] = []
    for index in range(len(weights) - 2, -1, -2):
        gradients[:0] = [kept[index // 2].swapaxes(1, 2) @ delta, delta.sum(1, keepdims=True)]
        if index:
            delta = (delta @ weights[index].swapaxes(1, 2)) * (kept[index // 2] > 0)
    return loss_M, gradients


def _outcome(
    weights: list[np.ndarray],
    variants: tuple[int, ...],
    seeds: int,
    losses: np.ndarray,
    shown: tuple[np.ndarray, np.ndarray],
) -> Outcome:
    tests = [spirals(1_000 + seed, TEST_POINTS) for seed in range(seeds)]
    x_SND, y_SN = np.stack([t[0] for t in tests]), np.stack([t[1] for t in tests])
    exact = [w[:seeds] for w in weights]

    def accuracy(used: list[np.ndarray]) -> np.ndarray:
        right: np.ndarray = ((_forward(used, x_SND)[0] > 0) == y_SN).mean(1)
        return right

    def afterwards(bits: int) -> list[np.ndarray]:
        return [w if w.shape[1] == 1 else in_bits(w, bits) for w in exact]

    seen = _rounded(weights, variants, seeds)
    aware = {bits: [w[at * seeds : (at + 1) * seeds] for w in seen] for at, bits in enumerate(variants) if bits}
    side = np.linspace(-1.15, 1.15, GRID, dtype=np.float32)
    plane = np.stack(np.meshgrid(side, side), -1).reshape(1, -1, 2)

    def decision(used: list[np.ndarray]) -> np.ndarray:
        logit = _forward([w[:1] for w in used], plane)[0]
        shares: np.ndarray = (1 / (1 + np.exp(-np.clip(logit, -60, 60)))).reshape(GRID, GRID)
        return shares

    maps = {"exact": decision(exact)}
    for bits in BITS:
        maps[f"after {bits}"], maps[f"aware {bits}"] = decision(afterwards(bits)), decision(aware[bits])
    return Outcome(
        full=accuracy(exact),
        after=np.stack([accuracy(afterwards(bits)) for bits in BITS]),
        aware=np.stack([accuracy(aware[bits]) for bits in BITS]),
        losses=losses,
        maps=maps,
        points=shown[0],
        classes=shown[1],
    )
