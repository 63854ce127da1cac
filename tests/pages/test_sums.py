"""The Sums page: where sums stop, products that vanish, links, refusals, and its code as it stands."""

import contextlib
import io

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opened import run


def page(**params: str) -> AppTest:
    return run("sums.py", **params)


def reasons(app: AppTest) -> str:
    return next(block.value for block in app.markdown if block.value.startswith(("- **", "**Nothing")))


def test_ones_stop_at_256_in_bf16_and_2048_in_fp16() -> None:
    app = page(x="1", formats="bf16,fp16")
    assert not app.exception and not app.error
    said = reasons(app)
    assert "**BF16** stays at 256 after 256 steps" in said and "exactly half" in said
    assert "**FP16** stays at 2,048 after 2,048 steps" in said
    assert list(app.dataframe[0].value["fp32"]) == ["99,840", "∞"]  # 100,000 as BF16; beyond FP16


def test_what_adding_in_fp32_can_and_cannot_mend() -> None:
    said = next(block.value for block in page().markdown if block.value.startswith("**Added in FP32**"))
    assert "x is kept as 0.001953125; 100,000 of those make 195.3125 in FP32" in said and "**192**" in said
    assert "lost when x was stored" in said


def test_a_product_vanishes() -> None:
    app = page(op="multiply", start="1", x="0.5", count="300", formats="fp16")
    assert "underflows to 0 after 25 steps" in reasons(app)
    app = page(op="multiply", start="1", x="2", count="300", formats="fp16,fp8-e4m3,fp4-e2m1")
    assert "overflows to ∞ after" in reasons(app) and "to NaN" in reasons(app) and "has no ∞" in reasons(app)


@pytest.mark.parametrize("bad", [{"x": "nan"}, {"start": "inf"}, {"x": "1/0"}, {"x": "abc"}, {"start": ""}])
def test_what_makes_no_sense_is_explained(bad: dict[str, str]) -> None:
    app = page(**bad)
    assert not app.exception and app.error[0].value


@pytest.mark.parametrize("params", [{}, {"x": "-0.1"}, {"start": "-5", "x": "0"}, {"op": "multiply", "x": "0"}])
def test_any_numbers_work(params: dict[str, str]) -> None:
    app = page(**params)
    assert not app.exception and not app.error


def test_the_shown_code_prints_the_tables_numbers() -> None:
    app = page(x="0.1", count="10000", formats="fp64,fp32,bf16,fp16,fp8-e4m3,fp8-e5m2,fp6-e3m2,fp6-e2m3,fp4-e2m1")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(app.code[-1].value, {})
    printed = [float(line.split()[-1]) for line in out.getvalue().splitlines()]
    shown = [float(text.replace(",", "")) for text in app.dataframe[0].value["last"]]
    assert printed == pytest.approx(shown, rel=1e-6)
