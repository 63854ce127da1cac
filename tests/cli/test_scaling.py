"""scaling as a person and a script meet it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from playground.cli.scaling import scaling_command
from playground.errors import BadInput


def answer(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(scaling_command, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_budget() -> None:
    got = answer("--compute", "5.76e23")
    assert got["compute_flop"] == 5.76e23 and got["petaflop_s_days"] == pytest.approx(6666.67, rel=1e-6)
    fits = {fit["name"]: fit for fit in got["fits"]}
    assert fits["approach-3"]["parameters"] == pytest.approx(40.36e9, rel=1e-3)
    assert fits["approach-3-rounded"]["parameters"] == pytest.approx(32.2e9, rel=2e-3)
    assert fits["twenty-to-one"]["tokens_per_parameter"] == pytest.approx(20)
    assert fits["epoch"]["loss"] == pytest.approx(1.974441, rel=1e-6)


def test_a_model_and_its_tokens() -> None:
    got = answer("--params", "70B", "--tokens", "1.4T")
    assert got["compute_flop"] == 5.88e23 and got["asked"]["tokens_per_parameter"] == 20
    assert got["asked"]["loss"]["epoch"] == pytest.approx(1.9738818631585637)


def test_the_table_names_every_law() -> None:
    result = CliRunner().invoke(scaling_command, ["--params", "174.6B", "--tokens", "300B"])
    assert result.exit_code == 0 and "under-trained 12×" in result.output and "Epoch" in result.output
    assert "$1.40M at $2 a GPU hour" in result.output and "nats/token" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["--compute", "nan"],
        ["--compute", "0"],
        ["--compute", "1e99"],
        ["--params", "7B"],
        ["--params", "1e15", "--tokens", "1"],
        ["--compute", "1e23", "--params", "7B"],
        ["--utilisation", "nan"],
        ["--price", "-1"],
        ["--gpu", "abacus"],
        ["--gpu", "rtx-4060"],
        ["--gpus", "0"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(scaling_command, arguments)
    assert isinstance(result.exception, BadInput) and result.exception.hint
