"""llm-playground quantize: the table, the JSON, refusals."""

import json

import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.errors import BadInput


def test_an_unknown_scheme_is_refused_before_anything_is_loaded() -> None:
    result = CliRunner().invoke(app, ["quantize", "--scheme", "int5"])
    assert isinstance(result.exception, BadInput) and "nf4" in str(result.exception)


@pytest.mark.model
def test_an_encoder_is_refused() -> None:
    result = CliRunner().invoke(app, ["quantize", "--model", "minilm-l6", "--scheme", "int8"])
    assert isinstance(result.exception, BadInput) and "encoder" in str(result.exception)


@pytest.mark.model
def test_the_measured_effect_as_json(tmp_path, monkeypatch) -> None:
    reading = tmp_path / "short.txt"
    reading.write_text("The sea comes up the beach twice a day, because the moon pulls on the water.")
    arguments = ["quantize", "--scheme", "fp32,int4", "--read", str(reading), "--text", "The capital of France is"]
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    answer = json.loads(result.stdout)
    full, four = answer["schemes"]
    assert (full["scheme"], full["bytes"], full["mean_kl_bits"]) == ("fp32", 538_060_032, 0.0)
    assert full["next"][0]["text"] == " Paris" and full["first_difference"] is None
    # 106,168,320 weights at 4.25 bits; the embedding and the norms stay in 16.
    assert four["bytes"] == 106_168_320 * 17 // 32 + 2 * (134_515_008 - 106_168_320)
    assert four["mean_kl_bits"] > 0.05 and four["positions"] == answer["text_tokens"]
    for said in (full, four):  # each ends with its turn
        assert said["continuation"].endswith("<|im_end|>") and len(said["continuation_ids"]) <= 32
    assert full["continuation"] != four["continuation"]
    table = CliRunner().invoke(app, arguments, catch_exceptions=False)  # answered from the store
    assert "INT4" in table.stdout and "as FP32" in table.stdout
