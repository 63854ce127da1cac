"""Figures written without plotly's check: plotly itself accepts them, and stores them just as they are sent."""

import json
from collections.abc import Callable

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from playground.core import zero, zero_explained
from playground.figures import memory, memory_fits, plain, zero_cost, zero_fit
from playground.figures import zero as zero_figures

PLANS = zero.plans(7_500_000_000, 8)
MOST = {plan.stage: None if plan.limit is None else float(plan.limit) for plan in PLANS}
WEIGHTS = {"weights": 14 * 10**9, "kv_cache": 2 * 10**9}
FIGURES: dict[str, Callable[[], plain.Figure]] = {
    "stages": lambda: zero_figures.stages(PLANS, 2),
    "factors": lambda: zero_figures.factors(zero_explained.reductions(zero.Bytes(), 1024), PLANS[2], MOST),
    "sent": lambda: zero_figures.sent(PLANS, 3),
    "stacked": lambda: memory.stacked([memory.Bar("rule", WEIGHTS), memory.Bar("computed", WEIGHTS)]),
    "per token": lambda: zero_cost.per_token([64, 256], {0: [1e-5, 2e-6], 3: [2e-5, 2e-6]}, 2e-6, {0: 128, 3: 256}, 64),
    "largest": lambda: zero_fit.largest({0: 5 * 10**9, 3: 40 * 10**9}),
    "frontier": lambda: memory_fits.frontier([(1, 60_000), (2, 30_000)], (2, 30_000), 131_072),
    "models": lambda: memory_fits.models_that_fit([("<b>", WEIGHTS), ("b", WEIGHTS)], 24 * 2**30),
}


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_stores_it_as_it_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pio.templates, "default", None)
    sent = FIGURES[name]().to_dict()
    checked = go.Figure(sent)  # raises for a property or a value that plotly does not know
    assert json.loads(checked.to_json()) == json.loads(json.dumps(sent))


def test_lines_across_the_plot_are_those_of_plotly() -> None:
    ours, theirs = plain.Figure(), go.Figure()
    for figure in (ours, theirs):
        figure.add_vline(x=3, line={"width": 1})
        figure.add_hline(y=5, line={"dash": "dot"})
    assert ours.layout.shapes == theirs.layout.shapes


def test_shorthands_are_found_out() -> None:
    figure = plain.Figure()
    figure.update_layout(xaxis={"title": "GPUs"})
    assert go.Figure(figure.to_dict()).to_dict()["layout"]["xaxis"] != figure.to_dict()["layout"]["xaxis"]
    figure.update_layout(xaxis={"titel": "GPUs"})
    with pytest.raises(ValueError, match="titel"):
        _ = figure.layout
