"""The ways of training, each as a Trainer: what runs a step, what is held, and whose the gradients are."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

from playground.core.measured_zero import Held
from playground.core.small_model import SmallModel
from playground.lab.sharding.counting import local, storage_bytes, storages
from playground.lab.sharding.model import Transformer, build
from playground.lab.sharding.textbook import Unit

LEARNING_RATE = 1e-3
BUCKET_MB = 1  # so that a model this small has several buckets to send while it still computes


class Trainer:
    """Plain training; the subclasses shard it."""

    def __init__(self, size: SmallModel) -> None:
        self.plain: Transformer = build(size)
        self.model: nn.Module = self.plain  # the same, in a subclass's wrapper
        self.optimizer: Any = None
        self.buckets: dict[int, int] = {}  # storages seen in collectives that belong to a wrapper written in C++
        self.freed: Callable[[str], None] = lambda name: None  # told when something whole is given up

    def clear(self) -> None:
        """Forget the last step's gradients."""
        self.optimizer.zero_grad()

    def update(self) -> None:
        """The optimizer's step."""
        self.optimizer.step()

    def unsharded(self) -> list[Tensor]:
        """Buffers with parameters that are whole for the moment only."""
        return []

    def label(self, tensor: Tensor) -> str:
        """What a collective on this tensor is about, where the trainer knows."""
        return ""

    def parameters(self) -> list[Tensor]:
        """Tensors with parameters that stay."""
        return list(self.plain.parameters())

    def gradients(self) -> list[Tensor | None]:
        """Tensors with gradients."""
        return [parameter.grad for parameter in self.plain.parameters()]

    def states(self) -> dict[Any, dict[str, Tensor]]:
        """Adam's state of each tensor this rank updates."""
        return self.optimizer.state if self.optimizer is not None else {}

    def held(self, on_their_way: Iterable[Tensor] = ()) -> Held:
        """Bytes held now, with gradients on their way; parameters that are whole for the moment are not in it."""
        moments = (state[name] for state in self.states().values() for name in ("exp_avg", "exp_avg_sq"))
        gradients = {**self.buckets, **storages([*self.gradients(), *on_their_way])}
        return Held(storage_bytes(self.parameters()), sum(gradients.values()), storage_bytes(moments))

    def step_counters(self) -> int:
        """Bytes of Adam's step counters: one number a tensor."""
        return storage_bytes(state["step"] for state in self.states().values())

    def own_gradients(self) -> Iterator[Tensor]:
        """Each gradient element once over ``dist.get_world_size() / replicas()`` ranks."""
        return (local(gradient) for gradient in self.gradients() if gradient is not None)

    def replicas(self) -> int:
        """On how many ranks the same gradient element is found."""
        return dist.get_world_size()


class Replicated(Trainer):
    """DDP; ``copies`` leaves its default, where the buckets are a second copy of the gradients."""

    def __init__(self, size: SmallModel, copies: bool = False) -> None:
        super().__init__(size)
        self.model = DistributedDataParallel(self.plain, bucket_cap_mb=BUCKET_MB, gradient_as_bucket_view=not copies)
        self.optimizer = torch.optim.Adam(self.plain.parameters(), lr=LEARNING_RATE)

    def label(self, tensor: Tensor) -> str:
        """A broadcast parameter by its name; a bucket by the units whose gradients lie in it."""
        here = tensor.untyped_storage().data_ptr()
        named = list(self.plain.named_parameters())
        parameter = [name for name, p in named if p.data_ptr() == tensor.data_ptr()]
        inside = [name for name, p in reversed(named) if here in storages([p.grad])]
        return next(iter(parameter), "") or ", ".join(dict.fromkeys(map(_unit, inside))) or "bucket"


class CutOptimizer(Replicated):
    """DDP with PyTorch's ZeroRedundancyOptimizer: whole tensors to the rank with the least."""

    def __init__(self, size: SmallModel) -> None:
        super().__init__(size)
        self.optimizer = ZeroRedundancyOptimizer(
            self.plain.parameters(), optimizer_class=torch.optim.Adam, lr=LEARNING_RATE
        )

    def states(self) -> dict[Any, dict[str, Tensor]]:
        """Only those of the own tensors."""
        return self.optimizer.optim.state


