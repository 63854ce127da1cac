"""Memory of a served demo: the process, each model, each session. ``python -m tests.bench.serving`` prints a table."""

import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from tests.load.ws_client import Reader
from tests.server import Server

SESSIONS = 30


def resident_mb(server: Server) -> float:
    """What the process has of its own, in MB: mapped files that can be dropped again are not counted."""
    assert server.process is not None
    return float(psutil.Process(server.process.pid).memory_full_info().uss / 1e6)


async def visits(server: Server, found: list[tuple[str, float]]) -> None:
    async with Reader(server.port) as first:
        await first.open("zero")
        found.append(("the process, one session on a calculator", resident_mb(server)))
        await first.open("sampling")
        await asyncio.sleep(1)
        found.append(("with SmolLM2 135M, fp32, loaded and asked once", resident_mb(server)))
        await first.open("attention", model="minilm-l6")
        await asyncio.sleep(1)
        found.append(("with MiniLM L6 too", resident_mb(server)))
        for page in ("zero", "sampling"):
            before = resident_mb(server)
            readers = [Reader(server.port) for _ in range(SESSIONS)]
            for reader in readers:
                await reader.__aenter__()
                await reader.open(page)
            await asyncio.sleep(1)
            found.append((f"each of {SESSIONS} sessions on the page {page}", (resident_mb(server) - before) / SESSIONS))
            for reader in readers:
                await reader.__aexit__()


def main() -> None:
    """Serve, visit, print."""
    found: list[tuple[str, float]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "log", env={"LLM_PLAYGROUND_PROFILE": "hosted"}) as server,
    ):
        time.sleep(1)
        found.append(("the process, before anyone is there", resident_mb(server)))
        asyncio.run(visits(server, found))
    for what, megabytes in found:
        print(f"| {what} | {megabytes:,.1f} MB |" if megabytes < 10 else f"| {what} | {megabytes:,.0f} MB |")


if __name__ == "__main__":
    main()
