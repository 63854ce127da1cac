"""The figures of the number pages say what can't be compared, where chance lies, and which unit an axis has."""

import numpy as np
import pytest

from playground.core import gguf_blocks, power_laws
from playground.core.exact import Typed, parse_number
from playground.core.storing import store_in_all
from playground.figures import format_bits, format_reach, precision, quantization, scaling_history


def test_a_format_that_needs_a_scale_says_so() -> None:
    html = format_bits.every_format(store_in_all(parse_number("pi")), "fp32")
    assert "16 values from −1 to 1, made for weights ÷ absmax" in html  # why π becomes 1 in NF4
    assert "FP4 E2M1&#x27;s bits, but 32 neighbours share a scale" in html  # why MXFP4 is FP4's twin
    assert html.count("lp-note'>") == 4
    scaled = format_bits.every_format(store_in_all(parse_number("pi"), parse_number("4").value), "fp32")
    assert "here times the absmax 4" in scaled and "None is set" not in scaled


def test_a_reach_beyond_the_axis_is_named_and_the_number_escaped() -> None:
    figure = format_reach.reaches(store_in_all(Typed("<b>", parse_number("pi").value)), "fp32")
    said = [annotation.text for annotation in figure.layout.annotations]
    assert "← 10<sup>-324</sup>" in said and "10<sup>308</sup> →" in said and "<b>&lt;b&gt;</b>" in said
    assert sum("→" in text or "←" in text for text in said) == 2  # FP64 only


def test_the_files_own_format_is_striped() -> None:
    bars = quantization.schemes(
        [("GGUF Q4_1", 5.0, np.inf), ("FP16", 16.0, 74.4), ("INT4", 4.25, 18.8)], "INT4", "GGUF Q4_1"
    )
    assert list(bars.data[0].marker.pattern.shape) == ["/", "", ""]
    assert list(bars.data[0].text) == ["the file's own", "74.4 dB →", "18.8 dB"]
    both = precision.losses([("FP32", 32, 0, 16.6), ("GGUF Q4_1", 7.3, 0.0, 16.6)], "GGUF Q4_1")
    assert [list(trace.marker.pattern.shape) for trace in both.data] == [["", "/"]] * 2


@pytest.mark.parametrize("kind", ["Q4_1", "Q4_0", "Q8_0"])
def test_a_block_names_its_parts(kind: str) -> None:
    raw = gguf_blocks.quantize(np.linspace(-1, 1, 32, dtype=np.float32)[None], kind)[0].tobytes()
    html = quantization.block(gguf_blocks.block(raw, kind))
    assert "scale d" in html and "32 whole numbers q" in html and ("minimum m" in html) == (kind == "Q4_1")


def test_an_answer_ends_where_the_model_ended_it() -> None:
    shares = ((" a", 0.5),)
    html = precision.answers(
        [
            precision.Answer("FP32", (" one", " two"), True, None, shares),
            precision.Answer("INT4", (" one",), True, 1, shares),
            precision.Answer("NF4", (" one", " <six>"), False, 1, shares),
        ]
    )
    full, int4, nf4 = html.split("<section>")[1:]
    assert "end of turn" in full and "<mark>" not in full
    assert "<mark><small" in int4 and "parts at token 2" in int4  # ending is what differs
    assert "<mark> &lt;six&gt;…</mark>" in nf4 and "end of turn" not in nf4


def test_chance_is_marked_and_bars_start_at_zero() -> None:
    figure = precision.awareness((8, 2), np.full(3, 0.99), np.full((2, 3), 0.6), np.full((2, 3), 0.7))
    chance = next(trace for trace in figure.data if trace.name == "guessing: 50%")
    assert set(chance.y) == {0.5} and chance.line.dash == "dash"
    assert figure.layout.yaxis.range[0] == 0


def test_the_power_laws_axes_have_units() -> None:
    figure = scaling_history.power_laws(power_laws.LAWS)
    titles = [axis.title.text for axis in figure.select_xaxes()]
    assert titles == ["compute C<br>petaflop/s-days", "tokens D<br>of the text", "parameters N<br>no embeddings"]
    assert figure.layout.yaxis.title.text == "loss, nats per token"
    assert all(2 <= len(axis.tickvals) <= 4 for axis in figure.select_xaxes())
