"""The ZeRO pages in a real browser: slices that move with the stage, a film that plays, and files to train with."""

from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import Tab


def heights(tab: Tab) -> list[list[int]]:
    """How tall the owned slice of each component is, GPU by GPU, in pixels."""
    gpus = tab.page.locator(".shards .gpu").all()
    return [[_height(band.locator(".slice").first) for band in gpu.locator(".band").all()] for gpu in gpus]


def _height(slice_: Any) -> int:
    return round(slice_.bounding_box()["height"])


def test_a_higher_stage_takes_away_what_it_cuts(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("zero", gpus="4", stage="0")
    tab.page.wait_for_timeout(2_000)  # the first movement
    whole = heights(tab)
    assert len(whole) == 4
    tab.page.get_by_role("radio", name="2", exact=True).click()
    tab.settle()
    wanted = [[before[0], before[1] / 4, before[2] / 4] for before in whole]  # stage 2 keeps the parameters
    for _ in range(100):  # the movement, however busy the machine
        off = [
            abs(a - w) for now, then in zip(heights(tab), wanted, strict=True) for a, w in zip(now, then, strict=True)
        ]
        if max(off) <= 2:
            break
        tab.page.wait_for_timeout(200)
    assert max(off) <= 2


def test_a_slice_tells_whose_parameters_it_holds(new_page: Callable[..., Tab]) -> None:
    tab = new_page().open("zero", gpus="4", stage="3", params="1B")
    tab.page.get_by_role("img", name="GPU 2 owns parameters").hover()
    assert "GPU 2 owns parameters 500,000,000 … 749,999,999" in tab.page.locator(".readout").inner_text()


def place(page: Any) -> int:
    return int(page.get_by_label("Place in the step").input_value())


def test_the_film_plays_pauses_and_steps(new_page: Callable[..., Tab]) -> None:
    page = new_page().open("zero_film").page
    page.get_by_role("button", name="Next event").click()
    assert place(page) == 1
    page.get_by_role("combobox", name="Speed").select_option("4")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1_200)
    page.get_by_role("button", name="Pause").click()
    stopped = place(page)
    assert stopped > 2
    page.wait_for_timeout(500)
    assert place(page) == stopped
    page.get_by_label("Place in the step").press("End")
    said = page.locator(".say").all_inner_texts()
    assert said == ["Update: the optimizer changes all parameters.", "Update: the optimizer changes its own share."]


def test_what_fits_can_be_taken_away(new_page: Callable[..., Tab]) -> None:
    tab = new_page(theme="dark").open("zero_fit", model="llama-3.1-70b", gpu="h100-80gb", gpus="8")
    with tab.page.expect_download() as started:
        tab.page.get_by_role("button", name="Download ds_config.json").click()
    assert '"stage": 3' in started.value.path().read_text(encoding="utf-8")
