"""llm-playground shots: the table, the JSON a recording is made of, refusals."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.core.prompting import tasks
from playground.errors import BadInput
from playground.lab import shots_results


def test_an_unknown_task_is_refused_before_anything_is_loaded() -> None:
    result = CliRunner().invoke(app, ["shots", "--task", "poems"])
    assert isinstance(result.exception, BadInput) and "sentiment" in str(result.exception)


@pytest.mark.model
def test_an_encoder_is_refused(store_ready) -> None:
    result = CliRunner().invoke(app, ["shots", "--model", "minilm-l6"])
    assert isinstance(result.exception, BadInput) and "encoder" in str(result.exception)


@pytest.mark.model
def test_a_run_as_json_is_read_back_as_it_was_measured(store_ready, tmp_path, monkeypatch) -> None:
    task = tasks()["topics"]
    monkeypatch.setattr(shots_results, "folder", lambda: tmp_path)
    monkeypatch.setitem(tasks(), "topics", replace(task, items=task.items[:2], shots=task.shots[:1]))
    result = CliRunner().invoke(app, ["shots", "--task", "topics", "--json"], catch_exceptions=False)
    answer = json.loads(result.stdout)
    (run,) = answer["runs"]
    assert [one["shots"] for one in run["counted"]] == [0, 1] and run["job"]["model"] == answer["model"]
    (tmp_path / "shots-topics.json").write_text(result.stdout)
    monkeypatch.setattr(shots_results, "RECORDINGS", tmp_path)
    shots_results.recording.cache_clear()
    (found,) = shots_results.recording("topics").runs.items()
    shots_results.recording.cache_clear()
    assert found == (shots_results.default_job(tasks()["topics"]), shots_results.known(found[0]))
    table = CliRunner().invoke(app, ["shots", "--task", "topics"], catch_exceptions=False)  # from the store
    assert "Topic of a headline" in table.stdout and "Politics" in table.stdout
