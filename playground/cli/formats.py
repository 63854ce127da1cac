"""format: a number in every format, bit by bit."""

import textwrap
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from playground.cli import output, subjects

if TYPE_CHECKING:
    from playground.core.storing import Stored


@click.command("format")
@click.option(
    "--value", "value_text", default="pi", show_default=True, help="A number: 0.1, 1/3, 2^-24, pi, e, inf, nan."
)
@click.option("--dtype", default="all", show_default=True, help="One format (bf16, fp8-e4m3, …) or all.")
@click.option("--absmax", default=None, help="Scale INT8, INT4, NF4, MXFP4 by this largest |weight|; no scale without.")
@output.as_json_option
def format_command(value_text: str, dtype: str, absmax: str | None, as_json: bool) -> None:
    """A number in every format: bits, the value really stored, its error."""
    from playground.core.exact import decimal_digits, parse_number, short
    from playground.core.formats import format_named
    from playground.core.storing import store, store_in_all
    from playground.core.storing_explained import formula, remark

    typed = parse_number(value_text)
    scale = None if absmax is None else subjects.fraction(absmax, "absmax")
    stored = store_in_all(typed, scale) if dtype == "all" else (store(format_named(dtype.lower()), typed, scale),)
    if as_json:
        value = typed.as_float
        finite = value - value == 0
        rows = [_format_row(one, Fraction(value) if finite else None) for one in stored]
        output.emit_json({"value": value if finite else None, "value_text": typed.text, "formats": rows})
        return
    output.emit_table(
        f"{typed.text} in {len(stored)} formats" if len(stored) > 1 else f"{typed.text} in {stored[0].format.title}",
        ("format", "bits: sign exponent mantissa", "stored", "relative error"),
        (
            (
                one.format.title,
                " ".join(filter(None, (one.sign, one.exponent, *textwrap.wrap(one.mantissa, 8)))),
                decimal_digits(one.value, most=12),
                "" if one.relative_error is None else short(one.relative_error, 3),
            )
            for one in stored
        ),
        right=(3,),
    )
    if len(stored) == 1:
        click.echo(f"stored exactly: {decimal_digits(stored[0].value)}\n{formula(stored[0])}")
    said = ((one.format.title, remark(one)) for one in stored)
    output.notices(f"{title}: {text}" for title, text in said if text and text != "Exact.")


def _format_row(one: "Stored", value: Fraction | None) -> dict[str, Any]:
    """One format as JSON; the errors are measured from ``value``, the FP64 number printed beside them."""
    from playground.core.exact import decimal_digits
    from playground.core.storing_explained import remark

    form, step = one.format, one.scale or Fraction(1)
    error = abs(one.value - value) if isinstance(one.value, Fraction) and value is not None else None
    return {
        "dtype": form.name,
        "bits_total": form.bits_total,
        "sign": one.sign,
        "exponent": one.exponent,
        "mantissa": one.mantissa,
        "stored": float(one.value) if one.finite else None,
        "stored_exact": decimal_digits(one.value),
        "absolute_error": None if error is None else float(error),
        "relative_error": None if error is None or value is None else float(error / abs(value) if value else error),
        "max": float(form.max * step),
        "min_normal": float(form.min_normal * step),
        "smallest": float(form.smallest * step),
        "epsilon": float(form.epsilon * step),
        "remark": remark(one),
    }


COMMANDS: tuple[click.Command, ...] = (format_command,)
