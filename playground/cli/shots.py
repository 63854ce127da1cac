"""shots: accuracy against the number of examples in the prompt, measured on a real model."""

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from playground.cli import output

if TYPE_CHECKING:
    from playground.core.prompting import Task
    from playground.core.shots import Counted


@click.command("shots")
@click.option("--model", "model_id", default="smollm2-135m", show_default=True, metavar="ID", help="A decoder.")
@click.option("--task", "task_name", default="sentiment", show_default=True, help="sentiment, topics or dialogues.")
@click.option("--order", "orders", type=click.IntRange(0, 3), multiple=True, help="0: as written; 1–3: shuffled.")
@click.option("--chat", default="off", show_default=True, type=click.Choice(("off", "on", "both")), help="Template.")
@click.option("--again", is_flag=True, help="Measure anew what this machine has measured before.")
@output.as_json_option
def shots_command(model_id: str, task_name: str, orders: Sequence[int], chat: str, again: bool, as_json: bool) -> None:
    """Zero, one, few shots: how often the model's preferred label is right with 0 to 6 examples in its prompt."""
    from dataclasses import replace

    from playground.core.prompting import tasks
    from playground.errors import BadInput
    from playground.lab import shots, shots_results
    from playground.models import device
    from playground.models import lens as lenses

    if task_name not in tasks():
        raise BadInput(f"There is no task {task_name[:40]!r}", f"Choose one of: {', '.join(tasks())}.")
    task = tasks()[task_name]
    ways = [(order, False) for order in (orders or (0,))] if chat != "on" else []
    ways += [(0, True)] if chat != "off" else []
    runs = []
    with lenses.open(model_id) as lens:
        for order, with_chat in ways:
            job = replace(shots_results.default_job(task, order, with_chat), model=model_id)
            found, said = [], ""
            for step in shots.measure(job, again=again):
                if step.doing != said:
                    said = step.doing
                    output.errors.print(f"order {order}, chat {with_chat}: {said}", markup=False)
                if step.result:
                    found.append(step.result)
            runs.append((job, sorted(found, key=lambda one: one.shots)))
        dtype = lens.dtype
    if as_json:
        about = {"machine": device.cpu_kind(), "date": str(datetime.date.today()), "model": model_id, "dtype": dtype}
        output.emit_json(about | {"runs": [shots_results.as_json(job, found) for job, found in runs]})
        return
    for (order, with_chat), (_, found) in zip(ways, runs, strict=True):
        _table(task, found, f"{task.title}, examples in order {order}{', chat template' if with_chat else ''}")


def _table(task: "Task", found: Iterable["Counted"], title: str) -> None:
    names: tuple[str, ...] = ("right", "95 %", "calibrated", "answers")
    if task.kind == "text":
        names = ("nats/token", "95 %", "ROUGE-1", "ROUGE-L")
    columns = ("shots", *names, "tokens", "s")
    rows = [(one.shots, *_cells(task, one), one.prompt_tokens, one.seconds) for one in found]
    output.emit_table(title, columns, rows, right=tuple(range(len(columns))))
    if task.kind == "labels":
        click.echo(f"95 %: Wilson interval; answers: how often it says {', '.join(task.labels)}.")


def _cells(task: "Task", one: Any) -> tuple[Any, ...]:
    from statistics import fmean

    from playground.core import shots

    if task.kind == "text":
        values = one.per_token()
        low, high = shots.bootstrap(values)
        first, longest = one.rouge([item.answer for item in task.items])
        return f"{fmean(values):.3f}", f"{low:.2f} to {high:.2f}", f"{fmean(first):.3f}", f"{fmean(longest):.3f}"
    truth_I = task.truth()
    total, right = len(truth_I), one.right(truth_I)
    low, high = shots.wilson(right, total)
    calibrated = one.right(truth_I, calibrated=True) / total
    return f"{right / total:.2f}", f"{low:.2f} to {high:.2f}", f"{calibrated:.2f}", " ".join(map(str, one.said()))


COMMANDS: tuple[click.Command, ...] = (shots_command,)
