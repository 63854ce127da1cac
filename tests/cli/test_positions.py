"""``positions`` and its JSON, against the formulas and the model's own attention."""

import json
import math
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.errors import BadInput

TEXT = "The animal didn't cross the street because it was too tired."


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["positions", *arguments])


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_sinusoids_by_distance() -> None:
    got = answer("sinusoidal", "--d-model", "64", "--farthest", "5")
    for row in got["by_distance"]:
        expected = sum(math.cos(row["distance"] / 10_000 ** (2 * i / 64)) for i in range(32))
        assert row["dot_product"] == pytest.approx(expected)
    assert "dot product" in run("sinusoidal").output


@pytest.mark.model
def test_the_score_is_the_one_the_model_softens() -> None:
    from playground.models import lens

    got = answer("rotary", TEXT, "--layer", "16", "--head", "0", "--query", "8", "--key", "7")
    scores = [
        answer("rotary", TEXT, "--layer", "16", "--head", "0", "--query", "8", "--key", str(k))["score_here"]
        for k in range(9)
    ]
    weights = np.exp(scores) / np.exp(scores).sum()
    with lens.open("smollm2-135m") as opened:
        own = opened.attentions(opened.encode(TEXT).ids)[16, 0, 8, :9]
    np.testing.assert_allclose(weights, own, atol=1e-4 if opened.dtype == "fp32" else 3e-2)
    best = max(got["by_distance"], key=lambda row: row["score"])
    assert best["distance"] == 1 and best["score"] == pytest.approx(got["score_here"])
    assert (got["theta"], got["head_dimensions"], len(got["wavelengths"])) == (100_000, 64, 32)
    assert "looks at" in run("rotary", TEXT).output


@pytest.mark.model
def test_learned_rows() -> None:
    got = answer("learned")
    assert (got["positions"], got["dimensions"]) == (512, 384)
    assert got["by_distance"][0]["mean_cosine"] == pytest.approx(1.0)
    assert 0.8 < got["by_distance"][1]["mean_cosine"] < 0.9


@pytest.mark.model
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sinusoidal", "--d-model", "3"], "even"),
        (["rotary", ""], "no token"),
        (["rotary", TEXT, "--layer", "30"], "run from 0 to 29"),
        (["rotary", TEXT, "--head", "9"], "run from 0 to 8"),
        (["rotary", TEXT, "--key", "99"], "run from 0 to 12"),
        (["rotary", TEXT, "--model", "minilm-l6"], "no rotary"),
        (["learned", "--model", "smollm2-135m"], "no table of positions"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and says in str(result.exception)
