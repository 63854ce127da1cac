"""format, memory, zero as a person and a script meet them: exit status, one line on standard error, stable JSON."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from playground.cli import app
from playground.errors import BadInput


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def answer(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_format_all() -> None:
    got = answer("format", "--value", "pi")
    assert got["value"] == 3.141592653589793
    rows = {row["dtype"]: row for row in got["formats"]}
    assert {"fp32", "tf32", "bf16", "fp16", "fp8-e4m3", "fp8-e5m2", "fp4-e2m1", "int8", "int4"} <= set(rows)
    fp32 = rows["fp32"]
    assert fp32["sign"] + fp32["exponent"] + fp32["mantissa"] == "01000000010010010000111111011011"
    assert fp32["stored"] == 3.1415927410125732 and fp32["stored_exact"] == "3.1415927410125732421875"
    assert fp32["absolute_error"] == pytest.approx(8.742278012618954e-08, rel=1e-12)
    assert rows["bf16"]["relative_error"] == pytest.approx(0.000967653589793116 / 3.141592653589793, rel=1e-12)
    assert (rows["fp16"]["max"], rows["fp8-e4m3"]["max"], rows["fp8-e5m2"]["max"]) == (65504, 448, 57344)
    assert (rows["bf16"]["epsilon"], rows["fp8-e4m3"]["min_normal"]) == (0.0078125, 0.015625)
    for row in rows.values():
        assert len(row["sign"] + row["exponent"] + row["mantissa"]) == row["bits_total"]


def test_format_one_and_absmax() -> None:
    (row,) = answer("format", "--dtype", "int8", "--absmax", "4")["formats"]
    assert row["stored"] == pytest.approx(3.149606299212598, rel=1e-12)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "0"])
def test_format_prints_valid_json_whatever_the_value(value: str) -> None:
    got = answer("format", "--value", value)
    assert len(got["formats"]) == 14


def test_memory_inference() -> None:
    got = answer(
        *[
            "memory",
            "inference",
            "--model",
            "llama-3.1-8b",
            "--dtype",
            "bf16",
            "--context",
            "8192",
            "--batch",
            "2",
            "--kv-dtype",
            "fp16",
        ]
    )
    assert got["parameters"] == 8_030_261_248 and got["kv_bytes_per_token"] == 131_072 and got["bits_per_weight"] == 16
    assert got["bytes"]["weights"] == 16_060_522_496 and got["bytes"]["kv_cache"] == 2 * 8192 * 131_072
    parts = {name: size for name, size in got["bytes"].items() if name != "total"}
    assert {"weights", "kv_cache", "activations", "overhead"} <= set(parts)
    assert got["bytes"]["total"] == sum(parts.values())
    for fit in got["fits"]:
        assert fit["fits"] == (fit["usable_bytes"] >= got["bytes"]["total"])
    quantized = answer(*["memory", "inference", "--model", "llama-3.1-8b", "--dtype", "q4_k_m"])
    assert quantized["bytes"]["weights"] == 4_912_898_048
    assert quantized["bits_per_weight"] == pytest.approx(4.8944, abs=5e-5)


def test_memory_training() -> None:
    got = answer(*["memory", "training", "--params", "7.5B", "--recipe", "mixed"])
    assert got["bytes"]["weights"] + got["bytes"]["gradients"] + got["bytes"]["optimizer"] == 120 * 10**9
    assert got["bytes_per_parameter"] == {"weights": 2, "gradients": 2, "optimizer": 12}
    assert got["rule_of_thumb"] == {"bytes_per_parameter": 24, "total": 180 * 10**9}
    model = answer(
        *[
            "memory",
            "training",
            "--model",
            "gpt2",
            "--recipe",
            "fp32",
            "--batch",
            "8",
            "--sequence",
            "1024",
            "--recompute",
            "full",
        ]
    )
    assert model["bytes"]["activations"] == 12 * 4 * 1024 * 8 * 768
    assert model["bytes"]["logits"] == 4 * 8 * 1024 * 50257
    assert model["bytes"]["total"] == sum(size for name, size in model["bytes"].items() if name != "total")


def test_zero() -> None:
    got = answer(*["zero", "--params", "7.5e9", "--gpus", "64", "--stage", "2"])
    held = {"parameters": 15 * 10**9, "gradients": 234_375_000, "optimizer": 1_406_250_000, "total": 16_640_625_000}
    assert got["bytes_per_gpu"] == held
    assert got["reduction_factor"] == pytest.approx(120 / 16.640625)
    assert got["communication"] == {
        "all_reduce_bytes": 0,
        "reduce_scatter_bytes": 14_765_625_000,
        "all_gather_bytes": 14_765_625_000,
        "total_elements_per_parameter": 2,
    }
    fp32 = answer(
        *[
            "zero",
            "--model",
            "gpt2",
            "--gpus",
            "8",
            "--stage",
            "1",
            "--param-bytes",
            "4",
            "--grad-bytes",
            "4",
            "--optimizer-bytes",
            "8",
        ]
    )
    assert fp32["bytes_per_gpu"]["optimizer"] == 124_439_808 and fp32["reduction_limit"] == 2


@pytest.mark.parametrize(
    "line",
    [
        "format",
        "format --value 1/3 --dtype bf16",
        "memory inference --model mixtral-8x7b --dtype q5_k_m --context 32768",
        "memory inference --params 70B --dtype nf4",
        "memory training --model t5-3b --recompute selective",
        "zero --params 7.5B --gpus 64 --stage 3",
    ],
)
def test_tables_are_readable(line: str) -> None:
    result = run(*line.split())
    assert result.exit_code == 0 and "━" in result.stdout and not re.search("[a-z]…", result.stdout)


REFUSED = [
    "format --value abc",
    "format --dtype fp7",
    "format --dtype int8 --absmax 0",
    "memory inference",
    "memory inference --model nonsense",
    "memory inference --model gpt2 --params 1B",
    "memory inference --params 0",
    "memory inference --params -7B",
    "memory inference --params nan",
    "memory inference --params 1e15",
    "memory inference --model gpt2 --dtype fp7",
    "memory inference --model gpt2 --context 0",
    "memory inference --model gpt2 --batch 1.5",
    "memory training --params 1B --optimizer adafactor",
    "memory training --model gpt2 --recompute maybe",
    "zero --params 7.5B --gpus 0",
    "zero --params 7.5B --stage 4",
    "zero --params 10 --gpus 64",
    "zero --params 7.5B --optimizer-bytes nan",
]


@pytest.mark.parametrize("line", REFUSED)
def test_what_makes_no_sense_is_refused_with_advice(line: str) -> None:
    result = run(*line.split())
    assert isinstance(result.exception, BadInput) and result.exception.hint and not result.stdout


def test_a_refusal_is_one_line_and_status_two_and_no_torch_is_loaded() -> None:
    code = "import sys; from playground.cli import main; sys.argv[1:] = sys.argv[2:]; main()"
    line = [sys.executable, "-c", code, "-", "zero", "--params", "7.5B", "--stage", "4"]
    refused = subprocess.run(line, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.count("\n") == 1 and "stage 4" in refused.stderr

    loaded = "; print('torch' in sys.modules, 'transformers' in sys.modules, 'streamlit' in sys.modules)"
    code = "import sys; from playground.cli import app; app(['format', '--json'], standalone_mode=False)" + loaded
    light = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert light.stdout.splitlines()[-1] == "False False False"
