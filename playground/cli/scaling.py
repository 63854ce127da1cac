"""scaling: what a training budget buys, by every law, and what it costs."""

from typing import Any

import click

from playground.cli import output
from playground.core.units import format_count, parse_count
from playground.errors import BadInput


@click.command("scaling")
@click.option("--compute", default=None, help="Operations to spend, such as 5.76e23.")
@click.option("--params", default=None, help="Or a model's parameters, such as 70B …")
@click.option("--tokens", default=None, help="… and the tokens it is trained on, such as 1.4T.")
@click.option("--gpu", "gpu_id", default="a100-80gb", show_default=True, help="For days and price: h100-80gb, …")
@click.option("--gpus", default="1024", show_default=True, help="How many of them.")
@click.option("--utilisation", default=0.4, show_default=True, type=float, help="Share of the peak that is reached.")
@click.option("--price", default=2.0, show_default=True, type=float, help="Of a GPU hour, in dollars.")
@output.as_json_option
def scaling_command(
    compute: str | None,
    params: str | None,
    tokens: str | None,
    gpu_id: str,
    gpus: str,
    utilisation: float,
    price: float,
    as_json: bool,
) -> None:
    """Split a training budget between parameters and tokens."""
    from playground.core import chinchilla, trained, training_compute
    from playground.core.gpus import gpu
    from playground.core.scaling import scientific

    budget = _budget(compute, params, tokens)
    card = gpu(gpu_id)
    if not card.tflops:
        raise BadInput(f"The list has no speed for {card.title}", "Choose a100-80gb, h100-80gb, rtx-4090 …")
    run = training_compute.run(budget.flop, parse_count(gpus, "number of GPUs"), card.tflops, utilisation, price)
    days = training_compute.petaflop_s_days(budget.flop)
    answers = chinchilla.allocations(budget.flop)
    each = budget.tokens / budget.parameters if budget.tokens and budget.parameters else None
    if as_json:
        fits = [
            {
                "name": a.name,
                "parameters": a.parameters,
                "tokens": a.tokens,
                "tokens_per_parameter": a.tokens_per_parameter,
                "loss": a.loss,
            }
            for a in answers
        ]
        asked: dict[str, Any] = {"parameters": budget.parameters, "tokens": budget.tokens, "tokens_per_parameter": each}
        if budget.parameters and budget.tokens:
            asked["loss"] = {law.name: law.loss(budget.parameters, budget.tokens) for law in chinchilla.LOSSES}
        cost = {"gpu": card.id, "gpus": run.gpus, "days": run.days, "gpu_hours": run.gpu_hours, "price": run.price}
        output.emit_json(
            {"compute_flop": budget.flop, "petaflop_s_days": days, "fits": fits, "asked": asked, "cost": cost}
        )
        return
    output.emit_table(
        f"{scientific(budget.flop)} operations = {scientific(days)} petaflop/s-days",
        ("law", "parameters", "tokens", "tokens each", "nats/token"),
        (
            (
                a.title,
                format_count(round(a.parameters)),
                format_count(round(a.tokens)),
                f"{a.tokens_per_parameter:,.1f}",
                f"{a.loss:.3f}" if a.loss else "–",
            )
            for a in answers
        ),
        right=(1, 2, 3, 4),
    )
    click.echo("The last column is the predicted loss; each law has a curve of its own: compare within a law only.")
    if each is not None:
        click.echo(f"asked: {each:,.2f} tokens per parameter, against 20 {trained.verdict(each)}")
    click.echo(
        f"on {run.gpus:,} {card.title} at {utilisation:.0%}: {run.days:,.1f} days, "
        f"{format_count(round(run.gpu_hours))} GPU hours, ${format_count(round(run.price))} at ${price:g} a GPU hour"
    )


def _budget(compute: str | None, params: str | None, tokens: str | None) -> Any:
    from playground.core import chinchilla, scaling

    if compute is not None and (params is not None or tokens is not None):
        raise BadInput("Give --compute, or --params and --tokens", "One of the two ways to name a budget.")
    if compute is not None:
        return scaling.budget_of_compute(compute)
    if params is None and tokens is None:
        return scaling.budget_of_compute(str(chinchilla.GOPHER_BUDGET))
    if params is None or tokens is None:
        raise BadInput("--params and --tokens belong together", "Such as --params 70B --tokens 1.4T.")
    return scaling.budget_of_model(params, tokens)


COMMANDS: tuple[click.Command, ...] = (scaling_command,)
