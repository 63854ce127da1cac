"""Layer by layer: what is drawn is the reading, and what the page says of it holds."""

import numpy as np
import pytest

from playground import limits
from playground.core.logit_lens import Reading
from playground.models import lens as lenses
from playground.models import logit_lens
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model
TEXT = "The capital of France is"
DURSLEY = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr"


def reading(text: str = TEXT) -> Reading:
    with lenses.open("smollm2-135m") as lens:
        return logit_lens.read(lens, lens.encode(text, "template").ids)


def test_at_first_sight_paris_comes_up() -> None:
    app = checked(run("logit_lens.py"))
    own = reading()
    grid, rise = figures(app)
    np.testing.assert_allclose(array(grid["data"][0]["z"]), own.probabilities[..., 0], atol=6e-5)
    np.testing.assert_array_equal(array(rise["data"][0]["y"]), own.answer_rank[:, 4] + 1)
    np.testing.assert_allclose(array(rise["data"][2]["y"]), own.entropy_bits[:, 4])
    assert "leap is in **layer 23**" in says(app)
    assert "·Paris" in says(app) and f"number **{own.answer_rank[0, 4] + 1:,}**" in says(app)
    (address,) = (link.proto.query_string for link in app.get("page_link") if "layer 23's" in link.proto.label)
    assert "cut=attention" in address and "layer=23" in address
    table = app.dataframe[0].value
    assert len(table) == 31 and table["first"].iloc[-1].startswith("·Paris")
    assert list(table["answer's rank"]) == (own.answer_rank[:, 4] + 1).tolist()


def test_another_position() -> None:
    app = run("logit_lens.py")
    app.selectbox(key="position").set_value(1)
    checked(app.run())
    assert app.query_params["position"] == "1" and "after ·capital: ·of" in says(app)


def test_the_claims_of_try_this_hold() -> None:
    assert reading().leap(4) == reading(DURSLEY).leap(18) == 24  # layer 23: the same for both
    ley = reading(DURSLEY)
    assert ley.answer_probability[-1, 15] > 0.9 and (ley.answer_rank[:-1, 15] > 0).all()
    of = reading()
    assert of.answer_rank[0, 1] > 0.99 * 49_152 and (of.answer_rank[1:, 1] < 15).all()


@pytest.mark.parametrize("text", ["Hello", "   ", "<|im_end|>", "</script><b>", "🙂\u202e\x00"])
def test_any_text(text: str) -> None:
    assert figures(checked(run("logit_lens.py", text=text)))


def test_long_empty_and_encoder() -> None:
    app = checked(run("logit_lens.py", text="dog " * 200))
    assert f"last {limits.LOGIT_LENS_TOKENS} of" in says(app) and "Too many columns" in says(app)
    app = run("logit_lens.py", text="")
    assert "no token" in app.error[0].value + str(app.error[0].proto)
    assert "not a choice for Model" in says(checked(run("logit_lens.py", model="minilm-l6")))
