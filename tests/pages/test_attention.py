"""The page, run by Streamlit's own test harness: real weights in each view, links, and texts that don't fit."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core import attention, attention_maps, heads
from playground.core.rollout import rollout
from playground.models import lens as lenses
from playground.models import value_norms
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
    # What the lede asks the reader to find: *it* and *animal*, but not these two alone.
    at_animal = {name: expected[labels.index(name), labels.index("·animal")] for name in ("·it", "·didn", "·cross")}
    assert at_animal["·it"] == pytest.approx(0.75, abs=0.02) and min(at_animal.values()) > 0.7
    alone = maps("smollm2-135m", EXAMPLE)[9, 2, :, labels.index("·animal")]
    assert alone[labels.index("·it")] > 2 * np.delete(alone, labels.index("·it")).max()
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


@pytest.mark.fault(4)
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


@pytest.mark.fault(1)
def test_an_empty_text_is_explained() -> None:
    app = page()
    app.text_area(key="text").set_value("")
    app.run()
    assert not app.exception
    assert app.error[0].value


def test_the_layers_mean_and_the_rollout() -> None:
    app = page(which="mean", layer="18")
    expected = maps("smollm2-135m", EXAMPLE)
    seen = np.tri(13, dtype=bool)
    np.testing.assert_allclose(weights(app)[seen], expected[18].mean(0)[seen], atol=6e-5)
    assert "From the weights that the forward pass" in says(app)  # not measured: computed from what was
    assert "mean of its 9 heads" in says(app) and not [s for s in app.select_slider if s.key == "head"]
    app.button_group(key="which").set_value("rollout")
    checked(app.run())
    shown = weights(app)
    np.testing.assert_allclose(shown[seen], rollout(expected[:19])[-1][seen], atol=6e-5)
    assert "paths only lead back" in says(app)


def test_without_the_sink_the_rest_is_divided() -> None:
    app = page(counted="no-sink")
    whole = maps("smollm2-135m", EXAMPLE)[13, 8].astype(float)
    rest = whole[1:, 1:]
    left = rest.sum(-1) > attention_maps.EMPTY
    expected = np.where(left[:, None], rest / rest.sum(-1, keepdims=True), np.nan)
    shown, seen = weights(app), np.tri(12, dtype=bool)
    np.testing.assert_allclose(shown[seen], expected[seen], atol=6e-5)
    assert heatmap(app)["layout"]["yaxis"]["ticktext"][0] == "·animal"
    assert heatmap(app)["layout"]["yaxis"]["tickvals"][0] == 1  # positions stay those of the text
    assert f"Left out: The. {heads.percent((1 - rest.sum(-1)).mean())} went there" in says(app)


def test_a_head_that_is_all_sink_has_nothing_left_to_show() -> None:
    app = page(layer="18", head="8", counted="no-sink")
    assert not app.get("plotly_chart") and "Nothing is left" in app.info[0].value


def test_by_value_length_with_grouped_value_heads() -> None:
    app = page(layer="18", head="8", counted="values")
    with lenses.open("smollm2-135m") as lens:
        norms = value_norms.of_text(lens, lens.encode(EXAMPLE, "template").ids)
    weighed = maps("smollm2-135m", EXAMPLE)[18, 8] * norms[18, 8]
    seen = np.tri(13, dtype=bool)
    np.testing.assert_allclose(weights(app)[seen], (weighed / weighed.sum(-1, keepdims=True))[seen], atol=6e-5)
    assert "‖v·W_O‖" in says(app)


def test_an_encoders_marks_are_sinks_too() -> None:
    app = page(model="minilm-l6", counted="no-sink", view="head view")
    sent = frame(app)["attention"][0]
    assert sent["left_text"][0] == "the" and sent["left_text"][-1] == "."
    assert sent["left_full"][0] == "1: the"
    assert "Left out: [CLS], [SEP]." in says(app)


def test_two_texts_side_by_side() -> None:
    wide = EXAMPLE.replace("tired", "wide")
    app = page(model="minilm-l6", second=wide)
    first, second = (array(json.loads(chart.proto.spec)["data"][0]["z"]) for chart in app.get("plotly_chart"))
    np.testing.assert_allclose(first, maps("minilm-l6", EXAMPLE)[3, 1], atol=6e-5)
    np.testing.assert_allclose(second, maps("minilm-l6", wide)[3, 1], atol=6e-5)
    assert says(app).count("Strongest link") == 2
    lines = page(model="minilm-l6", second=wide, view="head view")
    assert len(lines.get("iframe")) == 2


def test_the_map_can_be_saved() -> None:
    app = page(view="head view")
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["CSV", "JSON", "HTML"]
    config = json.loads(page().get("plotly_chart")[0].proto.config)
    assert config["toImageButtonOptions"]["filename"] == "attention-layer-13-head-8"
    assert config["modeBarButtons"] == [["toImage"]]


@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
@pytest.mark.parametrize("text", ["<|im_start|><|im_end|>", "[SEP][CLS]", "a </script> b", "Hello"])
def test_every_variant_bears_every_text(model: str, text: str) -> None:
    app = page(model=model, text=text, which="rollout", counted="values", second="Hello")
    assert len(app.get("plotly_chart")) == 2


def test_one_token_has_nothing_but_its_sink() -> None:
    app = run("attention.py", text="Hello", counted="no-sink")
    assert "no token left" in app.error[0].proto.body + str(app.error[0].proto)


def test_the_claims_of_try_this_hold() -> None:
    """Each sentence on the page that says what a head does, measured on the model of today."""
    repeated = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr Potter near Vauxhall."

    def score(model_id: str, text: str, layer: int, head: int) -> heads.HeadScore:
        with lenses.open(model_id) as lens:
            ids = lens.encode(text, "template").ids
            return heads.of(attention.scores(lens.attentions(ids), ids), layer, head)

    assert (score("smollm2-135m", repeated, 18, 6).on_repeat or 0) > 0.5
    sink = score("smollm2-135m", EXAMPLE, 19, 8)
    assert heads.job(sink) == ("sink", sink.on_first)
    rest = maps("smollm2-135m", EXAMPLE)[19, 8, 1:, 1:]
    rest = rest / rest.sum(-1, keepdims=True)
    assert np.diagonal(rest, -1).mean() > 0.5  # of what is left, on the token before
    assert rollout(maps("smollm2-135m", EXAMPLE))[-1][1:, 0].min() > 0.99
    tired, wide = maps("minilm-l6", EXAMPLE)[3, 1], maps("minilm-l6", EXAMPLE.replace("tired", "wide"))[3, 1]
    assert np.abs(tired[10] - wide[10]).max() > 0.2  # position 10 is "it"; it looks ahead
    tired, wide = maps("smollm2-135m", EXAMPLE), maps("smollm2-135m", EXAMPLE.replace("tired", "wide"))
    np.testing.assert_allclose(tired[:, :, 8], wide[:, :, 8], atol=1e-4)  # position 8 is "it"; it can't
