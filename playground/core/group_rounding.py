"""The rounding rules of quantization, for groups that share a scale: float32 (group, weight) in and out.

``half_scale``: whether the scale is kept in FP16, as GGUF, GPTQ and AWQ keep a group's, and not in FP32.
"""

import ml_dtypes
import numpy as np

from playground.core.nf4 import TABLE as NF4_TABLE

_MX_TOP = 2  # E2M1's largest number, 6, lies in the binade of 2^2


def _stored(scale: np.ndarray, half_scale: bool) -> np.ndarray:
    """The scale as it is kept, with 1 where it is 0 (those weights are all 0); FP32 where FP16 can't hold it."""
    with np.errstate(over="ignore"):
        kept = scale.astype(np.float16).astype(np.float32) if half_scale else scale
    return np.where((kept > 0) & np.isfinite(kept), kept, np.where(scale > 0, scale, np.float32(1)))


def absmax(shared_GW: np.ndarray, bits: int, half_scale: bool) -> np.ndarray:
    """Whole numbers around 0, the largest |weight| at the end."""
    top = 2 ** (bits - 1) - 1
    scale = _stored(np.abs(shared_GW).max(1, keepdims=True) / np.float32(top), half_scale)
    return np.clip(np.rint(shared_GW / scale), -top, top) * scale


def zero_point(shared_GW: np.ndarray, bits: int, half_scale: bool) -> np.ndarray:
    """Whole numbers from the smallest to the largest weight; 0 keeps a code of its own."""
    top = 2**bits - 1
    low = np.minimum(shared_GW.min(1, keepdims=True), 0)
    high = np.maximum(shared_GW.max(1, keepdims=True), 0)
    scale = _stored((high - low) / np.float32(top), half_scale)
    zero = np.clip(np.rint(-low / scale), 0, top)
    return (np.clip(np.rint(shared_GW / scale) + zero, 0, top) - zero) * scale


def nf4(shared_GW: np.ndarray, bits: int, half_scale: bool) -> np.ndarray:
    """The nearest entry of NF4's table, times the largest |weight| (kept in FP32)."""
    most = np.abs(shared_GW).max(1, keepdims=True)
    normed = np.divide(shared_GW, most, out=np.zeros_like(shared_GW), where=most > 0)
    middles = (NF4_TABLE[1:] + NF4_TABLE[:-1]) / 2
    return NF4_TABLE[np.searchsorted(middles, normed)] * most


def fp8(shared_GW: np.ndarray, bits: int, half_scale: bool) -> np.ndarray:
    """The nearest E4M3 number, the largest |weight| at 448."""
    top = np.float32(448)
    scale = _stored(np.abs(shared_GW).max(1, keepdims=True) / top, half_scale)
    scaled = np.clip(shared_GW / scale, -top, top)
    return scaled.astype(ml_dtypes.float8_e4m3fn).astype(np.float32) * scale


def mxfp4(shared_GW: np.ndarray, bits: int, half_scale: bool) -> np.ndarray:
    """The nearest E2M1 number after dividing by a power of two, ties to even, stopping at 6."""
    _, exponent = np.frexp(np.abs(shared_GW).max(1, keepdims=True))  # max = f × 2^exponent, ½ ≤ f < 1
    scale = np.ldexp(np.float32(1), np.clip(exponent - 1 - _MX_TOP, -127, 127)).astype(np.float32)
    scaled = np.clip(shared_GW / scale, -6, 6)
    return scaled.astype(ml_dtypes.float4_e2m1fn).astype(np.float32) * scale
