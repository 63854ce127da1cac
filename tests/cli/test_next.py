"""``llm-playground next`` and ``generate``: names and meanings of the JSON, against transformers itself; bad input."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.core.sampling import adjust, draw, uniform
from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput
from playground.models import lens as lenses
from playground.models import store

pytestmark = pytest.mark.model
FRANCE = "The capital of France is"


def run(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"], input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def theirs(store_ready: None) -> Iterator[Any]:
    """The same files loaded by transformers alone, in the format the lens runs in."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with lenses.open("smollm2-135m") as lens:
        dtype = {"bf16": torch.bfloat16, "fp32": torch.float32}[lens.dtype]
    folder = store.ensure("smollm2-135m")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    yield model, AutoTokenizer.from_pretrained(folder)


def test_next_lists_paris_first_with_stable_names() -> None:
    found = run("next", FRANCE)
    assert {
        "model",
        "device",
        "dtype",
        "prompt_ids",
        "vocabulary_size",
        "entropy_bits",
        "kept_tokens",
        "candidates",
        "other_probability",
        "other_adjusted",
    } <= set(found)
    assert (found["model"], found["vocabulary_size"], found["kept_tokens"]) == ("smollm2-135m", 49_152, 49_152)
    assert {"id", "text", "logit", "probability", "adjusted"} <= set(found["candidates"][0])
    assert found["candidates"][0]["text"] == " Paris"
    assert found["candidates"][0]["probability"] == pytest.approx(0.77, abs=0.03)
    assert found["prompt_ids"] == [504, 3575, 282, 4649, 314]  # the golden encoding of this text


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--temperature", "0.5"),
        ("--temperature", "2", "--top-k", "30", "--top", "50"),
        ("--top-p", "0.9", "--min-p", "0.02", "--repetition-penalty", "1.3"),
        ("--temperature", "0"),
        ("--top-k", "1000000", "--top", "1000000"),
        ("--temperature", "1e-9", "--top-k", "1", "--top-p", "0", "--min-p", "1"),
        (
            "--temperature",
            "5",
            "--top-k",
            "9",
            "--top-p",
            "0.5",
            "--min-p",
            "0.1",
            "--typical-p",
            "0.2",
            "--order",
            "llama.cpp",
        ),
    ],
)
def test_masses_sum_to_one_and_candidates_are_sorted(flags: tuple[str, ...]) -> None:
    found = run("next", *flags, FRANCE)
    probability = [c["probability"] for c in found["candidates"]]
    adjusted = [c["adjusted"] for c in found["candidates"]]
    assert probability == sorted(probability, reverse=True)
    assert math.fsum([*probability, found["other_probability"]]) == pytest.approx(1, abs=1e-9)
    assert math.fsum([*adjusted, found["other_adjusted"]]) == pytest.approx(1, abs=1e-9)
    assert found["kept_tokens"] >= 1


def test_next_equals_transformers_on_the_same_files(theirs: Any) -> None:
    import torch
    from transformers.generation import logits_process as hf

    model, tokenizer = theirs
    ids = tokenizer(FRANCE, return_tensors="pt", add_special_tokens=False).input_ids
    with torch.inference_mode():
        logits = model(ids).logits[:, -1].double()
    scores = hf.RepetitionPenaltyLogitsProcessor(1.2)(ids, logits.clone())
    for step in (hf.TemperatureLogitsWarper(1.4), hf.TopKLogitsWarper(40), hf.TopPLogitsWarper(0.9)):
        scores = step(ids, scores)
    after = scores.softmax(-1)[0]
    flags = ("--repetition-penalty", "1.2", "--temperature", "1.4", "--top-k", "40", "--top-p", "0.9", "--top", "60")
    found = run("next", *flags, FRANCE)
    for candidate in found["candidates"]:
        assert candidate["logit"] == pytest.approx(float(logits[0, candidate["id"]]), abs=0.02)
        assert candidate["adjusted"] == pytest.approx(float(after[candidate["id"]]), abs=2e-3)


def test_the_chain_its_other_order_and_both_readings_of_top_p_are_told() -> None:
    found = run("next", "--temperature", "2", "--top-p", "0.9", FRANCE)
    cold = run("next", "--temperature", "2", "--top-p", "0.9", "--order", "llama.cpp", FRANCE)
    assert [stage["name"] for stage in found["stages"]] == ["temperature", "top_p"]
    assert [stage["name"] for stage in cold["stages"]] == ["top_p", "temperature"]
    assert found["kept_mass"] + sum(stage["removed_mass"] for stage in found["stages"]) == pytest.approx(1)
    assert found["other_order"]["kept_tokens"] == cold["kept_tokens"] < found["kept_tokens"]
    assert found["other_order"]["total_variation"] == pytest.approx(cold["other_order"]["total_variation"])
    readings = found["top_p_readings"]
    assert (readings["reaching"], readings["within"]) == (found["kept_tokens"], found["kept_tokens"] - 1)
    assert readings["within_mass"] <= 0.9 <= readings["reaching_mass"]


