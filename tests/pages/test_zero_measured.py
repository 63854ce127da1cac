"""The measured ZeRO page: the recording at first sight, a real run, its end, and two readers at once."""

import subprocess
import sys
import time
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from playground import paths
from tests.pages.opened import run

page = partial(run, "zero_measured.py")


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if label in button.label).click().run()


def until_done(*apps: AppTest, within_s: float = 120.0) -> AppTest:
    """Rerun as the browsers' fragments do until nothing can be stopped any more: who does not ask is dropped."""
    end = time.monotonic() + within_s
    while any(button.label == "Stop" for app in apps for button in app.button):
        assert time.monotonic() < end
        time.sleep(0.2)
        for app in apps:
            app.run()
    return apps[0]


def test_the_first_screen_is_the_recording() -> None:
    app = page()
    assert not app.exception and not app.error and not app.warning
    assert app.title[0].value == "ZeRO, measured"
    assert "to the byte" in str(app.success[0].proto)
    assert "on another machine: 4 processes" in texts(app)
    assert len(app.get("plotly_chart")) == 3


@pytest.mark.parametrize("variant", ["ddp", "zero1", "zero2_textbook", "fsdp2_keep", "hybrid"])
def test_every_way_can_be_looked_at(variant: str) -> None:
    app = page(variant=variant)
    assert not app.exception and not app.error
    table = "".join(element.proto.body for element in app.get("html"))
    assert "✓" in table and "✗" not in table


def test_a_run_shows_its_own_numbers() -> None:
    app = press(page(ranks="2", size="tiny", variants="ddp,fsdp2"), "Run it here")
    assert not app.exception and not app.error
    until_done(app)
    assert not app.exception and not app.error and not app.warning, texts(app)
    assert "On this machine: 2 processes, 235,264 parameters" in texts(app)
    assert "All 12 numbers" in str(app.success[0].proto)


@pytest.mark.fault(22)
def test_two_readers_at_once_one_waits_and_sees_its_place() -> None:
    first = press(page(ranks="2", size="tiny", variants="ddp"), "Run it here")
    second = press(page(ranks="1", size="tiny", variants="ddp"), "Run it here")
    assert "1 measurement before yours" in second.main.get("progress")[0].proto.text
    until_done(first, second)
    assert "1 process," in texts(second) and "2 processes," in texts(first)


def test_stop_keeps_what_finished() -> None:
    app = press(page(ranks="2", size="page"), "Run it here")
    while not any("Finished:" in caption.value for caption in app.caption):
        time.sleep(0.1)
        app.run()
    until_done(press(app, "Stop"))
    assert not app.exception and not app.error
    assert "Stopped" in str(app.info[0].proto)
    assert "On this machine: 2 processes" in texts(app)


def test_a_shared_server_offers_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", "hosted")
    app = page(ranks="8", size="page")
    assert not app.exception and not app.error
    groups = {group.key: group for group in app.get("button_group")}
    assert [groups["ranks"].value, groups["size"].value] == [2, "tiny"]
    assert any("not a choice" in caption.value for caption in app.caption)


def test_a_job_that_fails_says_why_and_the_page_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    app = until_done(press(page(ranks="1", size="tiny"), "Run it here"))
    assert not app.exception and "could not be started" in str(app.error[0].proto)
    assert "on another machine" in texts(app)  # the recording is shown


def test_the_servers_process_never_joins_a_group() -> None:
    """Whatever a page runs, torch.distributed stays untouched where the pages run, and the ranks' code unloaded."""
    script = """
import sys, torch
from tests.pages.test_zero_measured import page, press, until_done
until_done(press(page(ranks="1", size="tiny", variants="ddp"), "Run it here"))
assert not torch.distributed.is_initialized()
assert "playground.lab.sharding.job" in sys.modules, "the page no longer runs anything"
assert "playground.lab.sharding.supervisor" not in sys.modules
"""
    fresh = subprocess.run([sys.executable, "-c", script], cwd=paths.PAGES.parent, capture_output=True, text=True)
    assert fresh.returncode == 0, fresh.stderr
