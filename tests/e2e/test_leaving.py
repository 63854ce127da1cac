"""Whoever leaves a text that is being written stops the model: a closed tab, a changed input."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Tab
from tests.server import ROOT, Server

pytestmark = pytest.mark.model
LOOP = "A rose is a rose is a rose is"  # at temperature 0 the model never ends it
NEW_TOKENS = 200
BEFORE = 8  # tokens written before we leave


class Steps:
    """What the model did, from the file it notes its steps in."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def _lines(self, *, cancelled: bool = False) -> list[list[str]]:
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [line.split() for line in lines if ("cancelled" in line) == cancelled]

    def of(self, row: int) -> list[float]:
        """The moments at which this row got a token."""
        return [float(moment) for moment, *rows in self._lines() if str(row) in rows]

    def given_up(self, row: int) -> float:
        """The moment at which nobody wanted more of this row, once it rests."""
        count = -1
        while count != (count := len(self.of(row))):
            time.sleep(1.0)
        return min(float(moment) for moment, _, number in self._lines(cancelled=True) if number == str(row))

    def last_row(self) -> int:
        """The row that was stepped last; 0 before the first."""
        lines = self._lines()
        return int(lines[-1][-1]) if lines else 0


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    return Steps(tmp_path_factory.mktemp("steps") / "steps.txt")


@pytest.fixture(scope="module")
def watched(chromium_path: str, store_ready: None, steps: Steps) -> Iterator[Server]:
    folder = steps.file.parent
    script = ROOT / "tests" / "e2e" / "watched_app.py"
    with Server(folder / "log.txt", script=script, env={"WATCHED": str(steps.file)}) as server:
        yield server
        assert "Traceback" not in server.log()


@pytest.fixture
def playing(watched: Server, steps: Steps, new_tab: Callable[..., Tab]) -> tuple[Tab, int]:
    """A tab in which a long text is being written, and the number of its row."""
    tab = new_tab(watched.url).open("generation", text=LOOP, new=str(NEW_TOKENS), t="0")
    before = steps.last_row()
    tab.page.get_by_role("button", name="Play").click()
    deadline = time.monotonic() + 60
    while steps.last_row() == before or len(steps.of(steps.last_row())) < BEFORE:
        assert time.monotonic() < deadline, "nothing is being written"
        time.sleep(0.02)
    return tab, steps.last_row()


def close(page: Any) -> None:
    """The tab is closed."""
    page.close()


def change(page: Any) -> None:
    """Another input is set."""
    page.get_by_label("Seed", exact=True).fill("7")
    page.get_by_label("Seed", exact=True).press("Enter")


@pytest.mark.fault(21)
@pytest.mark.parametrize("leave", [close, change])
def test_leaving_stops_the_model_within_a_token(
    playing: tuple[Tab, int], steps: Steps, leave: Callable[[Any], None], record_property: Callable[[str, Any], None]
) -> None:
    tab, row = playing
    left = time.time()
    leave(tab.page)
    given_up = steps.given_up(row)
    made = sum(moment > given_up for moment in steps.of(row))
    record_property("tokens made after leaving", sum(moment > left for moment in steps.of(row)))
    print(f"{leave.__name__}: noticed after {given_up - left:.3f} s, then {made} tokens")
    assert len(steps.of(row)) < NEW_TOKENS / 2, "the text was written to its end"
    assert made <= 1  # the token that was under way
