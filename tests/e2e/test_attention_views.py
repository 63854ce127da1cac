"""The Attention page's views in Chromium: bertviz drawn without a network, both themes, and text that stays text."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from playground.figures import bertviz
from playground.models import store
from tests.core.test_attention import softmax_maps
from tests.e2e.conftest import Tab

pytestmark = pytest.mark.model
HOSTILE = "</script><img src=x onerror=parent.PWNED=1><script>parent.PWNED=1</script>"
# Contrast of the text's colour with the app's background (WCAG 2.1).
CONTRAST = """element => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const luminance = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const app = (window.parent.document || document).querySelector('.stApp');
  const [a, b] = [getComputedStyle(element).fill, window.parent.getComputedStyle(app).backgroundColor].map(luminance);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


def frame(tab: Tab) -> Any:
    """bertviz's frame, drawn."""
    found = tab.page.frame_locator('[data-testid="stIFrame"]')
    found.locator("#vis svg").wait_for()
    return found


def visible_lines(view: Any) -> int:
    shown = "l => getComputedStyle(l).visibility == 'visible' && +l.getAttribute('stroke-opacity') > 0"
    count: int = view.locator("#attention line").evaluate_all(f"lines => lines.filter({shown}).length")
    return count


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_head_view_is_drawn_and_answers_the_pointer(theme: str, new_page: Callable[..., Tab]) -> None:
    view = frame(new_page(theme=theme).open("attention", view="head view"))
    squares, numbers = view.locator("#vis rect[fill-opacity]"), view.locator(".head-number")
    assert squares.count() == numbers.count() == 9
    assert [squares.nth(i).get_attribute("fill-opacity") for i in range(9)] == ["0.2"] * 8 + ["1"]
    labels = view.locator("#left text")
    assert labels.all_text_contents()[8] == "·it"
    assert labels.nth(8).evaluate(CONTRAST) > 4.5 and numbers.nth(0).evaluate(CONTRAST) > 4.5
    one_head = visible_lines(view)
    assert 0 < view.locator("#attention line").count() <= 13 * 14 // 2  # none for the heads switched off
    labels.nth(8).hover()
    assert 0 < visible_lines(view) <= 9 < one_head  # "it" sees nine tokens
    assert view.locator('#attention line[visibility="visible"]').first.get_attribute("left-token-index") == "8"
    view.locator(".head-number").nth(0).hover(force=True)
    squares.nth(0).click()
    assert visible_lines(view) > one_head
    squares.nth(8).dblclick()
    squares.nth(8).dblclick()
    assert squares.nth(3).get_attribute("fill-opacity") == "1"


def test_head_view_follows_the_theme_without_a_rerun(new_page: Callable[..., Tab]) -> None:
    tab = new_page(theme="light").open("attention", view="head view")
    label = frame(tab).locator("#left text").first
    light = label.evaluate("e => getComputedStyle(e).fill")
    tab.page.emulate_media(color_scheme="dark")
    tab.settle(1_000)
    assert label.evaluate("e => getComputedStyle(e).fill") != light
    assert label.evaluate(CONTRAST) > 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_model_view_enlarges_a_thumbnail(theme: str, new_page: Callable[..., Tab]) -> None:
    view = frame(new_page(theme=theme).open("attention", view="model view", model="minilm-l6"))
    assert view.locator(".attn_background").count() == 6 * 12
    assert view.locator("#vis svg text").first.evaluate(CONTRAST) > 4.5
    assert view.locator(".detail text").count() == 0
    view.locator("#attn_background_0_2").hover(force=True)
    view.locator("rect").filter(has=view.locator("title", has_text="Layer 0, head 2")).first.click(force=True)
    assert view.locator("text.detail").all_text_contents() == ["Layer 0, Head 2"]
    token = view.locator("text.token").nth(1)
    assert token.text_content() == "the" and token.evaluate(CONTRAST) > 4.5


@pytest.mark.parametrize("view", ["heatmap", "head view", "model view", "overview"])
@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
def test_text_stays_text(view: str, model: str, new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("attention", view=view, model=model, text="<img src=x onerror=PWNED=1></script>")
    assert tab.error_boxes() == []
    assert tab.page.evaluate("window.PWNED") is None
    assert tab.main.locator("img").count() == 0
    if view in ("head view", "model view"):
        assert frame(tab).locator("img").count() == 0
    if view == "head view":
        assert "</script>" in "".join(frame(tab).locator("#left text").all_text_contents())
    if view == "heatmap":
        assert "</script>" in "".join(tab.main.locator(".ytick").all_text_contents())


@pytest.mark.parametrize("draw", [bertviz.head_view, bertviz.model_view])
def test_a_token_that_is_html_stays_a_label(draw: Callable[..., str], new_page: Callable[..., Tab]) -> None:
    """No vocabulary here has such a token; one with added tokens may."""
    d3 = (store.ensure("d3") / "d3.min.js").read_text(encoding="utf-8")
    jquery = (store.ensure("jquery") / "jquery.min.js").read_text(encoding="utf-8")
    html = draw(softmax_maps(1, 1, 2, 2, False), [HOSTILE, "b"], d3=d3, jquery=jquery)
    tab = new_page().open("attention")
    tab.page.evaluate(
        """html => new Promise(drawn => {
          const frame = document.createElement('iframe');
          frame.id = 'mine'; frame.srcdoc = html; frame.onload = drawn;
          document.body.append(frame);
        })""",
        html,
    )
    mine = tab.page.frame_locator("#mine")
    mine.locator("#vis svg").wait_for(state="attached")
    assert tab.page.evaluate("window.PWNED") is None
    assert mine.locator("img").count() == 0
    assert f"0: {HOSTILE}" in mine.locator("title").all_text_contents() or draw is bertviz.model_view


def test_the_frame_can_ask_for_nothing(new_page: Callable[..., Tab]) -> None:
    """Even if a script got in: its page's policy allows no request."""
    tab = new_page().open("attention", view="head view")
    inside = next(f for f in tab.page.frames if f != tab.page.main_frame)
    refused = inside.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.name)")
    assert refused == "TypeError"
    assert not tab.outside_requests
    tab.console_errors = [e for e in tab.console_errors if "Content Security Policy" not in e]


