"""The one extra copy of a model's weights: allocated once in FP32, filled anew for each scheme."""

import copy
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import torch

from playground.core.quantization import Scheme, quantize
from playground.lab.quantized_results import SIXTEEN
from playground.models.weights import Weights

ARITHMETIC = {"bf16": torch.bfloat16, "fp16": torch.float16}  # schemes that also run in their format
_ROWS = 4_096  # of an embedding table at a time
_ALIGNED = 16  # floats: each parameter begins on a cache line


class RoundedCopy:
    """A model of its own to compute with; ``on_worker(work)`` runs ``work`` on the shared model's thread."""

    def __init__(self, loaded: Any, on_worker: Callable[[Callable[[], Any]], Any]) -> None:
        self._loaded, self._on_worker = loaded, on_worker
        self._weights = Weights(loaded)
        self._matrices = {m.name: m for m in on_worker(self._weights.matrices)}
        self.model, self._room = on_worker(lambda: empty_copy(loaded.model))
        self.bits = Fraction(0)  # what the weights of the last scheme would take, scales counted

    def close(self) -> None:
        """Let go of the weights."""
        del self.model, self._room

    def fill(self, scheme: Scheme) -> Iterator[float]:
        """The scheme's weights into the copy, a layer at a time; yields the share that is done."""
        dtype = ARITHMETIC.get(scheme.name, torch.float32)
        for name, weight in self.model.named_parameters():
            weight.data = _as(dtype, self._room[name], weight.shape)
        self.bits = Fraction(0)
        parts: dict[str, list[str]] = {}
        for name, _ in self._loaded.model.named_parameters():  # tied weights once
            parts.setdefault(str(self._matrices[name].layer) if name in self._matrices else "", []).append(name)
        targets = dict(self.model.named_parameters())
        for index, names in enumerate(parts.values()):
            self.bits += self._on_worker(lambda names=names: self._fill(scheme, names, targets))  # type: ignore[misc]
            yield (index + 1) / len(parts)

    def _fill(self, scheme: Scheme, names: Sequence[str], targets: dict[str, torch.nn.Parameter]) -> Fraction:
        bits = Fraction(0)
        for name in names:
            target, matrix = targets[name].data, self._matrices.get(name)
            if matrix is not None:
                kept = quantize(self._weights.parameter(name), scheme)
                target.copy_(torch.from_numpy(kept.values if kept.values.shape == target.shape else kept.values.T))
                bits += kept.bits_per_weight * target.numel()
                continue
            cast = scheme if scheme.kind == "cast" else SIXTEEN
            for start in range(0, len(target), _ROWS):  # an embedding table is large: never there twice
                part = target[start : start + _ROWS]
                kept = quantize(self._weights.parameter(name, slice(start, start + _ROWS)), cast)
                part.copy_(torch.from_numpy(kept.values.reshape(part.shape)))
                bits += kept.bits_per_weight * part.numel()
        return bits


def empty_copy(model: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    """The model once more, with FP32 parameters that hold nothing yet, and each parameter's room in one allocation.

    The structure is copied, the weights are not. One allocation goes back to the system whole when it is freed; many
    would leave the heap in pieces.
    """
    named = dict(model.named_parameters())
    starts, end = {}, 0
    for name, weight in named.items():
        starts[name] = end
        end += -(-weight.numel() // _ALIGNED) * _ALIGNED
    flat = torch.empty(end, dtype=torch.float32, device=model.device)
    room = {name: flat[at : at + named[name].numel()] for name, at in starts.items()}
    fresh = {
        id(weight): torch.nn.Parameter(_as(torch.float32, room[name], weight.shape), requires_grad=False)
        for name, weight in named.items()
    }
    return copy.deepcopy(model, fresh), room


def _as(dtype: torch.dtype, room: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """The room as a tensor of this format and shape: 16-bit numbers take the first half of it."""
    return room.view(dtype)[: shape.numel()].view(shape)
