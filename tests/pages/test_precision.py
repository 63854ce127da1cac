"""The Precision page: measured by the button, remembered, the code as it stands, refusals."""

import contextlib
import io

import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core.quantization import scheme_named
from playground.lab import quantized, quantized_results
from playground.models import lens as lenses
from tests.pages.opened import run

pytestmark = pytest.mark.model
READING = "The moon pulls on the water, and the sea comes up the beach twice a day."


def page(**params: str) -> AppTest:
    return run("precision.py", **{"reading": READING, **params})


@pytest.fixture
def few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUANTIZED_NEW_TOKENS", 4)


def test_the_button_measures_and_the_next_visit_knows(few_tokens: None) -> None:
    app = page(schemes="fp32,q4_1,int4-tensor", text="Two and two are")
    assert not app.exception and not app.error
    app.button(key="measure").click().run()
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert list(table["weights"]) == ["FP32", "GGUF Q4_1 (own)", "INT4 per matrix"]
    assert table["mean_kl"][1] < 0.001 and table["mean_kl"][2] > 1
    assert app.info[0].value.startswith("**GGUF Q4_1 is out of competition**")
    assert any("not by itself a worse one" in block.value for block in app.markdown)
    again = page(schemes="fp32,q4_1,int4-tensor", text="Two and two are")
    assert list(again.dataframe[0].value["perplexity"]) == list(table["perplexity"])
    assert again.button(key="measure").label == "Measure again"


def test_the_shown_code_prints_the_pages_numbers(few_tokens: None) -> None:
    with lenses.open("smollm2-135m") as lens:
        job, _ = quantized_results.job(lens, "Two and two are", READING)
    *_, last = quantized.measure(job, [scheme_named("int4")])
    got = last.result
    assert got is not None
    app = page(text="Two and two are")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(app.code[-1].value, {})
    printed = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in out.getvalue().splitlines()}
    # The code reads the store's bf16 weights, the page the file's exact blocks: a rounding apart.
    assert printed["KL, text"] == pytest.approx(got.mean_kl_bits, rel=0.1)
    assert printed["perplexity"] == pytest.approx(got.perplexity, rel=0.05)
    assert abs(printed["other first choice"] - got.top1_changes) <= 2


def test_an_empty_prompt_or_text_is_explained() -> None:
    assert "prompt" in str(page(text="").error[0].proto)
    assert "two tokens" in str(page(reading="x").error[0].proto)


def test_training_while_rounded_is_there(few_tokens: None) -> None:
    app = page(seeds="1", bits="2")
    assert not app.exception and len(app.get("plotly_chart")) >= 2
