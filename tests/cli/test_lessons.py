"""`llm-playground lessons`: the list, and a folder tried out; `run --lessons` hands the folder over."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from playground import cli
from playground.cli import service
from playground.errors import BadInput


def test_the_list_has_the_course_and_names_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_LESSONS", "")
    (tmp_path / "mine.yaml").write_text("title: Mine\nsteps:\n- {page: zero, say: a}\n")
    (tmp_path / "other.yaml").write_text("title: Mine\nsteps:\n- {page: zoo, say: a}\n")
    done = CliRunner().invoke(cli.app, ["lessons", "--lessons", str(tmp_path), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)["lessons"]
    assert found[0] == {"id": "mine", "title": "Mine", "steps": 1}
    assert {"tokens", "attention", "logits-to-text", "prompting", "training-memory", "sharding"} <= {
        lesson["id"] for lesson in found
    }
    assert "other.yaml, line 3: there is no page 'zoo'" in done.stderr


def test_a_folder_is_tried_out(tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text(
        "title: a\nsteps:\n- page: zero\n  state: {gpus: '8'}\n  say: a\n"
        "  assert: [{fact: zero bytes per gpu, stage: '0', is: 120e9}]\n"
    )
    done = CliRunner().invoke(cli.app, ["lessons", "check", str(tmp_path)], catch_exceptions=False)
    assert done.stdout.strip() == "1 lessons, 1 steps, 0 problems." and done.exit_code == 0
    (tmp_path / "wrong.yaml").write_text("title: a\nsteps:\n- {page: zero, state: {gqus: '8'}, say: a}\n")
    done = CliRunner().invoke(cli.app, ["lessons", "check", "--json", str(tmp_path)])
    assert isinstance(done.exception, BadInput)  # status 2, a line on standard error
    said = json.loads(done.stdout)["problems"]
    assert [(Path(one["file"]).name, one["line"]) for one in said] == [("wrong.yaml", 3)]
    assert "no input 'gqus'" in said[0]["what"]


def test_run_takes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.web import cli as streamlit_cli

    monkeypatch.setattr(streamlit_cli, "main", lambda **_: 0)
    monkeypatch.setattr(service.sys, "argv", ["llm-playground"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", dict(os.environ))
        done = CliRunner().invoke(cli.app, ["run", "--no-browser", "--lessons", str(tmp_path)])
        assert done.exit_code == 0, done.output
        assert os.environ["LLM_PLAYGROUND_LESSONS"] == str(tmp_path)
    refused = CliRunner().invoke(cli.app, ["run", "--lessons", str(tmp_path / "none")])
    assert refused.exit_code == 2 and "does not exist" in refused.output
