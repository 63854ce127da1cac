"""One measurement at a time for all sessions of a server: the others wait in line and see their place.

A ticket is one session's measurement. It is dropped when its reader cancels it or no longer asks for it.
"""

import collections
import threading
import time
import uuid
from functools import cache

from playground import limits
from playground.core.recorded import Measurement
from playground.errors import Cancelled, ModelBusy, PlaygroundError
from playground.lab.sharding import job
from playground.lab.sharding.files import Spec
from playground.lab.sharding.job import Job, Progress

_KEPT = 32  # tickets that are answered, for the pages that still show them


class Ticket:
    """A measurement that was asked for: ``ahead`` while it waits, ``progress`` while it runs, then ``result``."""

    def __init__(self, spec: Spec) -> None:
        self.id, self.spec = uuid.uuid4().hex, spec
        self.asked_at = time.monotonic()
        self.progress: Progress | None = None
        self.result: Measurement | None = None
        self.wrong: PlaygroundError | None = None
        self.done = threading.Event()
        self.cancelled = False
        self.job: Job | None = None

    @property
    def measured(self) -> Measurement | None:
        """What has been measured so far, if anything."""
        so_far = job.measurement(self.spec, self.progress) if self.progress else None
        best = self.result or so_far
        return best if best and best.stages else None

    def look(self) -> "Ticket":
        """This ticket, marked as still wanted."""
        self.asked_at = time.monotonic()
        return self

    def tell(self, running: Job, now: Progress) -> None:
        """Hear of the job's progress; raises Cancelled when nobody wants it any more."""
        self.job, self.progress = running, now
        self.check()

    def check(self) -> None:
        """Raises Cancelled when nobody wants it any more."""
        if self.cancelled:
            raise Cancelled("The measurement was stopped", "What finished before is kept.")
        if time.monotonic() - self.asked_at > limits.SHARDING_ABANDONED_S:
            raise Cancelled("The measurement was dropped", "Its reader had left.")

    def finish(self, result: Measurement | None, wrong: PlaygroundError | None) -> None:
        """The answer is there."""
        self.result, self.wrong, self.job = result, wrong, None
        self.done.set()


class Line:
    """The waiting tickets, and the thread that serves them one by one."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._waiting: collections.deque[Ticket] = collections.deque()
        self._known: collections.OrderedDict[str, Ticket] = collections.OrderedDict()
        self._thread: threading.Thread | None = None

    def submit(self, spec: Spec) -> Ticket:
        """Stand in line.

        Raises ModelBusy when the line is full.
        """
        ticket = Ticket(spec)
        with self._lock:
            if len(self._waiting) >= limits.SHARDING_QUEUE:
                raise ModelBusy(f"{len(self._waiting)} measurements are waiting already", "Try again in a minute.")
            self._waiting.append(ticket)
            self._known[ticket.id] = ticket
            while len(self._known) > _KEPT + limits.SHARDING_QUEUE:
                self._known.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="sharding", daemon=True)
                self._thread.start()
            self._lock.notify()
        return ticket

    def find(self, ticket_id: str) -> Ticket | None:
        """The ticket of that id, marked as still wanted; None when it is long gone."""
        ticket = self._known.get(ticket_id)
        return ticket.look() if ticket else None

    def ahead(self, ticket: Ticket) -> int:
        """Measurements before this one, with the one that runs; 0 once it runs or is done."""
        with self._lock:
            return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._waiting:
                    self._lock.wait()
                ticket = self._waiting.popleft()
            try:
                ticket.check()
                ticket.finish(*job.run(ticket.spec, ticket.tell))
            except PlaygroundError as error:
                ticket.finish(None, error)
            except Exception as error:  # no temporary folder, no process: whatever it is, the line goes on
                ticket.finish(None, PlaygroundError("The measurement could not be started", str(error)[:300]))


@cache
def line() -> Line:
    """This process's."""
    return Line()
