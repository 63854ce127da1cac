"""A GGUF file's table of tensors, read without a library: what is where, in which format.

The file is: magic, version, two counts, metadata (skipped here), one record a tensor, padding, the tensors' bytes.
Source: ggml-org/ggml, docs/gguf.md (version 3; 2 is laid out alike).
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from playground.core.gguf_blocks import BLOCK, BLOCK_BYTES, restore
from playground.errors import BadInput

KINDS = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 8: "Q8_0", 30: "BF16"}
_PLAIN: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # metadata type → bytes
_STRING, _ARRAY = 8, 9
_ALIGNMENT = 32


@dataclass(frozen=True)
class GgufTensor:
    """One tensor of a file: ``shape`` as (rows, columns), ``offset`` from the file's start."""

    name: str
    kind: str
    shape: tuple[int, ...]
    offset: int

    @property
    def elements(self) -> int:
        """Weights in it."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes it takes in the file."""
        if self.kind in _PLAIN:
            return self.elements * _PLAIN[self.kind].itemsize
        return self.elements // BLOCK * BLOCK_BYTES[self.kind]


def tensors(path: Path) -> dict[str, GgufTensor]:
    """The file's tensors by name. Raises BadInput for a file that is not GGUF, or a tensor of a type unknown here."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise BadInput(f"{path.name} is not a GGUF file", "It must begin with the letters GGUF.")
        _, count, pairs = struct.unpack("<IQQ", file.read(20))
        alignment = _ALIGNMENT
        for _ in range(pairs):
            key = _text(file)
            value = _skip(file, *struct.unpack("<I", file.read(4)))
            alignment = value if key == "general.alignment" else alignment
        records = []
        for _ in range(count):
            name, (dimensions,) = _text(file), struct.unpack("<I", file.read(4))
            shape = struct.unpack(f"<{dimensions}Q", file.read(8 * dimensions))
            records.append((name, shape[::-1], *struct.unpack("<IQ", file.read(12))))
        start = -(-file.tell() // alignment) * alignment
    return {name: GgufTensor(name, _kind(kind), shape, start + at) for name, shape, kind, at in records}


def raw(path: Path, tensor: GgufTensor) -> np.ndarray:
    """The tensor's bytes, mapped, not read: uint8 (block, bytes) for block types, (bytes,) for plain ones."""
    data = np.memmap(path, np.uint8, "r", tensor.offset, (tensor.bytes,))
    return data if tensor.kind in _PLAIN else data.reshape(-1, BLOCK_BYTES[tensor.kind])


def values(path: Path, tensor: GgufTensor, rows: slice = slice(None)) -> np.ndarray:
    """The tensor's weights, or those of some rows: float32 in its shape."""
    data = raw(path, tensor).reshape(tensor.shape[0], -1)[rows]
    if tensor.kind in _PLAIN:
        return data.view(_PLAIN[tensor.kind]).astype(np.float32).reshape(-1, *tensor.shape[1:])
    return restore(data.reshape(-1, BLOCK_BYTES[tensor.kind]), tensor.kind).reshape(-1, *tensor.shape[1:])


def _kind(number: int) -> str:
    if KINDS.get(number) not in (*_PLAIN, *BLOCK_BYTES):
        raise BadInput(f"Tensor type {number} is not read here", f"There are {', '.join((*_PLAIN, *BLOCK_BYTES))}.")
    return KINDS[number]


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    return file.read(length).decode("utf-8", "replace")


def _skip(file: BinaryIO, kind: int) -> int:
    """Step over a metadata value; the value itself where it is a small whole number, else 0."""
    if kind == _STRING:
        file.seek(struct.unpack("<Q", file.read(8))[0], 1)
    elif kind == _ARRAY:
        inner, length = struct.unpack("<IQ", file.read(12))
        if inner in _SCALARS:
            file.seek(_SCALARS[inner] * length, 1)
        else:
            for _ in range(length):
                _skip(file, inner)
    else:
        data = file.read(_SCALARS[kind])
        return int.from_bytes(data, "little") if kind in (4, 10) else 0
    return 0
