"""The stepper and the four rows in Chromium: clicks, keys, playing, and what the address says afterwards."""

from collections.abc import Callable

import pytest

from tests.e2e.conftest import Tab

pytestmark = [pytest.mark.e2e, pytest.mark.model]


def test_a_click_on_a_token_lights_its_bytes_and_is_in_the_address(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("tokenization", text="Hi 😀", tokenizers="gpt2", step="bytes")
    tokens = tab.page.locator(".strip .token")
    assert tokens.count() == 3
    tokens.nth(2).click()
    tab.settle()
    assert "token=2" in tab.page.url
    assert tab.page.locator(".strip .byte.on").all_inner_texts() == ["80"]
    assert tab.page.locator(".strip b.on").all_inner_texts() == ["😀"]
    assert tab.page.locator(".strip [aria-selected=true]").count() == 1
    assert tab.main.get_by_text("Its bytes are no whole character").count() == 1
    tokens.nth(2).press("ArrowLeft")
    tab.settle()
    assert "token=2" not in tab.page.url  # 1 is where the page starts
    assert tab.page.locator(".strip .byte.on").all_inner_texts() == ["20", "F0", "9F", "98"]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_token_is_cut_off_without_a_word(new_page: Callable[..., Tab], width: int) -> None:
    """The box once ended exactly above the last row's tokens: its characters were there, its token was not."""
    tab = new_page(width=width).open("tokenization")
    strip, last, further = (tab.page.locator(name) for name in (".strip", ".strip .token >> nth=-1", ".further"))
    assert tab.page.locator(".strip .token").count() == 43
    ends = [one.evaluate("e => e.getBoundingClientRect().bottom") for one in (last, strip)]
    assert further.is_visible() == (ends[0] > ends[1]) == (width == 390)
    strip.evaluate("e => e.scrollTo(0, e.scrollHeight)")
    further.wait_for(state="hidden")
    ends = [one.evaluate("e => e.getBoundingClientRect().bottom") for one in (last, strip)]
    assert ends[0] <= ends[1]


def test_the_stepper_steps_explains_plays_and_stops(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("merges", word="unhappiness")
    stepper = tab.page.locator(".stepper").first
    where, say = stepper.locator("output"), stepper.locator(".say")
    assert where.inner_text() == "merge 1 of 8"
    assert say.inner_text().startswith("Merge 1: i + n → in.")
    stepper.locator(".gap").first.click()
    assert "u + n has rank 147" in stepper.locator(".why").inner_text()
    stepper.get_by_label("Next step").click()
    assert where.inner_text() == "merge 2 of 8"
    tab.page.wait_for_function("location.search.includes('merge=1')")
    play = stepper.locator(".play")
    play.click()
    tab.page.wait_for_function("document.querySelector('.stVerticalBlock') !== null")
    assert "Stop" in play.inner_text()
    play.click()
    assert "Play" in play.inner_text()
    stopped = where.inner_text()
    tab.page.wait_for_timeout(1500)
    assert where.inner_text() == stopped
    stepper.get_by_role("slider").press("End")
    assert where.inner_text() == "done"
    assert [cell.strip() for cell in stepper.locator(".cell .under").all_inner_texts()] == ["403", "71", "42661"]
    play.click()  # from the end it starts again
    tab.page.wait_for_timeout(300)
    assert where.inner_text() != "done"
    play.click()
    tab.page.wait_for_function("!location.search.includes('merge=8')")


def test_counter_and_chips_agree_and_a_chip_leads_to_its_step(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("merges", word="antidisestablishmentarianism")
    for place, noun in enumerate(("merge", "piece")):
        stepper = tab.page.locator(".stepper").nth(place)
        chips, where = stepper.locator(".history button"), stepper.locator("output")
        count = chips.count() - 1
        assert where.inner_text() == f"{noun} 1 of {count}"
        chips.nth(count - 1).click()
        assert where.inner_text() == f"{noun} {count} of {count}"
        assert chips.nth(count - 1).locator("small").inner_text() == str(count)
        chips.nth(count).click()
        assert where.inner_text() == chips.nth(count).inner_text().strip() == "done"
    chips.first.click()
    assert stepper.locator(".tried code").all_inner_texts()[-1] == "antid"
    tab.settle()


@pytest.mark.parametrize(
    ("word", "width", "wider"),
    [("unhappiness", 1280, False), ("unhappiness", 390, True), ("antidisestablishmentarianism", 1280, True)],
)
def test_a_wide_lattice_says_that_it_goes_on(new_page: Callable[..., Tab], word: str, width: int, wider: bool) -> None:
    lattice = new_page(width=width).open("merges", word=word).page.locator(".lp-lattice")
    assert lattice.locator(".lp-scroll").evaluate("e => e.scrollWidth > e.clientWidth") == wider
    assert lattice.locator(".lp-cue").is_visible() == wider
    heights = lattice.locator(".lp-scroll span").evaluate_all("all => all.map(e => e.clientHeight)")
    assert max(heights) < 1.5 * min(heights)  # nothing wraps within a box
    cut = lattice.locator(".lp-scroll span").evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth + 1)")
    assert not cut


def test_a_hostile_word_is_text(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("merges", word="<img src=x onerror=alert(1)>")
    assert tab.page.locator(".stepper img").count() == 0
    assert tab.page.locator(".stepper .cell").first.inner_text().startswith("<")
