"""A loaded model's parameters as float32 arrays, and where the store has the GGUF file, as that file holds them.

The store keeps a GGUF model twice: as published (4-bit blocks) and converted to bf16. What is read here comes from the
blocks where there are any, so it is exact; bf16 would already be rounded once more.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from playground.core import gguf_blocks, gguf_file
from playground.core.gguf_file import GgufTensor
from playground.errors import BadInput
from playground.models import lens as lenses
from playground.models import store
from playground.models.catalogue import catalogue
from playground.models.worker import OnWait, quietly

_LAYER = re.compile(r"\.(?:layers?|h|blocks?)\.(\d+)\.")
_GGUF = {  # as llama.cpp names a Llama's tensors
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_GGUF_OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


@dataclass(frozen=True)
class Matrix:
    """A weight matrix of a layer: rows are output channels, columns inputs."""

    name: str  # of the parameter
    layer: int
    module: str  # what it is called inside its layer
    rows: int
    columns: int
    stored: str  # its format in the file: Q4_1, bf16, fp32


class Weights:
    """The parameters of one loaded model; runs on the model's worker thread, except for what the file answers."""

    def __init__(self, loaded: Any) -> None:
        self.loaded = loaded
        self._path = store.folder_of(loaded.entry) / "model.gguf"
        self._table = _table(self._path) if self._path.is_file() else {}

    def matrices(self) -> tuple[Matrix, ...]:
        """The matrices of all layers, in the model's order: what quantization is about."""
        return tuple(self._matrices())

    def _matrices(self) -> Iterator[Matrix]:
        for name, module in self.loaded.model.named_modules():
            layer = _LAYER.search(name)
            weight = getattr(module, "weight", None)
            if layer is None or weight is None or weight.ndim != 2:
                continue
            rows, columns = weight.shape[::-1] if _is_transposed(module) else weight.shape
            tensor = self._tensor(f"{name}.weight")
            kept = tensor.kind if tensor else {"torch.bfloat16": "bf16"}.get(str(weight.dtype), "fp32")
            yield Matrix(f"{name}.weight", int(layer[1]), name[layer.end() :], int(rows), int(columns), kept)

    def parameter(self, name: str, rows: slice = slice(None)) -> np.ndarray:
        """One parameter (or some of its rows) as float32; a matrix with its output channels as rows.

        Raises BadInput for an unknown name.
        """
        tensor = self._tensor(name)
        if tensor is not None:
            order = self._rows(name, tensor)
            if order is None:
                return gguf_file.values(self._path, tensor, rows)
            return gguf_file.values(self._path, tensor)[order[rows]]
        module = _module_of(self.loaded.model, name)
        found = getattr(module, name.rpartition(".")[2]).detach()
        found = found.T if _is_transposed(module) and found.ndim == 2 else found
        values: np.ndarray = found[rows].float().cpu().numpy()
        return values

    def block(self, name: str, row: int, index: int) -> gguf_blocks.Block | None:
        """The ``index``-th block of 32 in a row, as the file holds it; None where the file has no such blocks.

        Raises BadInput for a row or block that is not there.
        """
        tensor = self._tensor(name)
        if tensor is None or tensor.kind not in gguf_blocks.BLOCK_BYTES:
            return None
        rows, columns = tensor.shape
        each = columns // gguf_blocks.BLOCK
        if not (0 <= row < rows and 0 <= index < each):
            raise BadInput(
                f"There is no block {index} in row {row}", f"Rows run from 0 to {rows - 1}, blocks to {each - 1}."
            )
        order = self._rows(name, tensor)
        place = int(row if order is None else order[row]) * each + index
        return gguf_blocks.block(gguf_file.raw(self._path, tensor)[place].tobytes(), tensor.kind)

    def _tensor(self, name: str) -> GgufTensor | None:
        return self._table.get(gguf_name(name))

    def _rows(self, name: str, tensor: GgufTensor) -> np.ndarray | None:
        """Which row of the file each row of the model is, where they differ: llama.cpp keeps the queries and keys of
        a RoPE pair side by side.
        """
        config = self.loaded.model.config
        heads = {"q_proj": config.num_attention_heads, "k_proj": getattr(config, "num_key_value_heads", 0)}
        count = heads.get(name.split(".")[-2])
        return np.arange(tensor.shape[0]).reshape(count, -1, 2).swapaxes(1, 2).reshape(-1) if count else None


def matrices(model_id: str, owner: str = "cli", on_wait: OnWait = quietly) -> tuple[Matrix, ...]:
    """The matrices of all layers of a model of the catalogue."""
    with lenses.shared()[0].lease(catalogue()[model_id], owner) as loaded:
        return loaded.worker.submit(Weights(loaded).matrices, owner=owner).wait(on_wait)


def parameter(model_id: str, name: str, owner: str = "cli", on_wait: OnWait = quietly) -> np.ndarray:
    """One parameter as float32, output channels as rows."""
    with lenses.shared()[0].lease(catalogue()[model_id], owner) as loaded:
        return loaded.worker.submit(lambda: Weights(loaded).parameter(name), owner=owner).wait(on_wait)


def block(model_id: str, name: str, row: int, index: int, owner: str = "cli") -> gguf_blocks.Block | None:
    """One block of the file this model was published as; None where it has none."""
    with lenses.shared()[0].lease(catalogue()[model_id], owner) as loaded:
        return Weights(loaded).block(name, row, index)


@lru_cache(maxsize=4)
def _table(path: Path) -> dict[str, GgufTensor]:
    return gguf_file.tensors(path)


def gguf_name(name: str) -> str:
    """What llama.cpp calls a Llama's parameter; a name that no file has, where it has none."""
    module, _, part = name.rpartition(".")
    layer = _LAYER.search(name)
    if layer is None:
        return f"{_GGUF_OUTSIDE.get(module, '?')}.{part}"
    return f"blk.{layer[1]}.{_GGUF.get(module[layer.end() :], '?')}.{part}"


def _module_of(model: Any, name: str) -> Any:
    module, _, part = name.rpartition(".")
    found = dict(model.named_modules()).get(module)
    if not hasattr(found, part):
        raise BadInput(f"There is no parameter {name[:80]!r}", "Choose a layer and a module of this model.")
    return found


def _is_transposed(module: Any) -> bool:
    """Whether its weight is (input, output): GPT-2's Conv1D."""
    return type(module).__name__ == "Conv1D"
