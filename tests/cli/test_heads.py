"""``heads`` and the maps and variants of ``attention``, against the maps themselves."""

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.core import attention_maps
from playground.errors import BadInput
from playground.models import lens as lenses
from playground.models import value_norms

pytestmark = pytest.mark.model
TEXT = "The animal didn't cross the street because it was too tired."


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def answer(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_head_is_scored_and_sorted() -> None:
    got = answer("heads")
    assert (got["model"], got["kind"], got["words"], got["seed"]) == ("smollm2-135m", "decoder", 40, 0)
    assert len(got["tokens"]) == 80 and len(got["heads"]) == 270
    shares = [head["on_repeat"] for head in got["heads"]]
    assert shares == sorted(shares, reverse=True)
    first = got["heads"][0]
    assert (first["layer"], first["head"]) == (18, 6) == tuple(got["best"]["induction"].values())
    assert "an induction head" in first["label"]
    assert got["sinks"] == sum(head["on_first"] > 0.5 for head in got["heads"])
    by_entropy = answer("heads", "--sort", "entropy")
    assert by_entropy["heads"][0]["entropy_bits"] == max(head["entropy_bits"] for head in got["heads"])


def test_a_text_of_ones_own_is_what_the_maps_say() -> None:
    got = answer("heads", "--model", "minilm-l6", "-", stdin=TEXT)
    with lenses.open("minilm-l6") as lens:
        maps = lens.attentions(lens.encode(TEXT, "template").ids)
    for head in got["heads"][::17]:
        rows = maps[head["layer"], head["head"]]
        assert head["on_first"] == pytest.approx(float(rows[1:, 0].mean()), abs=1e-6)
        assert head["on_repeat"] is None  # nothing is said twice
    assert got["best"]["induction"] is None and got["words"] is None


def printed(*arguments: str) -> str:
    return " ".join(run(*arguments).output.split())  # a title is broken where its table ends


def test_the_table_names_the_best_and_counts_the_sinks() -> None:
    table = printed("heads", "--top", "3")
    assert "induction, 9" in table and "of 270 heads leave more than half" in table
    assert "100 %" in printed("heads", "--sort", "first", "--top", "1", TEXT)
    assert "bits" in printed("heads", "--sort", "entropy", "--top", "1", TEXT)


@pytest.mark.parametrize("which", attention_maps.WHICH)
@pytest.mark.parametrize("variant", attention_maps.VARIANTS)
def test_attention_prints_the_map_that_was_asked_for(which: str, variant: str) -> None:
    got = answer("attention", "--map", which, "--variant", variant, "--layer", "7", "--head", "2", TEXT)
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(TEXT, "template").ids
        maps, norms = lens.attentions(ids), value_norms.of_text(lens, ids)
    expected = attention_maps.looked_at(maps, which, 7, 2, variant, norms_LHS=norms)  # type: ignore[arg-type]
    assert (got["map"], got["variant"]) == (which, variant)
    assert got["positions"] == list(range(variant == "no-sink", len(ids)))
    assert len(got["tokens"]) == len(got["positions"]) == len(got["matrix"])
    found = np.array([[np.nan if w is None else w for w in row] for row in got["matrix"]])
    np.testing.assert_allclose(found, expected.weights_KK, atol=1e-6)


def test_the_printed_map_says_what_it_is() -> None:
    mean = printed("attention", "--map", "mean", "--variant", "no-sink", "--layer", "18", TEXT)
    assert "mean of its 9 heads, without the sink" in mean and "went to the tokens left out" in mean
    assert "rollout of layers 0 to 29" in printed("attention", "--map", "rollout", "--layer", "29", "a b")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["heads", ""], "no token"),
        (["heads", "--model", "cl100k"], "not a model"),
        (["attention", "--variant", "no-sink", "Hello"], "no token left"),
        (["attention", "--variant", "no-sink", "--model", "minilm-l6", ""], "no token left"),
    ],
)
def test_bad_input_is_explained(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, BadInput) and says in str(result.exception)


@pytest.mark.parametrize("text", ["Hello", "<|im_start|><|im_end|>", "</script>", "🙂\u202e", "dog " * 2_000])
def test_any_text_is_scored(text: str) -> None:
    got = answer("heads", text)
    assert len(got["heads"]) == 270


def test_words_outside_the_range_are_refused() -> None:
    assert run("heads", "--words", "1000").exit_code == 2


@pytest.mark.parametrize("variant", attention_maps.VARIANTS)
@pytest.mark.parametrize("which", attention_maps.WHICH)
@pytest.mark.parametrize(("model_id", "kind"), [("minilm-l6", "encoder"), ("smollm2-135m", "decoder")])
def test_the_code_shown_gives_the_same_map(
    model_id: str, kind: str, which: str, variant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from playground.models import attention_code

    text = "The cat sat on the mat"
    got = answer("attention", "--model", model_id, "--map", which, "--variant", variant, "--layer", "3", text)
    with lenses.open(model_id) as opened:
        dtype = opened.dtype
    snippet = attention_code.snippet(
        model_id, dtype, text, 3, got["head"], 128,
        which=which, variant=variant, kind=kind, positions=tuple(got["positions"]),
    )  # fmt: skip
    exec(compile(snippet, "snippet", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    for line, row in zip(lines, got["matrix"], strict=True):
        np.testing.assert_allclose(
            [float(cell) for cell in line.split()[1:]], row, atol=0.0051 if dtype == "fp32" else 0.02
        )


def test_the_code_shown_finds_the_same_heads(capsys: pytest.CaptureFixture[str]) -> None:
    from playground.models import attention_code

    got = answer("heads", "--words", "20")
    with lenses.open("smollm2-135m") as opened:
        dtype = opened.dtype
    exec(compile(attention_code.heads("smollm2-135m", dtype, got["text"], 128), "snippet", "exec"), {})
    said = capsys.readouterr().out
    best = got["best"]["induction"]
    score = next(h["on_repeat"] for h in got["heads"] if (h["layer"], h["head"]) == tuple(best.values()))
    assert f"induction: layer {best['layer']}, head {best['head']}, {score:.3f}" in said
    assert f"{got['sinks']} sinks of 270" in said
