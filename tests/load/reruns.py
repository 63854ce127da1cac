"""How long a reader waits for an answer when many read at once: ``python -m tests.load.reruns``.

Drives the ZeRO calculator with websocket sessions, the default model loaded beside it. With ``--before`` a second
server runs first, as Streamlit comes (a full garbage collection after every rerun, nothing frozen), to compare with
this app's settings (.streamlit/config.toml, ui/resources.py). Every answer is compared with the paper's formula.
Figures go to build/load/reruns.json; the exit status is 1 if with this app's settings an answer was wrong or missing.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from playground.core.units import format_bytes
from tests.load.ws_client import Reader
from tests.server import ROOT, Server

GPUS = 64
AS_STREAMLIT_COMES: dict[str, Any] = {
    "flags": ("--runner.postScriptGC", "true"),
    "env": {"LLM_PLAYGROUND_NO_FREEZE": "1"},
}


def expected(parameters: int) -> str:
    """ZeRO §5.1: stage 1 keeps 2Ψ + 2Ψ + 12Ψ/N bytes on a GPU; as the page writes it."""
    return format_bytes(4 * parameters + 12 * parameters // GPUS).partition(" = ")[0]


async def read(port: int, number: int, reruns: int, think_s: float, waits: list[float], failures: list[str]) -> None:
    """One reader: opens the page, then asks about ``reruns`` models nobody else asks about."""
    dice = random.Random(number)
    await asyncio.sleep(dice.uniform(0, think_s))
    try:
        async with Reader(port) as reader:
            await reader.open("zero", gpus=str(GPUS), stage="1")
            for step in range(reruns):
                await asyncio.sleep(dice.uniform(0.5, 1.5) * think_s)
                parameters = (1_000 + 137 * number + step) * 1_000_000
                waits.append(await reader.change("params", string_value=str(parameters)))
                answer = reader.metric("On each GPU")
                if answer != expected(parameters):
                    failures.append(f"reader {number}, {parameters:,} parameters: {answer}, not {expected(parameters)}")
    except Exception as error:
        failures.append(f"reader {number}: {error!r}")


async def all_read(port: int, sessions: int, reruns: int, think_s: float) -> tuple[list[float], list[str]]:
    waits: list[float] = []
    failures: list[str] = []
    await asyncio.gather(*(read(port, number, reruns, think_s, waits, failures) for number in range(sessions)))
    return waits, failures


def wait_for_warm_up(port: int, process: psutil.Process) -> None:
    """Visit once, then wait until the server has loaded what it loads behind the first page."""
    asyncio.run(all_read(port, 1, 2, 0.1))
    quiet = 0
    deadline = time.monotonic() + 120
    while quiet < 4 and time.monotonic() < deadline:
        quiet = quiet + 1 if process.cpu_percent(interval=0.5) < 10 else 0


def measure(sessions: int, reruns: int, think_s: float, **server: Any) -> dict[str, Any]:
    """Serve, drive, and sum up one case."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "log.txt", **server) as running:
        assert running.process is not None
        process = psutil.Process(running.process.pid)
        wait_for_warm_up(running.port, process)
        torch_loaded = any("libtorch" in region.path for region in process.memory_maps())
        cpu, begin = sum(process.cpu_times()[:2]), time.monotonic()
        waits, failures = asyncio.run(all_read(running.port, sessions, reruns, think_s))
        cpu, elapsed = sum(process.cpu_times()[:2]) - cpu, time.monotonic() - begin
        if "Traceback" in running.log():
            failures.append(running.log()[-2_000:])
    cuts = quantiles(waits, n=100) if len(waits) > 1 else [float("nan")] * 99
    return {
        "answers": len(waits),
        "expected_answers": sessions * reruns,
        "failures": failures,
        "torch_loaded": torch_loaded,
        "p50_ms": round(cuts[49] * 1e3, 1),
        "p95_ms": round(cuts[94] * 1e3, 1),
        "max_ms": round(max(waits, default=float("nan")) * 1e3, 1),
        "server_cpu_ms_per_answer": round(cpu / max(1, len(waits)) * 1e3, 1),
        "server_cores_used": round(cpu / elapsed, 2),
        "elapsed_s": round(elapsed, 1),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The cases, as a table on standard error and JSON on standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--reruns", type=int, default=10)
    parser.add_argument(
        "--think", type=float, default=3.0, help="seconds between two questions of a reader, on average"
    )
    parser.add_argument("--before", action="store_true", help="measure Streamlit's own settings too, first")
    options = parser.parse_args(argv)
    load = {"sessions": options.sessions, "reruns": options.reruns, "think_s": options.think}
    report: dict[str, Any] = {"page": "zero", **load}
    for case, settings in (("before", AS_STREAMLIT_COMES), ("after", {}))[not options.before :]:
        report[case] = result = measure(**load, **settings)
        shown = "  ".join(f"{name} {value}" for name, value in result.items() if name != "failures")
        print(f"{case:7}{shown}  failures {len(result['failures'])}", file=sys.stderr)
    folder = ROOT / "build" / "load"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reruns.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report))
    return bool(report["after"]["failures"])


if __name__ == "__main__":
    sys.exit(main())
