"""Thirty readers on the ZeRO page: how long a rerun takes with and without the garbage-collection settings.

``python -m tests.load.reruns`` prints a table and writes build/load/reruns.json; a short form runs in the tests.
Each reader moves the GPUs slider after some thought and checks the answer against the paper's formula. *Before* is
Streamlit's default: a full collection after every run, and torch's half million objects left in the collector.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from tests.load.ws_client import Reader
from tests.server import ROOT, Server

GPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
BEFORE = ("before", ["--runner.postScriptGC", "true"], {"LLM_PLAYGROUND_NO_FREEZE": "1"})
AFTER = ("after", [], {})


@dataclass
class Measured:
    """One load: reruns, their times, what failed, and the server's processor time a rerun."""

    name: str
    sessions: int
    reruns: int
    errors: list[str]
    p50_s: float
    p95_s: float
    worst_s: float
    cpu_s_per_rerun: float


def expected(gpus: int) -> str:
    """Bytes a GPU holds at stage 1 by the ZeRO paper (arXiv:1910.02054, §5): 4Ψ + 12Ψ/N for Ψ = 7.5 billion."""
    return f"{(4 * 7.5 + 12 * 7.5 / gpus):,.2f} GB"


async def _reader(url: str, number: int, reruns: int, think_s: float, ramp_s: float) -> tuple[list[float], list[str]]:
    choose = random.Random(number)
    times, errors, last = [], [], 64
    await asyncio.sleep(ramp_s * choose.random())
    try:
        async with Reader(url, "zero") as reader:
            await reader.run()
            for _ in range(reruns):
                await asyncio.sleep(think_s * (0.5 + choose.random()))
                last = choose.choice([n for n in GPUS if n != last])
                answer = await reader.run(gpus=f"{last:,}")
                times.append(answer.seconds)
                shown = answer.of("metric")[0].body if answer.of("metric") else "nothing"
                if answer.failed or shown != expected(last):
                    errors.append(f"reader {number}: {last} GPUs gave {shown} {answer.failed}")
    except Exception as problem:  # a session that dies is a data point, not the end of the measurement
        errors.append(f"reader {number}: {type(problem).__name__} {problem}")
    return times, errors


async def _load(url: str, sessions: int, reruns: int, think_s: float, ramp_s: float) -> list:
    return await asyncio.gather(*(_reader(url, n, reruns, think_s, ramp_s) for n in range(sessions)))


async def _until_warm(url: str, server: Server) -> None:
    """Wait until the model is loaded and frozen behind the first page: the processor falls idle."""
    async with Reader(url, "zero") as reader:
        await reader.run()
    process = psutil.Process(server.process.pid)
    quiet_since, limit = None, time.monotonic() + 120
    while time.monotonic() < limit:
        used = process.cpu_percent(interval=0.5)
        quiet_since = (quiet_since or time.monotonic()) if used < 10 else None
        if quiet_since and time.monotonic() - quiet_since > 1.5:
            return


def measure(case: tuple, sessions: int, reruns: int, think_s: float, ramp_s: float) -> Measured:
    """One server, one load."""
    name, flags, env = case
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "log", flags=flags, env=env) as server:
        asyncio.run(_until_warm(server.url, server))
        process = psutil.Process(server.process.pid)
        begin = process.cpu_times()
        results = asyncio.run(_load(server.url, sessions, reruns, think_s, ramp_s))
        end = process.cpu_times()
    times = sorted(t for mine, _ in results for t in mine)
    errors = [e for _, mine in results for e in mine]
    if not times:
        raise RuntimeError(f"no rerun was answered: {errors[:3]}")
    return Measured(
        name,
        sessions,
        len(times),
        errors,
        round(statistics.median(times), 4),
        round(times[int(0.95 * (len(times) - 1))], 4),
        round(times[-1], 4),
        round((end.user + end.system - begin.user - begin.system) / (len(times) + sessions), 4),
    )


def main() -> None:
    """Both cases in one run, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--reruns", type=int, default=10)
    parser.add_argument("--think", type=float, default=3.0, metavar="SECONDS")
    arguments = parser.parse_args()
    found = [measure(case, arguments.sessions, arguments.reruns, arguments.think, 3.0) for case in (BEFORE, AFTER)]
    print(
        f"{'':8}{'sessions':>9}{'reruns':>8}{'errors':>8}{'p50 ms':>9}{'p95 ms':>9}{'worst ms':>10}{'CPU ms/rerun':>14}"
    )
    for m in found:
        columns = f"{m.sessions:>9}{m.reruns:>8}{len(m.errors):>8}{1000 * m.p50_s:>9.0f}{1000 * m.p95_s:>9.0f}"
        print(f"{m.name:8}{columns}{1000 * m.worst_s:>10.0f}{1000 * m.cpu_s_per_rerun:>14.0f}")
    print(f"p95 before / after: {found[0].p95_s / found[1].p95_s:.1f}×")
    target = ROOT / "build" / "load" / "reruns.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(m) for m in found], indent=1), encoding="utf-8")
    sys.exit(bool(found[1].errors))


if __name__ == "__main__":
    main()
