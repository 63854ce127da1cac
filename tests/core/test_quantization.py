"""Quantization against independent implementations: ggml's as in the gguf package, brute force, and bounds."""

from fractions import Fraction
from pathlib import Path

import gguf
import ml_dtypes
import numpy as np
import pytest
from gguf import quants
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from playground.core import gguf_blocks, gguf_file, nf4
from playground.core.quantization import SCHEMES, Scheme, quantize, scheme_named
from playground.core.quantization_error import errors, outliers
from playground.errors import BadInput

RNG = np.random.default_rng(6)
BELL = (RNG.standard_normal((24, 192)) * 0.05).astype(np.float32)
HEAVY = (RNG.standard_t(3, (8, 64)) * 0.02).astype(np.float32)
FLOATS = st.floats(-100, 100, width=32)
MATRICES = nps.arrays(np.float32, (3, 64), elements=FLOATS)
# Below 1e-30 the inverse of a scale may be infinite, and what ggml makes of 0 × ∞ depends on the compiler.
GGML_MATRICES = nps.arrays(np.float32, (3, 64), elements=FLOATS.filter(lambda w: w == 0 or abs(w) > 1e-30))
GGML = {"Q4_0": gguf.GGMLQuantizationType.Q4_0, "Q4_1": gguf.GGMLQuantizationType.Q4_1}
GGML["Q8_0"] = gguf.GGMLQuantizationType.Q8_0


@pytest.mark.parametrize("kind", GGML)
@pytest.mark.parametrize("weights", [BELL, HEAVY, np.zeros((1, 32), np.float32)], ids=["bell", "heavy", "zero"])
def test_gguf_bytes_are_ggmls(kind: str, weights: np.ndarray) -> None:
    expected = quants.quantize(weights, GGML[kind])
    ours = gguf_blocks.quantize(weights, kind)
    assert ours.shape[1] == gguf_blocks.BLOCK_BYTES[kind] == gguf.GGML_QUANT_SIZES[GGML[kind]][1]
    assert np.array_equal(ours.reshape(expected.shape), expected)
    assert np.array_equal(
        gguf_blocks.restore(ours, kind).reshape(weights.shape), quants.dequantize(expected, GGML[kind])
    )


@given(weights=GGML_MATRICES, kind=st.sampled_from(sorted(GGML)))
def test_gguf_bytes_are_ggmls_for_any_weights(weights: np.ndarray, kind: str) -> None:
    with np.errstate(all="ignore"):
        expected = quants.quantize(weights, GGML[kind])
        assert np.array_equal(gguf_blocks.quantize(weights, kind).reshape(expected.shape), expected)


@pytest.mark.parametrize("kind", GGML)
def test_weights_too_small_for_a_scale_become_nothing(kind: str) -> None:
    tiny = np.float32([[1.1754944e-38, *[0.0] * 31], [1e-45, *[0.0] * 31]])
    assert not gguf_blocks.restore(gguf_blocks.quantize(tiny, kind), kind).any()


def test_a_block_taken_apart_is_its_formula() -> None:
    raw = gguf_blocks.quantize(BELL[:1, :32], "Q4_1")[0].tobytes()
    block = gguf_blocks.block(raw, "Q4_1")
    assert block.values == pytest.approx([block.scale * q + block.minimum for q in block.codes], rel=1e-6)
    assert block.codes[0] == raw[4] & 15 and block.codes[16] == raw[4] >> 4
    assert min(block.codes) == 0 and max(block.codes) == 15


