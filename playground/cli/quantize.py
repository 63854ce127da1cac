"""quantize: what fewer bits a weight do to a real model's answers, measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from playground.cli import output

if TYPE_CHECKING:
    from playground.core.quantization import Scheme
    from playground.lab.quantized_results import Measured

PROMPT = "Photosynthesis is the process by which"


@click.command("quantize")
@click.option("--model", "model_id", default="smollm2-135m", show_default=True, metavar="ID", help="A decoder.")
@click.option("--scheme", default="all", show_default=True, help="fp32, bf16, int8, int4, nf4, q4_0, … or all.")
@click.option("--text", default=PROMPT, show_default=True, help="The prompt that is continued; - reads standard input.")
@click.option("--read", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A text file to be read.")
@click.option("--again", is_flag=True, help="Measure anew what this machine has measured before.")
@output.as_json_option
def quantize_command(model_id: str, scheme: str, text: str, read: Path | None, again: bool, as_json: bool) -> None:
    """What fewer bits a weight do to a model: bytes, KL from FP32, changed first choices, perplexity, speed."""
    from playground import paths
    from playground.core.quantization import SCHEMES, scheme_named
    from playground.core.text import clean
    from playground.lab import quantized, quantized_results
    from playground.limits import TEXT_CHARACTERS
    from playground.models import lens as lenses

    schemes = SCHEMES if scheme.lower() == "all" else tuple(scheme_named(name) for name in scheme.split(","))
    source = read or paths.ASSETS / "texts" / "tides.txt"
    reading = clean(source.read_text(encoding="utf-8", errors="replace").strip(), TEXT_CHARACTERS)
    with lenses.open(model_id) as lens:
        job, cuts = quantized_results.job(lens, output.read_text(text), reading.text)
        output.notices((*reading.notices, *cuts))
        found: dict[str, Measured] = {}
        said = ""
        for step in quantized.measure(job, schemes, again=again):
            if step.doing != said:
                said = step.doing
                output.errors.print(f"{100 * step.share:3.0f} % {said}", markup=False)
            if step.result:
                found[step.result.scheme] = step.result
        rows = [_row(one, found[one.name], lens) for one in schemes]
        device = lens.device
    if as_json:
        said_ids = {"prompt_ids": list(job.prompt_ids), "text_tokens": len(job.text_ids)}
        output.emit_json({"model": model_id, "device": device, **said_ids, "schemes": rows})
        return
    output.emit_table(
        f"{model_id}: a text of {len(job.text_ids)} tokens, and {job.new_tokens} tokens after the prompt",
        ("scheme", "MB", "bits", "KL, next token", "KL, text", "first choice", "perplexity", "differs", "tok/s"),
        (_cells(row) for row in rows),
        right=tuple(range(1, 9)),
    )
    click.echo("KL from FP32 in bits a token; first choice: how often another token is the most probable one.")
    click.echo("Perplexity: e to the mean surprise a token, lower is better. differs: where the continuation parts.")
    click.echo("Only FP32, BF16 and FP16 run in their own arithmetic: the others are rounded, then multiplied as FP32.")


def _row(scheme: "Scheme", measured: "Measured", lens: Any) -> dict[str, Any]:
    return {
        "scheme": scheme.name,
        "title": scheme.title,
        "note": scheme.note,
        "bytes": measured.bytes,
        "bits_per_weight": measured.bits_per_weight,
        "arithmetic": measured.arithmetic,
        "next_token_kl_bits": measured.next_kl_bits,
        "mean_kl_bits": measured.mean_kl_bits,
        "top1_changes": measured.top1_changes,
        "positions": measured.positions,
        "perplexity": measured.perplexity,
        "first_difference": measured.first_difference,
        "continuation_ids": list(measured.continuation),
        "continuation": lens.decode(measured.continuation),
        "tokens_per_second": measured.tokens_per_second,
        "next": [
            {"id": i, "text": lens.token_text(i), "probability": p}
            for i, p in zip(measured.top_ids, measured.top_probabilities, strict=True)
        ],
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    differs = row["first_difference"]
    return (
        row["title"],
        f"{row['bytes'] / 1e6:,.1f}",
        f"{row['bits_per_weight']:.2f}",
        f"{row['next_token_kl_bits']:.4f}",
        f"{row['mean_kl_bits']:.4f}",
        f"{row['top1_changes']} of {row['positions']}",
        f"{row['perplexity']:,.2f}",
        "never" if differs is None else f"token {differs + 1}",
        f"{row['tokens_per_second']:.1f}",
    )


COMMANDS: tuple[click.Command, ...] = (quantize_command,)
