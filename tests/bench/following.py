"""From the instructor's act to one student's picture, each in a browser: ``python -m tests.bench.following [ROUNDS]``.

A class has a machine each; here the two browsers and the server share one, so what is measured is an upper bound.
tests/e2e/test_rooms.py takes the same times with three students in browsers, tests/load/followers.py with thirty on
websockets.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.ratios import record
from tests.e2e.conftest import FLAGS, Tab
from tests.e2e.test_rooms import THUMB, TITLE, button, times
from tests.server import Server

PAGES = ("Memory", "What sharding costs", "Scaling laws")  # no model, other figures on each


def main() -> None:
    """Print median and slowest of pages and of slider moves, and write them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    took: dict[str, list[float]] = {"page": [], "slider": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        Server(Path(folder) / "log.txt") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        teacher, student = (Tab(browser.new_context().new_page(), server.url) for _ in range(2))
        for page in ("memory", "zero_cost", "scaling", "room"):  # everything is read once before the clock runs
            teacher.open(page)
        button(teacher, "Open a room").click()
        teacher.page.wait_for_selector(".lp-code")
        student.open("room", code=teacher.page.locator(".lp-code").inner_text().replace(" ", ""))
        button(student, "Join").click()
        student.page.wait_for_selector(".st-key-roombar")
        value = 40  # per cent of the peak, where the slider begins
        for _ in range(rounds):
            for page in PAGES:
                link = teacher.page.get_by_test_id("stSidebarNavLink").filter(has_text=page).first
                took["page"] += times([student], TITLE.format(page), link.click)
                teacher.settle()
                student.settle()
                if page == "What sharding costs":
                    slider = teacher.page.locator(".st-key-used").get_by_role("slider")
                    slider.focus()
                    for _ in range(2):
                        value += 5
                        moved = f"document.querySelector('{THUMB}')?.value === '{value}'"
                        took["slider"] += times([student], moved, lambda s=slider: s.press("ArrowRight"))
                        teacher.settle()
        browser.close()
    record("following", "from the instructor's act to the student's picture, two browsers and the server", took, {})


if __name__ == "__main__":
    main()
