"""The Attention page's neuron view: the payload in its frame is the running model's own."""

import json

import numpy as np
import pytest

from playground import limits
from playground.models import attention_capture
from playground.models import lens as lenses
from tests.pages.opened import checked, run, says

pytestmark = pytest.mark.model
EXAMPLE = "The animal didn't cross the street because it was too tired."


def payload(app) -> dict:
    html = app.get("iframe")[0].proto.srcdoc
    return json.loads(html.split("window.bertvizParams=")[1].split(";</script>")[0])


@pytest.mark.parametrize(("model", "layer", "head"), [("smollm2-135m", 13, 8), ("minilm-l6", 3, 1)])
def test_it_is_fed_with_the_models_own_queries_and_keys(model: str, layer: int, head: int) -> None:
    params = payload(checked(run("attention.py", view="neuron view", model=model)))
    sent = params["attention"][0]
    with lenses.open(model) as lens:
        ids = lens.encode(EXAMPLE, "template").ids
        found = attention_capture.of_layer(lens, ids, layer)
        maps = lens.attentions(ids, (layer,))
    np.testing.assert_allclose(sent["queries"][0][0], found.queries[head], atol=6e-4)
    np.testing.assert_allclose(sent["keys"][0][0], found.keys[head // found.group], atol=6e-4)
    np.testing.assert_allclose(sent["attn"][0][0], maps[0, head], atol=6e-4)
    assert params["bidirectional"] is (model == "minilm-l6")
    # What the frame draws from them is the map: softmax(q·k/√d), to the rounding of what is sent.
    scores = np.array(sent["queries"][0][0]) @ np.array(sent["keys"][0][0]).T / np.sqrt(found.queries.shape[-1])
    if model == "smollm2-135m":
        scores[np.triu_indices(len(ids), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    np.testing.assert_allclose(weights / weights.sum(-1, keepdims=True), maps[0, head], atol=2e-2)


def test_a_long_text_falls_back_and_says_so() -> None:
    app = checked(run("attention.py", view="neuron view", text="dog" + " dog" * limits.NEURON_VIEW_TOKENS))
    assert not app.get("iframe") and app.get("plotly_chart")
    assert "showing the heatmap" in says(app)


@pytest.mark.parametrize("text", ["Hello", "</script><img src=x onerror=alert(1)>", "🙂\u202e<|im_end|>"])
def test_any_text(text: str) -> None:
    html = checked(run("attention.py", view="neuron view", text=text)).get("iframe")[0].proto.srcdoc
    sent = html.split("window.bertvizParams=")[1].split(";</script>")[0]
    assert "<" not in sent and json.loads(sent)["attention"][0]["left_text"]
