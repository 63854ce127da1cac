"""The measured figures: every rank's bar, the step's curve and marks, the tables, as the measurement has them."""

import dataclasses
import re

import pytest

from playground.core.measured_zero import Held
from playground.core.recorded import recording
from playground.figures import zero_measured as figures


def test_a_bar_a_rank_and_component() -> None:
    shown = recording()
    figure = figures.held(shown, "fsdp2")
    components = figure.data[:3]
    assert all(len(bar.x) == shown.gpus * len(shown.stages) for bar in components)
    longest = [sum(parts) for parts in zip(*(bar.x for bar in components), strict=True)]
    totals = [held.total / 1e6 for stage in shown.stages for held in stage.ranks]
    assert longest == pytest.approx(totals)


@pytest.mark.parametrize("name", [stage.name for stage in recording().stages])
def test_a_step_as_it_was_recorded(name: str) -> None:
    stage = recording()[name]
    figure = figures.step(stage)
    heights = [sum(values) for values in zip(*(t.y for t in figure.data if t.stackgroup), strict=True)]
    assert heights == pytest.approx([event.held_bytes / 1e6 for event in stage.events])
    marks = sum(len(trace.x) for trace in figure.data if trace.mode == "markers")
    assert marks == len(stage.collectives)
    rows = figures.in_order(stage).count("<tr>") - 1
    assert rows == len(stage.collectives)


def test_sent_in_three_ways() -> None:
    shown = recording()
    paper, ring, wire = figures.sent(shown, "ddp").data
    assert list(ring.x) == pytest.approx([stage.ring / 1e6 for stage in shown.stages])
    assert list(paper.x) == pytest.approx([stage.paper / 1e6 for stage in shown.stages])
    assert all(here >= by_ring for here, by_ring in zip(wire.x, ring.x, strict=True))


def test_a_byte_too_many_is_seen() -> None:
    stage = recording()["zero1"]
    assert "✗" not in figures.to_the_byte(stage) and "2,910,208 … 2,949,120" in figures.to_the_byte(stage)
    first, *others = stage.ranks
    wrong = dataclasses.replace(stage, ranks=(Held(first.parameters + 1, first.gradients, first.optimizer), *others))
    assert not wrong.as_predicted
    assert figures.to_the_byte(wrong).count("✗") == 2  # the component, and the sum


def test_the_training_is_the_same() -> None:
    table = figures.same_training(recording())
    rows = re.findall(r"<tr><th>.*?</tr>", table)[1:]
    assert len({re.sub("<th>.*?</th>", "", row) for row in rows}) == 1
