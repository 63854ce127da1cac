"""One attention weight: the numbers shown are the model's, for both kinds of model and any text."""

import numpy as np
import pytest

from playground import limits
from playground.models import lens as lenses
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model
EXAMPLE = "The animal didn't cross the street because it was too tired."
SINK = {"layer": "18", "head": "8", "query": "8", "key": "0"}


def shown(app) -> tuple[float, float]:
    ours, own = (float(metric.value) for metric in app.metric)
    return ours, own


def test_at_first_sight_it_looks_at_animal() -> None:
    app = checked(run("one_weight.py"))
    with lenses.open("smollm2-135m") as lens:
        maps = lens.attentions(lens.encode(EXAMPLE, "template").ids)
        tolerance = 1e-5 if lens.dtype == "fp32" else 0.05
    ours, own = shown(app)
    assert own == pytest.approx(float(maps[13, 8, 8, 1]), abs=1e-6) and own > 0.6
    assert ours == pytest.approx(own, abs=tolerance)
    assert "·it → ·animal" in says(app) and "Query head 8 uses key and value head 2" in says(app)
    cells, terms, values = figures(app)
    products = array(terms["data"][2]["y"])
    np.testing.assert_allclose(products, array(terms["data"][0]["z"])[0] * array(terms["data"][1]["z"])[0], atol=2e-2)
    assert array(terms["data"][3]["y"])[-1] == pytest.approx(products.sum())
    z = array(values["data"][0]["z"])
    assert z.shape == (10, 64)  # nine tokens seen, and their sum
    np.testing.assert_allclose(z[:-1].sum(0), z[-1], atol=2e-4)
    table = app.dataframe[1].value
    assert table["weight"].sum() == pytest.approx(1) and list(table["mask"])[-4:] == ["−∞"] * 4
    assert len(cells["data"][-1]["customdata"]) == 13 * 14 // 2  # no click where a decoder can't look


def test_a_click_chooses_the_cell_and_the_link_says_so() -> None:
    app = run("one_weight.py")
    app.selectbox(key="query").set_value(5)
    checked(app.run())
    assert app.query_params["query"] == "5"
    assert app.selectbox(key="key").value in range(6)
    app = checked(run("one_weight.py", query="4", key="4"))
    assert "·cross → ·cross" in says(app)


def test_the_sink_of_try_this_brings_little() -> None:
    app = checked(run("one_weight.py", **SINK))
    assert shown(app)[0] > 0.99
    lengths = next(line for line in says(app).splitlines() if line.startswith("The values in this row are"))
    short, long = (float(word) for word in lengths.split() if word.replace(".", "").isdigit())
    assert short < long / 5
    assert f"1.000 × a value of length {short:.2f}" in says(app)  # the shortest is the sink's own


def test_the_encoder_masks_nothing() -> None:
    app = checked(run("one_weight.py", model="minilm-l6"))
    assert "it → animal" in says(app) and "No token is **masked**" in says(app)
    ours, own = shown(app)
    assert ours == pytest.approx(own, abs=1e-5)
    assert not any(app.dataframe[1].value["mask"]) and "RoPE" not in says(app)


@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
@pytest.mark.parametrize("text", ["Hello", "   ", "<|im_end|>", "</script><img src=x>", "🙂\u202e\x00[SEP]"])
def test_any_text(model: str, text: str) -> None:
    app = checked(run("one_weight.py", model=model, text=text))
    ours, own = shown(app)
    assert ours == pytest.approx(own, abs=0.05)


def test_a_long_text_shows_its_first_tokens() -> None:
    app = checked(run("one_weight.py", text="dog " * 200))
    assert f"first {limits.WEIGHED_TOKENS} of" in says(app)
    assert len(app.dataframe[1].value) == limits.WEIGHED_TOKENS


def test_an_empty_text_is_explained() -> None:
    app = run("one_weight.py", text="")
    assert app.error and "no token" in app.error[0].value + str(app.error[0].proto)
