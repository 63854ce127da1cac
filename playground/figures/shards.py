"""Every GPU as a column of parameters, gradients and optimizer states: the picture's numbers, for the component."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from playground import limits
from playground.core.shards import even_shares
from playground.core.units import format_bytes, format_gb
from playground.core.zero import COMPONENTS, Plan
from playground.figures import palette

TITLES = {"parameters": "parameters", "gradients": "gradients", "optimizer": "optimizer states"}
COLOURS = {"parameters": palette.PARAMETERS, "gradients": palette.GRADIENTS, "optimizer": palette.OPTIMIZER}
LETTERS = {"parameters": "P", "gradients": "G", "optimizer": "O"}
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def columns(plan: Plan, most: int = limits.GPUS_DRAWN) -> dict[str, Any]:
    """The bands (one a component, as tall as its bytes) and, for each GPU or group of GPUs, the slices it owns.

    Slices are in per cent of their band: ``from`` and ``size``, a name, and a sentence. Above ``most`` GPUs neighbours
    share a column, which shows what they own together.

    >>> from playground.core.zero import plan
    >>> columns(plan(8, 4, 3))["columns"][1]["slices"]["parameters"][0]["name"]
    'P₁'
    """
    groups = even_shares(plan.gpus, min(plan.gpus, most))
    shares = even_shares(plan.parameters, plan.factor)
    starts = [0, *accumulate(shares)]
    ranks = {name: plan.ranks(name) for name in COMPONENTS if getattr(plan.bytes, name)}
    drawn, rank = [], 0
    for size in groups:
        slices = {name: _slices(plan, name, rank, size, held, starts) for name, held in ranks.items()}
        label = f"{rank}" if size == 1 else f"{rank}–{rank + size - 1}"
        first = plan.stage > 0 and plan.replicas > 1 and rank % plan.factor == 0 and rank > 0
        drawn.append({"label": label, "slices": slices, "first": first and plan.factor >= size})
        rank += size
    return {
        "bands": [
            {
                "name": name,
                "title": TITLES[name],
                "colour": COLOURS[name],
                "ink": palette.text_on(COLOURS[name]),
                "share": float(getattr(plan.bytes, name) / plan.bytes.total),
                "about": _about(plan, name),
                "cut": plan.is_cut(name),
                "host": plan.on_host(name),
            }
            for name in COMPONENTS
            if getattr(plan.bytes, name)
        ],
        "columns": drawn,
        "each": max(groups),
    }


def _about(plan: Plan, name: str) -> str:
    held = format_gb(int(plan.owned[name]))
    where = "in the host's memory" if plan.on_host(name) else "on each GPU"
    return f"{held} {where}" + (f", 1/{plan.factor:,}" if plan.is_cut(name) and plan.factor > 1 else "")


def _slices(
    plan: Plan, name: str, rank: int, size: int, held: Sequence[int], starts: Sequence[int]
) -> list[dict[str, Any]]:
    """What these GPUs own: ``held`` are the bytes of each rank, ``starts`` each share's first parameter."""
    who = f"GPU {rank}" if size == 1 else f"GPUs {rank}–{rank + size - 1}"
    verb, host = ("owns", "own")[size > 1], " in the host's memory" if plan.on_host(name) else ""
    of = "" if name == "parameters" else f"the {TITLES[name]} of "
    if not plan.is_cut(name) or size >= plan.factor:
        whole = format_bytes(held[rank]) if not plan.is_cut(name) else format_bytes(int(plan.whole(name)))
        kept = "a whole copy" if size == 1 or plan.is_cut(name) else "a whole copy each"
        say = f"{who} {('keeps', 'keep')[size > 1]} {kept} of the {TITLES[name]}{host}: {whole}"
        return [{"from": 0.0, "size": 100.0, "name": LETTERS[name], "say": say}]
    found = []
    for first, last in _runs(rank % plan.factor, size, plan.factor):
        start, owned = starts[first], starts[last] - starts[first]
        more = " each" if size > 1 else ""
        found.append(
            {
                "from": 100 * start / plan.parameters,
                "size": 100 * owned / plan.parameters,
                "name": LETTERS[name] + str(first).translate(_SUBSCRIPT),
                "say": f"{who} {verb} {of}parameters {start:,} … {start + owned - 1:,}{host}: "
                f"{format_bytes(held[first])}{more}",
            }
        )
    return found


def _runs(first: int, size: int, factor: int) -> list[tuple[int, int]]:
    """``size`` neighbours' places in groups of ``factor``, from ``first`` on: one run, or two where a group ends."""
    if first + size <= factor:
        return [(first, first + size)]
    return [(0, first + size - factor), (first, factor)]
