"""One worker thread a model: a bounded, fair queue in front, deadlines, cancellation, shared answers, batched rows.

Two kinds of work. A *job* is one call (a forward pass, attention maps). A *row* is a generation: it yields one item a
step, and all live rows take their steps together (``step_rows``), so that many readers can share one batch; between
two steps one job is served. Owners (sessions) take turns: thirty requests of one session do not delay another's first.
Jobs with the same key are one job: thirty students on one prompt cost one forward pass. Jobs of one ``Together`` that
wait at the same time are run in one call: different prompts share a pass.
"""

import collections
import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from playground import limits
from playground.errors import Cancelled, ModelBusy

T = TypeVar("T")
R = TypeVar("R")  # a row's state
S = TypeVar("S")  # what a step yields
OnWait = Callable[[int, float], None]  # (how many are ahead: 0 = being served, seconds waited)


def quietly(_ahead: int, _waited_s: float) -> None:
    """Waiting that nobody watches."""


class Together(NamedTuple):
    """How a job can share a run with others of its kind that wait beside it."""

    kind: Hashable
    run: Callable[[Sequence[Any]], Sequence[Any]]  # arguments of several jobs -> their answers; any job's will do
    argument: Any
    size: int  # tokens: at most ``limits.TOKENS_TOGETHER`` are run in one call


class _Job(Generic[T]):
    def __init__(
        self, work: Callable[[], T], owner: str, key: Hashable, expires: float, together: Together | None = None
    ) -> None:
        self.work, self.owner, self.key, self.expires, self.together = work, owner, key, expires, together
        self.handles = 0
        self.running = False
        self.done = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None

    def finish(self, value: T | None = None, error: BaseException | None = None) -> None:
        self.value, self.error = value, error
        self.done.set()


class Handle(Generic[T]):
    """A person's claim on a job's answer."""

    def __init__(self, worker: "Worker[Any, Any]", job: _Job[T]) -> None:
        self._worker, self._job = worker, job
        self._mine = True

    def ready(self, timeout_s: float = 0.0) -> bool:
        """Whether the answer is there, waiting up to ``timeout_s`` for it."""
        return self._job.done.wait(timeout_s)

    @property
    def ahead(self) -> int:
        """Jobs that will be served before this one; 0 when it is being served."""
        return self._worker._ahead(self._job)

    def cancel(self) -> None:
        """Give the claim up; the job is dropped from the queue once nobody claims it. No effect when answered."""
        if self._mine:
            self._mine = False
            self._worker._release(self._job)

    def wait(self, on_wait: OnWait = quietly, poll_s: float = 0.1) -> T:
        """The answer. ``on_wait`` is called while waiting; whatever it raises cancels the claim.

        Raises what the work raised, ModelBusy past the deadline, Cancelled when the worker was closed.
        """
        started = time.monotonic()
        try:
            while not self.ready(poll_s):
                on_wait(self.ahead, time.monotonic() - started)
        finally:
            self.cancel()
        if self._job.error is not None:
            raise self._job.error
        return self._job.value  # type: ignore[return-value]


