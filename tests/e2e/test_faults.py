"""Faults that only a browser shows: a server that dies under its readers, characters that bend a layout."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Tab
from tests.server import Server

STACKED = "Z" + "\u0310\u0334\u0353" * 40
STRANGE = " ".join(
    (
        "a\x01b",
        "\u202eright to left\u202c",
        "\u2067مرحبا بالعالم\u2069",
        "👩\u200d👩\u200d👧\u200d👦",
        STACKED,
        "\u200b\ufeff",
        "w" * 300,
    )
)


@pytest.mark.model
@pytest.mark.fault(6, 38)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("page", ["tokenization", "merges", "attention", "sampling"])
def test_fault_06_strange_characters_leave_the_page_its_shape(
    page: str, width: int, new_page: Callable[..., Tab]
) -> None:
    tab = new_page(width=width).open(page, text=STRANGE, word=STRANGE[:20])
    assert tab.error_boxes() == []
    height = tab.main.locator("h1").first.bounding_box()["height"]
    assert height < 120, "the title was pushed out of its place"
    wide, room = tab.page.evaluate(
        "(e => [e.scrollWidth, e.clientWidth])(document.querySelector('[data-testid=\"stMain\"]'))"
    )
    assert wide <= room
    if page == "tokenization":
        assert tab.page.locator(".st-key-text textarea").input_value().startswith("a\x01b \u202eright")
        chips = tab.main.locator(".lp-chips").first.inner_text()
        assert "\u202e" not in chips, "a mark that turns what follows around is shown as such, not obeyed"


@pytest.mark.fault(36)
def test_fault_36_a_killed_server_comes_back_and_the_address_brings_the_inputs(
    new_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    """So does a laptop that slept: its session is over, as after the server's end. That one is tested; sleep is not.

    Streamlit's client runs nothing until it is touched. That first act opens the new session, whose state is the
    address's: the value typed then is lost, and has to be typed again.
    """
    server = Server(tmp_path / "log.txt")
    with server:
        tab = new_tab(server.url).open("zero", stage="3", gpus="8", params="7.5B")
        tab.type_text("Parameters", "13B")
        before = tab.main.get_by_test_id("stMetric").all_inner_texts()
        assert "params=13B" in tab.query
        assert server.process is not None
        server.process.kill()
        server.process.wait(10)
        tab.page.wait_for_selector('[data-test-connection-state]:not([data-test-connection-state="CONNECTED"])')
    with server:  # again, on the same port
        tab.page.wait_for_selector('[data-test-connection-state="CONNECTED"]', timeout=60_000)
        tab.settle()
        assert tab.main.get_by_test_id("stMetric").all_inner_texts() == before
        for _ in range(2):
            tab.type_text("Parameters", "1B").settle(1_500)
        assert "params=1B" in tab.query
        assert tab.main.get_by_test_id("stMetric").all_inner_texts() != before
        assert "Traceback" not in server.log()
        refused = [error for error in tab.console_errors if "ERR_CONNECTION_REFUSED" in error]
        tab.page.close()
    for error in refused:  # told for every try while nobody answered
        tab.console_errors.remove(error)
