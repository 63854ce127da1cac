"""memory fits, compare, check, --config and the adapters' recipes, as a person and a script meet them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from playground.cli.memory import memory_group
from playground.errors import BadInput

CONFIG = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}


def answer(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = CliRunner().invoke(memory_group, [*arguments, "--json"], input=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_fits() -> None:
    got = answer("fits", "--model", "llama-3.1-8b", "--gpu", "rtx-4090")
    assert got["fits"] and got["longest_context"] > 8192 and got["largest_batch"] >= 1
    need = answer("inference", "--model", "llama-3.1-8b", "--context", str(got["longest_context"]))
    more = answer("inference", "--model", "llama-3.1-8b", "--context", str(got["longest_context"] + 1))
    assert need["bytes"]["total"] <= got["usable_bytes"] < more["bytes"]["total"]
    small = answer("fits", "--model", "llama-3.1-8b", "--gpu", "rtx-4060")
    assert not small["fits"] and small["longest_context"] is None and small["best_format"]


def test_a_config_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    assert answer("inference", "--config", str(file))["parameters"] == 8_030_261_248
    assert answer("training", "--config", "-", stdin=json.dumps(CONFIG))["parameters"] == 8_030_261_248


def test_adapters() -> None:
    got = answer("training", "--model", "llama-2-7b", "--recipe", "qlora", "--rank", "64")
    assert got["trainable_parameters"] == 159_907_840 and got["bytes"]["gradients"] == 4 * 159_907_840
    assert got["bytes"]["weights"] < 5 * 10**9
    assert got["bytes"]["total"] == sum(size for name, size in got["bytes"].items() if name != "total")


def test_compare() -> None:
    got = answer("compare", "--model", "llama-2-7b")
    assert {a["tool"].split(" ")[0] for a in got["answers"]} == {"accelerate", "DeepSpeed", "EleutherAI"}
    assert "KV" in CliRunner().invoke(memory_group, ["compare", "--model", "gpt2"]).output


@pytest.mark.model
def test_check(store_ready: None) -> None:
    got = answer("check", "--tokens", "32")
    assert sum(row["predicted"] == row["measured"] for row in got["checks"]) >= 5


@pytest.mark.parametrize(
    "arguments",
    [
        ["fits", "--model", "gpt2", "--gpu", "abacus"],
        ["fits", "--model", "gpt2", "--context", "0"],
        ["fits", "--params", "1e15"],
        ["compare"],
        ["compare", "--model", "gpt2", "--batch", "0"],
        ["inference", "--config", "/no/such/file"],
        ["inference", "--config", "-"],
        ["inference", "--model", "gpt2", "--config", "-"],
        ["training", "--model", "gpt2", "--recipe", "lora", "--rank", "0"],
        ["training", "--params", "7B", "--recipe", "lora"],
        ["training", "--model", "gpt2", "--recipe", "lora", "--targets", "none"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(memory_group, arguments, input="not json")
    assert isinstance(result.exception, BadInput) and result.exception.hint
