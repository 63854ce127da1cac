"""Two ways to add many numbers of few bits with less loss: in pairs, and in FP32 with one rounding at the end."""

from typing import NamedTuple

import numpy as np

from playground.core.exact import Typed
from playground.core.formats import FP32, FP64, FloatFormat
from playground.core.running import rounded
from playground.core.storing import store


def pairwise(form: FloatFormat, by: Typed, count: int) -> float:
    """The same sum, half and half and half: each addend goes through log₂(count) roundings, not count.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import BF16
    >>> pairwise(BF16, parse_number("1"), 1000)
    1000.0
    """
    step = float(store(form, by).value)
    known = {0: 0.0, 1: step}

    def total(terms: int) -> float:
        if terms not in known:
            half = terms // 2
            known[terms] = _add(form, total(half), total(terms - half))
        return known[terms]

    return total(count)


def _add(form: FloatFormat, a: float, b: float) -> float:
    if form is FP64:
        return a + b
    return float(np.float32(a) + np.float32(b)) if form is FP32 else rounded(form, a + b)


class InFp32(NamedTuple):
    """A sum kept in FP32: each addend rounded to the format first, the total once more at the end."""

    step: float  # x as the format stores it
    total: float  # their sum in FP32
    kept: float  # the total in the format


def in_fp32(form: FloatFormat, by: Typed, count: int) -> InFp32:
    """The same addends added up in FP32 and rounded to the format once, at the end: what tensor cores do.

    >>> from playground.core.exact import parse_number
    >>> from playground.core.formats import FP8_E4M3
    >>> in_fp32(FP8_E4M3, parse_number("0.001"), 100_000)
    InFp32(step=0.001953125, total=195.3125, kept=192.0)
    """
    step = float(store(form, by).value)
    total = float(np.add.accumulate(np.full(count, step, np.float32))[-1])
    return InFp32(step, total, total if form in (FP32, FP64) else rounded(form, total))
