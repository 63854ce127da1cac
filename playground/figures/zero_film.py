"""A film of one training step, as the component plays it: short names, colours, and the memory curve."""

import math
from typing import Any

from playground.core.units import format_bytes, format_gb
from playground.core.zero_film import Film, sentence
from playground.figures.shards import COLOURS

_STATES = {"none": 0, "share": 1, "local": 2, "whole": 3}


def play(films: tuple[Film, ...]) -> dict[str, Any]:
    """The films with one clock and one scale, so that they can be compared at a glance."""
    most = max(made.peak.event.held_bytes for made in films)
    return {
        "films": [_film(made) for made in films],
        "most": most,
        "most_text": format_gb(most),
        "colours": COLOURS,
        "beats": [-1.0, *sorted({frame.beat for made in films for frame in made.frames})],  # -1: before the step
    }


def _film(made: Film) -> dict[str, Any]:
    measured = made.measured
    whole = _unit_bytes(made)
    return {
        "title": measured.variant.title,
        "api": measured.variant.api,
        "note": measured.variant.note,
        "before": format_gb(measured.ranks[0].parameters + measured.ranks[0].optimizer),  # the gradients are cleared
        "units": [{"name": unit, "share": size / sum(whole.values())} for unit, size in whole.items()],
        "ranks": measured.gpus,
        "shard": measured.shard if measured.name == "hybrid" else measured.gpus,
        "optimizer": _STATES[made.optimizer],
        "peak": format_bytes(made.peak.event.held_bytes),
        "sent": format_gb(measured.ring),
        "frames": [
            {
                "beat": frame.beat,
                "phase": frame.event.phase,
                "kind": frame.event.kind,
                "op": frame.event.op,
                "label": frame.event.label,
                "say": sentence(frame.event),
                "size": format_gb(frame.event.bytes) if frame.event.bytes else "",
                "p": [_STATES[frame.parameters[unit]] for unit in made.units],
                "g": [_STATES[frame.gradients[unit]] for unit in made.units],
                "held": [
                    frame.event.parameters_bytes,
                    frame.event.unsharded_bytes,
                    frame.event.gradients_bytes,
                    frame.event.optimizer_bytes,
                ],
                "held_text": format_gb(frame.event.held_bytes),
                "sent": format_gb(frame.sent_bytes),
            }
            for frame in made.frames
        ],
    }


def _unit_bytes(made: Film) -> dict[str, int]:
    """How tall each unit is drawn: its parameters. The root's are the embeddings, and the last norm with the head."""
    token, position, *last = made.measured.model.units["root"]
    shapes = made.measured.model.units | {"embeddings": [token, position], "head": last}
    return {unit: sum(map(math.prod, shapes[unit])) for unit in made.units}
