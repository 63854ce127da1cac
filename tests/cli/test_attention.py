"""``attention`` as CLI.md has it, against transformers run directly on the same files."""

import json
import math
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from playground import limits
from playground.cli import app
from playground.errors import BadInput, PlaygroundError

pytestmark = pytest.mark.model
TEXT = "The animal didn't cross the street because it was too tired."


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["attention", *arguments], input=stdin)


def answer(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def own_maps(model_id: str, dtype: str, text: str) -> tuple[list[int], np.ndarray]:
    """Ids and maps, with nothing of ours between."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel

    from playground.models import store

    folder = store.ensure(model_id)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    ids = tokenizer.encode(text).ids
    torch_dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[dtype]
    model = AutoModel.from_pretrained(folder, dtype=torch_dtype, attn_implementation="eager").eval()
    with torch.inference_mode():
        maps = model(torch.tensor([ids]), output_attentions=True).attentions
    return ids, torch.stack(maps)[:, 0].float().numpy()


@pytest.mark.parametrize(
    ("model_id", "kind", "layers", "heads", "layer", "head"),
    [("smollm2-135m", "decoder", 30, 9, 16, 0), ("minilm-l6", "encoder", 6, 12, 3, 1)],
)
def test_json_is_what_the_model_itself_gives(
    model_id: str, kind: str, layers: int, heads: int, layer: int, head: int
) -> None:
    from playground.models import lens

    got = answer("--model", model_id, "--layer", str(layer), "--head", str(head), TEXT)
    assert (got["model"], got["kind"], got["layers"], got["heads"]) == (model_id, kind, layers, heads)
    assert (got["layer"], got["head"]) == (layer, head)
    with lens.open(model_id) as opened:
        dtype = opened.dtype
    ids, maps = own_maps(model_id, dtype, TEXT)
    assert len(got["tokens"]) == len(ids)
    matrix = np.array(got["matrix"])
    tolerance = 1e-5 if dtype == "fp32" else 1e-2
    np.testing.assert_allclose(matrix, maps[layer, head], atol=tolerance)
    np.testing.assert_allclose(matrix.sum(-1), 1, atol=2**-8)
    entropies = np.array(got["entropy_bits"])
    assert entropies.shape == (layers, heads)
    by_hand = [-sum(p * math.log2(p) for p in row if p > 0) for row in matrix.tolist()]
    assert entropies[layer, head] == pytest.approx(sum(by_hand) / len(by_hand), rel=1e-6)
    if kind == "decoder":
        assert "".join(got["tokens"]) == TEXT
        assert not np.triu(matrix, 1).any()
    else:
        assert (got["tokens"][0], got["tokens"][-1]) == ("[CLS]", "[SEP]")
        assert np.triu(matrix, 1).any()


def test_the_default_head_shows_something() -> None:
    got = answer(TEXT)
    it, animal = got["tokens"].index(" it"), got["tokens"].index(" animal")
    assert got["matrix"][it][animal] > 0.6


def test_the_table_names_what_each_token_looks_at() -> None:
    result = run("--layer", "16", "--head", "0", TEXT)
    assert result.exit_code == 0
    assert "·because (7)" in result.output and "a previous-token head" in result.output
    short = run("--model", "minilm-l6", "it works")
    assert "[CLS]" in short.output and "from \\ to" in short.output


def test_text_may_come_from_standard_input() -> None:
    assert answer("-", stdin="a </script> b")["tokens"] == answer("a </script> b")["tokens"]


def test_one_token() -> None:
    got = answer("Hello")
    assert got["matrix"] == [[1.0]]
    assert all(entropy == 0 for row in got["entropy_bits"] for entropy in row)
    assert got["scores"]["on_first"] is None
    assert "nothing but itself" in run("Hello").output


def test_a_long_text_is_cut_with_a_notice() -> None:
    result = run("dog " * 2_000, "--json")
    assert result.exit_code == 0
    kept = limits.current().attention_tokens
    assert len(json.loads(result.stdout)["tokens"]) == kept
    assert f"Showing the first {kept:,} of" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--layer", "30", "x"], "run from 0 to 29"),
        (["--head", "-1", "x"], "run from 0 to 8"),
        ([""], "no token"),
        (["--model", "../etc/passwd", "x"], "catalogue"),
        (["--model", "cl100k", "x"], "not a model"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, PlaygroundError) and isinstance(result.exception, BadInput)
    assert says in str(result.exception)


def test_the_code_shown_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    from playground.models import attention_code, lens

    with lens.open("minilm-l6") as opened:
        dtype = opened.dtype
    snippet = attention_code.snippet("minilm-l6", dtype, "it's </script>", 3, 1, limits.HEATMAP_TOKENS)
    names: dict[str, Any] = {}
    exec(compile(snippet, "snippet", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    got = answer("--model", "minilm-l6", "--layer", "3", "--head", "1", "it's </script>")
    assert [line.split()[0] for line in printed] == got["tokens"]
    for line, row in zip(printed, got["matrix"], strict=True):
        np.testing.assert_allclose([float(cell) for cell in line.split()[1:]], row, atol=0.0051)
