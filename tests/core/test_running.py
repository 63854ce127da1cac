"""Sums and products step by step, against numpy's and ml_dtypes' own arithmetic."""

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import better_sums, formats, running
from playground.core.exact import parse_number
from playground.core.formats import FP16, FloatFormat, format_named
from playground.errors import BadInput

THEIRS: dict[str, Any] = {
    "fp64": np.float64,
    "fp32": np.float32,
    "fp16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
    "fp6-e2m3": ml_dtypes.float6_e2m3fn,
    "fp4-e2m1": ml_dtypes.float4_e2m1fn,
}


def accumulated(name: str, operation: str, start: str, by: str, count: int) -> np.ndarray:
    every = np.full(count + 1, float(parse_number(by).value), np.float64).astype(THEIRS[name])
    every[0] = float(parse_number(start).value)
    with np.errstate(all="ignore"):
        return (np.add if operation == "add" else np.multiply).accumulate(every).astype(np.float64)


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize(
    ("operation", "start", "by"),
    [("add", "0", "1"), ("add", "0", "0.1"), ("add", "1", "-0.3"), ("multiply", "1", "0.7"), ("multiply", "1", "1.9")],
)
def test_every_step_is_the_librarys(name: str, operation: Any, start: str, by: str) -> None:
    form = format_named(name)
    assert isinstance(form, FloatFormat)
    theirs = accumulated(name, operation, start, by, 3000)
    ours = running.run(form, operation, parse_number(start), parse_number(by), 3000)
    for mark, value in zip(ours.at, ours.values, strict=True):
        assert value == theirs[mark] or (math.isnan(value) and math.isnan(theirs[mark])), mark
    if ours.stuck_after is not None:
        rest = theirs[ours.stuck_after + 1 :]
        assert (rest == rest[0]).all() or np.isnan(rest).all()


@settings(deadline=None)
@given(value=st.floats(allow_nan=False), name=st.sampled_from(["tf32", "bf16", "fp16", "fp8-e4m3", "fp6-e3m2"]))
def test_the_quick_rounding_is_the_exact_one(value: float, name: str) -> None:
    form = format_named(name)
    assert isinstance(form, FloatFormat)
    number = parse_number(repr(value)).value if math.isfinite(value) else value
    expected = float(form.decode(form.encode(number)))
    assert running.rounded(form, value) == expected or math.isnan(expected)


@pytest.mark.parametrize(("name", "stops"), [("bf16", 256), ("fp16", 2048), ("tf32", 2048), ("fp8-e4m3", 16)])
def test_ones_add_up_to_two_to_the_significant_bits(name: str, stops: int) -> None:
    form = format_named(name)
    assert isinstance(form, FloatFormat)
    found = running.run(form, "add", parse_number("0"), parse_number("1"), 5000)
    assert (found.last, found.stuck_after) == (stops, stops)
    assert running.half_step(form, found.last) == 1  # a tie: goes to the even one, back


def test_a_tenth_a_million_times() -> None:
    one = parse_number("0.1")
    assert running.run(formats.FP32, "add", parse_number("0"), one, 10**6).last == pytest.approx(100958.34375)
    assert running.exact("add", parse_number("0"), one, 10**6) == 100_000
    assert better_sums.pairwise(formats.FP32, one, 10**6) == pytest.approx(100_000, rel=1e-6)
    assert better_sums.pairwise(FP16, one, 10**5) == pytest.approx(10_000, rel=2e-3)
    assert better_sums.in_fp32(FP16, one, 10**5).kept == pytest.approx(10_000, rel=2e-3)


@pytest.mark.parametrize("name", ["fp16", "bf16", "fp8-e4m3", "fp8-e5m2"])
def test_adding_in_fp32_rounds_before_and_after(name: str) -> None:
    """numpy adds, ml_dtypes casts: the addend before, the total after."""
    form, kind = format_named(name), THEIRS[name]
    assert isinstance(form, FloatFormat)
    addend = np.float32(0.001).astype(kind)
    total = np.full(10_000, addend, kind).astype(np.float32).cumsum(dtype=np.float32)[-1]
    assert better_sums.in_fp32(form, parse_number("0.001"), 10_000) == (addend, total, total.astype(kind))


def test_products_vanish_and_overflow() -> None:
    half, two, one = parse_number("0.5"), parse_number("2"), parse_number("1")
    gone = running.run(FP16, "multiply", one, half, 100)
    assert gone.last == 0 and gone.stuck_after == 25  # 2^-24 is the smallest
    assert math.isinf(running.run(FP16, "multiply", one, two, 100).last)
    assert math.isnan(running.run(formats.FP8_E4M3, "multiply", one, two, 100).last)
    assert running.run(formats.FP4_E2M1, "multiply", one, two, 100).last == 6
    assert running.exact("multiply", one, half, 100) == pytest.approx(0.5**100)
    assert running.exact("multiply", one, two, 10**6) == math.inf


@pytest.mark.parametrize(("start", "by", "count"), [("0", "1", 0), ("0", "1", 10**7), ("inf", "1", 5), ("0", "nan", 5)])
def test_what_makes_no_sense_is_refused(start: str, by: str, count: int) -> None:
    with pytest.raises(BadInput):
        running.run(FP16, "add", parse_number(start), parse_number(by), count)
