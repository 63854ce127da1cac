"""One training step as a film: a frame an event, built from the events recorded in real processes.

The clock is the model's own arithmetic, the same for every variant: beat k is its k-th computation (forward through
the units, backward through them, update). What is sent or freed between two computations lies between their beats, so
that two films can run side by side. Bytes are the recorded ones; which unit is where follows from the events' order.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from playground.core.recorded import Event, Measured

State = Literal["none", "share", "local", "whole"]
# none: nothing there. share: only this rank's part. local: whole, of this rank's own texts. whole: all of it, final.
FILMED = ("ddp", "zero1_textbook", "zero2_textbook", "fsdp2_keep", "fsdp2", "hybrid")
ROOT = ("embeddings", "head")  # one unit when it is sent, two when it is computed


@dataclass(frozen=True)
class Frame:
    """The moment after one event: the clock, the event, and the state of each unit's parameters and gradients."""

    beat: float
    event: Event
    parameters: dict[str, State]
    gradients: dict[str, State]
    sent_bytes: int  # by ring, so far


@dataclass(frozen=True)
class Film:
    """A variant's step, frame by frame."""

    measured: Measured
    units: tuple[str, ...]
    frames: tuple[Frame, ...]

    @property
    def optimizer(self) -> State:
        """Optimizer states never move."""
        return "whole" if self.measured.variant.stage == 0 else "share"

    @property
    def peak(self) -> Frame:
        """The first moment at which the rank holds most."""
        return max(self.frames, key=lambda frame: frame.event.held_bytes)


def film(measured: Measured) -> Film:
    """The recorded step of one variant as a film.

    >>> from playground.core.recorded import recording
    >>> made = film(recording()["fsdp2"])
    >>> made.units[:2], made.peak.event.phase, made.frames[0].parameters["embeddings"]
    (('embeddings', 'block 0'), 'backward', 'whole')
    """
    units = tuple(dict.fromkeys(e.label for e in measured.events if e.kind == "compute" and e.phase == "forward"))
    kept: State = "share" if measured.variant.name in ("fsdp2", "fsdp2_keep", "hybrid") else "whole"
    parameters: dict[str, State] = dict.fromkeys(units, kept)
    gradients: dict[str, State] = dict.fromkeys(units, "none")
    waiting = _waiting(measured.events)
    frames, sent = [], 0
    for beat, event in zip(_beats(measured.events), measured.events, strict=True):
        sent += event.ring_bytes
        for unit in _units(event.label, units):
            if event.op == "all_gather" or event.op == "broadcast":
                parameters[unit] = "whole"
            elif event.op == "reshard":
                parameters[unit] = kept
            elif event.op == "backward":
                gradients[unit] = "local"
            elif event.op == "reduce_scatter":
                gradients[unit] = "share" if measured.variant.name != "zero1_textbook" else "local"
            elif event.op == "free gradients":
                gradients[unit] = "share"
            elif event.op == "all_reduce":
                waiting[unit] = waiting.get(unit, 1) - 1  # a bucket may hold a part of a unit: wait for its last
                if waiting[unit] <= 0 and measured.variant.name != "hybrid":
                    gradients[unit] = "whole"
        frames.append(Frame(beat, event, dict(parameters), dict(gradients), sent))
    return Film(measured, units, tuple(frames))


def _units(label: str, units: tuple[str, ...]) -> list[str]:
    named = [part.strip() for part in label.split(",")]
    return [unit for unit in units if unit in named or ("root" in named and unit in ROOT)]


def _waiting(events: tuple[Event, ...]) -> dict[str, int]:
    """How many all-reduces touch each unit."""
    count: dict[str, int] = {}
    for event in events:
        if event.op == "all_reduce":
            for unit in event.label.split(","):
                count[unit.strip()] = count.get(unit.strip(), 0) + 1
    return count


def _beats(events: tuple[Event, ...]) -> list[float]:
    """Computations at 0, 1, 2, …; what happens between two of them spread evenly between their beats."""
    at = [index for index, event in enumerate(events) if event.kind == "compute"]
    edges = [-1, *at, len(events)]
    beats = [0.0] * len(events)
    for beat, (before, after) in enumerate(pairwise(edges)):
        for place in range(before + 1, after):
            beats[place] = beat - 1 + (place - before) / (after - before)
        if after < len(events):
            beats[after] = float(beat)
    return beats


def sentence(event: Event) -> str:
    """What happens, in a sentence.

    >>> from playground.core.recorded import recording
    >>> sentence(recording()["fsdp2"].events[0])
    'All-gather root: each sends its part, all ranks have it whole.'
    """
    unit = event.label
    who = f"ranks {' and '.join(map(str, event.ranks))}" if len(event.ranks) == 2 else "all ranks"
    several = "of " + " and ".join(unit.rsplit(", ", 1))
    return {
        "forward": f"Forward through {unit}.",
        "backward": f"Backward through {unit}: its gradients appear.",
        "update": "Update: the optimizer changes " + ("its own share." if unit else "all parameters."),
        "all_gather": f"All-gather {unit}: each sends its part, {who} have it whole.",
        "all_reduce": f"All-reduce the gradients {several}: {who} get the sum.",
        "reduce_scatter": f"Reduce-scatter the gradients of {unit}: summed over {who}, each gets its part.",
        "broadcast": f"Broadcast {unit}: its owner sends the updated parameters to all.",
        "reshard": f"Free {unit}: back to this rank's share.",
        "free gradients": f"Free the gradients of {unit}: only this rank's share stays.",
    }[event.op]
