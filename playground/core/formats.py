"""Number formats: how a real number becomes bits, and what those bits mean.

A float of ``m`` mantissa bits and bias ``b`` holds ``(-1)^s × 1.m × 2^(e-b)``, or ``(-1)^s × 0.m × 2^(1-b)`` where the
exponent field is 0 (subnormal). Sources: IEEE 754-2019 (FP64, FP32, FP16); the OCP 8-bit specification (E4M3, E5M2) and
OCP Microscaling v1.0 (FP6, FP4, MXFP4); QLoRA (NF4, arXiv:2305.14314). TF32 is NVIDIA's A100 tensor-core
format (19 of 32 bits); BF16 is FP32's upper half.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from playground.core.nf4 import TABLE as NF4_TABLE
from playground.errors import BadInput

# What lies above the largest finite number. ieee: the top exponent is ±∞ and NaN. e4m3: only the all-ones pattern is
# NaN, no ∞. saturates: every pattern is a number.
Top = Literal["ieee", "e4m3", "saturates"]


@dataclass(frozen=True)
class FloatFormat:
    """A floating-point format: the widths of its fields, and what its top exponent means."""

    name: str
    title: str
    exponent_bits: int
    mantissa_bits: int
    top: Top = "ieee"
    note: str = ""

    @property
    def bits_total(self) -> int:
        """Sign, exponent and mantissa bits together."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bias(self) -> int:
        """What is subtracted from the exponent field: half its range."""
        return int(2 ** (self.exponent_bits - 1) - 1)

    @property
    def max_pattern(self) -> int:
        """The pattern (without the sign) of the largest finite number."""
        everything = 2 ** (self.bits_total - 1) - 1
        return everything - {"ieee": 2**self.mantissa_bits, "e4m3": 1, "saturates": 0}[self.top]

    @property
    def max(self) -> Fraction:
        """The largest finite number."""
        return self._magnitude(self.max_pattern)

    @property
    def min_normal(self) -> Fraction:
        """The smallest number with a full mantissa: 2^(1-bias)."""
        return Fraction(2) ** (1 - self.bias)

    @property
    def smallest(self) -> Fraction:
        """The smallest number above zero, a subnormal."""
        return self._magnitude(1)

    @property
    def epsilon(self) -> Fraction:
        """The distance from 1 to the next number: 2^-mantissa_bits."""
        return Fraction(1, 2**self.mantissa_bits)

    def encode(self, value: Fraction | float) -> int:
        """The bit pattern of the nearest number, ties to the even pattern (IEEE 754-2019 §4.3.1), rounded once.

        A library cast from FP64 rounds twice on its way to the small formats (ml_dtypes goes through FP32), which
        now and then ends one step off; tests compare with it on inputs where one rounding is left.

        >>> format(FP16.encode(Fraction(1, 3)), "016b")
        '0011010101010101'
        """
        sign_bit = 2 ** (self.bits_total - 1)
        if isinstance(value, float):
            return sign_bit * (value < 0) + (self._nan_pattern() if math.isnan(value) else self._overflow_pattern())
        magnitude = abs(value)
        exponent = max(_floor_log2(magnitude), 1 - self.bias) if magnitude else 1 - self.bias
        steps = round(magnitude / Fraction(2) ** (exponent - self.mantissa_bits))  # Fraction rounds half to even
        pattern = (exponent - (1 - self.bias)) * 2**self.mantissa_bits + steps
        return sign_bit * (value < 0) + (pattern if pattern <= self.max_pattern else self._overflow_pattern())

    def decode(self, bits: int) -> Fraction | float:
        """The number a pattern stands for: a Fraction, or a float for ±∞ and NaN.

        >>> FP8_E4M3.decode(0b0_1000_101)
        Fraction(13, 4)
        """
        negative, pattern = divmod(bits, 2 ** (self.bits_total - 1))
        if pattern <= self.max_pattern:
            return -self._magnitude(pattern) if negative else self._magnitude(pattern)
        if self.top == "ieee" and pattern == self.max_pattern + 1:
            return -math.inf if negative else math.inf
        return math.nan

    def fields(self, bits: int) -> tuple[str, str, str]:
        """The pattern as sign, exponent and mantissa bit strings."""
        text = format(bits, f"0{self.bits_total}b")
        return text[0], text[1 : 1 + self.exponent_bits], text[1 + self.exponent_bits :]

    def _magnitude(self, pattern: int) -> Fraction:
        field, mantissa = divmod(pattern, 2**self.mantissa_bits)
        significand = Fraction(mantissa, 2**self.mantissa_bits) + (1 if field else 0)
        return significand * Fraction(2) ** (max(field, 1) - self.bias)

    def _overflow_pattern(self) -> int:
        return self.max_pattern if self.top == "saturates" else self.max_pattern + 1

    def _nan_pattern(self) -> int:
        if self.top == "saturates":
            return 0  # no NaN: ml_dtypes stores a zero
        return self.max_pattern + 1 + (2 ** (self.mantissa_bits - 1) if self.top == "ieee" else 0)


