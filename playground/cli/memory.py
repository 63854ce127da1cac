"""memory: how many bytes a model needs, to answer or to learn."""

from typing import Any

import click

from playground.cli import memory_questions, output, subjects
from playground.core.units import format_bytes, format_count, parse_count


@click.group("memory")
def memory_group() -> None:
    """How many bytes a model needs, to answer or to learn, and which GPU holds it."""


_overhead_option = click.option(
    "--overhead", default=None, help="Bytes for the runtime (default 1 GiB: the CUDA context)."
)


@memory_group.command("inference")
@subjects.model_option
@subjects.params_option
@subjects.config_option
@click.option(
    "--dtype",
    default="bf16",
    show_default=True,
    help="How weights are stored: fp32, bf16, q4_k_m, nf4, … (int8, int4: flat, no scales).",
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
    config_path: str | None,
    dtype: str,
    context: str,
    batch: str,
    kv_dtype: str,
    ignore_window: bool,
    overhead: str | None,
    as_json: bool,
) -> None:
    """Memory to answer: weights, KV cache, activations, overhead."""
    from playground.core import bits_explained
    from playground.core.inference_memory import OVERHEAD_BYTES, inference_memory
    from playground.core.kv_cache import cache_format
    from playground.core.weight_formats import weight_format

    about = subjects.read(model_id, params, config_path)
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
    output.notices((f"Weights: {bits_explained.sentence(about, weight_format(dtype))}.",))


@memory_group.command("training")
@subjects.model_option
@subjects.params_option
@subjects.config_option
@click.option(
    "--recipe",
    "recipe_name",
    default="mixed",
    show_default=True,
    help="fp32, amp, mixed, megatron, bf16, adam8bit, lora, qlora.",
)
@click.option("--rank", default="16", show_default=True, help="Of the adapters (lora, qlora).")
@click.option("--targets", default="all-linear", show_default=True, help="Adapters beside: all-linear or attention.")
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
    config_path: str | None,
    recipe_name: str,
    rank: str,
    targets: str,
    optimizer_name: str,
    batch: str,
    sequence: str,
    recompute: str,
    overhead: str | None,
    as_json: bool,
) -> None:
    """Memory to learn: weights, gradients, optimizer states, activations, overhead."""
    from playground.core import lora, recipes
    from playground.core.inference_memory import OVERHEAD_BYTES
    from playground.core.training_memory import training_memory

    about = subjects.read(model_id, params, config_path)
    sizes: tuple[Any, ...] = (
        parse_count(batch, "batch"),
        parse_count(sequence, "number of tokens"),
        recompute,  # core refuses what is not one of the three
        OVERHEAD_BYTES if overhead is None else parse_count(overhead, "number of bytes"),
    )
    if recipe_name.lower() in lora.LORA_BY_NAME:
        adapted: Any = targets
        need = lora.lora_memory(about, recipe_name.lower(), parse_count(rank, "rank"), adapted, *sizes)
    else:
        need = training_memory(about, recipes.recipe(recipe_name), recipes.optimizer(optimizer_name), *sizes)
    rule = sum(recipes.COURSE_BYTES.values())
    output.notices(need.notices)
    if as_json:
        each = {name: float(size) for name, size in need.bytes_per_parameter.items()}
        answer = {
            "model": model_id,
            "parameters": about.parameters,
            "recipe": need.recipe.name,
            "trainable_parameters": need.trainable or about.parameters,
            "bytes": {**need.parts, "total": need.total},
            "bytes_per_parameter": each,
            "rule_of_thumb": {"bytes_per_parameter": rule, "total": rule * about.parameters},
            "fits": _fits(need.total),
        }
        output.emit_json(answer)
        return
    title = f"{about.title} to learn: {format_count(about.parameters)} parameters, {need.recipe.title}"
    _show_parts(f"{title}, {sizes[0]:,} × {sizes[1]:,} tokens a step", need.parts, need.total)
    for_all = " for training every weight" if need.trainable else ""
    output.notices(
        (
            f"{need.recipe.title}: {need.recipe.note}.",
            f"The course's rule of thumb{for_all}, {rule} bytes a parameter: {format_bytes(rule * about.parameters)}.",
        )
    )


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


for _command in memory_questions.COMMANDS:
    memory_group.add_command(_command)

COMMANDS: tuple[click.Command, ...] = (memory_group,)