def test_draws_and_the_popular_mistake() -> None:
    found = run("next", "--draws", "500", "--seed", "3", "--mistake", FRANCE)
    paris = found["candidates"][0]
    assert sum(c["drawn"] for c in found["candidates"]) + found["other_drawn"] == 500
    assert abs(paris["drawn"] - 500 * paris["adjusted"]) < 40  # four standard deviations
    assert paris["mistaken"] > paris["adjusted"]
    assert found["fit"]["p_value"] > 1e-4
    shown = CliRunner().invoke(app, ["next", "--draws", "9", "--mistake", "--top-p", "0.5", FRANCE]).stdout
    assert "mistaken" in shown and "drawn" in shown and "Top-p is the smallest set" in shown


def test_a_prompt_beyond_the_context_keeps_its_end_and_says_so() -> None:
    result = CliRunner().invoke(app, ["next", "1 " * 3000], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Using the last" in result.stderr


def test_entropy_is_that_of_the_distribution_sampled_from() -> None:
    cold, warm, hot = (run("next", "--temperature", t, FRANCE)["entropy_bits"] for t in ("0.3", "1", "3"))
    assert cold < warm < hot
    assert run("next", "--temperature", "0", FRANCE)["entropy_bits"] == 0


def test_a_prompt_from_standard_input() -> None:
    assert run("next", "-", stdin=FRANCE)["prompt_ids"] == run("next", FRANCE)["prompt_ids"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--temperature", "nan"), "temperature"),
        (("--temperature", "-1"), "temperature"),
        (("--temperature", "inf"), "temperature"),
        (("--top-k", "-1"), "top-k"),
        (("--top-p", "1.2"), "top-p"),
        (("--min-p", "2"), "min-p"),
        (("--repetition-penalty", "0"), "repetition-penalty"),
        (("--typical-p", "0"), "typical-p"),
        (("--order", "alphabetical"), "order"),
        (("--model", "../../etc/passwd"), "catalogue"),
        (("--model", "minilm-l6"), "MiniLM"),
    ],
)
@pytest.mark.parametrize("command", ["next", "generate"])
def test_bad_settings_are_refused(command: str, flags: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        CliRunner().invoke(app, [command, *flags, FRANCE], catch_exceptions=False)


def test_an_empty_prompt_ends_with_status_2_and_one_line() -> None:
    done = subprocess.run([sys.executable, "-m", "playground", "next", ""], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Type something" in done.stderr and "Traceback" not in done.stderr


def test_the_table_shows_tokens_as_they_are() -> None:
    shown = CliRunner().invoke(app, ["next", "--top-k", "2", "--top", "3", FRANCE], catch_exceptions=False).stdout
    assert "·Paris" in shown and "other tokens" in shown and "cut" in shown
    assert "2 of 49,152 tokens kept" in shown


def test_greedy_generation_is_that_of_transformers(theirs: Any) -> None:
    import torch

    model, tokenizer = theirs
    ids = tokenizer(FRANCE, return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        expected = model.generate(**ids, max_new_tokens=8, do_sample=False)[0, ids.input_ids.shape[1] :].tolist()
    found = run("generate", "--greedy", "--max-new-tokens", "8", FRANCE)
    assert set(found) == {"model", "prompt_ids", "new_ids", "text", "finish_reason", "seed", "tokens"}
    assert found["new_ids"] == expected
    assert found["finish_reason"] == "length"
    assert all(t["rank"] == 0 and t["adjusted"] == 1 for t in found["tokens"])
    assert "".join(t["text"] for t in found["tokens"]) == found["text"]


def test_a_seed_gives_the_tokens_one_gets_by_drawing_step_by_step() -> None:
    flags = ("--temperature", "1.2", "--top-p", "0.9", "--seed", "5")
    found = run("generate", *flags, "--max-new-tokens", "4", FRANCE)
    assert run("generate", *flags, "--max-new-tokens", "4", FRANCE)["new_ids"] == found["new_ids"]
    settings = SamplingSettings(1.2, top_p=0.9)
    with lenses.open("smollm2-135m") as lens:
        ids = list(found["prompt_ids"])
        for expected in found["new_ids"]:  # as the page does it: a full forward pass and one draw at this position
            drawn = draw(adjust(lens.next_logits(ids), settings), uniform(5, len(ids)))
            assert drawn == expected
            ids.append(drawn)
