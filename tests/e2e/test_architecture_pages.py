"""The architecture pages in a real browser: a date written step by step, and a model that unfolds."""

from collections.abc import Callable
from urllib.parse import parse_qs

from tests.e2e.conftest import Tab


def test_steps_move_without_the_server_and_rest_in_the_address(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("encoder_decoder", source="May 3, 1999", step="7")
    count, out = tab.page.locator(".count"), tab.page.locator(".out .letter")
    assert count.inner_text() == "step 7 of 11" and out.inner_text() == "5"
    tab.page.get_by_role("button", name="Next step").click()
    assert count.inner_text() == "step 8 of 11" and out.inner_text() == "-"  # at once
    tab.page.wait_for_url("**step=8*")
    tab.settle()
    assert count.inner_text() == "step 8 of 11" and parse_qs(tab.query)["step"] == ["8"]
    tab.page.get_by_label("Step", exact=True).press("Home")
    tab.page.get_by_role("button", name="Play").click()
    tab.page.get_by_text("the end of the sequence: it stops").wait_for(timeout=30_000)
    assert "".join(tab.page.locator(".fed .letter").all_inner_texts()) == "<pad>1999-05-03"
    tab.page.wait_for_url("**step=11*")


def test_a_part_unfolds_by_keyboard(new_page: Callable[..., Tab]) -> None:
    tab = new_page(width=390).open("model_parts", text="one two three")
    part = tab.page.locator("details.mp-attention").first
    part.locator("summary").press("Enter")
    told = part.inner_text()
    assert "softmax(q·kᵀ / √64 + mask)" in told and "[9, 3, 3]" in told and "331,776" in told


def test_no_text_becomes_markup(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("encoder_decoder", source="</script><img src=x onerror=alert(1)>")
    assert tab.page.locator(".source img, .fed img").count() == 0
    tab.open("objectives", objective="masked", text="<img src=x onerror=alert(1)>")
    assert tab.page.locator(".ob-text img").count() == 0
