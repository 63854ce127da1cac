"""The calculators' figures draw the numbers they are given, escape text, and name no colour of the page's text."""

import json
from fractions import Fraction

import plotly.graph_objects as go
import pytest

from playground.core import memory_explained, zero, zero_explained
from playground.core.exact import Typed, parse_number
from playground.core.formats import FORMATS, format_named
from playground.core.gpus import fits
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import cache_format
from playground.core.storing import store, store_in_all
from playground.core.subject import subject
from playground.core.weight_formats import weight_format
from playground.figures import format_bits, format_errors, format_facts, format_line, palette
from playground.figures import memory as memory_figures
from playground.figures import zero as zero_figures
from playground.figures.formula import formula
from playground.figures.memory import Bar


def bars(figure: go.Figure) -> list[go.Bar]:
    return [trace for trace in figure.data if trace.type == "bar"]


def test_a_stacked_bar_is_as_long_as_its_bytes() -> None:
    parts = {"weights": 14 * 10**9, "kv_cache": 2 * 10**9, "overhead": 10**9}
    figure = memory_figures.stacked([Bar("rule", {"weights": 14 * 10**9}), Bar("computed", parts)])
    assert [trace.x[0] for trace in bars(figure)] == [14, 14, 2, 1]
    assert any("17.00 GB = 15.83 GiB" in annotation.text for annotation in figure.layout.annotations)
    colours = {trace.name: trace.marker.color for trace in bars(figure)}
    assert colours["weights"] == palette.PARAMETERS and colours["KV cache"] == palette.KV_CACHE


def test_every_part_of_a_calculation_has_a_row_with_formula_and_source() -> None:
    about, bf16, half = subject("llama-3.1-8b"), weight_format("bf16"), cache_format("bf16")
    need = inference_memory(about, bf16, half, 8192)
    lines = memory_explained.explain_inference(need, bf16, half, 8192, 1)
    assert sum(line.bytes for line in lines) == need.total
    html = memory_figures.table(lines)
    assert "18.45 GB" in html and "8 KV heads × 128" in html
    assert all(line.formula and line.source for line in lines)


def test_formulas_shown_give_the_bytes_shown() -> None:
    """The KV cache's and the activations' formulas are evaluated as printed."""
    about, bf16, half = subject("llama-3.1-8b"), weight_format("bf16"), cache_format("bf16")
    need = inference_memory(about, bf16, half, 8192, 4)
    lines = {line.part: line for line in memory_explained.explain_inference(need, bf16, half, 8192, 4)}
    for part in ("weights", "kv_cache", "activations", "logits"):
        text = lines[part].formula.replace(",", "").replace("×", "*").replace("·", "*")
        words = ("layers", "KV heads", "tokens", "batch", "vocabulary", "bits", " B")
        for word in words:
            text = text.replace(word, "")
        assert eval(text, {"__builtins__": {}}) == lines[part].bytes, part


def test_gauges_tell_who_fits_in_words() -> None:
    html = memory_figures.gauges(fits(24 * 10**9))
    assert html.count("✓ fits") == sum(fit.fits for fit in fits(24 * 10**9))
    assert "✗ at least 3 cards" in html


def test_the_paper_figure_is_drawn_to_scale() -> None:
    figure = zero_figures.stages(zero.plans(7_500_000_000, 64), chosen=2)
    heights = {trace.name: list(trace.y) for trace in bars(figure)}
    assert heights["parameters"] == [15, 15, 15, 0.234375]
    assert [sum(column) for column in zip(*heights.values(), strict=True)] == [120, 31.40625, 16.640625, 1.875]
    assert [trace.marker.opacity[2] for trace in bars(figure)] == [1.0] * 3


def test_factors_and_bytes_sent() -> None:
    shown = zero.plans(7_500_000_000, 8)
    curves = zero_explained.reductions(zero.Bytes(), 1024)
    most = {plan.stage: None if plan.limit is None else float(plan.limit) for plan in shown}
    figure = zero_figures.factors(curves, shown[2], most)
    dot = figure.data[-1]
    assert (dot.x[0], round(dot.y[0], 3)) == (8, 4.267)
    sent = zero_figures.sent(shown, 3)
    assert sum(trace.x[3] for trace in bars(sent)) == pytest.approx(39.375)
    assert any("<b>3Ψ</b>" in annotation.text for annotation in sent.layout.annotations)


def test_table_1_has_the_papers_cells() -> None:
    html = zero_figures.table_1(zero_explained.table_1(), 64)
    assert "<tr class=lp-on><th>64</th><td>31.41</td><td>16.64</td><td>1.875</td></tr>" in html
    assert html.count("<table>") == 3


@pytest.mark.parametrize("typed", ["pi", "0", "-1e9", "nan", "inf", "1e-320", "1/3"])
def test_every_number_can_be_drawn_in_every_format(typed: str) -> None:
    everywhere = store_in_all(parse_number(typed))
    for one in everywhere:
        html = format_bits.every_format(everywhere, one.format.name)
        assert html.count("class=lp-on") == 1
        cells = format_bits.bits(one)
        assert cells.count(">1</i>") + cells.count(">0</i>") == one.format.bits_total
        json.loads(format_line.neighbours(one).to_json())
        json.loads(format_errors.errors(everywhere, one.format.name).to_json())
        assert format_facts.facts(one)


def test_the_number_line_puts_the_number_where_it_is() -> None:
    figure = format_line.neighbours(store(format_named("fp8-e4m3"), parse_number("pi")))
    ticks, marker = figure.data
    assert list(ticks.x) == [0, -1, 1] and list(figure.layout.xaxis.ticktext) == ["3.25", "3", "3.5"]
    assert marker.x[0] == pytest.approx((3.141592653589793 - 3.25) / 0.25)


def test_text_from_a_person_is_escaped() -> None:
    typed = Typed("<img src=x onerror=alert(1)>", Fraction(1, 3))
    html = format_bits.every_format(store_in_all(typed), "fp32") + formula("<script>")
    assert "<img" not in html and "<script>" not in html
    figure = format_line.neighbours(store(format_named("bf16"), typed))
    assert "<img" not in figure.to_json().encode().decode("unicode_escape")


def test_labels_on_colours_have_enough_contrast() -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    used = {colour for _, colour in memory_figures.PARTS.values()} | set(format_bits.FIELDS.values())
    for colour in used:
        light, dark = sorted((luminance(colour), luminance(palette.text_on(colour))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour


def test_the_charts_leave_background_and_text_to_the_theme() -> None:
    shown = zero.plans(7_500_000_000, 64)
    figures = [
        memory_figures.stacked([Bar("a", {"weights": 5})]),
        zero_figures.stages(shown, 1),
        zero_figures.sent(shown, 1),
        format_errors.errors(store_in_all(parse_number("pi")), "fp32"),
    ]
    for figure in figures:
        assert figure.layout.paper_bgcolor is None and figure.layout.font.color is None
    assert len(FORMATS) == 14
