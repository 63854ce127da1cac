"""Students following an instructor on websockets; and one room in two processes with a Redis between them."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.classroom.room_store import REDIS_URL
from tests.load.followers import code_on_the_wall, picture
from tests.load.live_client import LiveReader
from tests.redis_server import RedisServer
from tests.server import ROOT, Server

pytestmark = [pytest.mark.load, pytest.mark.model]


def test_ten_students_follow_every_move() -> None:
    """The short form of ``python -m tests.load.followers``, in a process of its own."""
    command = [sys.executable, "-m", "tests.load.followers", "--students", "10", "--moves", "4", "--idle", "3"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.stdout, run.stderr
    report = json.loads(run.stdout)
    assert report["missed"] == []
    assert report["seen"] == 40
    # Processor time is the steadier measure on a shared machine: a page that only listens must cost next to nothing.
    assert report["idle_cpu_ms_per_student_s"] < 15, report  # in each second; nothing asks any more


def says(reader: LiveReader, words: str) -> bool:
    return any(words in e.markdown.body for e in reader.elements.values() if e.WhichOneof("type") == "markdown")


def test_a_room_opened_on_one_server_and_joined_on_the_other(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as redis:
        env = {REDIS_URL: redis.url}
        with Server(tmp_path / "a.txt", env=env) as first, Server(tmp_path / "b.txt", env=env) as second:
            asyncio.run(across(first.port, second.port, redis.stop, redis.start))
            assert "Traceback" not in first.log() + second.log()


async def across(first: int, second: int, stop: Callable[[], None], start: Callable[[], None]) -> None:
    async with LiveReader(first) as leader, LiveReader(second) as student:
        await leader.open("room")
        await leader.click("room.open")
        await student.open("room", code=code_on_the_wall(leader))
        await student.click("room.join")
        assert says(student, "following")
        await leader.open("zero", gpus="64", stage="1", params="1B")
        await leader.until(lambda: picture(leader)[1] != "", 20)  # not the room's page, which runs as somebody joins
        await student.until(lambda: picture(student) == picture(leader), 20)
        await leader.change("params", string_value="7.5B")
        await student.until(lambda: picture(student) == picture(leader), 20)
        assert picture(student)[1]

        stop()  # the pages live on, and say so
        await student.until(lambda: says(student, "can't be reached"), 20)
        before = picture(student)
        await student.change("params", string_value="13B")
        assert picture(student)[0] == "ZeRO" and picture(student) != before
        assert not student.errors and not leader.errors

        start()  # an empty one: the room is gone, which is said too, and the server serves on
        await student.until(lambda: not says(student, "can't be reached"), 20)
        await leader.open("room")
        await leader.click("room.open")
        await student.open("room", code=code_on_the_wall(leader))
        await student.click("room.join")
        assert says(student, "following")
