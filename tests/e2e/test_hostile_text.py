"""Text that tries to be something else: shown as it is, typed or linked, and nobody is called.

A listener on this machine stands for the attacker's server; nothing on any page may ask it for anything.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from playground.ui import site
from tests.e2e.conftest import Tab


class Listener(HTTPServer):
    """Counts who asks for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    """Something that would answer, on a loopback port."""
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def payload(listener: Listener) -> str:
    """All of it in one text, short enough for every page."""
    url = f"http://127.0.0.1:{listener.server_port}/"
    return f"<script>hostile=1</script> <img src=x onerror=hostile=1> ![x]({url}) $x$ :red[x] <b>x</b> `y`"


def bare(text: str) -> str:
    """The visible characters only: chips put marks for spaces, and break lines between tokens."""
    return "".join(c for c in text if c.isascii() and c.isprintable() and not c.isspace())


def assert_inert(tab: Tab, listener: Listener) -> None:
    """Nothing of the payload became an element, ran, or was asked for."""
    for frame in tab.page.frames:
        assert frame.evaluate("typeof window.hostile") == "undefined"
        for made in (
            'img[src="x"]',
            f'[src*=":{listener.server_port}"]',
            f'[href*=":{listener.server_port}"]',
            '.katex:has(annotation:text-is("x"))',  # a page may have formulas of its own
        ):
            assert frame.locator(made).count() == 0, f"{made} in {frame.url}"
    assert listener.asked == []
    tab.assert_clean()


def echoes(tab: Tab) -> list[str]:
    """What the page's blocks and frames say, without marks and spaces; the fields that were typed in left out."""
    texts = [
        frame.evaluate(
            """() => [document.body.textContent,
                ...[...document.querySelectorAll('*')].map(e => e.shadowRoot?.textContent ?? '')].join(' ')"""
        )
        for frame in tab.page.frames
    ]
    return [bare(text) for text in texts]


@pytest.mark.fault(7, 8)
@pytest.mark.parametrize("info", site.PAGES, ids=lambda info: info.file)
def test_hostile_text_is_shown_as_it_is(info: site.PageInfo, new_page: Callable[..., Tab], listener: Listener) -> None:
    """First in a link, then typed, where the page takes a text."""
    linked = payload(listener)
    tab = new_page().open(info.url_path, text=linked, **site.READ_TEXT.get(info.file, {}))
    field = tab.page.locator(".st-key-text textarea")
    if not field.count():
        assert info.file not in site.READ_TEXT
        assert_inert(tab, listener)
        return
    for text in (linked, f"typed: {linked}"):
        if text != linked:
            field.fill(text)
            field.press("Control+Enter")
            tab.settle(800)
        assert field.input_value() == text
        assert tab.error_boxes() == []
        assert_inert(tab, listener)
        if info.file == "tokenization.py":
            assert any(bare(text) in said for said in echoes(tab))


def unfolded(tab: Tab) -> Any:
    """The page's short fields, those in folded parts too."""
    tab.main.locator("details:not([open]) > summary").evaluate_all("all => all.forEach(summary => summary.click())")
    tab.settle()
    return tab.main.locator('[data-testid="stTextInput"] input')


@pytest.mark.fault(7)
@pytest.mark.parametrize("info", site.PAGES, ids=lambda info: info.file)
def test_hostile_value_in_a_short_field_is_shown_as_it_is(
    info: site.PageInfo, new_page: Callable[..., Tab], listener: Listener
) -> None:
    """The one-line fields (a number, a parameter count) answer nonsense with a box that quotes it."""
    tab = new_page()
    fields = unfolded(tab.open(info.url_path))
    for index in range(fields.count()):
        if index:
            unfolded(tab.open(info.url_path))  # anew: what is wrong in one field may keep the next ones off the page
        for text in ("<img src=x onerror=hostile=1>", f"![x](http://127.0.0.1:{listener.server_port}/) $x$ :red[x]"):
            fields.nth(index).fill(text)
            fields.nth(index).press("Enter")
            tab.settle(800)
            assert fields.nth(index).input_value() == text
            assert_inert(tab, listener)
            for box in tab.error_boxes():
                assert "Something went wrong" not in box
                assert bare(text)[:24] in bare(box) or "x" not in box


@pytest.mark.fault(7, 8)
def test_the_listener_hears(listener: Listener, new_page: Callable[..., Tab]) -> None:
    """The checks above can fail: a page that does ask is seen by the listener and by the tab's own record."""
    tab = new_page().open()
    tab.page.evaluate(
        f"new Promise(done => {{ const i = new Image(); i.onload = i.onerror = done; "
        f"i.src = 'http://127.0.0.1:{listener.server_port}/heard'; }})"
    )
    assert listener.asked == ["/heard"]
    assert [urlsplit(url).path for url in tab.outside_requests] == ["/heard"]
    listener.asked.clear()
    tab.outside_requests.clear()
    tab.console_errors.clear()
