"""A real server and a real browser.

``server``    the app on a free port, one for the whole run, its log kept
``browser``   Chromium, headless; its resolver knows no host but this machine
``new_page``  ``new_page(theme="dark", width=390)`` opens a :class:`Tab`, which records console errors and every
              request that leaves the server's origin; the test fails at its end where there were any

Without Chromium these tests are skipped with the reason, unless ``LLM_PLAYGROUND_REQUIRE_BROWSER`` is set (as in CI).
"""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.server import Server

SETTLED_MS = 90_000  # a cold model load on two busy cores
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
# Opened at /memory, Streamlit's client asks whether the app's root is /memory before it tries /: two 404s by design.
_PROBES = ("/_stcore/health", "/_stcore/host-config")


class Tab:
    """One browser page on the server, and what went wrong in it."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.base = base
        self.console_errors: list[str] = []
        self.outside_requests: list[str] = []
        page.on("console", lambda message: message.type == "error" and self._console(message))
        page.on("pageerror", lambda error: self.console_errors.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._seen(request.url))
        page.on("websocket", lambda socket: self._seen(socket.url))

    def _console(self, message: Any) -> None:
        path = urlsplit(message.location.get("url", "")).path
        if path.count("/") > 2 and path.endswith(_PROBES):
            return
        self.console_errors.append(f"{message.text} [{message.location.get('url', '')}]")

    def _seen(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != urlsplit(self.base).netloc:
            self.outside_requests.append(url)

    def open(self, path: str = "", **params: str) -> "Tab":
        """Load a page of the app by its address and wait until it stands still."""
        query = f"?{urlencode(params)}" if params else ""
        self.page.goto(f"{self.base}/{path}{query}", wait_until="domcontentloaded")
        self.page.wait_for_selector('[data-testid="stAppViewContainer"]', timeout=SETTLED_MS)
        return self.settle()

    def settle(self, quiet_ms: int = 400) -> "Tab":
        """Wait until the script is not running and the page has not changed for ``quiet_ms`` from now on."""
        self.page.evaluate("window.__changed = performance.now()")
        self.page.wait_for_function(_STANDS_STILL, arg=quiet_ms, timeout=SETTLED_MS, polling=50)
        return self

    def type_text(self, label: str, value: str) -> "Tab":
        """Replace the text in the labelled field and commit it."""
        field = self.page.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Control+Enter" if field.evaluate("e => e.tagName") == "TEXTAREA" else "Enter")
        return self.settle()

    @property
    def main(self) -> Any:
        """The page's body, without the sidebar."""
        return self.page.locator('[data-testid="stMain"]')

    @property
    def query(self) -> str:
        """The address's query, as it stands."""
        return urlsplit(self.page.url).query

    def error_boxes(self) -> list[str]:
        """Texts of the error and exception boxes on the page."""
        boxes = '[data-testid="stException"], [data-testid="stAlertContentError"]'
        return [box.inner_text() for box in self.page.locator(boxes).all()]

    def assert_clean(self) -> None:
        """No console error, and nothing asked of another host."""
        assert not self.outside_requests, f"requests left {self.base}: {self.outside_requests}"
        assert not self.console_errors, f"console errors: {self.console_errors}"


# True once the app is connected, its script is not running, and the DOM has been still for `quiet` milliseconds.
_STANDS_STILL = """quiet => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app) return false;
  if (!window.__watch) {
    window.__changed = performance.now();
    window.__watch = new MutationObserver(() => { window.__changed = performance.now(); });
    window.__watch.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  }
  const idle = app.getAttribute('data-test-script-state') === 'notRunning'
    && app.getAttribute('data-test-connection-state') === 'CONNECTED';
  const waiting = document.querySelector(
    '[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-stale="true"]');
  if (!idle || waiting) { window.__changed = performance.now(); return false; }
  return performance.now() - window.__changed > quiet;
}"""


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Chromium's path; without one the browser tests are skipped, or fail where they are required."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "Chromium is not installed: install the package chromium to run the browser tests"
        if os.environ.get("LLM_PLAYGROUND_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def server(chromium_path: str, store_ready: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, served for the whole run; it must not have logged a traceback at the end."""
    with Server(tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running
        log = running.log()
    assert "Traceback" not in log, log


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Any]:
    """One Chromium for the whole run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium_path, headless=True, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def profile(browser: Any) -> Any:
    """One browser profile for the whole run, so that the app's scripts are loaded once."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    return context


@pytest.fixture
def new_tab(profile: Any) -> Iterator[Callable[..., Tab]]:
    """``new_tab(url)`` opens a tab, a session of its own; all must be clean when the test ends."""
    tabs: list[Tab] = []

    def opened(base: str, theme: str = "light", width: int = 1280, height: int = 900) -> Tab:
        page = profile.new_page()
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": height})
        tabs.append(Tab(page, base))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.close()
    profile.clear_cookies()
    for tab in tabs:
        tab.assert_clean()


@pytest.fixture
def new_page(server: Server, new_tab: Callable[..., Tab]) -> Callable[..., Tab]:
    """``new_page(theme="dark", width=390)`` opens a tab on the app."""
    return partial(new_tab, server.url)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder carries the marker ``e2e``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
