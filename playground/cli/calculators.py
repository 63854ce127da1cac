"""format, memory, zero: the calculators of the pages. They answer before any model is loaded."""

import textwrap
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

from playground.cli import output
from playground.core.units import format_bytes, format_count, format_gb, parse_count
from playground.errors import BadInput

if TYPE_CHECKING:
    from playground.core.storing import Stored
    from playground.core.subject import Subject
    from playground.core.zero import Plan


@click.command("format")
@click.option(
    "--value", "value_text", default="pi", show_default=True, help="A number: 0.1, 1/3, 2^-24, pi, e, inf, nan."
)
@click.option("--dtype", default="all", show_default=True, help="One format (bf16, fp8-e4m3, …) or all.")
@click.option(
    "--absmax", default=None, help="Scale the integer formats by this largest |weight|; plain rounding without."
)
@output.as_json_option
def format_command(value_text: str, dtype: str, absmax: str | None, as_json: bool) -> None:
    """A number in every format: bits, the value really stored, its error."""
    from playground.core.exact import decimal_digits, parse_number, short
    from playground.core.formats import format_named
    from playground.core.storing import store, store_in_all
    from playground.core.storing_explained import formula, remark

    typed = parse_number(value_text)
    scale = None if absmax is None else _fraction(absmax, "absmax")
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
    from playground.core.formats import FloatFormat
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
        "max": float(form.max if isinstance(form, FloatFormat) else form.high * step),
        "min_normal": float(form.min_normal if isinstance(form, FloatFormat) else step),
        "smallest": float(form.smallest if isinstance(form, FloatFormat) else step),
        "epsilon": float(form.epsilon if isinstance(form, FloatFormat) else step),
        "remark": remark(one),
    }


@click.group("memory")
def memory_group() -> None:
    """How many bytes a model needs, to answer or to learn, and which GPU holds it."""


_model_option = click.option(
    "--model", "model_id", default=None, help="A model of the catalogue, such as llama-3.1-8b."
)
_params_option = click.option("--params", default=None, help="Or just a number of parameters, such as 7.5B.")
_overhead_option = click.option(
    "--overhead", default=None, help="Bytes for the runtime (default 1 GiB: the CUDA context)."
)


@memory_group.command("inference")
@_model_option
@_params_option
@click.option(
    "--dtype", default="bf16", show_default=True, help="How weights are stored: fp32, bf16, int8, q4_k_m, nf4, …"
)
@click.option("--context", default="4096", show_default=True, help="Tokens a text may have.")
@click.option("--batch", default="1", show_default=True, help="Texts at once.")
@click.option("--kv-dtype", default="bf16", show_default=True, help="How the KV cache is stored: bf16, fp8, q8_0, …")
@click.option("--ignore-window", is_flag=True, help="Keep every token even where the model has a sliding window.")
@_overhead_option
@output.as_json_option
def inference_command(
    model_id: str | None,
    params: str | None,
    dtype: str,
    context: str,
    batch: str,
    kv_dtype: str,
    ignore_window: bool,
    overhead: str | None,
    as_json: bool,
) -> None:
    """Memory to answer: weights, KV cache, activations, overhead."""
    from playground.core.inference_memory import OVERHEAD_BYTES, inference_memory
    from playground.core.kv_cache import cache_format
    from playground.core.weight_formats import weight_format

    about = _subject(model_id, params)
    need = inference_memory(
        about,
        weight_format(dtype),
        cache_format(kv_dtype),
        parse_count(context, "number of tokens"),
        parse_count(batch, "batch"),
        OVERHEAD_BYTES if overhead is None else parse_count(overhead, "number of bytes"),
        ignore_window,
    )
    output.notices(need.notices)
    if as_json:
        answer = {
            "model": model_id,
            "parameters": about.parameters,
            "bytes": {**need.parts, "total": need.total},
            "bits_per_weight": float(need.bits_per_weight),
            "kv_bytes_per_token": need.kv_bytes_per_token,
            "fits": _fits(need.total),
        }
        output.emit_json(answer)
        return
    title = f"{about.title} to answer: {format_count(about.parameters)} parameters in {dtype}"
    _show_parts(f"{title} ({float(need.bits_per_weight):.4g} bits a weight)", need.parts, need.total)


