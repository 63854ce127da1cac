"""Writing texts with a model: greedy, by sampling, by beam search, with the time each takes.

The same prompt, settings and seed give the same text, so a finished one is remembered for all sessions, with the speed
it was written at.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from playground import limits
from playground.core.beam_search import BeamSearch
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.models.lens import Lens

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """A text so far, and how long it took."""

    steps: tuple[Step, ...]
    first_s: float  # until the first token was there: reading the prompt, and waiting for other readers
    total_s: float
    remembered: bool = False  # written before, by whoever asked for it first

    @property
    def ids(self) -> tuple[int, ...]:
        """The new tokens."""
        return tuple(step.id for step in self.steps)

    @property
    def tokens_per_second(self) -> float | None:
        """Of the tokens after the first; None for fewer than two."""
        after_first = self.total_s - self.first_s
        return (len(self.steps) - 1) / after_first if len(self.steps) > 1 and after_first > 0 else None


@dataclass(frozen=True)
class Searched:
    """A beam search so far, and how long it took."""

    search: BeamSearch
    steps: int
    total_s: float
    remembered: bool = False


class _Kept(Generic[T]):
    """The last finished texts."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, value: T) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > limits.TEXTS_KEPT:
                self._kept.popitem(last=False)


_written: _Kept[Written] = _Kept()
_searched: _Kept[Searched] = _Kept()


def write(
    lens: Lens, ids: Sequence[int], settings: SamplingSettings, new_tokens: int, seed: int
) -> Generator[Written, None, None]:
    """The text after each of its tokens, the KV cache on; leaving the loop stops the model within one token.

    A text that was finished before comes at once and whole.
    """
    key = (lens.model_id, lens.device, lens.dtype, tuple(ids), settings, new_tokens, seed)
    known = _written.get(key)
    if known is not None:
        yield Written(known.steps, known.first_s, known.total_s, remembered=True)
        return
    started, text = time.perf_counter(), Written((), 0.0, 0.0)
    with closing(lens.generate(ids, settings, new_tokens, seed)) as generated:
        for step in generated:
            now = time.perf_counter() - started
            text = Written((*text.steps, step), text.first_s or now, now)
            yield text
    _written.put(key, text)


def search(
    lens: Lens, ids: Sequence[int], beams: int, new_tokens: int, length_penalty: float
) -> Generator[Searched, None, None]:
    """The beam search after each of its steps; leaving the loop stops it within one."""
    key = (lens.model_id, lens.device, lens.dtype, tuple(ids), beams, new_tokens, length_penalty)
    known = _searched.get(key)
    if known is not None:
        yield Searched(known.search, known.steps, known.total_s, remembered=True)
        return
    started = time.perf_counter()
    found = None
    with closing(lens.beam_search(ids, beams, new_tokens, length_penalty)) as stepped:
        for count, under_way in enumerate(stepped, start=1):
            found = Searched(under_way, count, time.perf_counter() - started)
            yield found
    if found is not None:
        _searched.put(key, found)
