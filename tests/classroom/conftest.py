"""Both stores, for the tests that hold for both; and a clock that a test can set."""

from collections.abc import Callable, Iterator

import pytest
import redis

from playground.classroom.redis_store import RedisStore
from playground.classroom.room_store import MemoryStore, RoomStore
from tests.redis_server import RedisServer


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
def make_store(request: pytest.FixtureRequest, clock: Clock) -> Callable[[], RoomStore]:
    """``make_store()`` gives a client of one store; each call stands for another process where the store is Redis."""
    if request.param == "memory":
        store = MemoryStore(clock)
        return lambda: store
    running = request.getfixturevalue("redis_server")
    redis.Redis(port=running.port).flushall()
    return lambda: RedisStore(running.url, clock)


@pytest.fixture
def store(make_store: Callable[[], RoomStore]) -> RoomStore:
    return make_store()
