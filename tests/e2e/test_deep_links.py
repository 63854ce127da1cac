"""The address is the state: links, the Back button, and what is carried from page to page (playground/ui/inputs.py)."""

import ast
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Tab
from tests.server import ROOT, Server


@pytest.fixture(scope="module")
def linked(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two pages with the same inputs, two examples, and links that set them (linked_app.py)."""
    log = tmp_path_factory.mktemp("linked") / "log.txt"
    with Server(log, script=ROOT / "tests" / "e2e" / "linked_app.py") as running:
        yield running
    assert "Traceback" not in running.log(), running.log()


@pytest.fixture
def tab(linked: Server, new_tab: Callable[..., Tab]) -> Tab:
    return new_tab(linked.url)


def state(tab: Tab) -> dict[str, Any]:
    """What the page's script got from its inputs."""
    shown: dict[str, Any] = ast.literal_eval(tab.main.locator('[data-testid="stCode"]').inner_text())
    return shown


def address(tab: Tab) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(tab.query, keep_blank_values=True).items()}


def menu(tab: Tab, name: str) -> None:
    tab.page.locator('[data-testid="stSidebarNav"]').get_by_text(name, exact=True).click()
    tab.page.wait_for_url(f"**/{'' if name == 'first' else name}*")
    if name in ("first", "second"):  # both show the same state: wait for the page itself, however busy the machine
        tab.main.get_by_text(f"This is {name}.").wait_for()
    tab.settle(800)


def click(tab: Tab, name: str) -> None:
    tab.main.get_by_text(name, exact=True).click()
    tab.settle(800)


def back(tab: Tab) -> None:
    tab.page.go_back()
    tab.settle(800)


EXAMPLE = {"text": "first example", "model": "small", "stage": 2, "value": "pi", "level": 3}


def test_no_parameters_show_the_example_and_stay_out_of_the_address(tab: Tab) -> None:
    tab.open()
    assert state(tab) == EXAMPLE
    assert address(tab) == {}


def test_a_link_opens_its_state(tab: Tab) -> None:
    tab.open("second", text="né ≠ 你好 👩‍🚀 &=+#%", model="huge", stage="0", value="7.5B", level="9")
    expected = {"text": "né ≠ 你好 👩‍🚀 &=+#%", "model": "huge", "stage": 0, "value": "7.5B", "level": 9}
    assert state(tab) == expected
    assert address(tab) == {key: str(value) for key, value in expected.items()}


def test_what_is_typed_and_chosen_is_in_the_address(tab: Tab) -> None:
    tab.open().type_text("Text", "mine").type_text("Value", "1e-3")
    tab.main.get_by_test_id("stButtonGroup").get_by_text("3", exact=True).click()
    tab.settle()
    assert state(tab) == {**EXAMPLE, "text": "mine", "value": "1e-3", "stage": 3}
    assert address(tab) == {"text": "mine", "value": "1e-3", "stage": "3"}
    opened_again = address(tab)
    tab.page.reload()
    tab.settle(800)
    assert state(tab) == {**EXAMPLE, "text": "mine", "value": "1e-3", "stage": 3}
    assert address(tab) == opened_again


@pytest.mark.fault(19)
def test_an_unknown_choice_falls_back_with_a_notice(tab: Tab) -> None:
    tab.open(model="../../etc", stage="9", level="99", text="kept")
    assert state(tab) == {**EXAMPLE, "text": "kept"}
    assert address(tab) == {"text": "kept"}
    assert tab.main.get_by_text("“../../etc” is not a choice for Model: showing small.").count() == 1
    assert tab.main.get_by_text("“9” is not a choice for Stage: showing 2.").count() == 1


def test_back_and_forward_restore_each_state(tab: Tab) -> None:
    tab.open().type_text("Text", "one").type_text("Text", "two")
    menu(tab, "second")
    assert state(tab)["text"] == "two"
    back(tab)
    assert urlsplit(tab.page.url).path == "/"
    assert state(tab)["text"] == "two"
    back(tab)
    assert state(tab)["text"] == "one"
    assert address(tab) == {"text": "one"}
    back(tab)
    assert state(tab) == EXAMPLE
    assert address(tab) == {}
    tab.page.go_forward()
    tab.settle(800)
    assert state(tab)["text"] == "one"


