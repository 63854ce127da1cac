"""The page in each of its three schemes, against the formulas and the models' own weights."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core import positions
from playground.models import lens as lenses
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model
TEXT = "The animal didn't cross the street because it was too tired."


def page(**params: str) -> AppTest:
    return checked(run("positions.py", **params))


def test_it_works_with_no_input() -> None:
    table, curve, pairs = figures(page())
    waves = positions.sinusoids(128, 512)
    np.testing.assert_allclose(array(table["data"][0]["z"]), waves, atol=1e-6)
    np.testing.assert_allclose(array(pairs["data"][0]["z"]), waves @ waves.T, rtol=1e-4, atol=1e-3)
    line = array(curve["data"][0]["y"])
    for dots in curve["data"][1:]:  # rows' own products lie on the formula's line
        np.testing.assert_allclose(array(dots["y"]), line[array(dots["x"]).astype(int)], atol=2e-4)


def test_another_size() -> None:
    app = page(d_model="64", positions="512")
    assert array(figures(app)[0]["data"][0]["z"]).shape == (512, 64)


def test_rotation_with_the_model_s_own_query_and_key() -> None:
    app = page(scheme="rotary")
    with lenses.open("smollm2-135m") as lens:
        queries, keys = lens.queries_keys(lens.encode(TEXT).ids, 13)
        theta, slow = lens.rotary.theta, (positions.wavelengths(64, lens.rotary.theta) > 8_192).sum()
    dials, waves, scores = figures(app)
    expected = positions.scores_by_distance(queries[8, 8], keys[8, 1], np.arange(129), theta)
    np.testing.assert_allclose(array(scores["data"][0]["y"]), expected, atol=1e-4)
    assert array(scores["data"][1]["x"])[0] == 7 and array(scores["data"][1]["y"])[0] == pytest.approx(
        expected[7], abs=1e-4
    )
    np.testing.assert_allclose(array(waves["data"][0]["y"]), positions.wavelengths(64, theta))
    assert len(array(dials["data"][1]["x"])) == 32 and f"the {slow} pairs" in says(app)
    assert len({metric.value for metric in app.metric}) == 1  # both moved along: the same score


def test_moving_both_along_changes_nothing() -> None:
    app = page(scheme="rotary", shift="977", query="12", key="3")
    assert [m.label for m in app.metric] == ["Query at 12, key at 3", "Query at 989, key at 980"]
    assert app.metric[0].value == app.metric[1].value


def test_rotation_alone() -> None:
    curve = array(figures(page(scheme="rotary", vectors="all ones"))[2]["data"][0]["y"])
    assert curve[0] == 1 == curve.max() and curve[:16].mean() > curve[64:].mean()  # what the card says: nearer, higher
    assert (np.diff(curve) > 0).any()  # and ripples


def test_a_key_that_comes_later() -> None:
    scores = figures(page(scheme="rotary", query="2", key="10"))[2]
    assert array(scores["data"][0]["x"])[0] == -8 == array(scores["data"][1]["x"])[0]


def test_the_counting_head_peaks_at_distance_1() -> None:
    scores = figures(page(scheme="rotary", layer="16", head="0", query="8", key="7"))[2]
    assert array(scores["data"][0]["x"])[array(scores["data"][0]["y"]).argmax()] == 1


def test_learned_rows() -> None:
    app = page(scheme="learned")
    with lenses.open("minilm-l6") as lens:
        rows = lens.position_rows()
    table, curve, _ = figures(app)
    np.testing.assert_array_equal(array(table["data"][0]["z"]), rows)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert array(curve["data"][0]["y"])[1] == pytest.approx((unit[1:] * unit[:-1]).sum(1).mean(), abs=1e-3)
    assert "512 rows of 384 numbers" in says(app)


@pytest.mark.parametrize("text", ["x", "🙂\u202e<|im_end|>", "</script><img src=x>", "dog " * 1_000])
def test_any_text_can_be_turned(text: str) -> None:
    app = page(scheme="rotary", text=text)
    assert "<img" not in json.dumps(figures(app)[2]["data"][1]["name"])
    if len(text) > 1_000:
        assert f"first {limits.HEATMAP_TOKENS} of" in says(app)


def test_an_empty_text_is_explained() -> None:
    app = page(scheme="rotary")
    app.text_area(key="text").set_value("")
    app.run()
    assert not app.exception and "Type something" in app.error[0].value
