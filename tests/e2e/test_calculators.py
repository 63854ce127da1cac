"""The calculators in a real browser: a bit flipped by a click, a slider that moves the answer, links between pages."""

from collections.abc import Callable

from tests.e2e.conftest import Tab


def expect_input(tab: Tab, label: str, value: str) -> None:
    from playwright.sync_api import expect

    expect(tab.page.get_by_label(label, exact=True)).to_have_value(value)


def test_a_click_flips_a_bit_and_the_address_follows(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("formats", dtype="fp8-e4m3")
    tab.page.get_by_role("button", name="mantissa bit 3 of 3").click()
    expect_input(tab, "Number", "3")
    tab.page.get_by_role("button", name="sign bit 1 of 1").click()
    expect_input(tab, "Number", "-3")
    tab.settle()
    assert "value=-3" in tab.query and tab.error_boxes() == []


def test_a_number_that_is_none_is_explained_and_can_be_mended(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("formats")
    tab.type_text("Number", "<img src=x onerror=alert(1)>")
    assert "is not a number" in tab.error_boxes()[0]
    tab.type_text("Number", "1/3")
    assert tab.error_boxes() == [] and "0.3333" in tab.main.inner_text()


def test_the_model_chosen_for_memory_is_there_for_zero(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("memory", model="llama-2-7b", task="training")
    tab.page.get_by_role("link", name="ZeRO").first.click()
    tab.settle()
    assert "6,738,415,616" in tab.main.inner_text()
