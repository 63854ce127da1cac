"""``llm-playground tokenize``: the JSON's names and meanings, the table, and bad input."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.errors import BadInput

pytestmark = pytest.mark.model


def tokenize(*arguments: str, stdin: bytes = b"") -> dict:
    result = CliRunner().invoke(app, ["tokenize", *arguments, "--json"], input=stdin, catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("tokenizer", "ids"),
    [
        ("gpt2", [15496, 995]),
        ("cl100k", [9906, 1917]),
        ("o200k", [13225, 2375]),
        ("bert", [7592, 2088]),
        ("mistral", [22557, 1526]),
    ],
)
def test_hello_world(tokenizer: str, ids: list[int]) -> None:
    """Ids as published: OpenAI's and Mistral's own libraries, BERT's vocab.txt."""
    found = tokenize("--tokenizer", tokenizer, "Hello world")
    assert set(found) == {"tokenizer", "ids", "tokens", "round_trip", "decoded"}
    assert (found["tokenizer"], found["ids"]) == (tokenizer, ids)
    assert [token["id"] for token in found["tokens"]] == ids
    assert found["round_trip"] == (found["decoded"] == "Hello world") == (tokenizer != "bert")


def test_tokens_carry_bytes_and_character_offsets() -> None:
    found = tokenize("--tokenizer", "gpt2", "a👍")
    assert all(set(token) == {"id", "text", "bytes", "start", "end", "special"} for token in found["tokens"])
    assert bytes.fromhex("".join(token["bytes"] for token in found["tokens"])).decode() == "a👍"
    assert [(token["start"], token["end"]) for token in found["tokens"]] == [(0, 1), (1, 2), (1, 2)]


def test_the_table_names_the_first_and_the_last_character() -> None:
    """As the page does; one past the last, as in the JSON, would name a character that is not the token's."""
    result = CliRunner().invoke(app, ["tokenize", "--tokenizer", "gpt2", "Hello a👍"], catch_exceptions=False)
    rows = [line.split("│") for line in result.stdout.splitlines() if line.startswith("│")]
    assert [row[5].strip() for row in rows] == ["0–4", "5–6", "7", "7"]


def test_the_default_is_the_default_models_tokenizer() -> None:
    assert tokenize("x")["tokenizer"] == "smollm2"


def test_plain_control_and_template() -> None:
    text = "a<|endoftext|>"
    plain = tokenize("--tokenizer", "gpt2", "--special", "plain", text)
    control = tokenize("--tokenizer", "gpt2", "--special", "control", text)
    assert (len(plain["ids"]), control["ids"]) == (8, [64, 50256])
    assert [token["special"] for token in control["tokens"]] == [False, True]
    assert tokenize("--tokenizer", "bert", "--template", "a")["ids"] == [101, 1037, 102]


def test_standard_input_may_hold_anything() -> None:
    found = tokenize("--tokenizer", "o200k", "-", stdin=b"a\x00\xffb\n")
    assert found["decoded"] == "a\x00\ufffdb\n"
    assert tokenize("--tokenizer", "o200k", "-", stdin=b"")["ids"] == []


def test_a_notice_goes_to_standard_error() -> None:
    result = CliRunner().invoke(app, ["tokenize", "--tokenizer", "o200k", "-", "--json"], input=b"a" * 1_000_000)
    assert "first 100,000 of 1,000,000" in result.stderr
    assert len(json.loads(result.stdout)["decoded"]) == 100_000


def test_the_table_shows_what_is_hidden() -> None:
    result = CliRunner().invoke(app, ["tokenize", "--tokenizer", "gpt2", " \u202e👍"])
    assert result.exit_code == 0
    for shown in ("GPT-2", "·⟨E2 80⟩", "e2 80", "⟨8D⟩"):
        assert shown in result.stdout
    assert "\u202e" not in result.stdout
    lossy = CliRunner().invoke(app, ["tokenize", "--tokenizer", "bert", "Hi"])
    assert "capital letters" in lossy.stderr


def test_an_unknown_tokenizer_is_one_line_and_status_2() -> None:
    with pytest.raises(BadInput):
        tokenize("--tokenizer", "nope", "x")
    command = [sys.executable, "-m", "playground", "tokenize", "--tokenizer", "nope", "x", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "gpt2, cl100k, o200k, smollm2, bert, mistral, tekken, jurassic2" in result.stderr


def test_merges_are_told_step_by_step() -> None:
    run = CliRunner().invoke(app, ["merges", "unhappiness", "--json"], catch_exceptions=False)
    (part,) = json.loads(run.stdout)["pre_tokens"]
    assert part["steps"][0] == {"left": "i", "right": "n", "rank": 3, "joined": "in"}
    assert part["steps"][-1]["joined"] == "appiness"
    unigram = CliRunner().invoke(app, ["merges", "unhappiness", "--tokenizer", "jurassic2", "--json"])
    assert json.loads(unigram.stdout)["pre_tokens"][0]["steps"][0]["pieces"] == "un  happiness"
    table = CliRunner().invoke(app, ["merges", "unhappy!", "--tokenizer", "bert"], catch_exceptions=False)
    assert "12511" in table.stdout
    with pytest.raises(BadInput, match="200 bytes"):
        CliRunner().invoke(app, ["merges", "a" * 200], catch_exceptions=False, standalone_mode=False)
