"""Redis as it is in the world: gone for a while, wrongly addressed; and what of a room is in it."""

import time
from pathlib import Path

import pytest
import redis

from playground.classroom import door, room_store
from playground.classroom.redis_store import RedisStore
from playground.classroom.room_store import RoomsUnavailable
from playground.errors import PlaygroundError
from tests.redis_server import RedisServer


def test_a_lost_redis_is_said_soon_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.classroom.redis_store.COOL_DOWN_S", 0.3)
    with RedisServer(tmp_path) as server:
        store = RedisStore(server.url)
        ticket, _ = door.open_room(store, "teacher")
        server.stop()
        begin = time.monotonic()
        for _ in range(50):  # every student's page asks
            with pytest.raises(RoomsUnavailable) as said:
                store.read(ticket.code)
        assert time.monotonic() - begin < 2
        assert "can't be reached" in said.value.title and said.value.hint
        server.start()
        time.sleep(0.35)
        assert (
            store.read(ticket.code) is None
        )  # this Redis keeps nothing on disk: the room is gone, and that is no error
        assert door.open_room(store, "teacher")


def test_keys_hold_no_code_and_end_by_themselves(redis_server: RedisServer) -> None:
    client = redis.Redis(port=redis_server.port)
    client.flushall()
    store = RedisStore(redis_server.url)
    ticket, _ = door.open_room(store, "teacher")
    with pytest.raises(PlaygroundError):
        door.join(store, "ZZZZZZZZ", "guesser")
    keys = [key.decode() for key in client.scan_iter()]
    assert len(keys) == 4  # the room, rooms opened, two counts of guesses
    assert not [key for key in keys if ticket.code in key or "guesser" in key]
    assert all(client.pttl(key) > 0 for key in keys)


def test_a_wrong_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlaygroundError, match="address of Redis"):
        RedisStore("http://nowhere")


def test_the_store_is_chosen_by_the_environment(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    room_store.shared_store.cache_clear()
    try:
        monkeypatch.delenv(room_store.REDIS_URL, raising=False)
        assert isinstance(room_store.shared_store(), room_store.MemoryStore)
        room_store.shared_store.cache_clear()
        monkeypatch.setenv(room_store.REDIS_URL, redis_server.url)
        assert isinstance(room_store.shared_store(), RedisStore)
    finally:
        room_store.shared_store.cache_clear()
