"""Which tokens of which texts share a pass, and what was guessed ahead.

Each text is computed as it would be alone. Passes stay within ``PASS_TOKENS``: as far as that the kernels of a CPU with
AMX were seen to give a row of a bf16 model the same bits whatever else is in the batch. In fp32 logits move by 1e-6 or
so with the number of rows: greedy texts stay the same, a seed's draw can change between unlikely tokens that are
nearly equal. A prompt longer than a pass has one of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from playground.core.lookup import continuation
from playground.core.step import Step
from playground.models import decoding

PASS_TOKENS = 32


@dataclass(kw_only=True)
class Text:
    """What a text under way keeps between two steps."""

    ids: list[int]
    guesses: int = 0  # tokens guessed ahead at most, from what the text repeats; they never change what is written
    memory: decoding.Memory = field(default_factory=decoding.Memory)
    guessed: list[int] = field(default_factory=list)  # by the pass that ran last
    ahead: list[Step] = field(default_factory=list)  # steps that a guess has paid for, not yet handed out
    reach: int = 2  # how far guesses go now: farther where they were right

    def unseen(self, room: int) -> list[int]:
        """The tokens its memory lacks, and the guesses behind them."""
        most = min(room, self.guesses, self.reach) if self.memory.length else 0
        self.guessed = continuation(self.ids, most) if most > 0 else []
        return [*self.ids[self.memory.length :], *self.guessed]

    def settle(self) -> None:
        """After the draws: wrong guesses leave the memory, and how many were right says how far to guess next."""
        if self.guessed:
            self.reach = max(1, 2 * (len(self.ids) - 1 - (self.memory.length - len(self.guessed))))
        self.memory.length = min(self.memory.length, len(self.ids) - 1)


def last_logits(model: Any, texts: Sequence[Text]) -> list[np.ndarray | Exception]:
    """For each text the logits after its last token and after each guess, float32 (1 + guesses, vocabulary)."""
    decoder = decoding.of(model)
    assert decoder is not None
    room = PASS_TOKENS // len(texts) - 1
    pieces = [decoding.Piece(text.unseen(room), text.memory) for text in texts]
    keep = [1 + len(text.guessed) for text in texts]
    found: list[np.ndarray | Exception] = []
    for some in _passes([len(piece.ids) for piece in pieces]):
        found += _run(decoder, pieces[some], keep[some])
    return found


def _passes(sizes: Sequence[int]) -> Iterator[slice]:
    start, total = 0, 0
    for at, size in enumerate(sizes):
        if at > start and total + size > PASS_TOKENS:
            yield slice(start, at)
            start, total = at, 0
        total += size
    yield slice(start, len(sizes))


def _run(
    decoder: decoding.Decoder, pieces: Sequence[decoding.Piece], keep: Sequence[int]
) -> list[np.ndarray | Exception]:
    try:
        with torch.inference_mode():
            return [logits.float().cpu().numpy() for logits in decoder.logits(pieces, keep)]
    except Exception as problem:
        if len(pieces) == 1:
            return [problem]
        return [_run(decoder, [piece], [count])[0] for piece, count in zip(pieces, keep, strict=True)]  # whose is it?
