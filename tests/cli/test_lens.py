"""``lens``, ``weight`` and ``ablate``: JSON, tables, bad input."""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.errors import BadInput

pytestmark = pytest.mark.model
TEXT = "The capital of France is"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_lens_ends_in_what_next_says() -> None:
    got, own = answer("lens", TEXT), answer("next", TEXT)
    assert [layer["layer"] for layer in got["layers"]] == [None, *range(30)]
    assert got["answer"]["text"] == " Paris" and got["position"] == 4
    last = got["layers"][-1]
    assert last["answer_rank"] == 1
    assert last["top"][0]["probability"] == pytest.approx(own["candidates"][0]["probability"], rel=1e-2)
    assert last["entropy_bits"] == pytest.approx(own["entropy_bits"], rel=1e-2)
    assert [token["id"] for token in last["top"]] == [c["id"] for c in own["candidates"][:5]]
    assert got["layers"][0]["answer_rank"] > 100


def test_lens_of_another_position_and_as_a_table() -> None:
    got = answer("lens", "--position", "1", "--top", "2", TEXT)
    assert got["position"] == 1 and all(len(layer["top"]) == 2 for layer in got["layers"])
    result = run("lens", TEXT)
    assert result.exit_code == 0 and "·Paris" in result.output and "layer 29" in result.output


def test_weight_is_the_models_own() -> None:
    got = answer(
        "weight", "--layer", "13", "--head", "8", "The animal didn't cross the street because it was too tired."
    )
    own = answer(
        "attention", "--layer", "13", "--head", "8", "The animal didn't cross the street because it was too tired."
    )
    tolerance = 1e-5 if got["dtype"] == "fp32" else 0.05
    np.testing.assert_allclose([key["weight"] for key in got["keys"]], own["matrix"][-1], atol=tolerance)
    np.testing.assert_allclose([key["model_weight"] for key in got["keys"]], own["matrix"][-1], atol=1e-7)
    assert got["layer_weight_error"] <= tolerance and got["root_d"] == 8.0
    early = answer("weight", "--query", "1", TEXT)
    assert [key["masked"] for key in early["keys"]] == [False, False, True, True, True]
    both = answer("weight", "--model", "minilm-l6", TEXT)
    assert not any(key["masked"] for key in both["keys"])
    assert "Largest difference" in run("weight", TEXT).output


def test_ablate_a_head_a_layer_an_mlp_an_edge() -> None:
    head = answer("ablate", "--layer", "23", "--head", "4", TEXT)
    assert head["cut"] == {"part": "heads", "layers": [23], "heads": [4], "method": "zero"}
    assert head["answer"]["text"] == " Paris" and head["kl_bits"] > 1
    assert head["answer"]["after"] < head["answer"]["before"] / 2
    layer = answer("ablate", "--layer", "23", TEXT)
    assert layer["cut"]["part"] == "attention" and layer["kl_bits"] > head["kl_bits"]
    assert answer("ablate", "--layer", "0", "--mlp", TEXT)["kl_bits"] > 5
    edge = answer("ablate", "--layer", "23", "--head", "4", "--edge", "4:3", TEXT)
    assert (edge["cut"]["query"], edge["cut"]["key"], edge["cut"]["method"]) == (4, 3, "mask")
    assert 1 < edge["kl_bits"] < head["kl_bits"]
    everywhere = answer("ablate", "--edge", "4:3", TEXT)
    assert len(everywhere["cut"]["layers"]) == 30 and everywhere["kl_bits"] > edge["kl_bits"]
    result = run("ablate", "--layer", "23", "--head", "4", TEXT)
    assert result.exit_code == 0 and "·Paris" in result.output and "bits (KL)" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lens", ""], "no token"),
        (["lens", "--position", "5", TEXT], "run from 0 to 4"),
        (["lens", "--model", "minilm-l6", TEXT], "no next token"),
        (["weight", "--layer", "30", TEXT], "no layer 30"),
        (["weight", "--head", "9", TEXT], "no head 9"),
        (["ablate", TEXT], "Nothing to take out"),
        (["ablate", "--model", "minilm-l6", "--layer", "0", TEXT], "no next token"),
        (["ablate", "--edge", "3", TEXT], "is no edge"),
        (["ablate", "--edge", "1:3", TEXT], "does not look"),
        (["ablate", "--layer", "0", "--head", "0", "--mlp", TEXT], "no heads"),
        (["ablate", "--layer", "99", TEXT], "no layer 99"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and says in str(result.exception)


def test_long_texts_are_cut_with_a_notice() -> None:
    result = run("lens", "dog " * 300, "--json")
    assert result.exit_code == 0 and "Using the last 48 of" in result.stderr
    assert len(json.loads(result.stdout)["tokens"]) == 48
