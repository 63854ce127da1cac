"""Number formats against independent casts: ml_dtypes, numpy, struct, and brute force over every pattern."""

import math
import struct
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import counting, formats, nf4, storing, storing_explained
from playground.core.exact import Typed, decimal_digits, parse_number
from playground.core.formats import FORMATS, FloatFormat, format_named
from playground.errors import BadInput

OTHERS: dict[str, tuple[Any, Any]] = {
    "fp64": (np.float64, np.uint64),
    "fp32": (np.float32, np.uint32),
    "bf16": (ml_dtypes.bfloat16, np.uint16),
    "fp16": (np.float16, np.uint16),
    "fp8-e4m3": (ml_dtypes.float8_e4m3fn, np.uint8),
    "fp8-e5m2": (ml_dtypes.float8_e5m2, np.uint8),
    "fp6-e3m2": (ml_dtypes.float6_e3m2fn, np.uint8),
    "fp6-e2m3": (ml_dtypes.float6_e2m3fn, np.uint8),
    "fp4-e2m1": (ml_dtypes.float4_e2m1fn, np.uint8),
}
FLOATS = [form for form in FORMATS if isinstance(form, FloatFormat)]
SMALL = [form for form in FLOATS if form.bits_total <= 16]


def _number(value: float) -> Fraction | float:
    return Fraction(value) if math.isfinite(value) else value


def _same(ours: Fraction | float, theirs: float) -> bool:
    return math.isnan(theirs) if isinstance(ours, float) and math.isnan(ours) else float(ours) == theirs


@pytest.mark.parametrize("form", SMALL, ids=lambda form: form.name)
def test_every_pattern_means_what_ml_dtypes_says(form: FloatFormat) -> None:
    other, unsigned = OTHERS[form.name]
    patterns = np.arange(2**form.bits_total, dtype=unsigned)
    with np.errstate(invalid="ignore"):
        theirs = patterns.view(other).astype(np.float64)
    wrong = [int(p) for p, value in zip(patterns, theirs, strict=True) if not _same(form.decode(int(p)), float(value))]
    assert not wrong


@pytest.mark.parametrize("form", SMALL, ids=lambda form: form.name)
def test_every_finite_pattern_survives_being_stored(form: FloatFormat) -> None:
    sign = 2 ** (form.bits_total - 1)
    for pattern in range(2**form.bits_total):
        value = form.decode(pattern)
        if isinstance(value, Fraction) and pattern != sign:  # −0 is typed as 0
            assert form.encode(value) == pattern


# Casts from FP32 round once, so a library's answer is the correct one; from FP64 ml_dtypes may round twice.
@given(value=st.floats(width=32), name=st.sampled_from([name for name in OTHERS if name != "fp64"]))
def test_rounding_equals_the_library_cast(value: float, name: str) -> None:
    form = format_named(name)
    assert isinstance(form, FloatFormat)
    with np.errstate(over="ignore"):
        theirs = float(np.float32(value).astype(OTHERS[name][0]).astype(np.float64))
    ours = form.decode(form.encode(_number(value)))
    assert _same(ours, theirs) or (math.isnan(value) and ours == 0 and theirs == 0)


@given(value=st.floats(allow_nan=False))
def test_fp64_and_fp32_equal_struct_and_numpy(value: float) -> None:
    assert formats.FP64.encode(_number(value)) in (struct.unpack("<Q", struct.pack("<d", value))[0], 0)
    with np.errstate(over="ignore"):
        assert _same(formats.FP32.decode(formats.FP32.encode(_number(value))), float(np.float32(value)))


@given(value=st.floats(min_value=-(2.0**127), max_value=2.0**127, width=32))
def test_tf32_is_the_nearest_fp32_with_thirteen_zero_bits(value: float) -> None:
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    low = bits & ~0x1FFF
    around = [struct.unpack("<f", struct.pack("<I", low + step))[0] for step in (0, 0x2000)]
    errors = [abs(Fraction(x) - Fraction(value)) if math.isfinite(x) else math.inf for x in around]
    even = (low >> 13) & 1
    nearest = around[even] if errors[0] == errors[1] else around[errors.index(min(errors))]
    stored = formats.TF32.decode(formats.TF32.encode(Fraction(value)))
    assert float(stored) == nearest


