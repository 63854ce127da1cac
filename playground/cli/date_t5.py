"""train-date-t5: the small encoder–decoder that comes with the project, trained again."""

from pathlib import Path

import click

from playground.cli import output


@click.command("train-date-t5")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--steps", type=click.IntRange(20, 100_000), help="As many as the bundled model had, by default.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of the weights and the dates; the bundled model's.")
@output.as_json_option
def train_date_t5(folder: Path, steps: int | None, seed: int | None, as_json: bool) -> None:
    """Train date-t5 (dates as written → ISO) into FOLDER: a few minutes on two cores, on the GPU if there is one."""
    import json

    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from playground.lab import date_t5
    from playground.models import device
    from playground.models.sources import sha256_of

    device.prepare()
    columns = (TextColumn("step {task.completed:.0f}, loss {task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.errors) as bar:
        task = bar.add_task("", total=steps or date_t5.STEPS)
        for at in date_t5.made(folder, steps or date_t5.STEPS, date_t5.SEED if seed is None else seed):
            bar.update(task, description=f"{at.loss:.4f}", completed=at.step)
            if not output.errors.is_terminal and at.step % 100 == 0:  # a bar is drawn once, at the end, in a log
                output.errors.print(f"step {at.step}, loss {at.loss:.4f}, {at.seconds:.0f} s")
    record = json.loads((folder / date_t5.RECORD).read_text(encoding="utf-8"))
    files = {p.name: {"bytes": p.stat().st_size, "sha256": sha256_of(p)} for p in sorted(folder.iterdir())}
    if as_json:
        output.emit_json(record | {"files": files})
        return
    click.echo(
        f"{record['accuracy']:.2%} of {record['tests']:,} dates never trained on are right, every character; "
        f"{record['parameters']:,} parameters, {record['steps']:,} steps, {record['seconds']} s "
        f"({record['cpu_seconds']} s of processor time) on {record['device']}."
    )
    output.emit_table(
        str(folder),
        ("file", "bytes", "sha256"),
        [(name, f["bytes"], f["sha256"]) for name, f in files.items()],
        right=(1,),
    )


COMMANDS: tuple[click.Command, ...] = (train_date_t5,)