@memory_group.command("training")
@_model_option
@_params_option
@click.option(
    "--recipe", "recipe_name", default="mixed", show_default=True, help="fp32, amp, mixed, megatron, bf16, adam8bit."
)
@click.option(
    "--optimizer", "optimizer_name", default="adamw", show_default=True, help="adamw, sgd, sgd-momentum, adafactor."
)
@click.option("--batch", default="1", show_default=True, help="Sequences a step.")
@click.option("--sequence", default="1024", show_default=True, help="Tokens a sequence.")
@click.option("--recompute", default="none", show_default=True, help="none, selective or full.")
@_overhead_option
@output.as_json_option
def training_command(
    model_id: str | None,
    params: str | None,
    recipe_name: str,
    optimizer_name: str,
    batch: str,
    sequence: str,
    recompute: str,
    overhead: str | None,
    as_json: bool,
) -> None:
    """Memory to learn: weights, gradients, optimizer states, activations, overhead."""
    from playground.core import recipes
    from playground.core.inference_memory import OVERHEAD_BYTES
    from playground.core.training_memory import training_memory

    about = _subject(model_id, params)
    need = training_memory(
        about,
        recipes.recipe(recipe_name),
        recipes.optimizer(optimizer_name),
        parse_count(batch, "batch"),
        parse_count(sequence, "number of tokens"),
        recompute,  # type: ignore[arg-type]  # core refuses what is not one of the three
        OVERHEAD_BYTES if overhead is None else parse_count(overhead, "number of bytes"),
    )
    rule = sum(recipes.COURSE_BYTES.values())
    output.notices(need.notices)
    if as_json:
        each = {name: float(size) for name, size in need.bytes_per_parameter.items()}
        answer = {
            "model": model_id,
            "parameters": about.parameters,
            "recipe": need.recipe.name,
            "bytes": {**need.parts, "total": need.total},
            "bytes_per_parameter": each,
            "rule_of_thumb": {"bytes_per_parameter": rule, "total": rule * about.parameters},
            "fits": _fits(need.total),
        }
        output.emit_json(answer)
        return
    title = f"{about.title} to learn: {format_count(about.parameters)} parameters, {need.recipe.title}"
    _show_parts(title, need.parts, need.total)
    output.notices((f"The course's rule of thumb, {rule} bytes a parameter: {format_bytes(rule * about.parameters)}.",))


@click.command("zero")
@_model_option
@_params_option
@click.option("--gpus", default="64", show_default=True, help="GPUs that share the training.")
@click.option("--stage", default=3, show_default=True, type=int, help="0 (plain data parallel), 1, 2 or 3.")
@click.option("--param-bytes", default="2", show_default=True, help="Bytes of a parameter.")
@click.option("--grad-bytes", default="2", show_default=True, help="Bytes of its gradient.")
@click.option(
    "--optimizer-bytes", default="12", show_default=True, help="Bytes of its optimizer states (the paper's K)."
)
@output.as_json_option
def zero_command(
    model_id: str | None,
    params: str | None,
    gpus: str,
    stage: int,
    param_bytes: str,
    grad_bytes: str,
    optimizer_bytes: str,
    as_json: bool,
) -> None:
    """What each GPU holds and sends under ZeRO."""
    from playground.core import zero

    about = _subject(model_id, params)
    sizes = (param_bytes, grad_bytes, optimizer_bytes)
    each = zero.Bytes(*(_fraction(size, "number of bytes") for size in sizes))
    plan = zero.plan(about.parameters, parse_count(gpus, "number of GPUs"), stage, each)
    if as_json:
        output.emit_json(_zero_answer(plan))
        return
    output.emit_table(
        f"{about.title} on {plan.gpus:,} GPUs: bytes per GPU",
        ("stage", "parameters", "gradients", "optimizer", "total", "less", "sent a step"),
        (
            (
                f"{'▶' if p.stage == stage else ' '} {p.stage}",
                *(format_gb(int(p.share[name])) for name in zero.COMPONENTS),
                format_gb(int(p.total)),
                f"{float(p.reduction):.2f}×",
                format_gb(p.communication.total),
            )
            for p in zero.plans(plan.parameters, plan.gpus, each)
        ),
        right=(1, 2, 3, 4, 5, 6),
    )
    click.echo(f"stage {stage} cuts {zero.WHAT_IS_CUT[stage]}: {format_bytes(int(plan.total))} per GPU")


def _zero_answer(plan: "Plan") -> dict[str, Any]:
    sent = plan.communication
    return {
        "parameters": plan.parameters,
        "gpus": plan.gpus,
        "stage": plan.stage,
        "bytes_per_gpu": {**{name: int(share) for name, share in plan.share.items()}, "total": int(plan.total)},
        "reduction_factor": float(plan.reduction),
        "reduction_limit": None if plan.limit is None else float(plan.limit),
        "communication": {
            "all_reduce_bytes": sent.all_reduce,
            "reduce_scatter_bytes": sent.reduce_scatter,
            "all_gather_bytes": sent.all_gather,
            "total_elements_per_parameter": sent.elements_per_parameter,
        },
    }


def _subject(model_id: str | None, params: str | None) -> "Subject":
    from playground.core.subject import subject

    return subject(model_id, params)


def _fraction(text: str, what: str) -> Fraction:
    from playground.core.exact import parse_number

    value = parse_number(text).value
    if not isinstance(value, Fraction):
        raise BadInput(f"{text[:40]!r} is not a {what}", "Write a number such as 2 or 2.03125.")
    return value


def _fits(needed_bytes: int) -> list[dict[str, Any]]:
    from playground.core.gpus import fits

    return [{"gpu": fit.gpu.id, "usable_bytes": fit.gpu.usable_bytes, "fits": fit.fits} for fit in fits(needed_bytes)]


def _show_parts(title: str, parts: dict[str, int], total: int) -> None:
    from playground.core.gpus import smallest_that_fits

    rows = [(name.replace("_", " "), format_bytes(size), f"{size / total:.1%}") for name, size in parts.items() if size]
    output.emit_table(title, ("part", "bytes", "share"), [*rows, ("total", format_bytes(total), "")], right=(1, 2))
    card = smallest_that_fits(total)
    answer = (
        f"fits on one {card.title} ({format_bytes(card.usable_bytes)} usable)" if card else "fits on no single GPU here"
    )
    click.echo(answer)


COMMANDS: tuple[click.Command, ...] = (format_command, memory_group, zero_command)
