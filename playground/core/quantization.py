"""Quantization: weights become small whole numbers (or table entries), and a scale for each tensor, row or group.

absmax       ``q = round(w / s)``, ``s = max|w| / (2^(b−1) − 1)``                      LLM.int8, arXiv:2208.07339 §2.1
zero-point   ``q = round(w / s) + z``, ``s = (max − min) / (2^b − 1)``                  the same section, asymmetric
NF4          the nearest of 16 values of a table, times the block's max|w|              QLoRA, arXiv:2305.14314 §3
FP8          the nearest E4M3 number of ``w / s``, ``s = max|w| / 448``                 arXiv:2209.05433
MXFP4        the nearest E2M1 number of ``w / s``, s a power of two for 32 weights      OCP Microscaling v1.0 §6.3
Q4_0 …       GGUF's blocks of 32                                                        playground.core.gguf_blocks

Left out: methods that look at data to choose better codes (GPTQ, AWQ), and quantized activations.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple

import ml_dtypes
import numpy as np

from playground.core import gguf_blocks, group_rounding
from playground.errors import BadInput

Grain = Literal["tensor", "channel", "group"]
GRAINS: tuple[Grain, ...] = ("tensor", "channel", "group")
Kind = Literal["cast", "absmax", "zero-point", "nf4", "fp8", "mxfp4", "gguf"]
_CASTS = {"fp32": np.float32, "bf16": ml_dtypes.bfloat16, "fp16": np.float16}
_ROUNDED = {
    "absmax": group_rounding.absmax,
    "zero-point": group_rounding.zero_point,
    "nf4": group_rounding.nf4,
    "fp8": group_rounding.fp8,
    "mxfp4": group_rounding.mxfp4,
}


@dataclass(frozen=True)
class Scheme:
    """One way to store a matrix. ``grain`` says what shares a scale; ``group`` how many weights where it is a group."""

    name: str
    title: str
    kind: Kind
    bits: int
    grain: Grain = "channel"
    group: int = 64
    note: str = ""

    @property
    def has_grain(self) -> bool:
        """Whether a person may choose what shares a scale."""
        return self.kind in ("absmax", "zero-point", "nf4", "fp8")

    def with_grain(self, grain: Grain, group: int) -> "Scheme":
        """The same scheme with scales for tensor, channel or groups; as it is where its format fixes that."""
        return replace(self, grain=grain, group=group) if self.has_grain else self


class Quantized(NamedTuple):
    """What is left of a matrix, and what it takes."""

    values: np.ndarray  # float32 (row, column): every weight as it will be used
    bits_per_weight: Fraction  # scales, zeros and minimums counted
    scales: int  # how many of them


SCHEMES: tuple[Scheme, ...] = (
    Scheme("fp32", "FP32", "cast", 32),
    Scheme("bf16", "BF16", "cast", 16),
    Scheme("fp16", "FP16", "cast", 16),
    Scheme("q8_0", "GGUF Q8_0", "gguf", 8, "group", 32, "32 signed bytes and an FP16 scale"),
    Scheme("int8", "INT8", "absmax", 8, "channel", note="absmax, one FP32 scale a row, as LLM.int8 keeps weights"),
    Scheme("fp8-e4m3", "FP8 E4M3", "fp8", 8, "channel", note="one FP32 scale a row"),
    Scheme("q4_1", "GGUF Q4_1", "gguf", 4, "group", 32, "an FP16 scale and an FP16 minimum for 32 weights"),
    Scheme("nf4", "NF4", "nf4", 4, "group", 64, "16 values spaced for a bell curve, FP32 absmax for 64 weights"),
    Scheme("int4", "INT4", "absmax", 4, "group", 64, "absmax, one FP16 scale for 64 weights"),
    Scheme("int4-zero-point", "INT4 zero-point", "zero-point", 4, "group", 64, "FP16 scale and 4-bit zero for 64"),
    Scheme("q4_0", "GGUF Q4_0", "gguf", 4, "group", 32, "an FP16 scale for 32 weights"),
    Scheme("mxfp4", "MXFP4", "mxfp4", 4, "group", 32, "E2M1 numbers and a power of two for 32 weights"),
    Scheme("int4-channel", "INT4 per row", "absmax", 4, "channel", note="absmax, one FP32 scale a row"),
    Scheme("int4-tensor", "INT4 per matrix", "absmax", 4, "tensor", note="absmax, one FP32 scale for the whole matrix"),
)
BY_NAME = {known.name: known for known in SCHEMES}
# What a single matrix may be tried with, beside them.
COARSE: tuple[Scheme, ...] = (
    Scheme("int3", "INT3", "absmax", 3, "group", 64),
    Scheme("int2", "INT2", "absmax", 2, "group", 64),
)


def scheme_named(name: str) -> Scheme:
    """The scheme with this id; BadInput names the ids there are."""
    if name.lower() not in BY_NAME:
        raise BadInput(f"{name[:30]!r} is not a quantization scheme", f"There are {', '.join(BY_NAME)}.")
    return BY_NAME[name.lower()]


def quantize(weights_RC: np.ndarray, scheme: Scheme) -> Quantized:
    """The matrix (rows are output channels) as the scheme keeps it.

    >>> row = np.array([[0.1, -0.4, 0.7, 2.0]], np.float32)
    >>> quantize(row, Scheme("", "", "absmax", 4, "tensor")).values.round(3).tolist()
    [[0.0, -0.28600001335144043, 0.5709999799728394, 2.0]]

    Raises BadInput for a matrix with NaN or ∞, bits outside 2…8, or a group that does not divide the columns.
    """
    weights_RC = np.atleast_2d(np.asarray(weights_RC, dtype=np.float32))
    _check(weights_RC, scheme)
    if scheme.kind == "cast":
        return Quantized(weights_RC.astype(_CASTS[scheme.name]).astype(np.float32), Fraction(scheme.bits), 0)
    if scheme.kind == "gguf":
        kind = scheme.name.upper()
        raw = gguf_blocks.quantize(weights_RC, kind)
        bits = Fraction(8 * raw.size, weights_RC.size)
        return Quantized(gguf_blocks.restore(raw, kind).reshape(weights_RC.shape), bits, len(raw))
    shared_GW = weights_RC.reshape(_shape(weights_RC, scheme))
    values_GW = _ROUNDED[scheme.kind](shared_GW, scheme.bits, _scale_bits(scheme) < 32)
    bits = scheme.bits + Fraction(_scale_bits(scheme) * len(shared_GW), weights_RC.size)
    return Quantized(values_GW.reshape(weights_RC.shape), bits, len(shared_GW))


def _check(weights_RC: np.ndarray, scheme: Scheme) -> None:
    if not weights_RC.size or not np.isfinite(weights_RC).all():
        raise BadInput("The matrix has no finite weights to quantize", "Every weight must be a number, not NaN or ∞.")
    if scheme.kind in ("absmax", "zero-point") and not 2 <= scheme.bits <= 8:
        raise BadInput(f"{scheme.bits} bits can't hold whole numbers of weights here", "Choose 2 to 8 bits.")
    columns = weights_RC.shape[1]
    if scheme.grain == "group" and (scheme.group < 1 or columns % scheme.group):
        near = [size for size in groups(columns) if size >= 8] or [columns]
        raise BadInput(
            f"Groups of {scheme.group:,} don't divide the {columns:,} columns of a row",
            f"These do: {', '.join(map(str, near))}.",
        )


def groups(columns: int) -> tuple[int, ...]:
    """The group sizes that divide a row evenly, smallest first.

    >>> groups(12)
    (1, 2, 3, 4, 6, 12)
    """
    return tuple(size for size in range(1, columns + 1) if columns % size == 0)


def _shape(weights_RC: np.ndarray, scheme: Scheme) -> tuple[int, int]:
    rows, columns = weights_RC.shape
    return {"tensor": (1, rows * columns), "channel": (rows, columns), "group": (-1, scheme.group)}[scheme.grain]


def _scale_bits(scheme: Scheme) -> int:
    """Bits beside each tensor's, row's or group's weights."""
    if scheme.kind == "mxfp4":
        return 8
    scale = 16 if scheme.grain == "group" and scheme.kind != "nf4" else 32
    return scale + (scheme.bits if scheme.kind == "zero-point" else 0)
