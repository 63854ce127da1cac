"""From the command to the first page: ``python -m tests.bench.start [ROUNDS]``.

What importing the app costs, by package (``python -X importtime``, each package's own time), and that no model library
is among them. Then a real server, again and again: healthy, a calculator's page complete, a page with the default
model complete; beside it Streamlit with a page of one line. ``empty store``: as before anything was fetched, where the
calculators must work all the same (nothing is downloaded here).
"""

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.bench.ratios import ratio, record
from tests.load.ws_client import Reader
from tests.server import ROOT, Server

ENTRY = "import playground.asgi, playground.ui.serve"
MODEL_LIBRARIES = ("torch", "transformers", "tokenizers", "tiktoken", "sentencepiece")
SHOWN = 8
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| \s*(\S+)")


def imported() -> dict[str, float]:
    """Seconds that each top-level package's own modules take to import, in a process of its own."""
    command = [sys.executable, "-X", "importtime", "-c", ENTRY]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    found: Counter[str] = Counter()
    for own_us, _, name in _LINE.findall(run.stderr):
        found[name.partition(".")[0]] += int(own_us)
    return {package: own_us / 1e6 for package, own_us in found.most_common()}


def first_pages(env: Mapping[str, str], script: Path | None, pages: tuple[str, ...]) -> dict[str, float]:
    """Seconds from the command to each of these, one after another; and whether torch was there at the first page."""
    found: dict[str, float] = {}

    async def visit(server: Server, begun: float) -> None:
        async with Reader(server.port) as reader:
            for page in pages:
                await reader.open(page)
                found[page or "page"] = time.perf_counter() - begun
                found[f"{page or 'page'} CPU"] = cpu_s(server)
                if page and (not reader.title() or reader.of_type("alert")):
                    raise RuntimeError(f"the page {page} is not complete: {reader.of_type('alert')}")
                if page == pages[0]:
                    found["torch mapped"] = float(torch_mapped(server))

    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        more = {"script": script} if script else {}
        with Server(Path(folder) / "log.txt", env=env, **more) as server:
            found["healthy"], found["healthy CPU"] = server.started_s, cpu_s(server)
            asyncio.run(visit(server, begun))
    return found


def cpu_s(server: Server) -> float:
    """Processor seconds since its start, all threads: other programs disturb them less than the time."""
    assert server.process is not None
    return float(sum(psutil.Process(server.process.pid).cpu_times()[:2]))


def torch_mapped(server: Server) -> bool:
    """Whether the server has loaded torch's library, which the warm-up behind the first page does."""
    assert server.process is not None
    return any("libtorch_cpu" in region.path for region in psutil.Process(server.process.pid).memory_maps())


def main() -> None:
    """Print the tables, and write them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text("import streamlit as st\n\nst.title('One line')\n", encoding="utf-8")
        ways: dict[str, Callable[[], dict[str, float]]] = {
            "here": lambda: first_pages({}, None, ("zero", "sampling")),
            "empty store": lambda: first_pages({"LLM_PLAYGROUND_HOME": f"{folder}/store"}, None, ("zero",)),
            "Streamlit, one line": lambda: first_pages({}, bare, ("",)),
        }
        first_pages({}, None, ("zero",))  # whatever is read from the disk for the first time
        imports, runs = [], {name: [] for name in ways}
        for _ in range(rounds):
            imports.append(imported())
            for name, run in ways.items():
                runs[name].append(run())
    taken = {"import of the app's entry": [sum(once.values()) for once in imports]}
    for package in list(imports[0])[:SHOWN]:
        taken[f"  of it {package}"] = [once.get(package, 0.0) for once in imports]
    labels = {
        "healthy": "healthy",
        "zero": "a calculator's page",
        "sampling": "then a page with the model",
        "page": "page",
    }
    for name, found in runs.items():
        for moment in found[0]:
            if moment.removesuffix(" CPU") in labels:
                clock = ", CPU" if moment.endswith(" CPU") else ""
                what = labels[moment.removesuffix(" CPU")]
                taken[f"{name}: {what}{clock}"] = [once[moment] for once in found]
    early = [package for package in MODEL_LIBRARIES if any(package in once for once in imports)]
    calculator = taken["here: a calculator's page"]
    record(
        "start", f"From the command on, {rounds} rounds", taken,
        {
            "CPU: a calculator's page / Streamlit, one line": ratio(
                taken["here: a calculator's page, CPU"], taken["Streamlit, one line: page, CPU"]
            ),
            "empty store / store with models, same page": ratio(taken["empty store: a calculator's page"], calculator),
        },
        **{
            "model libraries imported with the entry": early,
            "starts in which torch was loaded before the first page": sum(r["torch mapped"] for r in runs["here"]),
            "from a calculator to the model's page, s": round(
                statistics.median(r["sampling"] - r["zero"] for r in runs["here"]), 2
            ),
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
