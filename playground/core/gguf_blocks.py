"""GGUF's simplest block formats, byte by byte: 32 weights share a scale, and in Q4_1 a minimum.

====  =======================  =====  ============================================  ===============
type  a block's bytes          bits   a weight is                                   the scale is
====  =======================  =====  ============================================  ===============
Q8_0  d, 32 signed bytes       8.5    ``d × q``, −127 ≤ q ≤ 127                     ``max|w| / 127``
Q4_0  d, 16 bytes              4.5    ``d × (q − 8)``, 0 ≤ q ≤ 15                   ``−(w with the largest |w|) / 8``
Q4_1  d, m, 16 bytes           5      ``d × q + m``, 0 ≤ q ≤ 15                     ``(max − min) / 15``, m = min
====  =======================  =====  ============================================  ===============

d and m are FP16. Byte i of a 4-bit block holds weight i in its low and weight i + 16 in its high half. Source:
llama.cpp, ggml-quants.c (``quantize_row_q4_0_ref`` and its neighbours) and block sizes ``GGML_QUANT_SIZES``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from playground.errors import BadInput

BLOCK = 32
BLOCK_BYTES = {"Q4_0": 18, "Q4_1": 20, "Q8_0": 34}


class Blocks(NamedTuple):
    """Blocks taken apart: float32 scales and minimums (0 where the type has none), and the whole numbers."""

    scales: np.ndarray  # (block,)
    minimums: np.ndarray
    codes: np.ndarray  # int16 (block, 32); for Q4_0 the 8 is not yet subtracted


@dataclass(frozen=True)
class Block:
    """One block of a file: its bytes, and what they mean."""

    kind: str
    raw: bytes
    scale: float
    minimum: float
    codes: tuple[int, ...]
    values: tuple[float, ...]


def quantize(weights_RC: np.ndarray, kind: str) -> np.ndarray:
    """The bytes of every block: uint8 (block, bytes a block), row after row.

    >>> quantize(np.arange(32, dtype=np.float32)[None], "Q4_1").shape
    (1, 20)

    Raises BadInput for a type that is not one of the three, or columns that 32 does not divide.
    """
    _checked(kind)
    if weights_RC.shape[-1] % BLOCK:
        raise BadInput(f"32 does not divide the {weights_RC.shape[-1]:,} columns", "GGUF cuts each row into 32s.")
    blocks_BW = np.ascontiguousarray(weights_RC, dtype=np.float32).reshape(-1, BLOCK)
    if kind == "Q8_0":
        scale_B = np.abs(blocks_BW).max(1, keepdims=True) / np.float32(127)
        scaled = blocks_BW * _inverse(scale_B)
        codes_BW = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)).astype(np.int8)  # C's roundf
        return np.concatenate([_half(scale_B), codes_BW.view(np.uint8)], 1)
    if kind == "Q4_0":
        farthest = np.take_along_axis(blocks_BW, np.abs(blocks_BW).argmax(1)[:, None], 1)
        scale_B, head = farthest / np.float32(-8), []
        shifted = blocks_BW * _inverse(scale_B) + np.float32(8.5)
    else:
        minimum_B = blocks_BW.min(1, keepdims=True)
        scale_B, head = (blocks_BW.max(1, keepdims=True) - minimum_B) / np.float32(15), [_half(minimum_B)]
        shifted = (blocks_BW - minimum_B) * _inverse(scale_B) + np.float32(0.5)
    codes = np.clip(np.trunc(shifted), 0, 15).astype(np.uint8)
    return np.concatenate([_half(scale_B), *head, codes[:, :16] | codes[:, 16:] << np.uint8(4)], 1)


def take_apart(raw_BY: np.ndarray, kind: str) -> Blocks:
    """Scales, minimums and whole numbers of blocks given as uint8 (block, bytes)."""
    _checked(kind)
    head = 4 if kind == "Q4_1" else 2
    numbers = np.ascontiguousarray(raw_BY[:, :head]).view(np.float16).astype(np.float32)
    scale_B, minimum_B = numbers[:, 0], numbers[:, 1] if kind == "Q4_1" else np.zeros(len(raw_BY), np.float32)
    body = np.ascontiguousarray(raw_BY[:, head:])
    if kind == "Q8_0":
        return Blocks(scale_B, minimum_B, body.view(np.int8).astype(np.int16))
    return Blocks(scale_B, minimum_B, np.concatenate([body & 15, body >> 4], 1).astype(np.int16))


def restore(raw_BY: np.ndarray, kind: str) -> np.ndarray:
    """The weights the blocks stand for: float32 (block, 32).

    >>> float(restore(quantize(np.full((1, 32), 0.5, np.float32), "Q8_0"), "Q8_0")[0, 0])
    0.499969482421875
    """
    blocks = take_apart(raw_BY, kind)
    codes = blocks.codes.astype(np.float32) - (8 if kind == "Q4_0" else 0)
    return blocks.scales[:, None] * codes + blocks.minimums[:, None]


def block(raw: bytes, kind: str) -> Block:
    """One block, taken apart to be looked at."""
    array = np.frombuffer(raw, np.uint8)[None]
    parts = take_apart(array, kind)
    values = restore(array, kind)[0]
    codes = tuple(int(code) for code in parts.codes[0])
    return Block(kind, raw, float(parts.scales[0]), float(parts.minimums[0]), codes, tuple(map(float, values)))


def _checked(kind: str) -> None:
    if kind not in BLOCK_BYTES:
        raise BadInput(f"{kind[:20]!r} is not one of these block types", f"There are {', '.join(BLOCK_BYTES)}.")


def _inverse(scale: np.ndarray) -> np.ndarray:
    """1 / scale; 0 where that is no float32: such weights are nothing in FP16, and ∞ × 0 would be no number."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.float32(1) / scale
    return np.where(np.isfinite(inverse), inverse, np.float32(0))


def _half(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return numbers.astype(np.float16).view(np.uint8)