def test_a_click_in_the_overview_chooses_the_head(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("attention", view="overview")
    point = tab.main.locator(".stPlotlyChart .scatterlayer .points path").nth(16 * 9)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1)
    tab.main.locator(".hoverlayer .hovertext").wait_for()
    assert "a previous-token head" in tab.main.locator(".hoverlayer .hovertext").text_content()
    tab.page.mouse.click(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1)
    chosen = tab.main.get_by_text(re.compile("^Layer 16, head 0"))
    chosen.wait_for()
    tab.settle()
    assert "layer=16" in tab.query and "head=0" in tab.query
    tab.page.get_by_text("heatmap", exact=True).click()
    tab.settle()
    assert chosen.count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_heatmap_shows_its_numbers(theme: str, new_page: Callable[..., Tab]) -> None:
    tab = new_page(theme=theme).open("attention")
    printed = tab.main.locator(".stPlotlyChart .textpoint text")
    assert printed.count() == 13 * 14 // 2
    weak = printed.filter(has_text=".01").first
    assert weak.evaluate(CONTRAST) > 4.5  # a cell of 0.01 is as good as the page's background
    cells = tab.main.locator(".stPlotlyChart .heatmaplayer image").bounding_box()
    tab.page.mouse.move(cells["x"] + cells["width"] * 1.5 / 13, cells["y"] + cells["height"] * 8.5 / 13)
    hover = tab.main.locator(".hoverlayer .hovertext")
    hover.wait_for()
    text = hover.text_content()
    assert "·it → ·animal" in text and "position 8 → 1" in text and "weight 0.7" in text


@pytest.mark.fault(38)
@pytest.mark.parametrize("view", ["heatmap", "head view", "model view", "overview"])
def test_no_sideways_scroll_on_a_phone(view: str, new_page: Callable[..., Tab]) -> None:
    tab = new_page(width=390, height=844).open("attention", view=view)
    assert tab.main.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert tab.error_boxes() == []


def test_a_long_text_falls_back_and_says_so(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("attention", view="head view", text="dog " * 300)
    assert tab.main.get_by_text("showing the heatmap").count() == 1
    assert tab.page.locator('[data-testid="stIFrame"]').count() == 0
    assert tab.main.locator(".heatmaplayer image").count() == 1


def test_the_map_is_saved_as_a_picture_and_as_a_page(new_page: Callable[..., Tab], tmp_path: Path) -> None:
    tab = new_page().open("attention")
    tab.main.locator(".stPlotlyChart").hover()
    with tab.page.expect_download() as saved:
        tab.main.locator(".modebar-btn").click()
    assert saved.value.suggested_filename == "attention-layer-13-head-8.png"
    tab.open("attention", view="head view", counted="no-sink")
    with tab.page.expect_download() as saved:
        tab.main.get_by_role("button", name="HTML").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    tab.page.goto(file.as_uri())  # alone, without the app and without a network
    tab.page.locator("#vis svg #attention line").first.wait_for(state="attached")
    assert tab.page.locator("#left text").all_text_contents()[0] == "·animal"


def test_a_head_is_chosen_in_the_map_of_scores_and_in_the_table(new_page: Callable[..., Tab]) -> None:
    tab = new_page(height=1400).open("heads")
    box = tab.main.locator(".stPlotlyChart").first.locator(".scatterlayer .points path").nth(16 * 9).bounding_box()
    tab.page.mouse.move(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1)
    tab.main.locator(".hoverlayer .hovertext").wait_for()
    tab.page.mouse.click(box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1)
    tab.main.get_by_text(re.compile("^Layer 16, head 0 puts")).wait_for()
    tab.settle()
    assert "chosen=16.0" in tab.query
    table = tab.main.locator('[data-testid="stDataFrame"]')
    table.scroll_into_view_if_needed()
    corner = table.bounding_box()
    tab.page.mouse.click(corner["x"] + 18, corner["y"] + 35 + 17)  # the first row's box, below the header
    tab.main.get_by_text(re.compile("^Layer 18, head 6 puts")).wait_for()
    tab.main.get_by_role("link", name="Open it on the Attention page").click()
    tab.settle()
    assert "/attention" in tab.page.url and "layer=18" in tab.query and "head=6" in tab.query
