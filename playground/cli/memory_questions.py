"""memory fits, compare, check: the inverse questions, other calculators, and a measurement on this machine."""

from typing import Any

import click

from playground.cli import output, subjects
from playground.core.units import format_bytes, parse_count


@click.command("fits")
@subjects.model_option
@subjects.params_option
@subjects.config_option
@click.option("--gpu", "gpu_id", default="rtx-4090", show_default=True, help="The card: rtx-4090, a100-80gb, …")
@click.option("--dtype", default="bf16", show_default=True, help="How weights are stored.")
@click.option("--kv-dtype", default="bf16", show_default=True, help="How the KV cache is stored.")
@click.option("--context", default="8192", show_default=True, help="Tokens a text may have.")
@click.option("--batch", default="1", show_default=True, help="Texts at once.")
@click.option("--overhead", default=None, help="Bytes for the runtime (default 1 GiB: the CUDA context).")
@output.as_json_option
def fits_command(
    model_id: str | None,
    params: str | None,
    config_path: str | None,
    gpu_id: str,
    dtype: str,
    kv_dtype: str,
    context: str,
    batch: str,
    overhead: str | None,
    as_json: bool,
) -> None:
    """What fits a card: longest context, largest batch, best format, largest model."""
    from playground.core.gpus import gpu
    from playground.core.inference_memory import OVERHEAD_BYTES
    from playground.core.inverse import Serving
    from playground.core.kv_cache import cache_format
    from playground.core.weight_formats import weight_format

    card, about = gpu(gpu_id), subjects.read(model_id, params, config_path)
    asked = Serving(
        about,
        weight_format(dtype),
        cache_format(kv_dtype),
        parse_count(context, "number of tokens"),
        parse_count(batch, "batch"),
        OVERHEAD_BYTES if overhead is None else parse_count(overhead, "number of bytes"),
    )
    usable = card.usable_bytes
    need, best, models = asked.need(), asked.best_format(usable), asked.largest_models(usable)
    answer: dict[str, Any] = {
        "gpu": card.id,
        "usable_bytes": usable,
        "needed_bytes": need.total,
        "fits": need.total <= usable,
        "longest_context": asked.longest_context(usable) if about.model else None,
        "largest_batch": asked.largest_batch(usable) if about.model else None,
        "best_format": best.name if best else None,
        "largest_model": models[0][0].model.id if models and models[0][0].model else None,
        "most_parameters": asked.largest_count(usable),
    }
    output.notices(need.notices)
    if as_json:
        output.emit_json(answer)
        return
    title = f"{about.title} on {card.title}, {format_bytes(usable)} usable"
    rows = [(name.replace("_", " "), _shown(value)) for name, value in answer.items()]
    output.emit_table(title, ("question", "answer"), rows, right=(1,))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


@click.command("compare")
@subjects.model_option
@subjects.config_option
@click.option("--context", default="4096", show_default=True, help="Tokens a text.")
@click.option("--batch", default="1", show_default=True, help="Texts at once.")
@output.as_json_option
def compare_command(model_id: str | None, config_path: str | None, context: str, batch: str, as_json: bool) -> None:
    """What other calculators answer, by their own formulas, and what they leave out."""
    from playground.core import other_calculators as other
    from playground.core.subject import BATCH_MAX, TOKENS_MAX, check_range

    model = subjects.read(model_id, None, config_path).model
    assert model is not None  # a count was not asked for
    tokens = check_range("tokens", parse_count(context, "number of tokens"), 1, TOKENS_MAX)
    texts = check_range("texts", parse_count(batch, "batch"), 1, BATCH_MAX)
    answers = (*other.compare_inference(model, tokens, texts), *other.compare_training(model, tokens, texts))
    if as_json:
        rows = [{"tool": a.tool, "question": a.question, "bytes": a.bytes, "leaves_out": a.leaves_out} for a in answers]
        output.emit_json({"model": model.id, "answers": rows})
        return
    output.emit_table(
        f"{model.title}: other calculators say",
        ("tool", "question", "bytes", "leaves out"),
        [(a.tool, a.question, format_bytes(a.bytes), a.leaves_out) for a in answers],
        right=(2,),
    )


@click.command("check")
@click.option("--layers", default=1, show_default=True, help="Layers of the default model to train.")
@click.option("--tokens", default=64, show_default=True, help="Tokens of the step.")
@click.option("--dtype", default="fp32", show_default=True, help="fp32 or bf16.")
@output.as_json_option
def check_command(layers: int, tokens: int, dtype: str, as_json: bool) -> None:
    """Predicted against measured: a real training step on this machine."""
    from playground.core.measured_memory import Check
    from playground.lab import memory_measured

    checks: tuple[Check, ...] = ()
    for step in memory_measured.measure(layers, tokens, dtype):
        output.notices((step.doing,))
        checks = step.result
    if as_json:
        rows = [
            {"what": c.what, "predicted": c.predicted, "measured": c.measured, "residual": c.residual} for c in checks
        ]
        output.emit_json({"layers": layers, "tokens": tokens, "dtype": dtype, "checks": rows})
        return
    output.emit_table(
        "Predicted against measured, bytes",
        ("what", "predicted", "measured", "difference", "made of"),
        [(c.what, f"{c.predicted:,}", f"{c.measured:,}", f"{c.difference:+,}", c.residual or "–") for c in checks],
        right=(1, 2, 3),
    )


COMMANDS: tuple[click.Command, ...] = (fits_command, compare_command, check_command)
