"""zero: what each GPU holds and sends, stage by stage."""

from typing import TYPE_CHECKING, Any

import click

from playground.cli import output, subjects
from playground.core.units import format_bytes, format_gb, parse_count

if TYPE_CHECKING:
    from fractions import Fraction

    from playground.core.zero import Plan


@click.command("zero")
@subjects.model_option
@subjects.params_option
@click.option("--gpus", default="64", show_default=True, help="GPUs that share the training.")
@click.option("--stage", default=3, show_default=True, type=int, help="0 (plain data parallel), 1, 2 or 3.")
@click.option("--param-bytes", default="2", show_default=True, help="Bytes of a parameter.")
@click.option("--grad-bytes", default="2", show_default=True, help="Bytes of its gradient.")
@click.option(
    "--optimizer-bytes", default="12", show_default=True, help="Bytes of its optimizer states (the paper's K)."
)
@click.option("--recipe", default=None, help="Or the bytes of a recipe: fp32, mixed, megatron, bf16, adam8bit …")
@click.option("--factor", default=None, type=int, help="Sharding factor: GPUs that share one copy (default: all).")
@click.option("--offload", default="none", show_default=True, help="none, optimizer or parameters: to the host.")
@click.option("--export", type=click.Choice(["deepspeed", "fsdp2"]), default=None, help="Print a file to train with.")
@output.as_json_option
def zero_command(
    model_id: str | None,
    params: str | None,
    gpus: str,
    stage: int,
    param_bytes: str,
    grad_bytes: str,
    optimizer_bytes: str,
    recipe: str | None,
    factor: int | None,
    offload: str,
    export: str | None,
    as_json: bool,
) -> None:
    """What each GPU holds and sends under ZeRO."""
    from playground.core import zero
    from playground.core.communication import communication

    about = subjects.read(model_id, params)
    sizes = (param_bytes, grad_bytes, optimizer_bytes)
    each = zero.Bytes(*(subjects.fraction(size, "number of bytes") for size in sizes))
    if recipe is not None:
        each = zero.of_recipe(recipe)
    plan = zero.plan(about.parameters, parse_count(gpus, "number of GPUs"), stage, each, factor, offload)
    if export is not None:
        click.echo(_exported(plan, export))
        return
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
                f"{float(p.reduction):.2f}×" if p.reduction else "all offloaded",
                format_gb(communication(p).total),
            )
            for p in zero.plans(plan.parameters, plan.gpus, each, factor, offload)
        ),
        right=(1, 2, 3, 4, 5, 6),
    )
    click.echo(f"stage {stage} cuts {zero.WHAT_IS_CUT[stage]}: {format_bytes(int(plan.total))} per GPU")
    if plan.host_total:
        click.echo(f"and {format_bytes(int(plan.host_total))} per GPU in the host's memory")


def _exported(plan: "Plan", form: str) -> str:
    import json

    from playground.core import zero_export

    return (
        zero_export.fsdp2_script(plan) if form == "fsdp2" else json.dumps(zero_export.deepspeed_config(plan), indent=2)
    )


def _zero_answer(plan: "Plan") -> dict[str, Any]:
    from playground.core.communication import communication

    sent = communication(plan)
    return {
        "parameters": plan.parameters,
        "gpus": plan.gpus,
        "stage": plan.stage,
        "bytes_per_gpu": {**{name: int(share) for name, share in plan.share.items()}, "total": int(plan.total)},
        "sharding_factor": plan.factor,
        "replicas": plan.replicas,
        "offload": plan.offload,
        "host": {
            "bytes_per_gpu": int(plan.host_total),
            "to_host_bytes": sent.to_host,
            "from_host_bytes": sent.from_host,
        },
        "reduction_factor": float(plan.reduction) if plan.reduction else None,
        "reduction_limit": None if plan.limit is None else float(plan.limit),
        "communication": {
            "all_reduce_bytes": sent.all_reduce,
            "reduce_scatter_bytes": sent.reduce_scatter,
            "all_gather_bytes": sent.all_gather,
            "total_elements_per_parameter": _number(sent.elements_per_parameter),
        },
    }


def _number(value: "Fraction") -> int | float:
    return int(value) if value.denominator == 1 else float(value)


COMMANDS: tuple[click.Command, ...] = (zero_command,)