def test_one_rounding_not_two() -> None:
    """Just above halfway: through FP32 (as ml_dtypes casts) the excess is lost and the tie goes down."""
    value = 1 + 2**-8 + 2**-40
    assert float(np.float64(value).astype(ml_dtypes.bfloat16)) == 1.0
    assert formats.BF16.decode(formats.BF16.encode(Fraction(value))) == 1 + Fraction(1, 128)


def test_the_course_pi_is_pi_cut_to_six_decimals_first() -> None:
    stored = storing.store(formats.FP32, parse_number("pi"))
    assert decimal_digits(stored.value) == "3.1415927410125732421875"
    assert decimal_digits(storing.store(formats.FP32, parse_number("3.141592")).value) == "3.1415920257568359375"


@pytest.mark.parametrize("form", FLOATS, ids=lambda form: form.name)
@given(value=st.floats(min_value=-1e300, max_value=1e300))
def test_the_stored_number_lies_between_its_neighbours_and_is_nearest(form: FloatFormat, value: float) -> None:
    stored = storing.store(form, Typed("", Fraction(value)))
    if not isinstance(stored.value, Fraction):
        return
    for other in (stored.below, stored.above):
        if isinstance(other, Fraction):
            assert abs(other - Fraction(value)) >= abs(stored.value - Fraction(value))
    assert stored.below is None or stored.below < stored.value
    assert stored.above is None or stored.value < stored.above


@given(
    value=st.fractions(min_value=-300, max_value=300), absmax=st.fractions(min_value=Fraction(1, 100), max_value=200)
)
def test_int8_absmax_is_off_by_half_a_step_at_most_inside_the_range(value: Fraction, absmax: Fraction) -> None:
    stored = storing.store(formats.INT8, Typed("", value), absmax)
    assert isinstance(stored.value, Fraction) and stored.scale == absmax / 127
    inside = min(max(value, -absmax), absmax)
    assert abs(stored.value - inside) <= stored.scale / 2
    whole = stored.bits - 256 * (stored.sign == "1")
    assert -127 <= whole <= 127 and whole * stored.scale == stored.value


@pytest.mark.parametrize(
    ("name", "typed", "stored", "remark"),
    [
        ("fp16", "70000", "∞", "Overflow"),
        ("fp16", "-1e5", "-∞", "Overflow"),
        ("fp8-e4m3", "500", "NaN", "Overflow"),
        ("fp4-e2m1", "1e9", "6", "stops at 6"),
        ("bf16", "2^-200", "0", "Underflow"),
        ("fp16", "2^-24", "0.000000059604644775390625", "Subnormal"),
        ("fp64", "nan", "NaN", "as such"),
        ("fp4-e2m1", "inf", "6", "no ∞"),
        ("int8", "nan", "0", "no pattern"),
        ("int8", "1000", "127", "clipped"),
        ("bf16", "0.5", "0.5", "Exact"),
    ],
)
def test_what_happens_at_the_edges_is_said(name: str, typed: str, stored: str, remark: str) -> None:
    got = storing.store(format_named(name), parse_number(typed))
    assert decimal_digits(got.value) == stored
    assert remark in storing_explained.remark(got)


@pytest.mark.parametrize("form", FLOATS, ids=lambda form: form.name)
@pytest.mark.parametrize("typed", ["pi", "-1/3", "1e-5", "0", "448"])
def test_the_formula_gives_the_stored_value(form: FloatFormat, typed: str) -> None:
    stored = storing.store(form, parse_number(typed))
    if stored.finite:
        left = storing_explained.formula(stored).split(" = ")[0]
        got = eval(left.replace("−", "-").replace("×", "*").replace("^", "**"), {"__builtins__": {}})
        assert got == pytest.approx(float(stored.value), rel=1e-15)


def test_integer_patterns_are_twos_complement() -> None:
    for form, kind in ((formats.INT8, np.int8), (formats.INT4, ml_dtypes.int4)):
        for whole in range(form.low, form.high + 1):
            stored = storing.store(form, Typed("", Fraction(whole)))
            assert stored.bits == int(np.int64(np.array(whole).astype(kind)) % 2**form.bits_total)
            assert storing_explained.formula(stored).endswith(f"= {whole}")


@pytest.mark.parametrize("text", ["", "abc", "1/0", "1e99999", "--1", "1..2", "0x10", "1e", "2^"])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_number(text)


