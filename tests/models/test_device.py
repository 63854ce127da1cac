"""The format that is faster here: measured, recorded on a quiet machine only, and quick about it."""

import json
import time

import pytest

from playground.errors import BadInput
from playground.models import device


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLM_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr(device, "_busy", lambda: False)
    return tmp_path


RUN = {"bf16": lambda: time.sleep(0.002), "fp32": lambda: time.sleep(0.02)}


def test_the_faster_one_is_chosen_and_recorded():
    assert device.recorded() is None
    assert device.faster_dtype(RUN) == "bf16"
    found = device.recorded()
    assert found["dtype"] == "bf16" and found["bf16_ms"] < found["fp32_ms"]
    assert device.faster_dtype({"bf16": RUN["fp32"], "fp32": RUN["bf16"]}) == "fp32"


def test_a_little_faster_is_not_worth_the_digits(home):
    """Nor is it in a record of before, which said only what was faster."""
    near = {"bf16": lambda: time.sleep(0.018), "fp32": lambda: time.sleep(0.020)}
    assert device.faster_dtype(near) == device.recorded()["dtype"] == "fp32"
    record = {device.cpu_kind(): {"dtype": "bf16", "busy": False, "bf16_ms": 18.0, "fp32_ms": 20.0}}
    (home / "machine.json").write_text(json.dumps(record))
    assert device.recorded()["dtype"] == "fp32"


def test_the_format_can_be_said(monkeypatch):
    monkeypatch.setenv(device.DTYPE_VARIABLE, "bf16")
    assert device.asked_dtype() == "bf16"
    monkeypatch.setenv(device.DTYPE_VARIABLE, "fp8")
    with pytest.raises(BadInput, match="fp8"):
        device.asked_dtype()


def test_what_a_busy_machine_measured_holds_until_it_is_quiet(monkeypatch):
    with monkeypatch.context() as busy:
        busy.setattr(device, "_busy", lambda: True)
        assert device.faster_dtype(RUN) == "bf16"
        assert device.recorded()["dtype"] == "bf16"
    assert device.recorded() is None


def test_a_slow_machine_gets_fewer_repetitions(monkeypatch):
    monkeypatch.setattr(device, "MEASURED_S", 0.01)
    calls = []
    device.faster_dtype({"bf16": lambda: calls.append(time.sleep(0.01)), "fp32": lambda: None})
    assert len(calls) == 2


@pytest.mark.parametrize("text", ["", "not json", "[1]"])
def test_a_damaged_record_is_measured_again(home, text):
    (home / "machine.json").write_text(text)
    assert device.recorded() is None
    device.faster_dtype(RUN)
    assert json.loads((home / "machine.json").read_text())
