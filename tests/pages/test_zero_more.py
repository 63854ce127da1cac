"""The pages after ZeRO: the film, what sharding costs, will it fit. Examples, links, and what makes no sense."""

import ast
import json

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opened import run


def fine(app: AppTest) -> bool:
    return not app.exception and not app.error


def test_the_film_opens_with_ddp_beside_fsdp() -> None:
    app = run("zero_film.py")
    assert fine(app)
    table = app.dataframe[0].value
    assert list(table[""]) == ["DDP", "FSDP2"]
    assert list(table["between steps, with gradients"]) == ["23.36 MB", "5.84 MB"]
    assert list(table["collectives"]) == [6, 21]
    assert len(set(table["loss after step 3"])) == 1  # the same training


def test_any_two_variants_and_unknown_ones() -> None:
    assert fine(run("zero_film.py", left="hybrid", right="zero2_textbook"))
    app = run("zero_film.py", left="zero9", right="<b>")
    assert fine(app) and app.selectbox(key="left").value == "ddp"


def test_what_sharding_costs_turns_where_the_formula_says() -> None:
    app = run("zero_cost.py", link="nvlink3", card="A100", tokens="4096", used="40")
    assert fine(app)
    assert [metric.value for metric in app.metric] == ["1.48 s", "0 s", "410 tokens"]
    slow = run("zero_cost.py", link="eth100", overlap="0")
    assert slow.metric[1].value == "3.54 s" and "3.40× as long" in slow.metric[1].delta


@pytest.mark.parametrize(
    "params", [{"params": "0"}, {"params": "nan"}, {"params": "10", "gpus": "64"}, {"model": "gpt2", "gpus": "1"}]
)
def test_cost_of_what_makes_no_sense(params: dict[str, str]) -> None:
    app = run("zero_cost.py", **params)
    assert not app.exception and app.error[0].value


def test_eight_billion_on_eight() -> None:
    app = run("zero_fit.py")
    assert fine(app)
    assert [metric.value for metric in app.metric] == ["stage 1", "2 × A100 80 GB", "44.17 GB"]
    assert json.loads(app.code[0].value)["zero_optimization"]["stage"] == 1


def test_a_way_is_exported_for_both_libraries() -> None:
    app = run("zero_fit.py", way="3-optimizer")
    assert json.loads(app.code[0].value)["zero_optimization"]["offload_optimizer"]["device"] == "cpu"
    ast.parse(app.code[1].value)
    assert "CPUOffloadPolicy(" in app.code[1].value


def test_what_does_not_fit_says_how_many_it_takes() -> None:
    app = run(
        "zero_fit.py", model="llama-3.1-405b", gpu="rtx-4060", gpus="1", count="all", sequence="131072", batch="64"
    )
    assert fine(app)
    assert "does not fit" in app.warning[0].value
    assert fine(run("zero_fit.py", gpu="abacus", gpus="-3", way="9"))


def test_activations_are_counted_where_they_are_asked_for() -> None:
    plain, counted = run("zero_fit.py"), run("zero_fit.py", count="all", sequence="8192", recompute="full")
    assert fine(counted) and plain.metric[1].value != counted.metric[1].value


def test_sharding_factor_and_offload_on_the_zero_page() -> None:
    app = run("zero.py", gpus="64", stage="3", factor="8")
    assert fine(app) and app.metric[0].value == "15.00 GB" and app.metric[1].delta == "8 GPUs share a copy"
    app = run("zero.py", gpus="64", stage="2", offload="optimizer")
    assert app.metric[0].value == "15.00 GB" and app.metric[1].value == "1.64 GB"
    app = run("zero.py", gpus="64", stage="3", factor="7", offload="everything")
    assert fine(app) and app.metric[0].value == "1.88 GB"


def test_buffers_can_be_larger_than_what_sharding_saves() -> None:
    app = run("zero.py", model="gpt2", gpus="8", stage="2", count="all")
    assert fine(app) and app.metric[0].label.endswith("with activations and buffers")
