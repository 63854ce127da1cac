"""What the calculators are asked about: a model of the catalogue or a number of parameters, and exact numbers."""

from fractions import Fraction
from typing import TYPE_CHECKING

import click

from playground.errors import BadInput

if TYPE_CHECKING:
    from playground.core.subject import Subject

model_option = click.option("--model", "model_id", default=None, help="A model of the catalogue, such as llama-3.1-8b.")
params_option = click.option("--params", default=None, help="Or just a number of parameters, such as 7.5B.")


def read(model_id: str | None, params: str | None) -> "Subject":
    """What ``--model`` or ``--params`` names. Raises BadInput for neither, both, or something unknown."""
    from playground.core.subject import subject

    return subject(model_id, params)


def fraction(text: str, what: str) -> Fraction:
    """An exact number such as 2 or 2.03125; BadInput, naming ``what`` it should be, otherwise."""
    from playground.core.exact import parse_number

    value = parse_number(text).value
    if not isinstance(value, Fraction):
        raise BadInput(f"{text[:40]!r} is not a {what}", "Write a number such as 2 or 2.03125.")
    return value
