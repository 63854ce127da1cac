"""The hosted profile as it is served, and the operator's files: what they say is what there is."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from playground import cli, limits, paths
from playground.ui import serve
from tests.server import ROOT

# The command as it is, but for the last step: instead of serving, it says what Streamlit would go by.
READ_BACK = """
import json, sys
from streamlit import config
from streamlit.web import bootstrap
def say(path, served, args, flag_options):
    bootstrap.load_config_options(flag_options)
    print(json.dumps({name: config.get_option(name) for name in config.get_config_options()
                      if name.partition(".")[0] in ("server", "client", "browser", "runner")}, default=str))
bootstrap.run_asgi_app = say
sys.argv = ["llm-playground", *sys.argv[1:]]
from playground.cli import main
main()
"""


def options(folder: Path, *flags: str, **env: str) -> dict[str, object]:
    """Streamlit's options in the started process, from a folder with a config.toml that wants the opposite."""
    (folder / ".streamlit").mkdir(exist_ok=True)
    (folder / ".streamlit" / "config.toml").write_text(
        '[client]\nshowErrorDetails = "full"\ntoolbarMode = "developer"\n[server]\nenableXsrfProtection = false\n'
    )
    done = subprocess.run(
        [sys.executable, "-c", READ_BACK, "run", "--no-browser", *flags],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_the_hosted_profile_is_what_streamlit_goes_by(tmp_path: Path) -> None:
    found = options(
        tmp_path,
        *("--profile", "hosted", "--port", "8611", "--host", "demo.example", "--host", "*.example.org"),
        STREAMLIT_CLIENT_SHOW_ERROR_DETAILS="full",
        STREAMLIT_SERVER_FILE_WATCHER_TYPE="auto",
    )
    assert found["server.port"] == 8611 and found["server.address"] == "localhost"
    assert found["server.allowedHosts"] == ["demo.example", "*.example.org"]
    assert found["server.fileWatcherType"] == "none"
    assert found["client.showErrorDetails"] == "none" and found["client.showErrorLinks"] in (False, "false")
    assert found["client.toolbarMode"] == "viewer"
    assert found["server.enableXsrfProtection"] is True and found["server.enableCORS"] is True
    assert found["server.enableStaticServing"] is False and found["server.maxUploadSize"] == 1
    assert found["server.enableAgentApi"] is False and found["browser.gatherUsageStats"] is False
    assert found["runner.postScriptGC"] is False


def test_allowed_hosts_may_come_from_the_environment(tmp_path: Path) -> None:
    found = options(tmp_path, "--profile", "hosted", LLM_PLAYGROUND_HOSTS="one.example, two.example")
    assert found["server.allowedHosts"] == ["one.example", "two.example"]
    assert options(tmp_path)["server.allowedHosts"] == []  # a person's own machine has no list


@pytest.mark.fault(24)
def test_an_error_is_logged_without_its_words_where_others_type(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        int("4711".join(("xylophone", "?")))  # its message quotes what it was given; the traceback's lines don't

    monkeypatch.setattr(serve.resources, "request", fails)
    for profile, told in (("hosted", False), ("local", True)):
        caplog.clear()
        monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", profile)
        with caplog.at_level(logging.ERROR, "playground"):
            app = AppTest.from_file(str(paths.APP), default_timeout=60).run()
        assert "Something went wrong" in app.error[0].proto.title.replace("\\", "")
        assert "xylophone4711?" not in str(app.error[0].proto)
        assert "ValueError" in caplog.text and ", in serve" in caplog.text
        assert ("xylophone4711?" in caplog.text) == told


@pytest.mark.fault(2)
def test_a_longer_text_is_cut_on_a_shared_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", "hosted")
    assert limits.current().text_characters < limits.LOCAL.text_characters
    from tests.pages import opened

    app = opened.run("tokenization.py", text="word " * 10_000, tokenizers="smollm2")
    assert f"{limits.HOSTED.text_characters:,}" in opened.says(app)


def operating() -> str:
    return (ROOT / "deploy" / "OPERATING.md").read_text(encoding="utf-8")


def test_the_operators_table_is_the_profiles() -> None:
    rows = {
        cells[0].strip(): tuple(cell.strip() for cell in cells[1:3])
        for cells in (line.strip("|\n ").split("|") for line in operating().splitlines() if line.startswith("|"))
        if len(cells) == 3
    }

    def gib(size: int) -> str:
        return f"{size // limits.GIB} GiB" if size >= limits.GIB else f"{size // limits.MIB} MiB"

    def yes(flag: bool) -> str:
        return "yes" if flag else "no"

    told = {
        "characters of a text typed into a page": lambda p: f"{p.text_characters:,}",
        "characters of a prompt for a model": lambda p: f"{min(p.text_characters, limits.PROMPT_CHARACTERS):,}",
        "tokens a model reads": lambda p: f"{p.model_tokens:,}",
        "tokens whose attention is kept": lambda p: f"{p.attention_tokens:,}",
        "tokens it writes": lambda p: f"{p.new_tokens:,}",
        "weights of all loaded models": lambda p: gib(p.model_cache_bytes),
        "answers kept for all readers": lambda p: gib(p.result_cache_bytes),
        "may a visitor make this machine download a model": lambda p: yes(p.hub_models),
        "processes of a sharding measurement": lambda p: f"{p.measured_gpus}",
        "parameters of the model it trains": lambda p: f"{p.measured_parameters:,}",
    }
    for what, cell in told.items():
        assert rows[what] == (cell(limits.LOCAL), cell(limits.HOSTED)), what
    for number in (limits.QUEUE_LENGTH, limits.SHARDING_QUEUE):
        assert str(number) in operating()


def test_every_command_and_variable_of_the_operators_notes_exists() -> None:
    text = operating() + (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    for line in re.findall(r"llm-playground (run|fetch|doctor)((?: --[a-z-]+(?: [^\s`\"\\#]+)?)*)", text):
        used = re.findall(r"--[a-z-]+", line[1])
        told = CliRunner().invoke(cli.app, [line[0], "--help"]).output
        assert all(flag in told for flag in used), line
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "playground").rglob("*.py"))
    for variable in set(re.findall(r"LLM_PLAYGROUND_[A-Z_]+", text)):
        assert variable in source, variable
    for path in re.findall(r"(?:deploy|playground)/[\w./]+\w", text):
        assert (ROOT / path).exists(), path


def test_the_container_copies_what_there_is_and_all_that_the_package_needs() -> None:
    lines = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert all((ROOT / path).exists() for path in copied), copied
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*build["packages"], *(source.split("/")[0] for source in build["force-include"])}
    needed |= {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert needed <= set(copied)
    assert "redis" in project["project"]["optional-dependencies"] and '".[redis]"' in "\n".join(lines)
    entry = json.loads(next(line for line in lines if line.startswith("ENTRYPOINT")).removeprefix("ENTRYPOINT "))
    assert entry[:2] == ["sh", "-c"] and subprocess.run(["sh", "-n", "-c", entry[2]]).returncode == 0
    assert [shlex.split(part)[-1] for part in re.findall(r"llm-playground \w+", entry[2])] == ["fetch", "run"]
