"""Thirty students following one instructor, on websockets: ``python -m tests.load.followers``.

The instructor opens a room and moves: another page, another value, another text. For every student the time is taken
from the instructor's act to the complete run that shows the same; the picture's numbers are compared with the
instructor's. Before that, an idle while is measured: what it costs that every page listens. ``--processes 2`` is the
hosted form: the class shared by two servers with one Redis (nginx is left out: each student stays with one server).
Figures go to build/load/followers.json; the exit status is 1 if a student missed a move or the p95 is over 1 s.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil

from playground.classroom.room_store import REDIS_URL
from tests.load.live_client import LiveReader
from tests.load.reruns import wait_for_warm_up
from tests.redis_server import RedisServer
from tests.server import ROOT, Server

WITHIN_S = 1.0
GIVEN_UP_S = 30.0


async def join(port: int, code: str, number: int) -> LiveReader:
    """One more student, in the room."""
    await asyncio.sleep(number * 0.1)
    student = await LiveReader(port).__aenter__()
    await student.open("room", code=code)
    await student.click("room.join")
    return student


def code_on_the_wall(leader: LiveReader) -> str:
    """As the instructor's page shows it."""
    walls = [
        e.html.body for e in leader.elements.values() if e.WhichOneof("type") == "html" and "lp-code" in e.html.body
    ]
    return walls[0].split("<div class='lp-code'>")[1].split("<")[0].replace(" ", "")


def picture(reader: LiveReader) -> tuple[str, str]:
    """What is compared: the page's title, and the number that the instructor moves."""
    return reader.title(), reader.metric("On each GPU")


def _move(leader: LiveReader, move: int) -> tuple[str, Callable[[], Awaitable[float]]]:
    """The next thing the instructor does: every picture differs from the one before."""
    parameters = str((1_000 + 137 * move) * 1_000_000)
    if move % 4 == 2:
        return "page", lambda: leader.open("zero_cost")
    if move % 4 == 3:
        return "page", lambda: leader.open("zero", gpus="64", stage="1", params=parameters)
    return "value", lambda: leader.change("params", string_value=parameters)


async def follow(
    servers: Sequence[tuple[int, psutil.Process]], students: int, moves: int, pause_s: float, idle_s: float
) -> dict[str, Any]:
    """Everybody in, students dealt out to the servers, an idle while, then the moves."""

    def cpu_s() -> float:
        return sum(sum(process.cpu_times()[:2]) for _, process in servers)

    ports = [port for port, _ in servers]
    async with LiveReader(ports[0]) as leader:
        await leader.open("room")
        await leader.click("room.open")
        code = code_on_the_wall(leader)
        everyone = await asyncio.gather(*(join(ports[number % len(ports)], code, number) for number in range(students)))
        await leader.open("zero", gpus="64", stage="1")
        await leader.until(lambda: picture(leader)[1] != "")  # not the room's page, which runs as somebody joins
        for student in everyone:
            await student.until(lambda s=student: picture(s) == picture(leader), 60)
        polls = sum(s.fragment_runs for s in everyone)
        cpu, begin = cpu_s(), time.monotonic()
        await asyncio.sleep(idle_s)
        idle = (cpu_s() - cpu) / (time.monotonic() - begin)
        polls = sum(s.fragment_runs for s in everyone) - polls

        waits: dict[str, list[float]] = {"value": [], "page": []}
        own: list[float] = []
        missed: list[str] = []
        cpu, begin = cpu_s(), time.monotonic()
        for move in range(moves):
            await asyncio.sleep(pause_s)
            kind, act = _move(leader, move)
            at = time.perf_counter()
            own.append(await act())
            wanted = picture(leader)
            for number, student in enumerate(everyone):
                try:
                    done = await student.until(lambda s=student, w=wanted: picture(s) == w, GIVEN_UP_S)
                    waits[kind].append(done - at)
                except TimeoutError:
                    missed.append(f"move {move} ({kind}), student {number}: {picture(student)}, not {wanted}")
        elapsed = time.monotonic() - begin
        busy = (cpu_s() - cpu) / elapsed
        missed += [error for s in (*everyone, leader) for error in s.errors]
        for student in everyone:
            await student.__aexit__()
    every = waits["value"] + waits["page"]
    return {
        "students": students,
        "processes": len(ports),
        "moves": moves,
        "seen": len(every),
        "missed": missed,
        "idle_cores": round(idle, 3),
        "idle_cpu_ms_per_student_s": round(idle * 1e3 / students, 2),
        "polls_per_student_s": round(polls / students / idle_s, 2),
        "busy_cores": round(busy, 3),
        "server_cpu_ms_per_follow": round((busy - idle) * elapsed * 1e3 / max(1, students * moves), 1),
        "instructor_median_ms": round(median(own) * 1e3),
        **{
            f"{name}_{kind}_ms": round(figure(taken) * 1e3)
            for kind, taken in (*waits.items(), ("all", every))
            if len(taken) > 1
            for name, figure in (("median", median), ("p95", lambda t: quantiles(t, n=100)[94]), ("max", max))
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two moves")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds without a move, first")
    parser.add_argument("--processes", type=int, default=1, help="servers that share the class, with one Redis")
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        env = {REDIS_URL: stack.enter_context(RedisServer(folder)).url} if options.processes > 1 else {}
        served = []
        for number in range(options.processes):
            server = stack.enter_context(Server(folder / f"log{number}.txt", env=env))
            assert server.process is not None
            served.append((server.port, psutil.Process(server.process.pid)))
        for port, process in served:
            wait_for_warm_up(port, process)
        report = asyncio.run(follow(served, options.students, options.moves, options.pause, options.idle))
        for log in folder.glob("log*.txt"):
            if "Traceback" in log.read_text(encoding="utf-8"):
                report["missed"].append(log.read_text(encoding="utf-8")[-2_000:])
    out = ROOT / "build" / "load"
    out.mkdir(parents=True, exist_ok=True)
    (out / "followers.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))
    return bool(report["missed"]) or report["p95_all_ms"] > WITHIN_S * 1e3


if __name__ == "__main__":
    sys.exit(main())