@dataclass(frozen=True)
class IntFormat:
    """A whole number in two's complement."""

    name: str
    title: str
    bits_total: int
    note: str = ""

    @property
    def low(self) -> int:
        """The smallest whole number it holds."""
        return int(-(2 ** (self.bits_total - 1)))

    @property
    def high(self) -> int:
        """The largest whole number it holds."""
        return int(2 ** (self.bits_total - 1) - 1)

    @property
    def max(self) -> Fraction:
        """The largest number it holds, before any scale."""
        return Fraction(self.high)

    min_normal = smallest = epsilon = Fraction(1)


@dataclass(frozen=True)
class BlockFormat:
    """Small floats that share a power of two: ``element × 2^k``, k chosen for a block of ``block`` numbers."""

    name: str
    title: str
    element: FloatFormat
    block: int
    note: str = ""

    @property
    def bits_total(self) -> int:
        """Bits of a number; the shared scale is beside."""
        return self.element.bits_total

    @property
    def max(self) -> Fraction:
        """The largest element, before the scale."""
        return self.element.max

    @property
    def min_normal(self) -> Fraction:
        """The smallest element with a full mantissa, before the scale."""
        return self.element.min_normal

    @property
    def smallest(self) -> Fraction:
        """The smallest element above zero, before the scale."""
        return self.element.smallest

    @property
    def epsilon(self) -> Fraction:
        """The distance from 1 to the next element."""
        return self.element.epsilon

    def scale_for(self, largest: Fraction) -> Fraction:
        """The power of two a block with this largest |number| gets (OCP Microscaling v1.0 §6.3, kept in 8 bits).

        >>> MXFP4.scale_for(Fraction(4)), MXFP4.scale_for(Fraction(1, 10))
        (Fraction(1, 1), Fraction(1, 64))
        """
        power = _floor_log2(largest) - _floor_log2(self.element.max)
        return Fraction(2) ** min(max(power, -127), 127)


@dataclass(frozen=True)
class TableFormat:
    """Numbers looked up in a table: the bits are the place in it. The values lie between −1 and 1."""

    name: str
    title: str
    bits_total: int
    values: tuple[Fraction, ...]
    note: str = ""
    max = Fraction(1)

    @property
    def smallest(self) -> Fraction:
        """The smallest value above zero."""
        return min(value for value in self.values if value > 0)

    @property
    def min_normal(self) -> Fraction:
        """A table knows no subnormals: the smallest value above zero."""
        return self.smallest

    @property
    def epsilon(self) -> Fraction:
        """The distance from 1 to the next value, which lies below it."""
        return 1 - self.values[-2]


FP64 = FloatFormat("fp64", "FP64", 11, 52, note="Python's float.")
FP32 = FloatFormat("fp32", "FP32", 8, 23, note="Single precision; PyTorch's default.")
TF32 = FloatFormat("tf32", "TF32", 8, 10, note="Tensor cores only: 19 bits used, kept in 32 bits of memory.")
BF16 = FloatFormat("bf16", "BF16", 8, 7, note="FP32's range with 7 mantissa bits: FP32 cut in half.")
FP16 = FloatFormat("fp16", "FP16", 5, 10, note="More digits than BF16, but overflows above 65,504.")
FP8_E4M3 = FloatFormat("fp8-e4m3", "FP8 E4M3", 4, 3, "e4m3", "No ∞: beyond ±448 it is NaN (or 448 if saturating).")
FP8_E5M2 = FloatFormat("fp8-e5m2", "FP8 E5M2", 5, 2, note="FP16's range with 2 mantissa bits; used for gradients.")
FP6_E3M2 = FloatFormat("fp6-e3m2", "FP6 E3M2", 3, 2, "saturates", "A block format: lives with a shared scale.")
FP6_E2M3 = FloatFormat("fp6-e2m3", "FP6 E2M3", 2, 3, "saturates", "A block format: lives with a shared scale.")
FP4_E2M1 = FloatFormat("fp4-e2m1", "FP4 E2M1", 2, 1, "saturates", "Fifteen values; MXFP4 and NVFP4 add a scale.")
MXFP4 = BlockFormat("mxfp4", "MXFP4", FP4_E2M1, 32, "FP4 E2M1, and one power of two shared by 32 numbers.")
NF4 = TableFormat(
    "nf4", "NF4", 4, tuple(Fraction(float(value)) for value in NF4_TABLE), "QLoRA's 16 values for bell-shaped weights."
)
INT8 = IntFormat("int8", "INT8", 8, "Whole numbers −128…127; useful for weights only with a scale.")
INT4 = IntFormat("int4", "INT4", 4, "Whole numbers −8…7; useful for weights only with a scale.")

AnyFormat = FloatFormat | IntFormat | BlockFormat | TableFormat
FORMATS: tuple[AnyFormat, ...] = (
    *(FP64, FP32, TF32, BF16, FP16, FP8_E4M3, FP8_E5M2, FP6_E3M2, FP6_E2M3, FP4_E2M1),
    *(MXFP4, NF4, INT8, INT4),
)
BY_NAME = {known.name: known for known in FORMATS}


def format_named(name: str) -> AnyFormat:
    """The format with this id; BadInput names the ids there are.

    >>> format_named("bf16").bits_total
    16
    """
    if name not in BY_NAME:
        raise BadInput(f"{name[:30]!r} is not a number format", f"There are {', '.join(BY_NAME)}.")
    return BY_NAME[name]


def _floor_log2(value: Fraction) -> int:
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if Fraction(2) ** guess <= value else guess - 1
