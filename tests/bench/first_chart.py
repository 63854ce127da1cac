"""A new browser's first chart, with and without fetching ahead: ``python -m tests.bench.first_chart``.

A reader opens the home page, reads for three seconds, and clicks a page with a chart; taken is the time from the click
to the drawn chart. Each time in a new browser profile, whose cache is empty.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.ratios import ratio, record
from tests.e2e.conftest import FLAGS, Tab
from tests.server import Server

READS_S = 3.0
WITHOUT = "window.__ahead = true"  # as if playground/ui/ahead.js had run already


def main() -> None:
    """Print both, and how many times faster, and write them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    took: dict[str, list[float]] = {"fetched ahead": [], "fetched when asked for": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "log.txt") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for name in (name for _ in range(rounds) for name in took):
            context = browser.new_context()
            if name == "fetched when asked for":
                context.add_init_script(WITHOUT)
            tab = Tab(context.new_page(), server.url).open("")
            time.sleep(READS_S)
            link = tab.page.get_by_test_id("stSidebarNavLink").filter(has_text="What sharding costs").first
            begin = time.perf_counter()
            link.click()
            tab.page.wait_for_selector(".js-plotly-plot .main-svg")
            took[name].append(time.perf_counter() - begin)
            context.close()
        browser.close()
    faster = {"when asked for / ahead": ratio(took["fetched when asked for"], took["fetched ahead"])}
    record("first_chart", "from the click to the chart, in a new browser profile", took, faster)


if __name__ == "__main__":
    main()
