"""A lesson in the browser: by button and by key, off and back again, one entry in the history a step; links and QR."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from tests.e2e.conftest import Tab

DOCK, NEXT = ".st-key-lesson", '[class*="st-key-lesson-next"] a'
SEEN = f"{NEXT}:visible"  # on a phone Streamlit has a second, hidden one


def at(tab: Tab) -> tuple[str, str]:
    """The page and the step that the address tells of."""
    return urlsplit(tab.page.url).path.strip("/"), dict(parse_qsl(tab.query)).get("lesson", "")


def test_a_lesson_by_button_by_key_off_and_back(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("lessons")
    tab.main.get_by_role("link", name="Start: 6 steps").last.click()  # sharding: no model is needed
    tab.page.wait_for_url("**lesson=sharding.1*")
    tab.settle()
    assert at(tab) == ("memory", "sharding.1")
    dock = tab.page.locator(DOCK)
    assert "step 1 of 6" in dock.inner_text() and "Back" not in dock.inner_text()
    tab.page.locator(NEXT).first.click()
    tab.page.wait_for_url("**lesson=sharding.2*")
    tab.settle()
    assert at(tab) == ("zero", "sharding.2") and "gpus=8" in tab.query
    for key, page, step in (("ArrowRight", "zero", 3), ("n", "zero", 4), ("ArrowLeft", "zero", 3), ("p", "zero", 2)):
        tab.page.keyboard.press(key)
        tab.page.wait_for_url(f"**lesson=sharding.{step}*")
        tab.settle()
        assert at(tab) == (page, f"sharding.{step}")
    tab.page.go_back()
    tab.page.wait_for_url("**lesson=sharding.3*")  # one entry a step
    tab.settle()
    assert "step 3 of 6" in dock.inner_text()
    tab.page.get_by_role("slider").first.focus()
    tab.page.keyboard.press("ArrowRight")  # a control has the focus: the key is its own
    tab.settle()
    assert at(tab) == ("zero", "sharding.3") and "gpus=9" in tab.query
    dock.get_by_role("link", name="Back to the step").click()
    tab.page.wait_for_url("**gpus=8*")
    tab.settle()
    assert at(tab) == ("zero", "sharding.3") and "Back to the step" not in dock.inner_text()
    tab.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Memory", exact=True).click()
    tab.page.wait_for_url("**/memory*")
    tab.settle()
    assert at(tab) == ("memory", "sharding.3")
    tab.page.locator(".st-key-lesson-leave button:visible").click()
    tab.settle()
    assert at(tab) == ("memory", "") and dock.count() == 0


def test_the_dock_leaves_room_on_a_phone(new_page: Callable[..., Tab]) -> None:
    tab = new_page(theme="dark", width=390, height=844).open("zero", gpus="8", stage="3", lesson="sharding.4")
    dock = tab.page.locator(DOCK)
    dock.get_by_text("Does it fit a card of 80 GB?").click()
    tab.settle()
    box = dock.bounding_box()
    assert box and box["height"] < 0.5 * 844 and box["width"] <= 390
    assert tab.page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert dock.get_by_text("An H200 holds it").is_visible()


def under_the_top(tab: Tab, selector: str) -> float:
    """How far below the page's upper edge an element stands, in pixels."""
    return float(tab.page.locator(selector).first.evaluate("e => e.getBoundingClientRect().top"))


def test_what_a_step_speaks_of_is_brought_to_the_top_and_stays_where_the_reader_puts_it(
    new_page: Callable[..., Tab],
) -> None:
    tab = new_page().open("zero", model="llama-3.1-70b", gpus="8", stage="0", lesson="sharding.2")
    columns = ".st-key-stages"
    tab.page.wait_for_function(
        "Math.abs(document.querySelector('.st-key-stages').getBoundingClientRect().top - 56) < 8"
    )
    tab.settle()
    tab.page.wait_for_timeout(4_000)  # it is looked for again while figures grow
    assert abs(under_the_top(tab, columns) - 56) < 8
    tab.page.mouse.move(800, 300)
    tab.page.mouse.wheel(0, -2_000)
    tab.page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop === 0")
    tab.page.get_by_role("slider").first.focus()
    tab.page.keyboard.press("ArrowRight")  # the reader works: the page stays
    tab.settle()
    tab.page.wait_for_timeout(1_000)
    assert tab.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") < 200


def test_on_a_phone_the_step_folds_to_its_head_and_nothing_there_moves(new_page: Callable[..., Tab]) -> None:
    tab = new_page(width=390, height=844).open("zero", model="llama-3.1-70b", gpus="8", stage="0", lesson="sharding.2")
    dock, fold = tab.page.locator(DOCK), tab.page.locator(".st-key-lesson-fold button:visible")
    tab.page.locator(SEEN).wait_for()
    fold.wait_for()
    head = tab.page.locator(".st-key-lesson-head").bounding_box()
    on = tab.page.locator(SEEN).bounding_box()
    assert head and on
    fold.click()
    dock.get_by_text("each one keeps everything").wait_for(state="detached")
    tab.settle()
    folded, still = dock.bounding_box(), tab.page.locator(SEEN).bounding_box()
    assert folded and folded["height"] < 130 and still and abs(still["x"] - on["x"]) < 2
    tab.page.locator(SEEN).click()
    tab.page.wait_for_url("**lesson=sharding.3*")
    dock.get_by_text("Stage 1 cuts the optimizer").wait_for()
    tab.settle()
    after, there = tab.page.locator(".st-key-lesson-head").bounding_box(), tab.page.locator(SEEN).bounding_box()
    assert after and there and abs(after["height"] - head["height"]) < 2 and abs(there["x"] - on["x"]) < 2


def test_a_link_is_copied_shown_as_a_code_and_a_text_is_taken_along(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("tokenization", text="Taken & told?")
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.locator(".st-key-share button").first.click()
    tab.page.get_by_role("button", name="Copy the link").click()
    tab.page.get_by_text("Copied.").wait_for()
    assert tab.page.evaluate("navigator.clipboard.readText()") == tab.page.url
    code = tab.page.locator("img.qr")
    assert code.evaluate("image => image.naturalWidth > 100 && image.getBoundingClientRect().width > 100")
    tab.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as over plain http
    tab.page.evaluate("window.copied = ''; document.addEventListener('copy', () => { window.copied = 'the old way'; })")
    tab.page.get_by_role("button", name="Copy the link").click()
    tab.page.wait_for_function("window.copied === 'the old way'")

    tab.page.get_by_text("Large type", exact=True).click()
    tab.page.wait_for_function("parseFloat(getComputedStyle(document.documentElement).fontSize) > 20")
    tab.page.keyboard.press("Escape")
    tab.settle()
    tab.page.reload()
    tab.settle()
    tab.page.wait_for_function("parseFloat(getComputedStyle(document.documentElement).fontSize) > 20")

    tab.page.locator(".st-key-take-text button").first.click()
    tab.page.get_by_test_id("stPopoverBody").get_by_role("link", name="Special tokens and chat").click()
    tab.page.wait_for_url("**/chat*")
    tab.settle()
    assert tab.page.locator(".st-key-text textarea").input_value() == "Taken & told?"
    assert tab.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 20