class Row(Generic[R, S]):
    """A generation under way: iterate it for its items; leaving the loop (or closing it) stops it within one step."""

    def __init__(self, worker: "Worker[R, S]", owner: str, state: R) -> None:
        self._worker, self.owner, self.state = worker, owner, state
        self._items: queue.SimpleQueue[S | BaseException | None] = queue.SimpleQueue()  # None: finished
        self.live = True

    def items(self, on_wait: OnWait = quietly, poll_s: float = 0.1) -> Iterator[S]:
        """The row's items as they come; ``on_wait`` is called while none is there."""
        started = time.monotonic()
        try:
            while True:
                try:
                    item = self._items.get(timeout=poll_s)
                except queue.Empty:
                    on_wait(0, time.monotonic() - started)
                    continue
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
                started = time.monotonic()
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Stop after the step that is running, if any."""
        self.live = False


class Worker(Generic[R, S]):
    """The thread and its queue. ``step_rows(states)`` gives, for each state, (item, finished) or an exception."""

    def __init__(
        self,
        name: str,
        step_rows: Callable[[Sequence[R]], Sequence[tuple[S, bool] | Exception]] | None = None,
        *,
        queue_length: int = limits.QUEUE_LENGTH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._step_rows, self._queue_length, self._clock = step_rows, queue_length, clock
        self._queues: collections.OrderedDict[str, collections.deque[_Job[Any]]] = collections.OrderedDict()
        self._by_key: dict[Hashable, _Job[Any]] = {}
        self._rows: list[Row[R, S]] = []
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"model {name}", daemon=True)
        self._thread.start()

    def submit(
        self,
        work: Callable[[], T],
        *,
        owner: str,
        key: Hashable = None,
        together: Together | None = None,
        deadline_s: float = limits.QUEUE_DEADLINE_S,
    ) -> Handle[T]:
        """Queue a call; with a ``key`` that is already queued or running, join that job instead.

        With ``together`` it may be run with others of its kind; ``work`` is what it does alone.

        Raises ModelBusy when the queue is full, Cancelled when the worker is closed.
        """
        with self._wake:
            self._refuse_if_closed()
            job = self._by_key.get(key) if key is not None else None
            if job is None:
                self._refuse_if_full()
                job = _Job(work, owner, key, self._clock() + deadline_s, together)
                self._queues.setdefault(owner, collections.deque()).append(job)
                if key is not None:
                    self._by_key[key] = job
                self._wake.notify()
            job.handles += 1
            return Handle(self, job)

    def start_row(self, state: R, *, owner: str) -> Row[R, S]:
        """Begin a generation; it joins the batch at the next step. Raises ModelBusy, Cancelled like ``submit``."""
        with self._wake:
            self._refuse_if_closed()
            if len(self._rows) >= self._queue_length:
                raise self._busy(len(self._rows))
            row = Row(self, owner, state)
            self._rows.append(row)
            self._wake.notify()
            return row

    @property
    def load(self) -> tuple[int, int]:
        """(jobs waiting, generations under way)."""
        with self._wake:
            return sum(map(len, self._queues.values())), len(self._rows)

    def close(self) -> None:
        """End the thread after what it is doing; whoever waits gets Cancelled."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    # --- queue (all under self._wake) ---

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise Cancelled("This model was unloaded", "Reload the page to load it again.")

    def _refuse_if_full(self) -> None:
        waiting = sum(map(len, self._queues.values()))
        if waiting >= self._queue_length:
            raise self._busy(waiting)

    @staticmethod
    def _busy(waiting: int) -> ModelBusy:
        return ModelBusy(
            f"{waiting} requests are waiting for this model already", "Your inputs are kept: try again in a moment."
        )

    def _ahead(self, job: _Job[Any]) -> int:
        with self._wake:
            if job.running or job.done.is_set():
                return 0
            owners = list(self._queues)
            mine = self._queues.get(job.owner)
            if mine is None or job not in mine:
                return 0
            depth, place = mine.index(job), owners.index(job.owner)
            before = sum(
                min(len(self._queues[owner]), depth + (1 if index < place else 0))
                for index, owner in enumerate(owners)
                if owner != job.owner
            )
            return depth + before + 1

    def _release(self, job: _Job[Any]) -> None:
        with self._wake:
            job.handles -= 1
            if job.handles == 0 and not job.running and not job.done.is_set():
                mine = self._queues.get(job.owner)
                if mine and job in mine:
                    mine.remove(job)
                    if not mine:
                        del self._queues[job.owner]
                self._forget(job)
                job.finish(error=Cancelled("Cancelled"))

    def _forget(self, job: _Job[Any]) -> None:
        if job.key is not None and self._by_key.get(job.key) is job:
            del self._by_key[job.key]

    def _take(self) -> _Job[Any] | None:
        while self._queues:
            owner, mine = next(iter(self._queues.items()))
            job = mine.popleft()
            self._queues.move_to_end(owner)  # the next owner's turn
            if not mine:
                del self._queues[owner]
            if self._clock() <= job.expires:
                job.running = True
                return job
            self._forget(job)
            job.finish(
                error=ModelBusy("The model was busy for too long", "Your inputs are kept: try again in a moment.")
            )
        return None

    def _take_together(self) -> list[_Job[Any]]:
        """The next job, and those first in their owner's line that can share its run."""
        first = self._take()
        if first is None:
            return []
        taken = [first]
        if first.together is not None:
            size = first.together.size
            for owner, mine in list(self._queues.items()):
                job = mine[0]
                share = job.together
                if share is None or share.kind != first.together.kind or self._clock() > job.expires:
                    continue
                size += share.size
                if size > limits.TOKENS_TOGETHER:
                    break
                mine.popleft()
                self._queues.move_to_end(owner)
                if not mine:
                    del self._queues[owner]
                job.running = True
                taken.append(job)
        return taken

    # --- the thread ---

    def _run(self) -> None:
        while True:
            with self._wake:
                self._rows = [row for row in self._rows if row.live]
                while not (self._closed or self._queues or self._rows):
                    self._wake.wait()
                if self._closed:
                    return self._abandon()
                jobs, rows = self._take_together(), list(self._rows)
            self._serve_all(jobs)
            if rows and self._step_rows is not None:
                self._step(rows)

    def _serve_all(self, jobs: Sequence[_Job[Any]]) -> None:
        shares = [job.together for job in jobs if job.together is not None]
        if len(shares) > 1:
            try:
                values = shares[0].run([share.argument for share in shares])
            except Exception:
                pass  # each alone, below: only the one that fails is told so
            else:
                for job, value in zip(jobs, values, strict=True):
                    self._answer(job, value, None)
                return
        for job in jobs:
            self._serve(job)

    def _serve(self, job: _Job[Any]) -> None:
        value, error = None, None
        try:
            value = job.work()
        except BaseException as problem:  # the waiting page raises it; this thread must live on
            error = problem
        self._answer(job, value, error)

    def _answer(self, job: _Job[Any], value: Any, error: BaseException | None) -> None:
        with self._wake:
            self._forget(job)
        job.finish(value, error)

    def _step(self, rows: list[Row[R, S]]) -> None:
        assert self._step_rows is not None
        results: Sequence[tuple[Row[R, S], tuple[S, bool] | Exception]]
        try:
            results = list(zip(rows, self._step_rows([row.state for row in rows]), strict=True))
        except Exception as problem:
            results = [(row, problem) for row in rows]
        for row, result in results:
            if isinstance(result, Exception):
                row._items.put(result)
                row.live = False
                continue
            item, finished = result
            row._items.put(item)
            if finished:
                row._items.put(None)
                row.live = False

    def _abandon(self) -> None:
        gone = Cancelled("This model was unloaded", "Reload the page to load it again.")
        for mine in self._queues.values():
            for job in mine:
                job.finish(error=gone)
        for row in self._rows:
            row._items.put(gone)
        self._queues.clear()
        self._by_key.clear()
        self._rows = []
