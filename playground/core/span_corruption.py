"""Span corruption: whole stretches of a text are cut out, each leaving a numbered sentinel, and must be written again.

Raffel et al. 2019 (T5, arXiv:1910.10683): the format with sentinels in section 3.1.4, spans of a mean length in 3.3.4;
the final T5 uses 15 % and a mean of 3. The spans are drawn as T5's own ``random_spans_noise_mask`` does.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from playground.core.sampling_settings import SEED_MAX
from playground.errors import BadInput

RATE, MEAN_SPAN = 0.15, 3.0
SENTINELS = 100  # <extra_id_0> to <extra_id_99> in T5's vocabulary


class Sentinel(NamedTuple):
    """The mark left in place of the ``number``-th span, from 0."""

    number: int

    @property
    def text(self) -> str:
        """As T5's vocabulary writes it."""
        return f"<extra_id_{self.number}>"


Piece = int | Sentinel


class Corrupted(NamedTuple):
    """What the encoder reads and what the decoder must write; the target ends with one more sentinel."""

    read: tuple[Piece, ...]
    target: tuple[Piece, ...]

    @property
    def spans(self) -> int:
        """Stretches that were cut out."""
        return sum(isinstance(piece, Sentinel) for piece in self.read)


def counts(length: int, rate: float = RATE, mean_span: float = MEAN_SPAN) -> tuple[int, int]:
    """How many of ``length`` tokens are cut out, and in how many spans; none of fewer than two.

    >>> counts(20), counts(512), counts(1)
    ((3, 1), (77, 26), (0, 0))
    """
    if length < 2:
        return 0, 0
    cut = min(max(round(length * rate), 1), length - 1)
    return cut, min(max(round(cut / mean_span), 1), cut, length - cut)


def noise(length: int, *, seed: int, rate: float = RATE, mean_span: float = MEAN_SPAN) -> np.ndarray:
    """Which of ``length`` tokens are cut out: bool (token,).

    round(rate · length) tokens in round(that / mean_span) spans; kept and cut stretches take turns, a kept one first,
    so a cut one is last. All ways to cut the two lengths into that many parts are equally likely.

    >>> cut = noise(20, seed=0)
    >>> int(cut.sum()), bool(cut[0]), bool(cut[-1])
    (3, False, True)

    Raises BadInput for fewer than two tokens, a rate or span or seed out of range.
    """
    if length < 2:
        raise BadInput("There is nothing to cut out", "Type two tokens or more: one stays, one is cut out.")
    if not 0 < rate < 1 or not mean_span >= 1 or not 0 <= seed <= SEED_MAX:
        raise BadInput(
            "These spans can't be drawn",
            f"The rate lies between 0 and 1, the mean span is 1 or more, the seed 0 to {SEED_MAX:,}.",
        )
    cut, spans = counts(length, rate, mean_span)
    numbers = np.random.default_rng(seed)
    cut_lengths = _parts(cut, spans, numbers)
    kept_lengths = _parts(length - cut, spans, numbers)
    lengths = np.stack([kept_lengths, cut_lengths], 1).reshape(-1)
    return np.repeat(np.tile([False, True], spans), lengths)


def _parts(items: int, parts: int, numbers: np.random.Generator) -> np.ndarray:
    """``items`` cut into ``parts`` lengths of at least 1, each way equally likely."""
    ends = np.sort(np.argsort(numbers.random(items - 1), kind="stable")[: parts - 1]) + 1
    return np.diff([0, *ends, items])


def corrupt(ids: Sequence[int], noise_T: Iterable[bool]) -> Corrupted:
    """Each stretch marked in ``noise_T`` replaced by a sentinel, and the stretches after theirs as the target.

    >>> read, target = corrupt([10, 11, 12, 13, 14], [False, True, True, False, True])
    >>> [getattr(p, "text", p) for p in read]
    [10, '<extra_id_0>', 13, '<extra_id_1>']
    >>> [getattr(p, "text", p) for p in target]
    ['<extra_id_0>', 11, 12, '<extra_id_1>', 14, '<extra_id_2>']

    Raises BadInput where there are more spans than T5 has sentinels.
    """
    read: list[Piece] = []
    target: list[Piece] = []
    spans, before = 0, False
    for token, cut in zip(ids, noise_T, strict=True):
        if cut and not before:
            read.append(Sentinel(spans))
            target.append(Sentinel(spans))
            spans += 1
        (target if cut else read).append(token)
        before = bool(cut)
    if spans >= SENTINELS:
        raise BadInput(
            f"{spans} spans need {spans + 1} sentinels, T5 has {SENTINELS}",
            "Shorten the text, or choose longer spans or a lower rate.",
        )
    return Corrupted(tuple(read), (*target, Sentinel(spans)))


def restore(read: Sequence[Piece], target: Sequence[Piece]) -> tuple[int, ...]:
    """The text again: each sentinel of ``read`` gives way to what follows it in ``target``.

    >>> restore(*corrupt([10, 11, 12, 13, 14], [False, True, True, False, True]))
    (10, 11, 12, 13, 14)

    Raises BadInput for a sentinel of ``read`` that ``target`` does not have.
    """
    written: dict[int, list[int]] = {}
    for piece in target:
        if isinstance(piece, Sentinel):
            written[piece.number] = current = []
        else:
            current.append(piece)
    missing = next((p for p in read if isinstance(p, Sentinel) and p.number not in written), None)
    if missing is not None:
        raise BadInput(f"The target has no {missing.text}", "Input and target must come from the same exercise.")
    filled = (written[p.number] if isinstance(p, Sentinel) else [p] for p in read)
    return tuple(token for stretch in filled for token in stretch)
