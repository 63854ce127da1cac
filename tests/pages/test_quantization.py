"""The Quantization page: a matrix of the real model, every scheme, groups, blocks, links and refusals."""

import pytest
from streamlit.testing.v1 import AppTest

from playground.ui.components import quantization
from tests.pages.opened import html, run

pytestmark = pytest.mark.model


def page(**params: str) -> AppTest:
    return run("quantization.py", **params)


def test_the_example_is_int4_in_groups_of_64() -> None:
    app = page()
    assert not app.exception and not app.error
    bits, size, snr, error = app.metric
    assert bits.value == "4.250" and size.delta.startswith("BF16: 663.55 kB")
    assert 10 < float(snr.value.split()[0]) < 30 and "became 0" in error.delta
    assert len(app.get("plotly_chart")) == 2
    assert "d × q + m" in html(app)
    assert app.info[0].value.startswith("**GGUF Q4_1 is out of competition**")  # above the bars
    assert any("20 bytes ÷ 32 weights = 5 bits" in caption.value for caption in app.caption)


@pytest.mark.parametrize("scheme", quantization._OFFERED)
def test_every_scheme_opens_by_a_link(scheme: str) -> None:
    app = page(scheme=scheme, layer="0", module="mlp.down_proj")
    assert not app.exception and not app.error
    assert float(app.metric[0].value) > 2


def test_a_smaller_group_costs_bits_and_saves_error() -> None:
    coarse, fine = page(group="576"), page(group="8")
    assert (coarse.metric[0].value, fine.metric[0].value) == ("4.028", "6.000")
    assert float(coarse.metric[2].value.split()[0]) < float(fine.metric[2].value.split()[0])


def test_the_zero_point_and_one_scale_for_all() -> None:
    app = page(rule="zero-point", grain="tensor", scheme="int4")
    assert not app.exception and not app.error
    assert "round(w ÷ s) + z" in html(app) and app.metric[0].delta == "scales counted: 1"


def test_q4_1_finds_the_file_where_it_left_it() -> None:
    app = page(scheme="q4_1")
    assert app.metric[0].value == "5.000"
    assert app.metric[2].value.startswith("∞") or float(app.metric[2].value.split()[0]) > 50


def test_an_encoder_has_matrices_too_but_no_gguf_blocks() -> None:
    app = page(model="minilm-l6")
    assert not app.exception and not app.error
    assert any("The same 32 weights as Q4_1" in block.value for block in app.markdown)


@pytest.mark.parametrize("bad", [{"group": "100"}, {"group": "0"}, {"group": "nan"}, {"layer": "99"}, {"row": "-1"}])
def test_nonsense_in_a_link_falls_back_with_a_notice(bad: dict[str, str]) -> None:
    app = page(**bad)
    assert not app.exception and not app.error
    assert any("is not a choice" in caption.value for caption in app.caption)
