"""``embeddings`` and its JSON, against torch on the same files, and words it can't look up."""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.errors import BadInput

pytestmark = pytest.mark.model
RIVER, ACCOUNT = "We sat on the grassy bank of the river.", "She opened an account at the bank."


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["embeddings", *arguments])


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def table(store_ready: None) -> np.ndarray:
    """The embedding table as the file has it."""
    from safetensors import safe_open

    from playground.models import store

    with safe_open(str(store.ensure("minilm-l6") / "model.safetensors"), "pt") as weights:
        return weights.get_tensor("embeddings.word_embeddings.weight").float().numpy()


def test_neighbours_of_the_file_s_own_table(table: np.ndarray) -> None:
    got = answer("neighbours", "king", "--model", "minilm-l6", "--top", "7")
    row = table[got["token"]["id"]]
    cosines = table @ row / np.linalg.norm(table, axis=1) / np.linalg.norm(row)
    order = np.argsort(-cosines)[1:8]
    assert [n["id"] for n in got["neighbours"]] == order.tolist()
    np.testing.assert_allclose([n["cosine"] for n in got["neighbours"]], cosines[order], atol=1e-5)
    np.testing.assert_allclose([n["norm"] for n in got["neighbours"]], np.linalg.norm(table[order], axis=1), rtol=1e-5)
    assert got["mean_cosine"] == pytest.approx(cosines.mean(), abs=1e-5)
    assert (got["model"], got["vocabulary_size"], got["token"]["text"]) == ("minilm-l6", 30_522, "king")


def test_the_default_model_s_king() -> None:
    got = answer("neighbours", "king")
    assert got["token"]["text"] == " king" and len(got["neighbours"]) == 10
    assert {" queen", " prince"} <= {n["text"] for n in got["neighbours"]}
    alone = answer("neighbours", "king", "--no-space")
    assert alone["token"]["text"] == "king"
    assert "·queen" in run("neighbours", "king").output


def test_a_piece_of_a_word() -> None:
    result = run("neighbours", "zebraish", "--piece", "2", "--json")
    got = json.loads(result.stdout)
    assert got["token"]["id"] == got["tokens"][1]["id"] and "Several tokens" in result.stderr


def test_similarity_and_components(table: np.ndarray) -> None:
    got = answer("similarity", "king", "queen", "cat", "--model", "minilm-l6")
    rows = table[[w["ids"][0] for w in got["words"]]]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(got["matrix"], unit @ unit.T, atol=1e-5)
    assert sum(got["variance_explained"]) == pytest.approx(1.0)  # three points span a plane
    assert "queen" in run("similarity", "king", "queen").output


def test_arithmetic_marks_the_sum_s_own_words() -> None:
    got = answer("arithmetic", "king - man + woman", "--top", "5")
    assert [t["sign"] for t in got["terms"]] == [1, -1, 1]
    assert got["others"][0]["text"] == " queen"
    marked = {n["text"] for n in got["nearest"] if n["in_sum"]}
    assert {n.strip().lower() for n in marked} <= {"king", "man", "woman"} and " king" in marked
    assert not {n["text"].strip().lower() for n in got["others"]} & {"king", "man", "woman"}
    assert "*" in run("arithmetic", "king - man + woman").output


def test_context_layer_by_layer() -> None:
    got = answer("context", "bank", RIVER, ACCOUNT)
    curve = got["pairs"][0]["cosine"]
    assert len(curve) == len(got["steps"]) == len(got["different_words"]["mean"]) == 31
    assert curve[0] == pytest.approx(1, abs=1e-6) and curve[-1] < 0.8
    assert "different words" in run("context", "bank", RIVER, ACCOUNT).output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["neighbours", " "], "no word"),
        (["neighbours", "king", "--piece", "2"], "no token 2"),
        (["neighbours", "king", "--model", "cl100k"], "not a model"),
        (["similarity", "king"], "too few"),
        (["similarity", *map(str, range(200))], "more than the 30"),
        (["arithmetic", "king -"], "missing"),
        (["arithmetic", "king - king"], "cancel"),
        (["context", "bank", RIVER], "two or three"),
        (["context", "bank", RIVER, "No such word."], "is not in"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and says in str(result.exception)


@pytest.mark.parametrize("word", ["🙂", "</script>", "<|im_end|>", "\ud800", "نمستے"])
def test_any_word_has_neighbours(word: str) -> None:
    assert len(answer("neighbours", word, "--top", "3")["neighbours"]) == 3
