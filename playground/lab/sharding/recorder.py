"""One training step, written down: every collective with its bytes, every block's turn, and what is held after each.

A TorchDispatchMode sees FSDP's calls from Python and DDP's from C++ alike; hooks on the modules see whose turn it is.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp._fully_shard._fsdp_param_group import FSDPParamGroup
from torch.distributed.tensor import DTensor
from torch.utils._python_dispatch import TorchDispatchMode

from playground.core.measured_zero import ring_bytes
from playground.lab.sharding.counting import storage_bytes, storages
from playground.lab.sharding.variants import FullyShard, Replicated, Trainer

_OPS = {
    "_allgather_base_": "all_gather",
    "allgather_": "all_gather",
    "_reduce_scatter_base_": "reduce_scatter",
    "allreduce_": "all_reduce",
    "broadcast_": "broadcast",
}


class Recorder(TorchDispatchMode):
    """``with Recorder(trainer, step) as recorder:`` around a step; ``phase`` says where in it we are."""

    def __init__(self, trainer: Trainer, step: int) -> None:
        super().__init__()
        self.trainer, self.step, self.phase = trainer, step, "forward"
        self.events: list[dict[str, Any]] = []
        self._label = ""
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> "Recorder":
        self._hook_modules()
        self._undo.enter_context(self._labels_of_fsdp())
        self.trainer.freed = lambda name: self._add("free", "free gradients", name)
        super().__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        super().__exit__(*exc)
        self.trainer.freed = lambda name: None
        self._undo.close()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Let the call through, then note it if it is a collective."""
        if any(issubclass(kind, DTensor) for kind in types):
            return NotImplemented
        answer = func(*args, **(kwargs or {}))
        op = _OPS.get(func._schema.name.split("::")[1]) if func.namespace == "c10d" else None
        if op is not None:
            self._collective(op, args)
        return answer

    def _collective(self, op: str, args: Any) -> None:
        tensors = [t for a in args for t in (a if isinstance(a, list) else [a]) if isinstance(t, Tensor)]
        group = next(dist.ProcessGroup.unbox(a) for a in args if isinstance(a, torch.ScriptObject))
        if op == "all_reduce" and isinstance(self.trainer, Replicated):
            known = storages(self.trainer.gradients())
            found = storages(tensors).items()
            self.trainer.buckets.update({where: size for where, size in found if where not in known})
        size = max(t.numel() * t.element_size() for t in tensors)  # the whole: an all-gather's output, …
        label = self._label or next(filter(None, map(self.trainer.label, tensors)), "")
        ranks = dist.get_process_group_ranks(group)
        self._add("collective", op, label, size, ranks, tensors)

    def _add(
        self, kind: str, op: str, label: str, size: int = 0, ranks: Sequence[int] = (), moving: Sequence[Tensor] = ()
    ) -> None:
        arriving = list(moving) if isinstance(self.trainer, FullyShard) else []  # FSDP's buffers are nobody's yet
        held = self.trainer.held([] if op == "all_gather" else arriving)
        whole = [*self.trainer.unsharded(), *(arriving[:1] if op == "all_gather" else [])]
        self.events.append(
            {
                "step": self.step,
                "phase": self.phase,
                "kind": kind,
                "op": op,
                "label": label,
                "dtype": str(moving[0].dtype).removeprefix("torch.") if moving else "",
                "ranks": list(ranks),
                "bytes": size,
                "ring_bytes": ring_bytes(op, size, len(ranks)) if ranks else 0,
                "unsharded_bytes": storage_bytes(whole),
                "parameters_bytes": held.parameters,
                "gradients_bytes": held.gradients,
                "optimizer_bytes": held.optimizer,
            }
        )

    def _hook_modules(self) -> None:
        """Note each unit's turn: after FSDP's own hooks, which were there first and gather the parameters."""
        plain = self.trainer.plain
        blocks: list[tuple[str, nn.Module]] = [(f"block {index}", block) for index, block in enumerate(plain.blocks)]
        for name, module in (("embeddings", plain.tokens), *blocks, ("head", plain.head)):
            hook = module.register_forward_pre_hook(lambda *_, name=name: self._add("compute", "forward", name))
            self._undo.callback(hook.remove)
        for name, module in (("embeddings", plain.tokens), *blocks, ("head", plain)):

            def backward(_module: Any, _inputs: Any, output: Tensor, name: str = name) -> None:
                output.register_hook(lambda _: self._add("compute", "backward", name))

            self._undo.callback(module.register_forward_hook(backward).remove)

    def update_begins(self) -> None:
        """The optimizer's turn."""
        self.phase = "optimizer"
        self._add("compute", "update", "own share" if self.trainer.replicas() == 1 else "")

    @contextlib.contextmanager
    def _labels_of_fsdp(self) -> Iterator[None]:
        """While recording, FSDP2's gathering and reducing say which unit they are about, and when it is cut again."""
        originals = {name: getattr(FSDPParamGroup, name) for name in ("unshard", "post_backward", "reshard")}

        def labelled(method: Callable[..., Any], name: str) -> Callable[..., Any]:
            def call(group: Any, *args: Any, **kwargs: Any) -> Any:
                before, was_whole = self._label, group.is_unsharded
                self._label = _unit(group._module_fqn)
                try:
                    answer = method(group, *args, **kwargs)
                    if name == "reshard" and was_whole and not group.is_unsharded:
                        self._add("free", "reshard", self._label)
                finally:
                    self._label = before
                return answer

            return call

        for name, method in originals.items():
            setattr(FSDPParamGroup, name, labelled(method, name))
        try:
            yield
        finally:
            for name, method in originals.items():
                setattr(FSDPParamGroup, name, method)


def _unit(path: str | None) -> str:
    return path.replace("blocks.", "block ") if path else "root"