class Textbook(Trainer):
    """ZeRO-1 and ZeRO-2 by the paper."""

    def __init__(self, size: SmallModel, stage: int) -> None:
        super().__init__(size)
        in_blocks = {id(p) for p in self.plain.blocks.parameters()}
        root = [p for p in self.plain.parameters() if id(p) not in in_blocks]
        groups = [("root", root)]
        groups += [(f"block {i}", list(block.parameters())) for i, block in enumerate(self.plain.blocks)]
        self.units = [Unit(name, group, stage, lambda name: self.freed(name)) for name, group in groups]
        self.optimizer = torch.optim.Adam([unit.own for unit in self.units], lr=LEARNING_RATE)

    def clear(self) -> None:
        """Forget the last step's gradients."""
        for unit in self.units:
            unit.clear()

    def update(self) -> None:
        """Each rank its own slice; then all get all."""
        self.optimizer.step()
        for unit in (*self.units[1:], self.units[0]):
            unit.gather()

    def label(self, tensor: Tensor) -> str:
        """The unit by the buffer that is received into."""
        here = tensor.untyped_storage().data_ptr()
        for unit in self.units:
            if here in storages([unit.flat, unit.gradients]):
                return unit.name
        return ""

    def gradients(self) -> list[Tensor | None]:
        """Whole ones on their way, and the own slices."""
        return [*super().gradients(), *(unit.own.grad for unit in self.units)]

    def own_gradients(self) -> Iterator[Tensor]:
        """The own slices."""
        return (unit.own.grad for unit in self.units if unit.own.grad is not None)

    def replicas(self) -> int:
        """Every element has one owner."""
        return 1


class FullyShard(Trainer):
    """FSDP2, every block and the root; ``mesh`` of two dimensions is the hybrid."""

    def __init__(self, size: SmallModel, mesh: DeviceMesh, reshard: bool) -> None:
        super().__init__(size)
        self.mesh = mesh
        for module in (*self.plain.blocks, self.plain):
            fully_shard(module, mesh=mesh, reshard_after_forward=reshard)
        self.sharded = list(self.plain.parameters())
        self.optimizer = torch.optim.Adam(self.sharded, lr=LEARNING_RATE)

    def groups(self) -> list[Any]:
        """FSDP2's own objects, one a unit (private: the one place where their insides are read)."""
        modules: list[Any] = [self.plain, *self.plain.blocks]
        return [module._get_fsdp_state()._fsdp_param_group for module in modules]

    def unsharded(self) -> list[Tensor]:
        """What is gathered now, and what is arriving."""
        found: list[Tensor] = []
        for group in self.groups():
            found += itertools.chain.from_iterable(p.all_gather_outputs for p in group.fsdp_params)
            if group._all_gather_result is not None:
                found.append(group._all_gather_result.all_gather_output)
        state = self.groups()[0].comm_ctx.all_gather_state
        if state is not None:
            found.append(state.all_gather_result.all_gather_output)
        return found

    def parameters(self) -> list[Tensor]:
        """The shards."""
        return list(self.sharded)

    def gradients(self) -> list[Tensor | None]:
        """Shards of gradients, and whole ones before they are reduced."""
        return [parameter.grad for parameter in (*self.sharded, *self.plain.parameters())]

    def own_gradients(self) -> Iterator[Tensor]:
        """The shards."""
        return (local(parameter.grad) for parameter in self.sharded if parameter.grad is not None)

    def replicas(self) -> int:
        """As many as there are groups."""
        return self.mesh.size(0) if self.mesh.ndim == 2 else 1


def make(name: str, size: SmallModel, gpus: int, shard: int) -> Trainer:
    """The trainer of a variant; every rank calls it at the same time."""
    if name in ("ddp", "ddp_copy"):
        return Replicated(size, copies=name == "ddp_copy")
    if name == "zero1":
        return CutOptimizer(size)
    if name in ("zero1_textbook", "zero2_textbook"):
        return Textbook(size, 1 if name == "zero1_textbook" else 2)
    if name == "hybrid":
        mesh = init_device_mesh("cpu", (gpus // shard, shard), mesh_dim_names=("replicate", "shard"))
    else:
        mesh = init_device_mesh("cpu", (gpus,))
    return FullyShard(size, mesh, reshard=name != "fsdp2_keep")


def _unit(parameter: str) -> str:
    first, second, *_ = parameter.split(".")
    return {"blocks": f"block {second}", "tokens": "embeddings", "positions": "embeddings"}.get(first, "head")