def test_a_file_written_by_the_gguf_package_is_read(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "test")
    writer.add_array("words", ["a", "bc", ""])
    writer.add_array("numbers", [1.5, 2.5])
    writer.add_bool("yes", True)
    writer.add_tensor("plain", BELL)
    for kind in GGML:
        writer.add_tensor(kind, quants.quantize(BELL, GGML[kind]), raw_dtype=GGML[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = gguf_file.tensors(tmp_path / "x.gguf")
    assert {name: (t.kind, t.shape) for name, t in found.items()} == {
        "plain": ("F32", BELL.shape),
        **{kind: (kind, BELL.shape) for kind in GGML},
    }
    assert np.array_equal(gguf_file.values(tmp_path / "x.gguf", found["plain"]), BELL)
    for kind in GGML:
        expected = quants.dequantize(quants.quantize(BELL, GGML[kind]), GGML[kind])
        assert np.array_equal(gguf_file.values(tmp_path / "x.gguf", found[kind]), expected)


def test_what_is_not_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"{} not one of these")
    with pytest.raises(BadInput, match="not a GGUF"):
        gguf_file.tensors(tmp_path / "x")


@pytest.mark.parametrize("grain", ["tensor", "channel", "group"])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_absmax_is_the_nearest_step_in_each_group(grain: str, bits: int) -> None:
    got = quantize(BELL, Scheme("", "", "absmax", bits, grain, 48)).values  # type: ignore[arg-type]
    size = {"tensor": BELL.size, "channel": BELL.shape[1], "group": 48}[grain]
    top = 2 ** (bits - 1) - 1
    for before, after in zip(BELL.reshape(-1, size), got.reshape(-1, size), strict=True):
        scale = np.abs(before).max() / np.float32(top)
        if grain == "group":
            scale = np.float32(np.float16(scale))
        steps = np.arange(-top, top + 1, dtype=np.float32) * scale
        nearest = np.abs(before[:, None] - steps[None]).min(1)
        assert np.allclose(np.abs(before - after), nearest, atol=1e-7)
        assert len(np.unique(after)) <= 2 * top + 1


def test_zero_point_reaches_both_ends_and_keeps_zero() -> None:
    lopsided = np.abs(BELL) + np.where(RNG.random(BELL.shape) < 0.1, np.float32(0), np.float32(0.01))
    lopsided[:, 0] = 0
    symmetric = errors(lopsided, quantize(lopsided, Scheme("", "", "absmax", 4, "channel")).values)
    got = quantize(lopsided, Scheme("", "", "zero-point", 4, "channel")).values
    assert errors(lopsided, got).rmse < symmetric.rmse / 1.8  # all 16 codes on the one side that is used
    assert (got[:, 0] == 0).all() and (got >= 0).all()
    for before, after in zip(lopsided, got, strict=True):
        scale = (before.max() - min(before.min(), 0)) / np.float32(15)
        assert np.abs(before - after).max() <= scale * 0.501


def test_nf4_is_the_nearest_table_entry() -> None:
    got = quantize(HEAVY, scheme_named("nf4")).values
    absmax = np.abs(HEAVY).max(1, keepdims=True)
    brute = nf4.TABLE[np.abs((HEAVY / absmax)[..., None] - nf4.TABLE).argmin(-1)] * absmax
    assert np.array_equal(got, brute)


def test_mxfp4_is_ggmls_but_for_ties() -> None:
    expected = quants.dequantize(
        quants.quantize(BELL, gguf.GGMLQuantizationType.MXFP4), gguf.GGMLQuantizationType.MXFP4
    )
    assert np.allclose(quantize(BELL, scheme_named("mxfp4")).values, expected, atol=1e-9)


def test_fp8_is_a_cast_after_scaling() -> None:
    got = quantize(BELL, scheme_named("fp8-e4m3")).values
    scale = np.abs(BELL).max(1, keepdims=True) / np.float32(448)
    assert np.array_equal(got, (BELL / scale).astype(ml_dtypes.float8_e4m3fn).astype(np.float32) * scale)


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("fp32", Fraction(32)),
        ("bf16", Fraction(16)),
        ("q8_0", Fraction(17, 2)),
        ("q4_1", Fraction(5)),
        ("q4_0", Fraction(9, 2)),
        ("mxfp4", Fraction(17, 4)),
        ("nf4", Fraction(9, 2)),  # bitsandbytes: one FP32 absmax for 64
        ("int4", Fraction(17, 4)),
        ("int4-zero-point", Fraction(4) + Fraction(20, 64)),
        ("int8", Fraction(8) + Fraction(32, 192)),  # LLM.int8: one FP32 scale a row
        ("int4-tensor", Fraction(4) + Fraction(32, 24 * 192)),
    ],
)
def test_bits_per_weight_count_the_scales(name: str, bits: Fraction) -> None:
    assert quantize(BELL, scheme_named(name)).bits_per_weight == bits


