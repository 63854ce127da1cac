"""What the calculators are asked about: a model of the catalogue or a number of parameters, and exact numbers."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from playground.errors import BadInput

if TYPE_CHECKING:
    from playground.core.subject import Subject

model_option = click.option("--model", "model_id", default=None, help="A model of the catalogue, such as llama-3.1-8b.")
params_option = click.option("--params", default=None, help="Or just a number of parameters, such as 7.5B.")


config_option = click.option(
    "--config", "config_path", default=None, help="Or a hub model's config.json: a file, or - for standard input."
)


def read(model_id: str | None, params: str | None, config_path: str | None = None) -> "Subject":
    """What ``--model``, ``--params`` or ``--config`` names. Raises BadInput unless it is one of them, and known."""
    from playground.core.subject import Subject, subject

    if config_path is not None:
        if model_id is not None or params is not None:
            raise BadInput("Give a model, a number or a config.json", "One of --model, --params, --config.")
        from playground.core import hub_config, parameters

        model = hub_config.parse(_file(config_path))
        return Subject(parameters.count(model), model)
    return subject(model_id, params)


def _file(path: str) -> str:
    from playground.cli.output import read_text

    if path == "-":
        return read_text(path)
    try:
        return Path(path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise BadInput(f"{path[:80]!r} can't be read", f"{error.strerror or error}.") from None


def fraction(text: str, what: str) -> Fraction:
    """An exact number such as 2 or 2.03125; BadInput, naming ``what`` it should be, otherwise."""
    from playground.core.exact import parse_number

    value = parse_number(text).value
    if not isinstance(value, Fraction):
        raise BadInput(f"{text[:40]!r} is not a {what}", "Write a number such as 2 or 2.03125.")
    return value
