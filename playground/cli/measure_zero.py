"""measure-zero: train a small model in several processes of this machine; what each rank really held and sent."""

from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from playground import limits
from playground.cli import output
from playground.core.units import format_gb, parse_count

if TYPE_CHECKING:
    from playground.core.recorded import Measured, Measurement
    from playground.lab.sharding import job


@click.command("measure-zero")
@click.option("--gpus", default="4", show_default=True, help="Processes that play the GPUs.")
@click.option("--stages", default="all", show_default=True, help="0,1,2,3 or names: ddp,zero1,…,fsdp2,hybrid; or all.")
@click.option("--model-size", "model", default="page", show_default=True, help="tiny, odd, page or small.")
@click.option("--sharding-factor", default=None, help="The hybrid's: ranks that cut the model among them.")
@click.option(
    "--timeout", default=limits.SHARDING_DEADLINE_S, show_default=True, help="Seconds for the whole measurement."
)
@output.as_json_option
def measure_zero_command(
    gpus: str, stages: str, model: str, sharding_factor: str | None, timeout: float, as_json: bool
) -> None:
    """Train under DDP, ZeRO and FSDP in real processes: what each rank held and sent, to the byte."""
    from playground.lab.sharding import job

    shard = None if sharding_factor is None else parse_count(sharding_factor, "sharding factor")
    spec = job.spec(parse_count(gpus, "number of GPUs"), stages.split(","), model, shard, deadline_s=timeout)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=output.errors, transient=True) as bar:
        task = bar.add_task("starting", total=len(spec.variants))

        def tell(_job: "job.Job", now: "job.Progress") -> None:
            under_way = f"{now.variant}, step {now.step}" if now.variant else "starting the processes"
            bar.update(task, completed=len(now.finished), description=under_way)

        measurement, wrong = job.run(spec, tell)
    if wrong and not measurement.stages:
        raise wrong
    if as_json:
        output.emit_json(measurement.to_json())
    else:
        _show(measurement)
    if wrong:  # what finished before is printed all the same
        raise wrong


def _show(measurement: "Measurement") -> None:
    model = measurement.model
    output.emit_table(
        f"{model.parameters:,} parameters, {measurement.gpus} ranks, measured: the rank that holds most",
        ("variant", "p + g + o, MB", "bytes", "formula", "sent"),
        (_row(stage) for stage in measurement.stages),
        right=(1, 2, 3, 4),
    )
    differ = [stage.name for stage in measurement.stages if not stage.as_predicted]
    told = f"not for {', '.join(differ)}: see --json" if differ else "to the byte, on every rank"
    click.echo(f"measured = the formula with each API's rounding: {told}")
    click.echo(f"{measurement.machine}; {measurement.seconds:.1f} s")


def _row(stage: "Measured") -> tuple[object, ...]:
    most = max(stage.ranks, key=lambda held: held.total)
    return (
        stage.name,
        " + ".join(f"{part / 10**6:.2f}" for part in (most.parameters, most.gradients, most.optimizer)),
        f"{most.total:,}",
        f"{stage.ideal.total:,}",
        format_gb(stage.ring if stage.wire is None else stage.wire),
    )


COMMANDS: tuple[click.Command, ...] = (measure_zero_command,)
