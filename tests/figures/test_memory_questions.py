"""Figures of the inverse questions, of measurements and of the lifecycle: what they draw is what was computed."""

import pytest

from playground.core import inverse, lifecycle, other_calculators
from playground.core.architectures import architecture
from playground.core.gpus import gpu
from playground.core.kv_cache import cache_format
from playground.core.lifecycle import Machine, Task
from playground.core.measured_memory import Check
from playground.core.subject import subject
from playground.core.weight_formats import weight_format
from playground.figures import lifecycle as life
from playground.figures import memory as parts
from playground.figures import memory_checked as checked
from playground.figures import memory_fits as figures


def test_the_frontier_says_whether_the_asked_pair_fits() -> None:
    points = [(1, 60_000), (2, 30_000), (4, 15_000)]
    for asked, text in (((2, 30_000), "fits"), ((2, 30_001), "does not fit"), ((8, 1), "does not fit")):
        figure = figures.frontier(points, asked, 131_072)
        assert list(figure.data[0].y) == [60_000, 30_000, 15_000] and figure.data[1].text[0] == text


def test_models_that_fit_end_before_the_cards_line() -> None:
    usable = gpu("rtx-4090").usable_bytes
    asked = inverse.Serving(subject("gpt2"), weight_format("bf16"), cache_format("bf16"), 4096, 1, 2**30)
    found = asked.largest_models(usable)[:5]
    figure = figures.models_that_fit([(about.title, need.parts) for about, need in found], usable)
    ends = [sum(trace.x[row] for trace in figure.data) for row in range(5)]
    assert ends == pytest.approx([need.total / 2**30 for _, need in found])
    assert all(end <= usable / 2**30 for end in ends) and figure.layout.shapes[0].x0 == usable / 2**30


def test_the_legend_names_what_is_stacked_in_its_order() -> None:
    need = {"weights": 900, "kv_cache": 0, "logits": 99, "overhead": 1}
    html = parts.legend(need)
    assert [name in html for name in ("weights 90%", "logits 9.9%", "overhead 0.1%", "KV cache")] == [True] * 3 + [
        False
    ]
    assert html.index("weights") < html.index("logits") < html.index("overhead")
    assert (
        "&lt;0.1%" in parts.legend({"weights": 10**9, "overhead": 1})
        and "%" not in parts.legend(["weights"]).split("</style>")[1]
    )
    colours = [parts.PARTS[part][1] for part in ("activations", "recomputed_layer", "logits")]
    assert len(set(colours)) == 3


def test_a_difference_is_shown_with_its_reason_and_text_is_escaped() -> None:
    html = checked.checks((Check("weights", "1 × 4 B", 4, 4, ""), Check("<b>", "x", 90, 100, "a < b")))
    assert html.count("✓ to the byte") == 1 and "+10 B (+10.00%)" in html
    assert "&lt;b&gt;" in html and "a &lt; b" in html


def test_others_are_drawn_to_scale() -> None:
    answers = other_calculators.compare_inference(architecture("llama-2-7b"), 4096, 1)
    html = checked.others([("here", "KV cache", 2 * 2**30, "all of it")], answers)
    assert "width:100.0%" in html and "1.00 GiB" in html and "2.00 GiB" in html


def test_lifecycle_lines_start_at_the_price_of_training() -> None:
    task = Task(64, 16, 8, 128, 3_000, 3, 100_000, 12)
    ways = lifecycle.ways(subject("llama-3.1-8b"), task, Machine(gpu("a100-80gb"), 0.4, 2.0))
    figure = life.over_requests(ways, 1_200_000)
    for way, trace in zip(ways, figure.data, strict=True):
        assert trace.y[0] == pytest.approx(way.once_price + way.request_price)
    table = life.table(ways, 1_200_000, 128)
    assert "1 × 128 tokens" in table and "$0.07893" in table and "$94.72" in table  # 1,200 × the one is the other
    assert table.count("✓") == 1 and all(title.split(" (")[0] in table for title in lifecycle.TITLES.values())
