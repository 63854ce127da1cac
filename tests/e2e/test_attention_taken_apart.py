"""In Chromium: the neuron view, and clicks that choose a cell, a head, a position."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Tab
from tests.e2e.test_attention_views import CONTRAST

pytestmark = pytest.mark.model
HOSTILE = "</script><img src=x onerror=parent.PWNED=1>"


def neurons(tab: Tab) -> Any:
    found = tab.page.frame_locator('[data-testid="stIFrame"]')
    found.locator("#expanded").wait_for()
    return found


def click_point(tab: Tab, chart: str, index: int) -> None:
    """A click on one invisible point of a figure."""
    point = tab.main.locator(f".st-key-{chart} .scatterlayer .points path").nth(index)
    point.wait_for(state="attached")
    point.scroll_into_view_if_needed()
    tab.settle()
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.mouse.move(x + 1, y + 1)
    tab.main.locator(f".st-key-{chart} .hoverlayer .hovertext").first.wait_for()
    tab.page.mouse.click(x + 1, y + 1)
    tab.settle(800)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_neuron_view_shows_a_row_and_follows_the_pointer(theme: str, new_page: Callable[..., Tab]) -> None:
    view = neurons(new_page(theme=theme).open("attention", view="neuron view"))
    tokens = view.locator("#expanded #leftText text.token")
    assert tokens.all_text_contents()[8] == "·it" and tokens.nth(8).evaluate(CONTRAST) > 4.5
    assert view.locator("#expanded #queries .element").count() == 13 * 64
    tokens.nth(8).hover()
    shown = view.locator("#expanded #dotproducts rect").evaluate_all(
        "rects => rects.filter(r => getComputedStyle(r).opacity == 1).length"
    )
    assert shown == 9  # a decoder's "it" sees nine tokens
    strongest = view.locator("#expanded #rightText rect.highlight").evaluate_all(
        "rects => rects.map(r => +r.style.opacity).reduce((best, o, i, all) => o > all[best] ? i : best, 0)"
    )
    assert strongest == 1  # animal
    view.locator("#expanded #keys .element").nth(70).hover()
    assert re.fullmatch(r"-?\d+\.\d{3}", view.locator("#tip").inner_text())
    view.locator("#expanded #leftText g[tabindex]").nth(2).focus()  # by the keyboard
    assert view.locator("#expanded #leftText rect.highlight").nth(2).evaluate("r => r.style.opacity") == "1"


def test_text_stays_text_in_the_neuron_view(new_page: Callable[..., Tab]) -> None:
    tab = new_page(width=390, height=844).open("attention", view="neuron view", text=HOSTILE)
    view = neurons(tab)
    assert tab.page.evaluate("window.PWNED") is None and view.locator("img").count() == 0
    assert tab.main.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_click_in_the_map_takes_another_cell_apart(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("one_weight")
    click_point(tab, "cells", 4 * 5 // 2 + 2)  # row 4 holds five cells
    assert "query=4" in tab.query and "key=2" in tab.query
    assert tab.main.get_by_text("·cross → ·didn").count() == 1


def test_a_click_on_a_head_takes_it_out(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("ablation", show="every head")
    click_point(tab, "head_map", 12 * 9 + 3)
    assert "show" not in tab.query and "layer=12" in tab.query and "head=3" in tab.query
    assert tab.main.get_by_text("The prediction moved by").count() == 1


def test_a_click_on_a_column_follows_that_position(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("logit_lens")
    click_point(tab, "grid", 20 * 5 + 1)
    assert "position=1" in tab.query
    assert tab.main.get_by_text("after ·capital: ·of").count() == 1
