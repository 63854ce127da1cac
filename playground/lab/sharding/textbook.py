"""ZeRO stages 1 and 2 exactly as the paper has them; no API of PyTorch keeps the parameters whole and cuts the rest.

Per unit (a block, or the rest of the model): one flat buffer holds the parameters, padded to a multiple of the ranks.
Backward: when the unit's last gradient is there, reduce-scatter; each rank keeps the mean of its own slice. Update:
Adam on the own slice, in place, then all-gather the slices into the flat buffer.
"""

import math
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn

# Renamed in torch 2.13; the old names warn there.
_reduce_scatter = getattr(dist, "reduce_scatter_single", dist.reduce_scatter_tensor)
_all_gather = getattr(dist, "all_gather_single", dist.all_gather_into_tensor)


class Unit:
    """The parameters of one unit as views into a flat buffer, and their gradients on the way to their owners."""

    def __init__(self, name: str, parameters: list[nn.Parameter], stage: int, freed: Callable[[str], None]) -> None:
        self.name, self.parameters, self.stage, self.freed = name, parameters, stage, freed
        self.ranks, self.rank = dist.get_world_size(), dist.get_rank()
        self.chunk = math.ceil(sum(p.numel() for p in parameters) / self.ranks)
        self.flat = torch.zeros(self.chunk * self.ranks)
        for parameter, view in zip(parameters, self._views(self.flat), strict=True):
            view.copy_(parameter.data)
            parameter.data = view
            parameter.register_post_accumulate_grad_hook(self._arrived)
        self.own = nn.Parameter(self._slice(self.flat))
        self.gradients: Tensor | None = None
        self.missing = len(parameters)

    def _views(self, flat: Tensor) -> list[Tensor]:
        sizes = [p.numel() for p in self.parameters]
        parts = flat[: sum(sizes)].split(sizes)
        return [part.view(p.shape) for part, p in zip(parts, self.parameters, strict=True)]

    def _slice(self, flat: Tensor) -> Tensor:
        return flat[self.rank * self.chunk : (self.rank + 1) * self.chunk]

    def _arrived(self, parameter: Tensor) -> None:
        """A gradient is complete: into the flat buffer with it, and off it goes when the unit's are all there."""
        if self.gradients is None:
            self.gradients = torch.zeros_like(self.flat)
        index = next(i for i, p in enumerate(self.parameters) if p is parameter)
        view = self._views(self.gradients)[index]
        assert parameter.grad is not None
        view.copy_(parameter.grad)
        parameter.grad = view
        self.missing -= 1
        if not self.missing:
            self._reduce()

    def _reduce(self) -> None:
        assert self.gradients is not None
        self.missing = len(self.parameters)
        self.gradients.div_(self.ranks)
        if self.stage == 1:  # the reduced slice goes where the rank's own was: all gradients stay
            mean = self._slice(self.gradients)
            _reduce_scatter(mean, self.gradients.clone())
        else:
            mean = torch.empty(self.chunk)
            _reduce_scatter(mean, self.gradients)
            self.gradients = None
            for parameter in self.parameters:
                parameter.grad = None
            self.freed(self.name)
        self.own.grad = mean

    def gather(self) -> None:
        """The updated slices of all ranks, into the flat buffer."""
        _all_gather(self.flat, self.own.data.clone())

    def clear(self) -> None:
        """Forget the gradients."""
        self.own.grad = self.gradients = None
        for parameter in self.parameters:
            parameter.grad = None