def test_only_an_own_text_is_carried_to_the_next_page(tab: Tab) -> None:
    tab.open()
    menu(tab, "second")
    assert state(tab)["text"] == "second example"
    tab.type_text("Text", "mine")
    menu(tab, "bare")
    menu(tab, "first")
    assert state(tab)["text"] == "mine"
    assert address(tab) == {"text": "mine"}
    tab.type_text("Text", "first example")  # back to this page's example: nothing of one's own any more
    assert address(tab) == {}
    menu(tab, "second")
    assert state(tab)["text"] == "second example"


def test_a_choice_another_page_does_not_know_is_kept_for_the_pages_that_do(tab: Tab) -> None:
    tab.open("second", model="huge")
    menu(tab, "first")
    assert state(tab)["model"] == "small"
    assert tab.main.get_by_text("is not a choice").count() == 0
    menu(tab, "second")
    assert state(tab)["model"] == "huge"


def test_an_experiment_on_the_same_page_sets_inputs_and_address(tab: Tab) -> None:
    tab.open().type_text("Text", "mine")
    click(tab, "Experiment")
    expected = {**EXAMPLE, "text": "an experiment", "stage": 3, "level": 7}
    assert state(tab) == expected
    assert address(tab) == {"text": "an experiment", "stage": "3", "level": "7"}
    click(tab, "Rerun")
    assert state(tab) == expected
    back(tab)
    assert state(tab) == {**EXAMPLE, "text": "mine"}
    click(tab, "Experiment")
    tab.type_text("Text", "changed")
    click(tab, "Experiment")  # a second time
    assert state(tab) == expected


def test_a_card_opens_another_page_in_its_state(tab: Tab) -> None:
    tab.open("second", text="mine")
    menu(tab, "bare")
    click(tab, "A card")
    assert state(tab)["text"] == "from a card"
    assert address(tab) == {"text": "from a card"}


def test_one_press_of_back_undoes_one_click_however_many_inputs_it_set(tab: Tab) -> None:
    tab.open().type_text("Text", "mine").type_text("Value", "1e-3")
    click(tab, "Elsewhere")
    assert urlsplit(tab.page.url).path == "/second"
    assert address(tab) == {"text": "elsewhere", "model": "huge", "value": "1e-3"}
    back(tab)
    assert (urlsplit(tab.page.url).path, address(tab)) == ("/", {"text": "mine", "value": "1e-3"})
    assert state(tab) == {**EXAMPLE, "text": "mine", "value": "1e-3"}
    menu(tab, "second")
    assert address(tab) == {"text": "mine", "value": "1e-3"}
    back(tab)
    click(tab, "Experiment")
    back(tab)
    assert (urlsplit(tab.page.url).path, address(tab)) == ("/", {"text": "mine", "value": "1e-3"})
    back(tab)
    assert address(tab) == {"text": "mine"}


def test_a_long_text_stays_on_the_page_and_out_of_the_address(tab: Tab) -> None:
    long = "长" * 3_000
    tab.open().type_text("Text", long)
    assert state(tab)["text"] == long
    assert address(tab) == {}
    assert tab.main.get_by_text("This text is too long for a link: the address leaves it out.").count() == 1
    menu(tab, "second")
    assert state(tab)["text"] == long
    back(tab)
    assert state(tab)["text"] == long


def test_a_click_that_crosses_the_address_on_its_way_does_not_undo_the_text(tab: Tab) -> None:
    tab.open("slow").type_text("Text", "one")
    tab.main.get_by_label("Text").fill("two")
    tab.main.get_by_text("Rerun", exact=True).click()  # leaving the field commits it, the button reruns at once
    tab.settle(1_000)
    assert state(tab)["text"] == "two"
    assert address(tab) == {"text": "two"}


def test_a_rerun_leaves_what_is_being_typed(tab: Tab) -> None:
    tab.open("", text="committed")
    tab.main.get_by_label("Text").fill("being typed")
    tab.page.evaluate(  # a rerun that no widget asked for, while the field has the focus
        "() => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'r', code: 'KeyR', keyCode: 82}))"
    )
    tab.settle(800)
    assert tab.main.get_by_label("Text").input_value() == "being typed"


@pytest.mark.fault(5)
def test_a_broken_character_in_a_link_is_shown_as_replaced(tab: Tab) -> None:
    tab.page.goto(f"{tab.base}/?text=a%ED%A0%80b%00c")
    tab.settle(800)
    assert state(tab)["text"].startswith("a�")
    assert state(tab)["text"].endswith("c")
    assert tab.error_boxes() == []
