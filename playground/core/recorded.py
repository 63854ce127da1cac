"""A measurement of sharded training: what each rank held, what was sent, event by event; from a job or a recording.

The recording is the JSON of ``llm-playground measure-zero --json``, made by that command; nothing in it is edited.
"""

import dataclasses
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from playground import paths
from playground.core import measured_zero as rules
from playground.core.measured_zero import Held
from playground.core.sharding_variants import VARIANTS, Variant
from playground.core.small_model import SmallModel, sizes

RECORDING = paths.ASSETS / "recordings" / "zero.json"


@dataclass(frozen=True)
class Event:
    """Something that happened on rank 0 in the recorded step, and what it held right after.

    ``kind`` is ``collective`` (``op``: all_gather, reduce_scatter, all_reduce, broadcast), ``compute`` (forward,
    backward, update) or ``free`` (reshard, free gradients). ``bytes`` is the whole tensor's, ``ring_bytes`` what one
    rank sends of it by ring; ``unsharded_bytes`` are parameters that are whole for the moment only.
    """

    step: int
    phase: str  # forward, backward or optimizer
    kind: str
    op: str
    label: str  # root, block 0, … ; embeddings and head are computed apart; for DDP the units in the bucket
    dtype: str
    ranks: tuple[int, ...]  # who takes part
    bytes: int
    ring_bytes: int
    unsharded_bytes: int
    parameters_bytes: int
    gradients_bytes: int
    optimizer_bytes: int

    @property
    def held_bytes(self) -> int:
        """All model states on rank 0 after it."""
        return self.parameters_bytes + self.gradients_bytes + self.optimizer_bytes + self.unsharded_bytes


@dataclass(frozen=True)
class Measured:
    """One variant, measured; next to it what the formula and the API's rounding say."""

    name: str
    model: SmallModel
    gpus: int
    shard: int  # ranks over which the hybrid cuts
    ranks: tuple[Held, ...]
    step_counters: tuple[int, ...]
    peak_unsharded: tuple[int, ...]
    sent: tuple[int | None, ...]  # by the kernel's count, where it has one
    losses: tuple[float, ...]  # mean over the ranks, a step each
    gradient_norms: tuple[float, ...]
    seconds: float
    events: tuple[Event, ...]

    @property
    def variant(self) -> Variant:
        """What it is."""
        return VARIANTS[self.name]

    @property
    def ideal(self) -> Held:
        """The paper's formula."""
        return rules.ideal(self.model, self.name, self.gpus, self.shard)

    @property
    def predicted(self) -> list[Held]:
        """The formula with the API's rounding, rank by rank."""
        return rules.predict(self.model, self.name, self.gpus, self.shard)

    @property
    def as_predicted(self) -> bool:
        """Whether every component of every rank is what was predicted, to the byte."""
        return list(self.ranks) == self.predicted

    @property
    def collectives(self) -> list[Event]:
        """Rank 0's collectives of the recorded step, in order."""
        return [event for event in self.events if event.kind == "collective"]

    @property
    def paper(self) -> int:
        """Bytes a rank sends in a step by the paper."""
        return rules.paper_bytes(self.model, self.name, self.gpus, self.shard)

    @property
    def ring(self) -> int:
        """Bytes a rank would send for the recorded collectives by ring, as NCCL does."""
        return sum(event.ring_bytes for event in self.collectives)

    @property
    def gloo(self) -> int:
        """The same, computed for gloo, which does a reduce-scatter as an all-reduce."""
        return sum(rules.gloo_bytes(e.op, e.bytes, len(e.ranks)) for e in self.collectives)

    @property
    def wire(self) -> int | None:
        """Bytes a rank really sent in the recorded step, mean over the ranks; None where the kernel doesn't say."""
        known = [each for each in self.sent if each is not None]
        return round(sum(known) / len(known)) if len(known) == len(self.sent) else None

    def to_json(self) -> dict[str, Any]:
        """As the command prints it."""
        each = [_held(held) for held in self.ranks]
        return {
            "name": self.name,
            "stage": self.variant.stage,
            "api": self.variant.api,
            "sharding_factor": self.shard if self.name == "hybrid" else self.gpus,
            "ranks": each,
            "predicted": [_held(held) for held in self.predicted],
            "as_predicted": self.as_predicted,
            "ideal": _held(self.ideal),
            "communication": {"paper": self.paper, "ring": self.ring, "wire": self.wire, "gloo_computed": self.gloo},
            "step_counters": self.step_counters,
            "peak_unsharded": self.peak_unsharded,
            "sent": self.sent,
            "losses": self.losses,
            "gradient_norms": self.gradient_norms,
            "seconds": round(self.seconds, 3),
            "events": [dataclasses.asdict(event) for event in self.events],
        }


@dataclass(frozen=True)
class Measurement:
    """A whole job: the variants that finished, and where and when."""

    gpus: int
    model: SmallModel
    stages: tuple[Measured, ...]
    seconds: float  # from the click (or the command) to the last result
    launcher: str
    date: str
    machine: str

    def to_json(self) -> dict[str, Any]:
        """As the command prints it."""
        about = dataclasses.asdict(self.model) | {"parameters": self.model.parameters}
        return {
            "gpus": self.gpus,
            "model": about,
            "date": self.date,
            "machine": self.machine,
            "launcher": self.launcher,
            "seconds": round(self.seconds, 3),
            "stages": [stage.to_json() for stage in self.stages],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """What ``to_json`` wrote."""
        model, gpus = sizes()[data["model"]["name"]], data["gpus"]
        stages = tuple(measured(model, gpus, s["sharding_factor"], s["name"], s) for s in data["stages"])
        return cls(gpus, model, stages, data["seconds"], data["launcher"], data["date"], data["machine"])

    def __getitem__(self, name: str) -> Measured:
        """The variant of that name."""
        return next(stage for stage in self.stages if stage.name == name)


def measured(model: SmallModel, gpus: int, shard: int, name: str, raw: dict[str, Any]) -> Measured:
    """One variant from what was recorded of it: a list for what each rank has its own of."""
    return Measured(
        name,
        model,
        gpus,
        shard,
        tuple(Held(r["parameters"], r["gradients"], r["optimizer"]) for r in raw["ranks"]),
        tuple(raw["step_counters"]),
        tuple(raw["peak_unsharded"]),
        tuple(raw["sent"]),
        tuple(raw["losses"]),
        tuple(raw["gradient_norms"]),
        raw["seconds"],
        tuple(Event(**{**event, "ranks": tuple(event["ranks"])}) for event in raw["events"]),
    )


@cache
def recording(path: Path = RECORDING) -> Measurement:
    """The shipped recording: four ranks, every variant.

    >>> recording().gpus, recording()["fsdp2"].collectives[0].op
    (4, 'all_gather')
    """
    return Measurement.from_json(json.loads(path.read_text(encoding="utf-8")))


def _held(held: Held) -> dict[str, int]:
    return {**dataclasses.asdict(held), "total": held.total}
