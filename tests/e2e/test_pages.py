"""Every page on a real server: real content, both themes, a phone's width, its experiments, and a cold deep link.

That nothing is asked of another host and the console stays clean is checked by ``new_page`` itself.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from playground.ui import ahead, shell, site
from tests.e2e.conftest import Tab
from tests.server import Server

PAGES = pytest.mark.parametrize("info", site.PAGES, ids=lambda info: info.file)
INSIDE = [info for info in site.PAGES if info.file != "home.py"]
OPENED = {info.url_path: info for info in site.PAGES}
OWN_LINK = f'[data-testid="stPageLink-NavLink"][href*="{shell.BY_LINK}="]'

# Where a page shows what it computed: charts, frames, components, tables, metrics, our own HTML.
CONTENT = ", ".join(
    f'[data-testid^="{name}"]'
    for name in ("stPlotlyChart", "stIFrame", "stBidiComponent", "stTable", "stDataFrame", "stMetric", "stHtml")
)
DIGITS_SHOWN = """elements => elements.filter(e => {
  const frame = e.tagName === 'IFRAME' ? e : e.querySelector('iframe');
  const text = frame ? frame.contentDocument?.body?.textContent : e.textContent;
  const inShadow = [e, ...e.querySelectorAll('*')].map(x => x.shadowRoot?.textContent ?? '').join('');
  const size = e.getBoundingClientRect();
  return size.width > 20 && size.height > 10 && /\\d/.test((text ?? '') + inShadow);
}).length"""


def check(tab: Tab, info: site.PageInfo) -> None:
    """The page is the one asked for, shows numbers, and no error."""
    assert tab.main.locator("h1").first.inner_text() == info.title
    assert tab.error_boxes() == []
    if info.file == "home.py":
        cards = {
            urlsplit(link.get_attribute("href")).path for link in tab.main.get_by_test_id("stPageLink-NavLink").all()
        }
        assert cards >= {page.url_path for page in INSIDE}
    elif info in site.COURSE:
        assert tab.main.locator(CONTENT).evaluate_all(DIGITS_SHOWN) > 0, f"no numbers on {info.file}"


def brightness(tab: Tab) -> float:
    """Of the page's background, 0 to 255."""
    red, green, blue = tab.page.evaluate(
        "getComputedStyle(document.querySelector('.stApp')).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    )
    return (red + green + blue) / 3


@pytest.mark.fault(38)
@PAGES
def test_page_shows_its_example_in_both_themes_and_fits_a_phone(
    info: site.PageInfo, new_page: Callable[..., Tab]
) -> None:
    tab = new_page().open(info.url_path)
    check(tab, info)
    assert brightness(tab) > 200
    tab.page.emulate_media(color_scheme="dark")
    tab.settle()
    check(tab, info)
    assert brightness(tab) < 60
    for width, height in ((640, 400), (390, 844)):  # 1280 × 800 at 200 %; a phone
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.settle()
        check(tab, info)
        for what, element in (("page", "document.scrollingElement"), ("body", "document.querySelector('.stMain')")):
            wide, room = tab.page.evaluate(f"[{element}.scrollWidth, {element}.clientWidth]")
            assert wide <= room, f"the {what} is {wide} px wide on a screen with {room}: {_too_wide(tab)}"


def _too_wide(tab: Tab) -> list[str]:
    found: list[str] = tab.page.evaluate(
        """[...document.querySelectorAll('.stMain *')]
             .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
             .map(e => `${e.tagName}.${e.dataset.testid ?? e.className} ${Math.round(e.getBoundingClientRect().right)}`)
             .slice(0, 8)"""
    )
    return found


# Every card's example is opened without a browser (tests/pages); here one of each kind of input.
@pytest.mark.parametrize(
    "info",
    [site.BY_FILE[f"{name}.py"] for name in ("tokenization", "sampling", "generation", "zero")],
    ids=lambda i: i.file,
)
def test_home_card_opens_its_example(info: site.PageInfo, new_page: Callable[..., Tab]) -> None:
    tab = new_page().open()
    card = tab.main.locator(f'[data-testid="stPageLink-NavLink"][href^="{info.url_path}?"]')
    card.click()
    tab.page.wait_for_url(f"**/{info.url_path}*")
    tab.settle()
    check(tab, info)
    shown = dict(parse_qsl(tab.query))
    assert shown == {key: value for key, value in info.params.items() if key in shown}
    assert tab.main.get_by_text("is not a choice").count() == 0


@pytest.mark.parametrize("info", site.COURSE, ids=lambda info: info.file)
def test_every_experiment_sets_its_page(info: site.PageInfo, new_page: Callable[..., Tab]) -> None:
    tab = new_page().open(info.url_path)
    links = [link.get_attribute("href") for link in tab.main.locator(OWN_LINK).all()]
    here = [href for href in links if urlsplit(href).path == info.url_path]
    assert len(here) >= 2, "a page ends with two or three experiments"
    elsewhere = [href for href in links if href not in here]
    for href in elsewhere + here:
        if urlsplit(tab.page.url).path != f"/{info.url_path}":
            tab.open(info.url_path)
        tab.main.locator(f'[data-testid="stPageLink-NavLink"][href="{href}"]').first.click()
        tab.page.wait_for_url(f"**/{urlsplit(href).path}*")
        tab.settle(800)
        check(tab, OPENED[urlsplit(href).path])
        asked, shown = dict(parse_qsl(urlsplit(href).query, keep_blank_values=True)), dict(parse_qsl(tab.query))
        del asked[shell.BY_LINK]
        wrong = {key: value for key, value in asked.items() if shown.get(key, value) != value}
        assert not wrong, f"{href} shows {shown}"
        assert tab.main.get_by_text("is not a choice").count() == 0


@pytest.mark.parametrize("file", ["tokenization.py", "attention.py"])
def test_a_deep_link_is_the_first_request_of_a_fresh_server(
    file: str, store_ready: None, new_tab: Callable[..., Tab], tmp_path: Path
) -> None:
    info = site.BY_FILE[file]
    with Server(tmp_path / "log.txt") as fresh:
        tab = new_tab(fresh.url).open(info.url_path, text="Deep links work cold.")
        check(tab, info)
        assert tab.page.locator(".st-key-text textarea").input_value() == "Deep links work cold."
        tab.page.close()
        assert "Traceback" not in fresh.log(), fresh.log()


def test_a_first_chart_does_not_wait_for_its_library(new_page: Callable[..., Tab]) -> None:
    tab, asked = new_page(), []
    tab.page.on("requestfinished", lambda request: asked.append(urlsplit(request.url).path.rsplit("/", 1)[-1]))
    tab.open("")
    tab.page.wait_for_function(
        "names => names.every(n => performance.getEntriesByType('resource').some(e => e.name.endsWith(n)))",
        arg=list(ahead.files()),
    )
    asked.clear()
    tab.page.get_by_test_id("stSidebarNavLink").filter(has_text="What sharding costs").click()
    tab.page.wait_for_selector(".js-plotly-plot .main-svg")
    assert not [name for name in asked if name.startswith(ahead.PARTS) and name.endswith(".js")]
