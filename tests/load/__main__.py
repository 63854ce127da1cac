"""All loads, one after another on one server: ``python -m tests.load``, or some: ``python -m tests.load soak``.

Each has targets; a table says what was measured and whether it was met, build/load/*.json has all figures. Everything
is on loopback and bounded in time and count. The exit status is 1 if an answer was wrong or missing, or a rule that
holds on any machine was broken; a slow or busy machine misses times, which the table says and the status does not.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load import reruns
from tests.load.attention import attention
from tests.load.cold_start import cold_start
from tests.load.followers import WITHIN_S, follow
from tests.load.generations import generations, written_otherwise
from tests.load.served import Case, Served, Target, percentile
from tests.load.soak import soak
from tests.server import ROOT

CASES = ("cold_start", "calculators", "attention", "generations", "followers", "soak")
HEALTH_P99_MS = 500
TIMES = ("ms", "s")


def calculators(served: Served, sessions: int, changes: int, think_s: float) -> Case:
    """The ZeRO page, each answer compared with the paper's formula."""
    with Case("calculators", f"{sessions} sessions on a calculator page, think time {think_s:g} s", served) as case:
        waits, failures = asyncio.run(reruns.all_read(served.port, sessions, changes, think_s))
        case.figures |= {"answers": len(waits), "expected_answers": sessions * changes}
        case.failures += failures
    case.waited("answer", waits)
    case.aim("answers missing or wrong", sessions * changes - len(waits) + len(failures), 0)
    case.aim("answer, p95", case.figures["answer_p95_ms"], 300, "ms")
    case.aim("server's cores", case.figures["server_cores_used"], 0.5)
    return case


def followers(served: Served, students: int, moves: int) -> Case:
    """A class that follows its instructor (tests/load/followers.py)."""
    with Case("followers", f"{students} students follow {moves} moves of their instructor", served) as case:
        found = asyncio.run(follow([(served.port, served.process)], students, moves, pause_s=2.0, idle_s=10.0))
        case.failures += found.pop("missed")
        case.figures |= found | {"answers": found["seen"]}
    case.aim("moves missed", len(case.failures), 0)
    case.aim("move seen, p95", found["p95_all_ms"], 1e3 * WITHIN_S, "ms")
    return case


def run(served: Served, options: argparse.Namespace) -> tuple[list[Case], dict[str, list[int]]]:
    """The chosen cases in their order; and the texts that were generated."""
    sessions, cases, texts = options.sessions, list[Case](), dict[str, list[int]]()
    for name in CASES:
        if name not in options.cases:
            continue
        if name == "cold_start":
            cases.append(cold_start(served, sessions))
        else:
            asyncio.run(reruns.all_read(served.port, 1, 2, 0.1))
            served.quiet()
        if name == "calculators":
            cases.append(calculators(served, sessions, options.changes, 3.0 if not options.short else 1.0))
        elif name == "attention":
            cases.append(attention(served, sessions, options.changes, 10.0 if not options.short else 1.5))
        elif name == "generations":
            case, texts = generations(served, sessions)
            cases.append(case)
        elif name == "followers":
            cases.append(followers(served, sessions, 12 if not options.short else 4))
        elif name == "soak":
            cases.append(soak(served, options.soak))
        if name == cases[-1].name:
            _print(cases[-1])
    return cases, texts


def _print(case: Case) -> None:
    print(f"\n{case.title}", file=sys.stderr)
    for target in case.targets:
        print(row(target), file=sys.stderr)
    keys = ("answers", "server_cpu_ms_per_answer", "server_cores_used", "elapsed_s", "load_average")
    print("  " + "  ".join(f"{key} {case.figures[key]}" for key in keys), file=sys.stderr)
    for failure in case.failures[:5]:
        print(f"  ! {failure[-1_000:]}", file=sys.stderr)


def row(target: Target) -> str:
    """One line of the table."""
    limit = f"{target.limit:,g} {target.unit}".strip()
    met = "met" if target.met else "MISSED"
    return f"  {target.what:36}{target.measured:12,.1f} {target.unit:4} at most {limit:10} {met}"


def broken(reports: dict[str, Any]) -> bool:
    """Whether something was wrong that no machine's slowness explains."""
    missed = (t for report in reports.values() for t in report["targets"] if not t["met"] and t["unit"] not in TIMES)
    return any(report["failures"] for report in reports.values()) or any(t["what"] != "server's cores" for t in missed)


def main(argv: Sequence[str] | None = None) -> int:
    """A table on standard error, JSON on standard output and in build/load."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--changes", type=int, default=10, help="answers a reader asks for, where readers think")
    parser.add_argument("--soak", type=int, default=5_000, metavar="N", help="reruns of the soak")
    parser.add_argument("--alone", type=int, default=30, help="generated texts that are written again, alone")
    parser.add_argument("--short", action="store_true", help="less time to think, fewer moves")
    parser.add_argument("--before", action="store_true", help="calculators as Streamlit comes too (two minutes more)")
    options = parser.parse_args(argv)
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    out = ROOT / "build" / "load"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        with Served(Path(folder)) as served:
            cases, texts = run(served, options)
            health = [seconds for seconds, _ in served.health]
        for case in cases:
            if case.name == "generations" and options.alone:
                chosen = dict(list(texts.items())[: options.alone])
                otherwise, alone_ms = written_otherwise(chosen)
                case.figures["cpu_ms_per_token_alone"] = round(alone_ms, 1)
                case.figures["equal_to_alone"] = f"{len(chosen) - len(otherwise)} of {len(chosen)}"
                case.aim("texts unlike those written alone", len(otherwise), 0)
                case.failures += otherwise
    reports: dict[str, Any] = {case.name: case.report() for case in cases}
    answered = Target("health answered, p99", round(1e3 * percentile(health, 99), 1), HEALTH_P99_MS, "ms")
    reports["health"] = {
        "title": "Health, asked ten times a second throughout", "targets": [answered._asdict() | {"met": answered.met}],
        "failures": [], "answers": len(health), "max_ms": round(1e3 * max(health, default=0), 1),
    }  # fmt: skip
    if options.before:
        before = reruns.measure(options.sessions, options.changes, 3.0, **reruns.AS_STREAMLIT_COMES)
        reports["as_streamlit_comes"] = before | {
            "title": "Calculators as Streamlit comes",
            "targets": [],
            "failures": [],
        }
    about = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.platform(),
        "cores": os.cpu_count(), "sessions": options.sessions,
    }  # fmt: skip
    for name, report in reports.items():
        (out / f"{name}.json").write_text(json.dumps(about | report, indent=1) + "\n", encoding="utf-8")
    print(f"\n{about['machine']}, {about['cores']} cores", file=sys.stderr)
    for name, report in reports.items():
        for target in report["targets"]:
            known = Target(*(target[part] for part in Target._fields))
            print(f"{name:12}{row(known)}", file=sys.stderr)
    print(json.dumps(reports))
    return broken(reports)


if __name__ == "__main__":
    sys.exit(main())
