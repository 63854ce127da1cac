"""Ten readers at once, with and without the garbage-collection settings (the long form: ``make load``)."""

import json
import subprocess
import sys

import pytest

from tests.server import ROOT

pytestmark = [pytest.mark.load, pytest.mark.model]


@pytest.mark.fault(25)
def test_many_readers_get_their_own_answers_and_soon() -> None:
    """In a process of its own: the client must not share an interpreter with what other tests have loaded."""
    load = ["--sessions", "10", "--reruns", "8", "--think", "1"]
    command = [sys.executable, "-m", "tests.load.reruns", "--before", *load]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert run.stdout, run.stderr
    report = json.loads(run.stdout)
    for case in ("before", "after"):
        assert report[case]["failures"] == []
        assert report[case]["answers"] == report[case]["expected_answers"] == 80
        assert report[case]["torch_loaded"]
    before, after = report["before"], report["after"]
    # Processor time is the steadier measure on a shared machine; the wait is what a reader feels.
    assert after["server_cpu_ms_per_answer"] < before["server_cpu_ms_per_answer"] / 1.5, report
    assert after["p95_ms"] < before["p95_ms"] / 2, report
