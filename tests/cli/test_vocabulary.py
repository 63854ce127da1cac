"""``llm-playground vocabulary``: the JSON's names and meanings, the table, and bad input."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.errors import BadInput
from playground.models import engines

pytestmark = pytest.mark.model


def answer(*arguments: str) -> dict:
    result = CliRunner().invoke(app, ["vocabulary", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_search_by_text() -> None:
    """Published ids: " world" is 995 in GPT-2's vocabulary."""
    found = answer("search", "--tokenizer", "gpt2", " world", "--limit", "3")
    assert set(found) == {"tokenizer", "by", "query", "found", "vocabulary_size", "tokens"}
    assert found["tokens"][0] == {
        "id": 995,
        "text": " world",
        "bytes": b" world".hex(),
        "script": "Latin",
        "special": False,
    }
    assert found["found"] > 3 == len(found["tokens"])
    assert found["vocabulary_size"] == 50257


@pytest.mark.parametrize(
    ("by", "query", "first"),
    [("id", "50256", 50256), ("bytes", "20776f726c64", 995), ("regex", "^ world$", 995)],
)
def test_search_by_everything_else(by: str, query: str, first: int) -> None:
    assert answer("search", "--tokenizer", "gpt2", "--by", by, query)["tokens"][0]["id"] == first


def test_facts() -> None:
    found = answer("facts", "--tokenizer", "cl100k")
    assert len(found["not_valid_utf8_alone"]) == 773
    assert found["unused"] == [100256, *range(100261, 100276)]
    assert sum(found["scripts"].values()) == found["vocabulary_size"] - len(found["unused"])


def test_the_tables_show_what_is_hidden() -> None:
    shown = CliRunner().invoke(app, ["vocabulary", "search", "--tokenizer", "gpt2", "--by", "bytes", "F0 9F"]).stdout
    assert "⟨F0 9F⟩" in shown and "GPT-2: 7 of 50,257 entries" in shown
    assert "773" in CliRunner().invoke(app, ["vocabulary", "facts", "--tokenizer", "cl100k"]).stdout


def test_train_learns_the_example_of_the_bpe_paper() -> None:
    """Sennrich et al. 2016 (arXiv:1508.07909) section 3.2: the first merges are e+s and es+t."""
    words = "low " * 5 + "lower " * 2 + "newest " * 6 + "widest " * 3
    found = answer("train", "--size", "260", words)
    assert [bytes.fromhex(piece["bytes"]) for piece in found["learned"][:2]] == [b"es", b"est"]
    assert (found["vocabulary_size"], found["utf8_bytes"]) == (260, len(words))
    with pytest.raises(BadInput):
        answer("train", "--size", "100", words)


def test_languages() -> None:
    found = answer("languages", "--tokenizer", "bert")["languages"]
    assert (found[0]["language"], found[0]["premium"]) == ("en", 1.0)
    thai = next(row for row in found if row["language"] == "th")
    assert thai["unknown"] > 0 and thai["premium"] < 1  # lost, not compressed


@pytest.mark.parametrize("arguments", [("--by", "regex", "("), ("--by", "id", "x"), ("--by", "bytes", "xy")])
def test_bad_input(arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        answer("search", "--tokenizer", "gpt2", *arguments)


@pytest.mark.parametrize(("by", "query"), [("regex", "("), ("id", "x"), ("bytes", "xy")])
def test_bad_input_is_refused_before_the_vocabulary_is_loaded(
    by: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "load", lambda _id: pytest.fail("loaded"))
    with pytest.raises(BadInput):
        answer("search", "--by", by, query)


def test_what_the_limit_hides_is_said() -> None:
    few = CliRunner().invoke(app, ["vocabulary", "search", "--tokenizer", "gpt2", " wor", "--limit", "3"])
    every = answer("search", "--tokenizer", "gpt2", " wor")["found"]
    assert f"{every - 3} more are not listed; --limit {every}" in " ".join(few.stderr.split())
    whole = CliRunner().invoke(app, ["vocabulary", "search", "--tokenizer", "gpt2", " wor", "--limit", str(every)])
    assert "not listed" not in whole.stderr


def test_bad_input_is_one_line_and_status_2() -> None:
    command = [sys.executable, "-m", "playground", "vocabulary", "search", "--tokenizer", "gpt2", "--by", "regex", "[a"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
