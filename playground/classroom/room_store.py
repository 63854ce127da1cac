"""Where rooms are kept: in this process, or (``LLM_PLAYGROUND_REDIS_URL``) in a Redis that several processes share.

A store keeps whole rooms and changes one as a single step: nobody's answer is lost because two came at once.
"""

import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Protocol

from playground import limits
from playground.classroom import codes
from playground.classroom.rooms import Room
from playground.errors import BadInput, PlaygroundError

Change = Callable[[Room], Room]
REDIS_URL = "LLM_PLAYGROUND_REDIS_URL"


class RoomsUnavailable(PlaygroundError):
    """The rooms can't be reached now; whatever else is on the page works."""


class NoRoom(BadInput):
    """There is no such room: a wrong code, or it has ended."""

    def __init__(self) -> None:
        super().__init__("There is no room with this code", "Compare it with the code on the wall. A room also ends.")


class RoomStore(Protocol):
    """What a store can do. Each call may raise RoomsUnavailable."""

    def add(self, room: Room) -> bool:
        """Keep a new room; False if its code is in use. BadInput when there are as many as may be."""
        ...

    def read(self, code: str) -> Room | None:
        """The room as it is now, or None."""
        ...

    def find(self, digest: str) -> Room | None:
        """The room whose code has this digest, or None."""
        ...

    def change(self, code: str, change: Change) -> Room:
        """Replace the room by ``change(room)`` as one step, and return that; NoRoom if there is none.

        ``change`` may be called more than once, and may raise: then nothing is changed.
        """
        ...

    def remove(self, code: str) -> None:
        """End the room."""
        ...

    def count(self, what: str, seconds: float) -> int:
        """Count one more ``what``, and return how many there were in these ``seconds``, this one included."""
        ...

    def counted(self, what: str) -> int:
        """How many ``what`` there were, without counting one more."""
        ...


class MemoryStore:
    """Rooms of this process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._rooms: dict[str, Room] = {}  # by the code's digest
        self._counts: dict[str, tuple[float, int]] = {}  # what -> when to begin anew, how many

    def add(self, room: Room) -> bool:
        """See RoomStore."""
        with self._lock:
            self._sweep()
            if len(self._rooms) >= limits.ROOMS:
                raise too_many_rooms()
            return self._rooms.setdefault(codes.digest(room.code), room) is room

    def read(self, code: str) -> Room | None:
        """See RoomStore."""
        return self.find(codes.digest(code))

    def find(self, digest: str) -> Room | None:
        """See RoomStore."""
        room = self._rooms.get(digest)
        return None if room is None or room.over(self._clock()) else room

    def change(self, code: str, change: Change) -> Room:
        """See RoomStore."""
        with self._lock:
            room = self.read(code)
            if room is None:
                raise NoRoom
            self._rooms[codes.digest(code)] = changed = change(room)
            return changed

    def remove(self, code: str) -> None:
        """See RoomStore."""
        with self._lock:
            self._rooms.pop(codes.digest(code), None)

    def count(self, what: str, seconds: float) -> int:
        """See RoomStore."""
        with self._lock:
            now = self._clock()
            if len(self._counts) > 10_000:
                self._sweep()
            until, number = self._counts.get(what, (0.0, 0))
            until, number = (until, number + 1) if now < until else (now + seconds, 1)
            self._counts[what] = until, number
            return number

    def counted(self, what: str) -> int:
        """See RoomStore."""
        until, number = self._counts.get(what, (0.0, 0))
        return number if self._clock() < until else 0

    def _sweep(self) -> None:
        now = self._clock()
        self._rooms = {key: room for key, room in self._rooms.items() if not room.over(now)}
        self._counts = {what: kept for what, kept in self._counts.items() if now < kept[0]}


def too_many_rooms() -> BadInput:
    """What is said when no more rooms may be opened."""
    return BadInput(
        f"{limits.ROOMS} rooms are open on this server", "Try again when one has ended; an empty one ends by itself."
    )


@cache
def shared_store() -> RoomStore:
    """This process's store: Redis where its address is set, else memory."""
    url = os.environ.get(REDIS_URL, "").strip()
    if not url:
        return MemoryStore()
    from playground.classroom.redis_store import RedisStore

    return RedisStore(url)
