"""One copy of each model for all sessions: loaded once while everyone watches the same progress, kept by bytes.

A *lease* keeps a model while it is used; eviction takes the least recently used model that nobody leases. A failed
load is remembered for a while, so that waiting sessions do not retry it one after another.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from playground import limits
from playground.errors import ModelUnavailable, PlaygroundError
from playground.models.catalogue import Entry
from playground.models.sources import Progress
from playground.models.worker import Worker

READER_S = 120.0  # a session counts as a reader this long after its last request
OnLoad = Callable[[str, int, int], None]  # (what is happening, done, total or 0), called while a load is awaited


class Loaded(Protocol):
    """What the cache needs to know of a loaded model."""

    entry: Entry
    weight_bytes: int
    worker: Worker[Any, Any]


@dataclass
class _Place:
    """Where one model is: loading, loaded or failed."""

    loaded: Any = None
    error: PlaygroundError | None = None
    failed_at: float = 0.0
    leases: int = 0
    used_at: float = 0.0
    readers: dict[str, float] = field(default_factory=dict)
    progress: tuple[str, int, int] = ("starting", 0, 0)
    done: threading.Event | None = None  # set when the load under way ends; None when none is


@dataclass(frozen=True)
class Usage:
    """A loaded model in a list: leases, and who asked for it lately."""

    entry: Entry
    loaded: Any
    leases: int
    readers: frozenset[str]


class ModelCache:
    """The shared models of this process."""

    def __init__(
        self,
        load: Callable[[Entry, Progress], Loaded],
        budget_bytes: int,
        *,
        fetch: Callable[[Entry, Progress], object] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
        failure_s: float = limits.FAILURE_REMEMBERED_S,
        deadline_s: float = limits.LOAD_DEADLINE_S,
    ) -> None:
        self._load, self._fetch, self.budget_bytes = load, fetch, budget_bytes
        self._clock, self._failure_s, self._deadline_s = clock, failure_s, deadline_s
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._one_load = threading.Lock()  # two models never load at once: peak memory is budget + one load

    @contextlib.contextmanager
    def lease(self, entry: Entry, owner: str, on_load: OnLoad = lambda *_: None, poll_s: float = 0.1) -> Iterator[Any]:
        """The loaded model, kept loaded until the ``with`` ends; loads it first, calling ``on_load`` meanwhile.

        Raises ModelUnavailable when it can't be loaded (at once, while a recent failure is remembered).
        """
        place = self._claim(entry, owner)
        try:
            yield self._await(entry, place, on_load, poll_s)
        finally:
            with self._lock:
                place.leases -= 1
            self._evict()

    def usage(self) -> list[Usage]:
        """The loaded models, most recently used first."""
        with self._lock:
            now = self._clock()
            places = sorted(self._places.values(), key=lambda p: -p.used_at)
            return [
                Usage(
                    p.loaded.entry,
                    p.loaded,
                    p.leases,
                    frozenset(who for who, seen in p.readers.items() if now - seen < READER_S),
                )
                for p in places
                if p.loaded is not None
            ]

    def loading(self) -> dict[str, tuple[str, int, int]]:
        """Loads under way: id → (what is happening, done, total)."""
        with self._lock:
            return {name: p.progress for name, p in self._places.items() if p.done is not None}

    def _claim(self, entry: Entry, owner: str) -> _Place:
        with self._lock:
            place = self._places.setdefault(entry.id, _Place())
            now = self._clock()
            if place.error is not None and now - place.failed_at < self._failure_s:
                raise place.error
            place.readers = {who: seen for who, seen in place.readers.items() if now - seen < READER_S} | {owner: now}
            place.used_at = now
            place.leases += 1
            if place.loaded is None and place.done is None:
                place.error, place.done = None, threading.Event()
                threading.Thread(target=self._fill, args=(entry, place), name=f"load {entry.id}", daemon=True).start()
            return place

    def _await(self, entry: Entry, place: _Place, on_load: OnLoad, poll_s: float) -> Any:
        started = self._clock()
        done = place.done
        while done is not None and not done.wait(poll_s):
            on_load(*place.progress)
            if self._clock() - started > self._deadline_s and not place.progress[0].startswith("downloading"):
                raise ModelUnavailable(
                    f"{entry.title} takes too long to load", "Try again; the load goes on behind the scenes."
                )
        if place.loaded is None:
            raise place.error or ModelUnavailable(f"{entry.title} could not be loaded", "Try again.")
        return place.loaded

    def _fill(self, entry: Entry, place: _Place) -> None:
        def progress(stage: str, done: int, total: int) -> None:
            place.progress = (stage, done, total)

        loaded, error = None, None
        try:
            self._fetch(entry, progress)  # not under the lock: a slow hub must not hold up a model that is here
            with self._one_load:
                loaded = self._load(entry, progress)
        except PlaygroundError as problem:
            error = problem
        except Exception as problem:  # anything a library raises becomes a sentence; the cause stays attached
            error = ModelUnavailable(
                f"{entry.title} could not be loaded", f"{type(problem).__name__}: {str(problem)[:200]}"
            )
            error.__cause__ = problem
        with self._lock:
            place.loaded, place.error, place.failed_at = loaded, error, self._clock()
            finished, place.done = place.done, None
        if finished is not None:
            finished.set()
        self._evict()

    def _evict(self) -> None:
        gone = []
        with self._lock:
            loaded = {name: p for name, p in self._places.items() if p.loaded is not None}
            total = sum(p.loaded.weight_bytes for p in loaded.values())
            for name, place in sorted(loaded.items(), key=lambda item: item[1].used_at):
                if total <= self.budget_bytes or len(loaded) == 1:
                    break
                if place.leases == 0:
                    total -= place.loaded.weight_bytes
                    gone.append(place.loaded)
                    del self._places[name], loaded[name]
        for model in gone:
            model.worker.close()
