"""The page, run by Streamlit's own test harness: real weights in each view, links, and texts that don't fit."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.models import lens as lenses
from tests.pages.opened import array, checked, run, says

pytestmark = pytest.mark.model
EXAMPLE = "The animal didn't cross the street because it was too tired."


def page(**params: str) -> AppTest:
    return checked(run("attention.py", **params))


def maps(model_id: str, text: str) -> np.ndarray:
    with lenses.open(model_id) as lens:
        return lens.attentions(lens.encode(text, "template").ids)


def heatmap(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[-1].proto.spec)


def weights(app: AppTest) -> np.ndarray:
    return array(heatmap(app)["data"][0]["z"])


def frame(app: AppTest) -> dict:
    """The payload in bertviz's frame."""
    html = app.get("iframe")[0].proto.srcdoc
    return json.loads(html.split("window.bertvizParams=")[1].split(";</script>")[0])


def test_it_works_with_no_input() -> None:
    app = page()
    expected = maps("smollm2-135m", EXAMPLE)[13, 8]
    shown = weights(app)
    seen = np.tri(len(expected), dtype=bool)
    np.testing.assert_allclose(shown[seen], expected[seen], atol=6e-5)
    assert np.isnan(shown[~seen]).all()
    labels = heatmap(app)["layout"]["yaxis"]["ticktext"]
    assert expected[labels.index("·it"), labels.index("·animal")] > 0.6  # what the lede asks the reader to find
    assert "Causal mask" in says(app) and "Layer 13, head 8" in says(app)


def test_another_head_by_its_sliders() -> None:
    app = page()
    app.select_slider(key="layer").set_value(16)
    app.select_slider(key="head").set_value(0)
    checked(app.run())
    expected = maps("smollm2-135m", EXAMPLE)[16, 0]
    seen = np.tri(len(expected), dtype=bool)
    np.testing.assert_allclose(weights(app)[seen], expected[seen], atol=6e-5)
    assert "a previous-token head" in says(app)
    assert (app.query_params["layer"], app.query_params["head"]) == ("16", "0")


def test_the_encoder_looks_both_ways() -> None:
    app = page(model="minilm-l6")
    np.testing.assert_allclose(weights(app), maps("minilm-l6", EXAMPLE)[3, 1], atol=6e-5)
    assert "No mask" in says(app)


def test_a_model_with_fewer_layers_keeps_a_layer_it_has() -> None:
    app = page(layer="29", head="5")
    app.selectbox(key="model").set_value("minilm-l6")
    checked(app.run())
    assert app.select_slider(key="layer").value == 3
    assert "Layer 3, head 5" in says(app)


def test_head_view_sends_the_chosen_layer() -> None:
    params = frame(page(view="head view", layer="2", head="1"))
    expected = maps("smollm2-135m", EXAMPLE)[[2]]
    np.testing.assert_allclose(params["attention"][0]["attn"], expected, atol=6e-4)
    assert (params["include_layers"], params["heads"]) == ([2], [1])


def test_model_view_sends_every_layer() -> None:
    params = frame(page(view="model view"))
    np.testing.assert_allclose(params["attention"][0]["attn"], maps("smollm2-135m", EXAMPLE), atol=6e-4)


def test_overview_names_every_head() -> None:
    app = page(view="overview")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    captions = figure["data"][-1]["text"]
    assert len(captions) == 30 * 9 and "a previous-token head" in captions[16 * 9]
    assert weights(app).shape == (13, 13)  # the chosen head's map beside it


@pytest.mark.parametrize(
    ("view", "tokens"), [("head view", limits.HEAD_VIEW_TOKENS), ("model view", limits.MODEL_VIEW_TOKENS)]
)
def test_a_view_gives_way_to_the_heatmap_one_token_too_late(view: str, tokens: int) -> None:
    fits = page(view=view, text="dog" + " dog" * (tokens - 1))
    assert len(frame(fits)["attention"][0]["left_text"]) == tokens
    app = page(view=view, text="dog" + " dog" * tokens)
    assert not app.get("iframe") and weights(app).shape == (tokens + 1, tokens + 1)
    assert "showing the heatmap" in says(app)


def test_2000_tokens_show_the_first() -> None:
    app = page()
    app.text_area(key="text").set_value("dog" + " dog" * 1_999)
    checked(app.run())
    assert weights(app).shape == (limits.HEATMAP_TOKENS, limits.HEATMAP_TOKENS)
    assert f"first {limits.HEATMAP_TOKENS} of 2,000 tokens" in says(app).replace("\\", "")


@pytest.mark.parametrize("view", ["heatmap", "head view", "model view", "overview"])
@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
@pytest.mark.parametrize(
    "text", ["Hello", "   ", "</script><img src=x onerror=alert(1)>", "🙂\u202e\x00<|im_end|>[SEP]"]
)
def test_every_view_bears_every_text(view: str, model: str, text: str) -> None:
    app = page(view=view, model=model, text=text)
    assert app.get("iframe") or app.get("plotly_chart")


def test_an_empty_text_is_explained() -> None:
    app = page()
    app.text_area(key="text").set_value("")
    app.run()
    assert not app.exception
    assert app.error[0].value


def test_the_claims_of_try_this_hold() -> None:
    """Each sentence on the page that says what a head does, measured on the model of today."""
    from playground.core import attention, heads

    repeated = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr Potter near Vauxhall."

    def score(model_id: str, text: str, layer: int, head: int) -> heads.HeadScore:
        with lenses.open(model_id) as lens:
            ids = lens.encode(text, "template").ids
            return heads.of(attention.scores(lens.attentions(ids), ids), layer, head)

    assert (score("smollm2-135m", EXAMPLE, 16, 0).on_previous or 0) > 0.6
    assert (score("smollm2-135m", repeated, 18, 6).on_repeat or 0) > 0.5
    assert (score("smollm2-135m", EXAMPLE, 18, 8).on_first or 0) > 0.9
    tired, wide = maps("minilm-l6", EXAMPLE)[3, 1], maps("minilm-l6", EXAMPLE.replace("tired", "wide"))[3, 1]
    assert np.abs(tired[10] - wide[10]).max() > 0.2  # position 10 is "it"; it looks ahead
    tired, wide = maps("smollm2-135m", EXAMPLE), maps("smollm2-135m", EXAMPLE.replace("tired", "wide"))
    np.testing.assert_allclose(tired[:, :, 8], wide[:, :, 8], atol=1e-4)  # position 8 is "it"; it can't
