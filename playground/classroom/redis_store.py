"""Rooms in Redis, for several app processes behind one address. A room is one JSON text under its code's digest.

A change is a transaction: Redis applies it only if nobody else changed the room since it was read (WATCH), else it is
made again from the room as it then is. Whatever goes wrong with the connection is said as RoomsUnavailable, and for a
moment after that nobody tries: pages must not wait for a Redis that is gone.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playground import limits
from playground.classroom import codes, rooms
from playground.classroom.room_store import Change, NoRoom, RoomsUnavailable, too_many_rooms
from playground.classroom.rooms import Room
from playground.errors import PlaygroundError

ANSWER_S = 1.0  # Redis is asked on every student's behalf, several times a second
COOL_DOWN_S = 2.0
TRIES = 200  # of one change; each waits a few milliseconds for its turn
_PREFIX = "llm-playground:"


class RedisStore:
    """Rooms that several processes share."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        try:
            import redis
        except ImportError as error:
            raise PlaygroundError(
                "Rooms in Redis need the package redis", "Install it: pip install 'llm-playground[redis]'."
            ) from error
        self._errors = (redis.RedisError, OSError)
        self._watch_error = redis.WatchError
        self._clock = clock
        self._retry_at = 0.0
        self._turn = threading.Lock()
        try:
            pool = redis.BlockingConnectionPool.from_url(
                url,
                max_connections=32,
                timeout=ANSWER_S,
                socket_timeout=ANSWER_S,
                socket_connect_timeout=ANSWER_S,
            )
        except ValueError as error:
            raise PlaygroundError(
                "The address of Redis is not one", "LLM_PLAYGROUND_REDIS_URL is like redis://localhost:6379/0."
            ) from error
        self._redis: Any = redis.Redis(connection_pool=pool)

    def add(self, room: Room) -> bool:
        """See RoomStore."""
        with self._asking() as redis:
            open_rooms = sum(1 for _ in redis.scan_iter(match=f"{_PREFIX}room:*", count=500))
            if open_rooms >= limits.ROOMS:
                raise too_many_rooms()
            return bool(redis.set(_key(room.code), rooms.to_json(room), nx=True, px=self._lifetime_ms(room)))

    def read(self, code: str) -> Room | None:
        """See RoomStore."""
        return self.find(codes.digest(code))

    def find(self, digest: str) -> Room | None:
        """See RoomStore."""
        with self._asking() as redis:
            return self._alive(redis.get(f"{_PREFIX}room:{digest}"))

    def change(self, code: str, change: Change) -> Room:
        """See RoomStore."""
        key = _key(code)
        # Threads of this process take turns: they would only make each other's transactions fail.
        with self._turn, self._asking() as redis, redis.pipeline() as pipe:
            for _ in range(TRIES):
                try:
                    pipe.watch(key)
                    room = self._alive(pipe.get(key))
                    if room is None:
                        raise NoRoom
                    changed = change(room)
                    pipe.multi()
                    pipe.set(key, rooms.to_json(changed), px=self._lifetime_ms(changed))
                    pipe.execute()
                    return changed
                except self._watch_error:
                    time.sleep(random.uniform(0.001, 0.005))
            raise RoomsUnavailable("Too many people answer at once", "Try again.")

    def remove(self, code: str) -> None:
        """See RoomStore."""
        with self._asking() as redis:
            redis.delete(_key(code))

    def count(self, what: str, seconds: float) -> int:
        """See RoomStore."""
        key = f"{_PREFIX}count:{codes.digest(what)}"
        with self._asking() as redis, redis.pipeline() as pipe:
            pipe.set(key, 0, nx=True, px=int(seconds * 1000))
            pipe.incr(key)
            return int(pipe.execute()[1])

    def counted(self, what: str) -> int:
        """See RoomStore."""
        with self._asking() as redis:
            return int(redis.get(f"{_PREFIX}count:{codes.digest(what)}") or 0)

    def _alive(self, kept: bytes | None) -> Room | None:
        room = rooms.from_json(kept) if kept else None
        return None if room is None or room.over(self._clock()) else room

    def _lifetime_ms(self, room: Room) -> int:
        return max(1, int(room.lifetime_s(self._clock()) * 1000))

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        unreachable = RoomsUnavailable("The rooms can't be reached just now", "This page works on; we keep trying.")
        if time.monotonic() < self._retry_at:
            raise unreachable
        try:
            yield self._redis
        except self._errors as error:
            self._retry_at = time.monotonic() + COOL_DOWN_S
            raise unreachable from error


def _key(code: str) -> str:
    return f"{_PREFIX}room:{codes.digest(code)}"
