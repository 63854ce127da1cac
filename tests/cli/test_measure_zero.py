"""measure-zero as a person and a script meet it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.core.recorded import Measurement
from playground.errors import BadInput

COMMAND = [sys.executable, "-m", "playground", "measure-zero"]


def test_json_and_nothing_else_on_standard_output() -> None:
    line = [*COMMAND, "--gpus", "2", "--model-size", "tiny", "--stages", "0,2,fsdp2", "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    got = json.loads(done.stdout)
    assert [(stage["stage"], stage["name"]) for stage in got["stages"]] == [
        (0, "ddp"),
        (2, "zero2_textbook"),
        (2, "fsdp2_keep"),
        (3, "fsdp2"),
    ]
    for stage in got["stages"]:
        assert stage["api"] and set(stage["communication"]) >= {"paper", "ring", "wire"}
        assert stage["ranks"] == stage["predicted"] and len(stage["ranks"]) == 2
        for held in (*stage["ranks"], stage["ideal"]):
            assert held["total"] == held["parameters"] + held["gradients"] + held["optimizer"]
    assert json.loads(json.dumps(Measurement.from_json(got).to_json())) == got


def test_a_table_for_people() -> None:
    result = CliRunner().invoke(app, ["measure-zero", "--gpus", "1", "--model-size", "tiny", "--stages", "ddp,fsdp2"])
    assert result.exit_code == 0, result.output
    assert "3,764,224" in result.output and "to the byte" in result.output
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if "│" in line)


@pytest.mark.parametrize(
    "line",
    [
        "--gpus 0",
        "--gpus 9",
        "--gpus two",
        "--stages 4",
        "--model-size huge",
        "--gpus 4 --sharding-factor 3",
        "--timeout 0",
    ],
)
def test_what_makes_no_sense_is_explained(line: str) -> None:
    result = CliRunner().invoke(app, ["measure-zero", *line.split()])
    assert isinstance(result.exception, BadInput) and result.exception.hint


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_control_c_leaves_nothing_running(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--gpus", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    end = time.monotonic() + 60
    while not (pids := list(tmp_path.glob("*/pids.json"))):
        assert time.monotonic() < end
        time.sleep(0.05)
    ranks = json.loads(pids[0].read_text())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
    for pid in ranks:
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or " Z " in state.read_text()
