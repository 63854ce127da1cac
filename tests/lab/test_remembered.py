"""Results in the store: whole files, the oldest gone first, and a store that can't be written is no failure."""

import json
import os
from pathlib import Path

import pytest

from playground.lab import remembered


def test_the_oldest_results_go(tmp_path: Path) -> None:
    for age in range(4):
        path = tmp_path / "results" / f"{age}.json"
        remembered.keep(path, {"age": age}, most=2)
        os.utime(path, (age, age))
    assert {p.name for p in (tmp_path / "results").iterdir()} == {"2.json", "3.json"}
    assert json.loads((tmp_path / "results" / "3.json").read_text()) == {"age": 3}


@pytest.mark.fault(32)
def test_a_store_that_cannot_be_written_keeps_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remembered.keep(tmp_path / "file" / "result.json", {}, most=2)
    assert (tmp_path / "file").read_text() == ""
