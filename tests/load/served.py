"""A server under load, seen from outside: its processor time, memory, threads, health, loads and passes."""

import os
import threading
import time
from pathlib import Path
from statistics import quantiles
from types import TracebackType
from typing import Any, NamedTuple, Self

import psutil

from tests.load import watch
from tests.server import Server

HEALTH_EVERY_S = 0.1


class Target(NamedTuple):
    """What is measured should be at most this."""

    what: str
    measured: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is; a figure that is missing is not."""
        return self.measured <= self.limit


def percentile(waits: list[float], percent: int) -> float:
    """Seconds within which so many percent were answered; NaN for fewer than two."""
    return quantiles(waits, n=100, method="inclusive")[percent - 1] if len(waits) > 1 else float("nan")


class Served:
    """``with Served(folder) as served:`` the app answers at ``served.port``; its health is asked all the time."""

    def __init__(self, folder: Path) -> None:
        self._events = folder / "events.jsonl"
        self.server = Server(folder / "log.txt", env={watch.EVENTS: str(self._events)})
        python, flag, streamlit, *arguments = self.server.command
        assert (flag, streamlit) == ("-m", "streamlit")
        self.server.command = [python, flag, "tests.load.watched_app", *arguments]
        self.health: list[tuple[float, int]] = []  # seconds, status
        self._ended = threading.Event()
        self._asking = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self.server.__enter__()
        assert self.server.process is not None
        self.process = psutil.Process(self.server.process.pid)
        self.healthy_at = time.time()
        self._asking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._asking.join(30)
        self.server.stop()

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        return self.server.port

    def cpu_s(self) -> float:
        """Processor seconds it has used so far, all threads."""
        return float(sum(self.process.cpu_times()[:2]))

    def resident_bytes(self) -> int:
        """Its memory."""
        return int(self.process.memory_info().rss)

    def events(self, since: float = 0.0, what: str = "pass") -> list[dict[str, Any]]:
        """Loads or passes that began after that moment (``time.time()``)."""
        return [event for event in watch.read(self._events) if event["what"] == what and event["at"] >= since]

    def quiet(self, seconds: float = 60.0) -> None:
        """Wait until it has nothing to do for a second and a half."""
        idle, deadline = 0, time.monotonic() + seconds
        while idle < 3 and time.monotonic() < deadline:
            idle = idle + 1 if self.process.cpu_percent(interval=0.5) < 10 else 0

    def _ask(self) -> None:
        while not self._ended.wait(HEALTH_EVERY_S):
            begin = time.perf_counter()
            status, _ = self.server.get("/_stcore/health")
            self.health.append((time.perf_counter() - begin, status))


class Case:
    """One load on the server: what it cost, what was wrong, and how it stands against its targets."""

    def __init__(self, name: str, title: str, served: Served) -> None:
        self.name, self.title, self.served = name, title, served
        self.targets: list[Target] = []
        self.failures: list[str] = []
        self.figures: dict[str, Any] = {}
        self.health: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        self._asked, self._logged = len(self.served.health), len(self.served.server.log())
        self.began, self._begin = time.time(), time.monotonic()
        self._cpu = self.served.cpu_s()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        elapsed, cpu = time.monotonic() - self._begin, self.served.cpu_s() - self._cpu
        self.health = self.served.health[self._asked :]
        passes = self.served.events(self.began)
        answers = max(1, self.figures.get("answers", 1))
        self.figures |= {
            "elapsed_s": round(elapsed, 1),
            "server_cpu_ms_per_answer": round(1e3 * cpu / answers, 1),
            "server_cores_used": round(cpu / elapsed, 2),
            "load_average": round(os.getloadavg()[0], 1),
            "passes": len(passes),
            "texts_a_pass": round(sum(p["texts"] for p in passes) / max(1, len(passes)), 1),
            "passes_s": round(sum(p["s"] for p in passes), 2),
            "passes_at_once": max((p["beside"] for p in passes), default=0),
        }
        log = self.served.server.log()[self._logged :]
        if "Traceback" in log:
            self.failures.insert(0, log[-2_000:])
        bad = sorted({status for _, status in self.health if status != 200})
        if bad:
            self.failures.append(f"health answered {bad}")

    def waited(self, name: str, waits: list[float]) -> None:
        """Note median, p95 and maximum of these, in milliseconds."""
        most = max(waits, default=float("nan"))
        for figure, value in (("p50", percentile(waits, 50)), ("p95", percentile(waits, 95)), ("max", most)):
            self.figures[f"{name}_{figure}_ms"] = round(1e3 * value, 1)

    def aim(self, what: str, measured: float, limit: float, unit: str = "") -> None:
        """One more target."""
        self.targets.append(Target(what, round(measured, 1), limit, unit))

    def report(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "title": self.title,
            "targets": [target._asdict() | {"met": target.met} for target in self.targets],
            "failures": self.failures,
            **self.figures,
            "health_p99_ms": round(1e3 * percentile([s for s, _ in self.health], 99), 1),
        }
