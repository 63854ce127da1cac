"""A model taken apart: every weight its modules hold, in the order they ran, as parts whose sizes add up to the model.

Nothing here knows a model by name. What is read are the modules' own names and classes as transformers writes them for
Llama, GPT-2, BERT and T5 (and those built like them), and the shapes they were seen to take in and give out. What no
rule knows becomes the part "other": the sum holds whatever the model.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

Kind = Literal[
    "embedding",
    "positions",
    "segments",
    "norm",
    "attention",
    "cross-attention",
    "feed-forward",
    "unembedding",
    "pooler",
    "other",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
Shape = tuple[int, ...]

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")
_STACK = re.compile(r"(?:^|\.)(encoder|decoder)\.")


class Weight(NamedTuple):
    """One parameter as a module holds it. ``tied_to`` names the one it is the same memory as: counted there."""

    path: str
    module: str  # the class of the module that holds it
    shape: Shape
    element_bytes: int
    tied_to: str = ""

    @property
    def parameters(self) -> int:
        """Numbers in it, 0 where they are counted elsewhere."""
        return 0 if self.tied_to else math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Memory it takes, 0 where that is counted elsewhere."""
        return self.parameters * self.element_bytes

    @property
    def owner(self) -> str:
        """The module's path."""
        return self.path.rpartition(".")[0]


class Call(NamedTuple):
    """A module as it ran: what it took in and gave out, without the batch."""

    module: str
    given: Shape
    out: Shape


class _Holder:
    """Whatever holds weights: their sizes together, tied ones where they are counted."""

    weights: tuple[Weight, ...]

    @property
    def parameters(self) -> int:
        """Numbers in all its weights."""
        return sum(weight.parameters for weight in self.weights)

    @property
    def bytes(self) -> int:
        """Memory they take."""
        return sum(weight.bytes for weight in self.weights)


@dataclass(frozen=True)
class Part(_Holder):
    """A station on the data's way: modules of one kind that ran one after another."""

    kind: Kind
    stack: str  # "encoder" or "decoder" in a model that has both, else ""
    layer: int | None  # None outside the blocks
    weights: tuple[Weight, ...]
    calls: tuple[Call, ...]

    @property
    def out(self) -> Shape:
        """What its last module gave; empty where it did not run."""
        return self.calls[-1].out if self.calls else ()

    @property
    def form(self) -> tuple[object, ...]:
        """What makes two parts of different blocks alike."""
        return self.kind, *((w.path.rpartition(".")[2], w.shape, bool(w.tied_to)) for w in self.weights)


class _OfParts(_Holder):
    """Whatever is made of parts."""

    parts: tuple[Part, ...]

    @property
    def weights(self) -> tuple[Weight, ...]:  # type: ignore[override]
        """Of all its parts."""
        return tuple(weight for part in self.parts for weight in part.weights)


@dataclass(frozen=True)
class Block(_OfParts):
    """One block's parts, in the order they ran."""

    layer: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Anatomy(_OfParts):
    """All parts of a model, in the order the data meets them."""

    parts: tuple[Part, ...]

    @property
    def stacks(self) -> tuple[str, ...]:
        """``("",)``, or encoder and decoder."""
        return tuple(dict.fromkeys(part.stack for part in self.parts)) or ("",)

    def by_kind(self) -> dict[Kind, int]:
        """Parameters of each kind of part that the model has; they add up to ``parameters``."""
        found = {kind: sum(p.parameters for p in self.parts if p.kind == kind) for kind in KINDS}
        present = {part.kind for part in self.parts}
        return {kind: count for kind, count in found.items() if kind in present}

    def way(self, stack: str) -> tuple[Part | tuple[Block, ...], ...]:
        """One stack from first to last: the parts outside the blocks, and runs of blocks that are alike."""
        return tuple(_runs(part for part in self.parts if part.stack == stack))


def kind_of(path: str, module: str) -> Kind:
    """What a module is for, from its path and class.

    >>> kind_of("model.layers.3.self_attn.q_proj", "Linear"), kind_of("h.0.ln_1", "LayerNorm")
    ('attention', 'norm')
    >>> kind_of("decoder.block.0.layer.1.EncDecAttention.k", "Linear"), kind_of("lm_head", "Linear")
    ('cross-attention', 'unembedding')
    """
    last, inside = path.rpartition(".")[2], _LAYER.search(path) is not None
    if re.search(r"(^|\.)(cls|lm_head|predictions)(\.|$)", path):
        return "unembedding"
    if "Norm" in module:
        return "norm"
    if inside:
        if re.search(r"EncDecAttention|crossattention|encoder_attn", path):
            return "cross-attention"
        return "attention" if re.search(r"attn|attention", path, re.IGNORECASE) else "feed-forward"
    if module == "Embedding":
        if "position" in last or last == "wpe":
            return "positions"
        return "segments" if "token_type" in last else "embedding"
    return "pooler" if "pooler" in path else "other"


def anatomy(weights: Sequence[Weight], calls: Sequence[Call], *, two_stacks: bool) -> Anatomy:
    """The model's parts from the weights its modules hold and the calls seen while it ran.

    A weight that several modules share is counted in the first of them that ran; modules that never ran come last.
    """
    ran: dict[str, int] = {}
    for number, call in enumerate(calls):
        ran.setdefault(call.module, number)
    owned = _owned_where_first_used(weights, ran)
    ordered = sorted(owned, key=lambda w: ran.get(w.owner, len(calls)))
    parts: dict[tuple[object, ...], tuple[list[Weight], list[Call]]] = {}
    for weight in ordered:
        if weight.tied_to and weight.owner not in ran:
            continue  # another name of a table that is used under its other names
        kind, layer = kind_of(weight.owner, weight.module), _layer_of(weight.owner)
        stack = _stack_of(weight.owner, kind) if two_stacks else ""
        station = weight.owner if kind == "norm" else ""  # a block's norms stand apart
        held, seen = parts.setdefault((kind, stack, layer, station), ([], []))
        held.append(weight)
        seen.extend(c for c in calls if c.module == weight.owner and c not in seen)
    made = (Part(k, s, n, tuple(w), tuple(c)) for (k, s, n, _), (w, c) in parts.items())  # type: ignore[arg-type]
    return Anatomy(tuple(made))


def _owned_where_first_used(weights: Sequence[Weight], ran: dict[str, int]) -> list[Weight]:
    """The same weights, each group of tied ones counted in the member that ran first."""
    groups: dict[str, list[Weight]] = {}
    for weight in weights:
        groups.setdefault(weight.tied_to or weight.path, []).append(weight)
    owned = []
    for group in groups.values():
        first = min(group, key=lambda w: ran.get(w.owner, math.inf))
        owned += [w._replace(tied_to="" if w is first else first.path) for w in group]
    return owned


def _layer_of(path: str) -> int | None:
    found = _LAYER.search(path)
    return int(found[1]) if found else None


def _stack_of(path: str, kind: Kind) -> str:
    found = _STACK.search(f"{path}.")
    return found[1] if found else "decoder" if kind == "unembedding" else "encoder"


def _runs(parts: Iterable[Part]) -> Iterator[Part | tuple[Block, ...]]:
    for layer, together in groupby(parts, key=lambda part: part.layer is not None):
        if not layer:
            yield from together
            continue
        blocks = (Block(n, tuple(inside)) for n, inside in groupby(together, key=lambda part: part.layer or 0))
        for _, alike in groupby(blocks, key=lambda block: [part.form for part in block.parts]):
            yield tuple(alike)
