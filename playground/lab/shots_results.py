"""What was measured of a prompt with 0, 1, 2 … examples, kept in the store; and the recording that is shipped.

The recording is what ``llm-playground shots --json`` printed, a file a task; nothing in it is edited.
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from playground import limits, paths
from playground.core.prompting import Task, ordered, tasks
from playground.core.shots import Counted, Labelled, Written
from playground.lab import remembered
from playground.models import device
from playground.models.catalogue import catalogue

_VERSION = 1  # bump when the measurement changes
RECORDINGS = paths.ASSETS / "recordings"


@dataclass(frozen=True)
class Job:
    """What is asked: a task's items, after this instruction and context and the first 0, 1, 2 … of these examples."""

    model: str
    task: str
    instruction: str
    context: str
    examples: tuple[str, ...]  # in the order they are used
    labels: tuple[str, ...]
    chat: bool  # whether the chat template is used


def default_job(task: Task, order: int = 0, chat: bool = False) -> Job:
    """The task as it is shipped, on the default model."""
    examples = ordered(task.blocks(task.labels), order)
    return Job(catalogue().models[0].id, task.name, task.instruction, "", examples, task.labels, chat)


def known(job: Job) -> dict[int, Counted]:
    """What this machine has measured of the job already, by number of shots."""
    found = ((shots, _read(_file(job, shots), job)) for shots in range(len(job.examples) + 1))
    return {shots: counted for shots, counted in found if counted is not None}


def remember(job: Job, counted: Counted) -> None:
    """Keep a result in the store; the oldest go when there are too many."""
    remembered.keep(_file(job, counted.shots), asdict(counted), limits.SHOTS_KEPT)


def _file(job: Job, shots: int) -> Path:
    asked = asdict(job) | {"examples": job.examples[:shots]}  # the same few examples, whatever would follow them
    items = [list(item) for item in tasks()[job.task].items]
    machine = [device.cpu_kind(), device.describe()]
    digest = hashlib.sha256(json.dumps([_VERSION, catalogue()[job.model].pin, *machine, items, asked]).encode())
    return folder() / f"{digest.hexdigest()[:32]}.json"


def folder() -> Path:
    """Where the results are kept."""
    return paths.home() / "shots"


def _read(path: Path, job: Job) -> Counted | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        found = counted(tasks()[job.task], json.loads(path.read_text(encoding="utf-8")))
        # Only what has its full length: a file of another shape must not reach a figure.
        return found if len(found.nats) == len(tasks()[job.task].items) else None
    return None


def counted(task: Task, data: dict[str, Any]) -> Counted:
    """One number of shots from its JSON."""
    kind: type[Labelled] | type[Written] = Labelled if task.kind == "labels" else Written
    return kind(**{field.name: _tuples(data[field.name]) for field in fields(kind)})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Recording:
    """Runs of one task, measured on another machine on another day."""

    machine: str
    date: str
    model: str
    dtype: str
    runs: dict[Job, dict[int, Counted]]


@cache
def recording(task_name: str) -> Recording:
    """The shipped recording of a task."""
    task = tasks()[task_name]
    data = json.loads((RECORDINGS / f"shots-{task_name}.json").read_text(encoding="utf-8"))
    runs = {
        Job(**{name: _tuples(value) for name, value in run["job"].items()}): {
            one["shots"]: counted(task, one) for one in run["counted"]
        }
        for run in data["runs"]
    }
    return Recording(data["machine"], data["date"], data["model"], data["dtype"], runs)


def as_json(job: Job, found: Sequence[Counted]) -> dict[str, Any]:
    """A run as the command prints it: the question, and everything measured."""
    return {"job": asdict(job), "counted": [asdict(one) for one in found]}
