"""Two ways of doing the same, turn by turn in one run: medians, spread and ratios, as a table and as JSON."""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from playground import paths

FOLDER = paths.ROOT / "build" / "bench"


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternately(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way in each round; every way is run once before, unmeasured."""
    for run in ways.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            taken[name].append(seconds(run))
    return taken


def ratio(one: list[float], other: list[float]) -> dict[str, float]:
    """``one / other`` round by round: the median, and the least and the most."""
    each = [a / b for a, b in zip(one, other, strict=True)]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


def record(name: str, title: str, taken: Mapping[str, list[float]], ratios: Mapping[str, Any], **more: Any) -> None:
    """Print the table, and write everything into ``build/bench/<name>.json``."""
    print(title)
    for way, times in taken.items():
        spread = f"{1000 * min(times):9.1f} to {1000 * max(times):.1f}"
        print(f"  {way:44}{1000 * statistics.median(times):10.1f} ms  ({spread})")
    for what, found in ratios.items():
        print(f"  {what:44}{found['median']:10.3f}     ({found['least']:9.3f} to {found['most']:.3f})")
    for what, value in more.items():
        print(f"  {what}: {value}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    about = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.platform(), "title": title}
    whole = about | {"seconds": taken, "ratios": ratios} | more
    (FOLDER / f"{name}.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")
