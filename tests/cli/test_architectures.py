"""``parts``, ``objectives`` and ``rewrite``, against the models' own counts and each other."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.errors import BadInput

TEXT = "The capital of France is Paris, and the capital of Peru is Lima."
DATE = "the 3rd of May '99"

pytestmark = pytest.mark.model


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("model_id", ["smollm2-135m", "minilm-l6", "date-t5"])
def test_the_parts_add_up(model_id: str) -> None:
    from playground.models import lens

    got = answer("parts", "--model", model_id, DATE)
    with lens.open(model_id) as opened:
        assert got["parameters"] == opened.parameters and got["bytes"] == opened.weight_bytes
    assert sum(part["parameters"] for part in got["parts"]) == got["parameters"] == sum(got["by_kind"].values())
    assert sum(w["parameters"] for part in got["parts"] for w in part["weights"]) == got["parameters"]


def test_the_tables_are_readable() -> None:
    assert "blocks 0–29" in run("parts").output
    assert "3 of 17 tokens" in run("objectives", "masked", TEXT).output
    assert "perplexity" in run("objectives", "causal", "The cat sat").output
    assert "again" in run("objectives", "spans", TEXT).output
    assert "1999-05-03" in run("rewrite", DATE).output


def test_exercises_as_data() -> None:
    masked = answer("objectives", "masked", "--draw", "79", TEXT)
    assert [(one["change"], one["target"]) for one in masked["asked"]] == [
        ("masked", "capital"), ("random", "france"), ("kept", "lima"),
    ]  # fmt: skip
    spans = answer("objectives", "spans", "--rate", "0.5", TEXT)
    assert spans["restored"] and spans["input"].count("<extra_id_0>") == spans["target"].count("<extra_id_0>") == 1
    causal = answer("objectives", "causal", "The capital of France is Paris")
    assert causal["by_token"][-1]["token"] == " Paris" and causal["by_token"][-1]["rank"] == 1
    assert causal["nats"] == pytest.approx(sum(t["nats"] for t in causal["by_token"]) / causal["tokens"])


def test_a_date_is_rewritten_and_its_looks_add_up() -> None:
    got = answer("rewrite", "--head", "1", DATE)
    assert got["text"] == "1999-05-03" and got["steps"][-1]["finish_reason"] == "stop"
    assert all(sum(step["cross_attention"]) == pytest.approx(1, abs=1e-4) for step in got["steps"])
    month = got["steps"][6]["cross_attention"]
    assert got["source"][month.index(max(month))] in "May"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["parts", ""], "no token"),
        (["objectives", "masked", ""], "no token to hide"),
        (["objectives", "masked", "[MASK] [SEP]"], "no token to hide"),
        (["objectives", "causal", "x"], "no next token"),
        (["objectives", "causal", "--model", "minilm-l6", "a b"], "no next token"),
        (["objectives", "spans", ""], "nothing to cut"),
        (["objectives", "spans", "--rate", "2", TEXT], "can't be drawn"),
        (["rewrite", "--model", "smollm2-135m", "x"], "does not read a source"),
        (["rewrite", "--layer", "2", DATE], "run from 0 to 1"),
        (["rewrite", "--head", "-1", DATE], "run from 0 to 3"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and says in str(result.exception)