@given(value=st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=12))
def test_decimals_are_read_and_written_exactly(value: Any) -> None:
    assert parse_number(str(value)).value == Fraction(value)
    assert Fraction(decimal_digits(Fraction(value))) == Fraction(value)


def test_an_unknown_format_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BadInput, match="fp8-e4m3"):
        format_named("fp7")
    assert len({form.name for form in FORMATS}) == len(FORMATS) == 14


# --- formats that share a scale ---


@given(value=st.fractions(min_value=-50, max_value=50), absmax=st.sampled_from(["1/7", "1", "4", "6", "48"]))
def test_mxfp4_is_fp4_after_a_power_of_two(value: Fraction, absmax: str) -> None:
    stored = storing.store(formats.MXFP4, Typed("", value), Fraction(absmax))
    scale = Fraction(2) ** (math.floor(math.log2(Fraction(absmax))) - 2)
    element = formats.FP4_E2M1
    assert stored.scale == scale
    assert stored.value == Fraction(element.decode(element.encode(value / scale))) * scale


@given(value=st.fractions(min_value=-3, max_value=3), absmax=st.fractions(min_value=Fraction(1, 50), max_value=4))
def test_nf4_is_the_nearest_entry_of_the_published_table(value: Fraction, absmax: Fraction) -> None:
    stored = storing.store(formats.NF4, Typed("", value), absmax)
    errors = [abs(Fraction(float(entry)) * absmax - value) for entry in nf4.TABLE]
    assert stored.error == min(errors) and errors[stored.bits] == min(errors)
    assert stored.below is None or stored.below < stored.value
    assert stored.above is None or stored.value < stored.above


@pytest.mark.parametrize("name", ["mxfp4", "nf4", "int8", "int4"])
def test_every_pattern_of_a_scaled_format_is_stored_as_itself(name: str) -> None:
    form = format_named(name)
    for place in range(form.bits_total):
        before = storing.store(form, parse_number("0.3"), Fraction(1))
        after = storing.store(form, parse_number(storing_explained.flipped(before, place)), Fraction(1))
        expected = before.bits ^ (1 << (form.bits_total - 1 - place))
        lowest = {"int8": 0x80, "int4": 0x8}.get(name)  # absmax leaves −128 and −8 out
        assert after.bits == expected or after.value == 0 or expected == lowest


@pytest.mark.parametrize("typed", ["65505", "65519", "-65510"])
def test_a_number_just_above_the_largest_is_rounded_not_cut(typed: str) -> None:
    stored = storing.store(formats.FP16, parse_number(typed))
    assert abs(Fraction(stored.value)) == 65504
    assert storing_explained.remark(stored).startswith("Rounded to the largest number, 65,504")
    assert "Overflow" in storing_explained.remark(storing.store(formats.FP16, parse_number("65520")))


# --- how many numbers there are ---


@pytest.mark.parametrize("form", [f for f in FORMATS if f.bits_total <= 8], ids=lambda form: form.name)
@settings(deadline=None)
@given(ends=st.tuples(st.fractions(-500, 500), st.fractions(-500, 500)))
def test_counting_equals_listing(form: Any, ends: tuple[Fraction, Fraction]) -> None:
    low, high = sorted(ends)
    everything = counting.values(form)
    assert counting.count_between(form, low, high) == sum(low <= value <= high for value in everything)
    assert counting.count_between(form, everything[0], everything[-1]) == len(everything)


EVERY_FP16 = np.unique(np.arange(2**16, dtype=np.uint16).view(np.float16).astype(float))


@settings(deadline=None)
@given(low=st.floats(-70000, 70000), high=st.floats(-70000, 70000))
def test_fp16_counted_equals_numpy_listed(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    listed = EVERY_FP16[np.isfinite(EVERY_FP16) & (low <= EVERY_FP16) & (high >= EVERY_FP16)]
    assert counting.count_between(formats.FP16, Fraction(low), Fraction(high)) == len(listed)


def test_the_counts_people_quote() -> None:
    one, two = Fraction(1), Fraction(2)
    assert counting.count_between(formats.FP32, one, two) == 2**23 + 1
    assert counting.count_between(formats.FP32, Fraction(0), one) == 127 * 2**23 + 1
    assert counting.count_between(formats.BF16, one, two) == 129
    with pytest.raises(BadInput, match="larger"):
        counting.count_between(formats.FP32, two, one)