@given(weights=MATRICES, scheme=st.sampled_from(SCHEMES))
def test_any_scheme_stays_within_the_range_and_zero_stays_zero(weights: np.ndarray, scheme: Scheme) -> None:
    got = quantize(weights, scheme).values
    assert got.shape == weights.shape and got.dtype == np.float32 and np.isfinite(got).all()
    reach = np.abs(weights).max()
    # −8 lies a step beyond +7; 5.1 becomes 6 in E2M1; a rounded zero-point shifts everything by up to half a step.
    slack = {"q4_0": 1.15, "mxfp4": 1.21, "int4-zero-point": 1.08}.get(scheme.name, 1.01)
    assert np.abs(got).max() <= reach * slack + 1e-3
    if scheme.name != "q4_1":
        assert (got[weights == 0] == 0).all()


def test_smaller_groups_are_better_and_cost_bits() -> None:
    made = [quantize(HEAVY, Scheme("", "", "absmax", 4, "group", size)) for size in (8, 16, 32, 64)]
    assert [errors(HEAVY, q.values).rmse for q in made] == sorted(errors(HEAVY, q.values).rmse for q in made)
    assert [q.bits_per_weight for q in made] == [4 + Fraction(16, size) for size in (8, 16, 32, 64)]


def test_a_requantized_block_loses_nothing() -> None:
    once = quantize(BELL, scheme_named("q4_1")).values
    again = quantize(once, scheme_named("q4_1")).values
    assert errors(once, again).snr_db > 55  # only FP16's rounding of the minimum and the scale


@pytest.mark.parametrize(
    ("weights", "scheme", "says"),
    [
        (BELL, Scheme("", "", "absmax", 4, "group", 100), "96"),
        (BELL, Scheme("", "", "absmax", 4, "group", 0), "don't divide"),
        (BELL, Scheme("", "", "absmax", 4, "group", -3), "don't divide"),
        (BELL, Scheme("", "", "absmax", 1, "channel"), "2 to 8"),
        (BELL * np.nan, scheme_named("int8"), "NaN"),
        (np.zeros((0, 4), np.float32), scheme_named("int8"), "no finite weights"),
        (BELL[:, :40], scheme_named("q4_0"), "don't divide"),
    ],
)
def test_what_makes_no_sense_is_refused(weights: np.ndarray, scheme: Scheme, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        quantize(weights, scheme)


def test_an_unknown_scheme_is_refused_with_the_names() -> None:
    with pytest.raises(BadInput, match="nf4"):
        scheme_named("int5")


def test_one_outlier_spoils_a_tensor_scale() -> None:
    spoiled = BELL.copy()
    spoiled[3, 5] = 5.0
    assert outliers(spoiled).far >= 1 and outliers(spoiled).sigmas > 40
    whole, rows = (quantize(spoiled, Scheme("", "", "absmax", 4, grain)) for grain in ("tensor", "channel"))
    assert errors(spoiled, whole.values).zeroed > 0.95
    assert errors(spoiled, rows.values).zeroed < 0.3


def test_errors_are_those_of_the_definition() -> None:
    got = errors(BELL, BELL + np.float32(0.01))
    assert got.rmse == pytest.approx(0.01, rel=1e-4) and got.largest == pytest.approx(0.01, rel=1e-4)
    assert got.snr_db == pytest.approx(20 * np.log10(np.sqrt((BELL.astype(float) ** 2).mean()) / 0.01), rel=1e-4)
