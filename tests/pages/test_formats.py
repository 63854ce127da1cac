"""The Number formats page: its example, links, bits flipped, edges, and text typed by someone unkind."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from playground.ui.components.bits import _KEY
from tests.pages.opened import html, run


def page(**params: str) -> AppTest:
    return run("formats.py", **params)


def code(app: AppTest) -> list[str]:
    return [element.value for element in app.code]


def test_the_example_is_pi() -> None:
    app = page()
    assert not app.exception and not app.error
    assert app.title[0].value == "Number formats"
    assert "3.1415927410125732421875" in code(app)[0]
    assert "2^(128 − 127)" in html(app)
    assert "3.1415920257568359375" in app.main.markdown[-1].value or any(
        "3.1415920257568359375" in block.value for block in app.markdown
    )
    assert len(app.get("plotly_chart")) == 4 and len(app.get("bidi_component")) == 1


@pytest.mark.parametrize(
    "dtype", ["fp64", "tf32", "bf16", "fp16", "fp8-e4m3", "fp4-e2m1", "mxfp4", "nf4", "int8", "int4"]
)
def test_a_link_opens_a_format(dtype: str) -> None:
    app = page(dtype=dtype, value="1/3")
    assert not app.exception and not app.error
    assert app.segmented_control(key="dtype").value == dtype


def test_the_bits_to_flip_are_those_of_the_number() -> None:
    app = page(dtype="fp8-e4m3")
    component = app.get("bidi_component")[0]
    fields = json.loads(component.proto.json)["fields"]
    assert [(field["name"], field["bits"]) for field in fields] == [
        ("sign", "0"),
        ("exponent", "1000"),
        ("mantissa", "101"),
    ]
    assert _KEY in component.proto.id


def test_absmax_scales_the_integers() -> None:
    app = page(dtype="int8", absmax="4")
    assert code(app)[0].startswith("3.1496062992125984")
    assert "100 × 0.031496063" in html(app)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e1000", "-0", "1e-1000"])
def test_the_edges_are_shown_and_explained(value: str) -> None:
    for dtype in ("fp32", "fp8-e4m3", "fp4-e2m1", "int8"):
        app = page(value=value, dtype=dtype)
        assert not app.exception and not app.error


@pytest.mark.parametrize(
    "value", ["abc", "1/0", "1e99999", "<script>alert(1)</script>", "![x](http://127.0.0.1/)", "$x$"]
)
def test_what_is_not_a_number_is_a_box_with_advice(value: str) -> None:
    app = page(value=value)
    assert not app.exception
    assert "such as" in app.error[0].value or "Keep it" in app.error[0].value
    app.text_input(key="value").set_value("0.5").run()
    assert not app.error and code(app)[0] == "0.5"


def test_nonsense_in_a_link_falls_back_with_a_notice() -> None:
    app = page(dtype="fp7")
    assert not app.exception and app.segmented_control(key="dtype").value == "fp32"
    assert any("not a choice" in caption.value for caption in app.caption)


def test_nf4_is_a_table_times_absmax() -> None:
    app = page(dtype="nf4", absmax="4")
    assert not app.exception and not app.error
    fields = json.loads(app.get("bidi_component")[0].proto.json)["fields"]
    assert [(field["name"], field["bits"]) for field in fields] == [("place in the table", "1110")]
    assert "entry 14 = 0.72295683622360" in html(app)


@pytest.mark.parametrize("line", ["linear", "log"])
def test_the_number_line_of_every_width(line: str) -> None:
    for dtype in ("fp64", "bf16", "fp8-e4m3", "nf4", "int8"):
        app = page(dtype=dtype, line=line, value="-0.3")
        assert not app.exception and not app.error


def test_overflow_has_a_bar_and_a_place() -> None:
    app = page(value="70000", dtype="fp16")
    specs = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("overflow: \\u221e" in spec or "overflow: ∞" in spec for spec in specs)
    app = page(value="65510", dtype="fp16")
    assert any("Rounded to the largest number" in caption.value for caption in app.caption)


def test_numbers_are_counted_between_two_ends() -> None:
    app = page(low="1", high="2")
    assert any("8,388,609" in chart.proto.spec for chart in app.get("plotly_chart"))
    app = page(low="2", high="1")
    assert "larger" in str(app.error[0].proto)
