"""The ZeRO page: the paper's figure as its example, every stage, links and refusals."""

from functools import partial

import pytest

from tests.pages.opened import html, run

page = partial(run, "zero.py")


def test_the_example_is_the_papers_figure_1() -> None:
    app = page()
    assert not app.exception and not app.error
    assert app.title[0].value == "ZeRO"
    spec = app.get("plotly_chart")[0].proto.spec
    for total in ("120.00 GB", "31.41 GB", "16.64 GB", "1.88 GB"):
        assert total in spec
    assert len(app.get("plotly_chart")) == 3


@pytest.mark.parametrize(
    ("stage", "held", "less", "formula"),
    [
        ("0", "120.00 GB", "1×", "16 × 7,500,000,000"),
        ("1", "31.41 GB", "3.82×", "4 × 7,500,000,000 + 12 × 7,500,000,000 / 64"),
        ("2", "16.64 GB", "7.21×", "2 × 7,500,000,000 + 14 × 7,500,000,000 / 64"),
        ("3", "1.88 GB", "64×", "16 × 7,500,000,000 / 64"),
    ],
)
def test_every_stage(stage: str, held: str, less: str, formula: str) -> None:
    app = page(stage=stage, gpus="64", params="7.5B")
    assert not app.exception and not app.error
    assert app.metric[0].value == held and app.metric[1].value == less
    assert formula in html(app)


def test_a_model_and_other_bytes() -> None:
    app = page(model="gpt2", gpus="7", stage="2", param_bytes="4", grad_bytes="4", optimizer_bytes="8")
    assert not app.exception and not app.error
    assert app.metric[1].delta == "never passes 4×"
    assert "12 × 124,439,808 / 7" in html(app)


def test_a_count_in_a_link_wins_over_the_model_chosen_before() -> None:
    app = page(model="llama-2-7b")
    assert app.metric[0].value != "31.41 GB"
    app.query_params.clear()
    app.query_params["params"] = "7.5B"
    app.run()
    assert app.selectbox(key="model").value == "params" and app.metric[0].value == "31.41 GB"


@pytest.mark.fault(14)
@pytest.mark.parametrize("gpus", ["1", "2", "16", "17", "1024", "4096"])
def test_any_number_of_gpus(gpus: str) -> None:
    for stage in ("0", "3"):
        app = page(gpus=gpus, stage=stage)
        assert not app.exception and not app.error


@pytest.mark.fault(13)
@pytest.mark.parametrize("params", ["0", "-1", "1e15", "nan", "$x$", "10"])
def test_what_makes_no_sense_is_explained(params: str) -> None:
    app = page(params=params, stage="3")
    assert not app.exception and app.error[0].value


def test_nonsense_in_a_link_falls_back() -> None:
    app = page(stage="4", gpus="0", optimizer_bytes="-3")
    assert not app.exception and not app.error
    assert (app.segmented_control(key="stage").value, app.select_slider(key="gpus").value) == (1, 64)
