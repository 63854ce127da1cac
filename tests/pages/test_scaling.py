"""The Scaling laws page: its example, the three ways to ask, links, and budgets that are none."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opened import html, run


def page(**params: str) -> AppTest:
    return run("scaling.py", **params)


def test_the_example_is_chinchilla() -> None:
    app = page()
    assert not app.exception and not app.error
    assert [metric.value for metric in app.metric[:3]] == ["5.88 × 10²³", "6,806", "20.0"]
    assert "40.74B" in html(app) and "32.49B" in html(app)  # unrounded and rounded at this budget
    assert "1.26 × 10²⁴" in html(app) and any("misprint" in caption.value for caption in app.caption)
    assert len(app.get("plotly_chart")) == 5
    assert "nats per token" in html(app)
    assert any("losses of different laws don't compare" in block.value for block in app.markdown)


def test_gophers_budget_by_every_law() -> None:
    app = page(ask="compute", compute="5.76e23")
    shown = html(app)
    assert all(text in shown for text in ("69.28B", "40.36B", "32.19B", "72.25B")), shown[-2000:]


def test_gpus_and_days() -> None:
    app = page(ask="gpus", card="a100-80gb", gpus="512", days="53", utilisation="33")
    assert not app.exception and not app.error
    assert app.metric[0].value == "2.41 × 10²³"


def test_the_price_follows_from_gpu_hours() -> None:
    app = page(ask="compute", compute="3.14e23", price="2.0")
    days = next(metric for metric in app.metric if metric.label == "Days")
    price = next(metric for metric in app.metric if metric.label == "Price")
    assert days.value == "28.4" and price.value == "$1.40M"


@pytest.mark.parametrize("law", ["approach-3-rounded", "approach-3", "epoch"])
def test_every_law_draws(law: str) -> None:
    app = page(law=law)
    assert not app.exception and not app.error


@pytest.mark.parametrize(
    "params",
    [
        {"ask": "compute", "compute": "nan"},
        {"ask": "compute", "compute": "0"},
        {"ask": "compute", "compute": "1e99"},
        {"params": "0"},
        {"params": "-7B"},
        {"params": "1e15", "tokens": "1"},
        {"tokens": "<b>"},
        {"tokens": "0"},
    ],
)
def test_budgets_that_are_none_are_explained(params: dict[str, str]) -> None:
    app = page(**params)
    assert not app.exception and app.error[0].value
