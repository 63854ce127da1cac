"""The Precision page: measured by the button, remembered, the code as it stands, refusals."""

import contextlib
import io
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from tests.pages.opened import run

pytestmark = pytest.mark.model
READING = "The moon pulls on the water, and the sea comes up the beach twice a day."


def page(**params: str) -> AppTest:
    return run("precision.py", **{"reading": READING, **params})


@pytest.fixture(scope="module")
def measured(store_ready: None) -> Iterator[AppTest]:
    """The page after a press of its button: the one measurement of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "QUANTIZED_NEW_TOKENS", 4)
        app = page(schemes="fp32,q4_1,int4", text="Two and two are")
        app.button(key="measure").click().run()
        assert not app.exception and not app.error
        yield app


def test_the_button_measures_and_the_next_visit_knows(measured: AppTest) -> None:
    table = measured.dataframe[0].value
    assert list(table["weights"]) == ["FP32", "GGUF Q4_1 (own)", "INT4"]
    assert table["mean_kl"][0] == 0 and table["mean_kl"][1] < 0.001 and table["mean_kl"][2] > 0.1
    assert measured.info[0].value.startswith("**GGUF Q4_1 is out of competition**")
    assert any("not by itself a worse one" in block.value for block in measured.markdown)
    again = page(schemes="fp32,q4_1,int4", text="Two and two are")
    assert list(again.dataframe[0].value["perplexity"]) == list(table["perplexity"])
    assert again.button(key="measure").label == "Measure again"


def test_the_shown_code_prints_the_pages_numbers(measured: AppTest) -> None:
    got = measured.dataframe[0].value.iloc[2]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(measured.code[-1].value, {})
    printed = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in out.getvalue().splitlines()}
    # The code reads the store's bf16 weights, the page the file's exact blocks: a rounding apart.
    assert printed["KL, text"] == pytest.approx(got["mean_kl"], rel=0.1)
    assert printed["perplexity"] == pytest.approx(got["perplexity"], rel=0.05)
    assert abs(printed["other first choice"] - int(got["top1"].split()[0])) <= 2


def test_an_empty_prompt_or_text_is_explained() -> None:
    assert "prompt" in str(page(text="").error[0].proto)
    assert "two tokens" in str(page(reading="x").error[0].proto)


def test_training_while_rounded_is_there() -> None:
    app = page(seeds="1", bits="2")
    assert not app.exception and len(app.get("plotly_chart")) >= 2
