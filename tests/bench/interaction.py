"""From a key on a slider to the complete picture, on each calculator page: ``python -m tests.bench.interaction``.

The first slider of each page, moved to and fro; the clock stops at the last change of what the page draws. Beside it a
plain Streamlit slider over one plotly chart (sampling_plotly_app.py), which waits for the same fifth of a second that
Streamlit gives a key to be followed by another. Last, a prompt: from Ctrl+Enter to the model's distribution of the next
token. Chromium and the server share this machine.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from playground.ui import site
from tests.bench.ratios import record
from tests.e2e.conftest import FLAGS, Tab
from tests.server import ROOT, Server

SECTIONS = ("Numbers", "Many GPUs", "Scale")
PROMPTS = ("The capital of Italy is", "Two plus two makes", "Once upon a time there was a", "The sun is a", "My cat is")
PLAIN = "a plain slider and a plotly chart"

# Notes when a key was pressed and when the page last changed what it shows, in itself or in a component.
WATCH = """() => {
  const seen = window.seen = {pressed: 0, changed: 0};
  addEventListener('keydown', () => { seen.pressed = performance.now(); }, true);
  const watcher = new MutationObserver(() => { seen.changed = performance.now(); });
  const what = {subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ['d', 'points', 'transform', 'style', 'src']};
  const watch = (root) => {
    watcher.observe(root, what);
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) watch(each.shadowRoot);
  };
  watch(document.querySelector('[data-testid=stMain]'));
}"""


def press(tab: Tab, on: Any, key: str) -> float:
    """Milliseconds from the key to the page's last change."""
    tab.settle()
    tab.page.evaluate(WATCH)
    on.press(key)
    tab.page.wait_for_timeout(300)  # Streamlit waits for a next key, then runs
    tab.settle()
    seen = tab.page.evaluate("window.seen")
    if seen["changed"] <= seen["pressed"]:
        raise RuntimeError(f"{key} changed nothing on {tab.page.url}")
    return float(seen["changed"] - seen["pressed"])


def slider_times(tab: Tab, rounds: int) -> list[float]:
    """Of the page's first slider that can be moved, in seconds; empty where there is none."""
    slider = tab.main.locator('[data-testid="stSlider"]:visible').get_by_role("slider").first
    if not slider.count():
        return []
    slider.focus()
    last = slider.evaluate("e => (e.value ?? e.ariaValueNow) === (e.max || e.ariaValueMax)")
    keys = ["ArrowLeft", "ArrowRight"] if last else ["ArrowRight", "ArrowLeft"]
    press(tab, slider, keys[0])
    press(tab, slider, keys[1])
    return [press(tab, slider, keys[i % 2]) / 1e3 for i in range(rounds)]


def main() -> None:
    """Print a line a page, and write them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        script = ROOT / "tests" / "bench" / "sampling_plotly_app.py"
        with Server(Path(folder) / "plain.txt", script=script, env={"PYTHONPATH": str(ROOT)}) as plain:
            taken[PLAIN] = slider_times(Tab(browser.new_page(), plain.url).open(), rounds)
        with Server(Path(folder) / "log.txt") as server:
            tab = Tab(browser.new_page(), server.url)
            for info in site.PAGES:
                if info.section in SECTIONS:
                    times = slider_times(tab.open(info.url_path), rounds)
                    taken |= {info.title: times} if times else {}
            tab.open("sampling")
            field = tab.page.locator(".st-key-text textarea")
            prompts = []
            for prompt in PROMPTS:
                field.fill(prompt)
                prompts.append(press(tab, field, "Control+Enter") / 1e3)
            taken["a prompt's distribution"] = prompts
        browser.close()
    plainly = statistics.median(taken[PLAIN])
    against = {
        f"{page} / plain": dict(
            zip(("median", "least", "most"), (f(times) / plainly for f in (statistics.median, min, max)), strict=True)
        )
        for page, times in taken.items()
        if page != PLAIN
    }
    record("interaction", "from a key to the complete picture, in Chromium", taken, against)


if __name__ == "__main__":
    main()
