"""The page, run by Streamlit's own test harness: scores of the real maps, the best heads, the chosen one."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core import attention, head_scores, heads
from playground.models import lens as lenses
from playground.models import repeats
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model


def page(**params: str) -> AppTest:
    return checked(run("heads.py", **params))


def scores(model_id: str = "smollm2-135m", text: str | None = None) -> attention.Scores:
    with lenses.open(model_id) as lens:
        ids = lens.encode(repeats.twice(lens, 40, 0) if text is None else text, "template").ids
        return attention.scores(lens.attentions(ids), ids)


def links(app: AppTest) -> list[tuple[str, str]]:
    """The links to the Attention page: label and address."""
    found = [link.proto for link in app.get("page_link")]
    return [(link.label, link.query_string) for link in found if "attention" in link.page]


def test_it_works_with_no_input() -> None:
    app = page()
    expected = scores()
    shown = figures(app)[0]
    np.testing.assert_allclose(array(shown["data"][0]["z"]), expected.on_repeat.T, atol=6e-5)
    assert f"**{head_scores.sinks(expected)} of 270 heads**" in says(app)
    by_layer = (expected.on_first > 0.5).sum(1)  # what “Where sinks live” says
    assert by_layer[3:10].sum() == 52 and not by_layer[[0, 1, 10, 11]].any()
    assert "**Induction** 91 %" in says(app)
    far = head_scores.best(expected, "distance_tokens")
    assert far and expected.on_first[far] > 0.5 and "It is a sink" in says(app)
    assert "**Layer 18, head 6** puts 91 % on what followed the same token earlier: an induction head" in says(app)
    rows = app.dataframe[0].value
    assert len(rows) == 270 and rows["on_repeat"].is_monotonic_decreasing
    np.testing.assert_allclose(rows["on_repeat"].iloc[0], expected.on_repeat[18, 6])


def test_another_score_sorts_and_chooses_anew() -> None:
    app = page()
    app.selectbox(key="score").set_value("on_previous")
    checked(app.run())
    expected = scores().on_previous
    best = divmod(int(expected.argmax()), 9)
    assert f"**Layer {best[0]}, head {best[1]}** puts" in says(app)
    np.testing.assert_allclose(array(figures(app)[0]["data"][0]["z"]), expected.T, atol=6e-5)


def test_a_linked_head_is_shown() -> None:
    app = page(chosen="16.0", score="on_first")
    assert "**Layer 16, head 0**" in says(app)
    with lenses.open("smollm2-135m") as lens:
        maps = lens.attentions(lens.encode(repeats.twice(lens, 40, 0), "template").ids)
    seen = np.tri(80, dtype=bool)
    np.testing.assert_allclose(array(figures(app)[1]["data"][0]["z"])[seen], maps[16, 0][seen], atol=6e-5)


@pytest.mark.parametrize("chosen", ["99.0", "x", "1", "-1.2", ""])
def test_a_head_there_is_not_gives_way_to_the_best(chosen: str) -> None:
    assert "**Layer 18, head 6**" in says(page(chosen=chosen))


def test_a_text_without_repeats_says_what_induction_needs() -> None:
    app = page(scored="text", text="The animal crossed the street.")
    assert "it takes a text in which four tokens or more occur twice" in says(app)
    expected = scores(text="The animal crossed the street.")
    assert f"**{head_scores.sinks(expected)} of 270 heads**" in says(app)


def test_the_encoder_is_scored_too() -> None:
    app = page(model="minilm-l6")
    assert array(figures(app)[0]["data"][0]["z"]).shape == (12, 6)
    assert "of 72 heads" in says(app)
    assert f"**Induction** {heads.percent(float(scores('minilm-l6').on_repeat.max()))}" in says(app)


def test_the_best_heads_are_one_click_away() -> None:
    app = page()
    (induction, address), *_ = links(app)
    assert induction == "Layer 18, head 6"
    assert "layer=18" in address and "head=6" in address and "text=+" in address.replace("%20", "+")


@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
@pytest.mark.parametrize("text", ["Hello", "<|im_start|><|im_end|>", "[SEP][SEP]", "</script><img src=x onerror=a()>"])
def test_any_text_is_scored(model: str, text: str) -> None:
    assert figures(page(scored="text", model=model, text=text))


def test_one_word_can_show_nothing() -> None:
    shown = says(page(scored="text", text="Hello"))
    assert "of 270 heads" not in shown and shown.count("This text can't show it") == len(head_scores.MEASURES)


def test_2000_tokens_are_cut_and_said() -> None:
    app = page(scored="text", text="dog " * 2_000)
    assert f"Showing the first {limits.HEATMAP_TOKENS} of" in says(app)


def test_an_empty_text_is_explained() -> None:
    app = page(scored="text")
    app.text_area(key="text").set_value("")
    app.run()
    assert not app.exception and app.error[0].value


def test_what_try_this_says_of_proverbs_holds() -> None:
    proverb = "Early to bed and early to rise makes a man healthy, wealthy and wise. Early to bed and early to rise"
    assert head_scores.best(scores(text=proverb), "on_repeat") == (18, 6)


def test_the_table_can_be_saved() -> None:
    assert [button.proto.label for button in page().get("download_button")] == ["CSV", "JSON"]
