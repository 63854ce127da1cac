"""The Quantization page: one weight matrix of the model, what a scheme makes of it, and the file's own blocks."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from playground.core import gguf_blocks
from playground.core.quantization import COARSE, GRAINS, SCHEMES, Scheme, groups, quantize
from playground.core.quantization_error import FAR_SIGMAS, Errors, errors, outliers
from playground.core.units import format_gb
from playground.figures import quantization as figures
from playground.figures.formula import formula
from playground.models import weights
from playground.models.lens import Lens
from playground.models.weights import Matrix
from playground.ui import downloads, inputs, resources, shell

_BY_NAME = {scheme.name: scheme for scheme in (*SCHEMES, *COARSE)}
_OFFERED = ("int8", "int4", "int3", "int2", "nf4", "fp8-e4m3", "mxfp4", "q8_0", "q4_1", "q4_0")
_GRAINS = {"tensor": "the whole matrix", "channel": "a row", "group": "a group"}
_RULES = {
    "absmax": "s = max|w| ÷ {top};  q = round(w ÷ s);  w′ = s · q,  −{top} ≤ q ≤ {top}",
    "zero-point": "s = (max − min) ÷ {codes};  q = round(w ÷ s) + z;  w′ = s · (q − z),  0 ≤ q ≤ {codes}",
    "nf4": "w′ = max|w| · t,  t the nearest of NF4's 16 values to w ÷ max|w|",
    "fp8": "s = max|w| ÷ 448;  w′ = s · E4M3(w ÷ s)",
    "mxfp4": "s = 2^(⌊log₂ max|w|⌋ − 2);  w′ = s · E2M1(w ÷ s)",
    "q8_0": "d = max|w| ÷ 127;  w′ = d · q,  −127 ≤ q ≤ 127",
    "q4_1": "m = min w,  d = (max − min) ÷ 15;  w′ = d · q + m,  0 ≤ q ≤ 15",
    "q4_0": "d = −(w with the largest |w|) ÷ 8;  w′ = d · (q − 8),  0 ≤ q ≤ 15",
}
_RULE_HELP = (
    "absmax: the largest |weight| gets the last mark, and 0 stays 0. zero-point: the marks run from the smallest "
    "weight to the largest; z is the mark that stands for 0."
)
_BITS = "Bits kept for a weight, and its share of the scale that it has in common with others."
_SNR = "The weights' mean square over the error's, in decibels. 6 dB are one good bit of every weight."
_RMSE = "Root mean square error: the usual distance of a weight from what is kept of it."


def pick_matrix(lens: Lens) -> Matrix:
    """Layer and module, of those this model has."""
    found = _matrices(lens.model_id)
    layers = sorted({matrix.layer for matrix in found})
    layer_column, module_column = st.columns([3, 2])
    with layer_column:
        layer = inputs.choice("Layer", layers, key="layer", default=layers[len(layers) // 2], slider=True)
    modules = {matrix.module: matrix for matrix in found if matrix.layer == layer}
    with module_column:
        name = inputs.choice(
            "Module",
            list(modules),
            key="module",
            format_func=lambda name: f"{name} · {modules[name].rows:,} × {modules[name].columns:,}",
        )
    return modules[name]


@st.cache_data(max_entries=8, show_spinner="Reading the model's matrices…")
def _matrices(model_id: str) -> tuple[Matrix, ...]:
    return weights.matrices(model_id, resources.session_id())


@st.cache_data(max_entries=16, show_spinner="Reading the matrix…")
def _values(model_id: str, name: str) -> np.ndarray:
    return weights.parameter(model_id, name, resources.session_id())


def pick_scheme(matrix: Matrix) -> Scheme:
    """Format, rule, what shares a scale, and how large a group is."""
    name = inputs.choice(
        "Scheme",
        _OFFERED,
        key="scheme",
        default="int4",
        format_func=lambda name: _BY_NAME[name].title,
        segmented=True,
    )
    scheme = _BY_NAME[name]
    rule_column, grain_column, group_column = st.columns([3, 4, 4])
    if scheme.kind == "absmax":
        with rule_column:
            rule: Any = inputs.choice("Rule", ("absmax", "zero-point"), key="rule", segmented=True, help=_RULE_HELP)
        scheme = replace(scheme, kind=rule)
    if not scheme.has_grain:
        shell.notices([f"{scheme.title} fixes what shares a scale: {scheme.note}."])
        return scheme
    with grain_column:
        grain = inputs.choice(
            "One scale for",
            GRAINS,
            key="grain",
            default=scheme.grain,
            format_func=_GRAINS.__getitem__,
            segmented=True,
            help="Which weights share a scale. Fewer to a scale: finer steps, but more scales to keep.",
        )
    size = scheme.group
    if grain == "group":
        sizes = [each for each in groups(matrix.columns) if each >= 4]
        with group_column:
            size = inputs.choice(
                "Group size",
                sizes,
                key="group",
                default=64 if 64 in sizes else sizes[-1],
                slider=True,
                help="How many neighbours in a row share a scale. "
                f"Offered are the sizes that divide its {matrix.columns:,} columns.",
            )
    return scheme.with_grain(grain, size)


def compare(lens: Lens, matrix: Matrix, scheme: Scheme) -> None:
    """The matrix before and after: numbers, rule, histogram."""
    before = _values(lens.model_id, matrix.name)
    made = quantize(before, scheme)
    off = errors(before, made.values)
    size = math.ceil(made.bits_per_weight * before.size / 8)
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    if scheme.name.upper() == matrix.stored:
        shell.notices([f"{scheme.title} is this file's own format: its weights lie on these marks already."])
    row = st.container(horizontal=True)
    row.metric(
        "Bits a weight", f"{float(made.bits_per_weight):.3f}", f"scales counted: {made.scales:,}", help=_BITS, **quiet
    )
    row.metric("This matrix", format_gb(size), f"BF16: {format_gb(2 * before.size)}", **quiet)
    row.metric("Signal to noise", _decibels(off.snr_db), figures.decibels_in_bits(off.snr_db), help=_SNR, **quiet)
    row.metric(
        "Error, RMSE", f"{off.rmse:.2g}", f"largest {off.largest:.2g}, {off.zeroed:.1%} became 0", help=_RMSE, **quiet
    )
    key = scheme.name if scheme.kind == "gguf" else scheme.kind
    top, codes = 2 ** (scheme.bits - 1) - 1, 2**scheme.bits - 1
    st.html(formula(_RULES[key].format(top=top, codes=codes)))
    _histogram(before, made.values, scheme)
    crowd = outliers(before)
    st.markdown(
        f"**Outliers.** The standard deviation is {crowd.sigma:.4f}; the largest |weight|, {crowd.absmax:.3f}, lies "
        f"**{crowd.sigmas:.1f} σ** out, and {crowd.far:,} of {before.size:,} weights lie beyond {FAR_SIGMAS:.0f} σ "
        f"(kurtosis {crowd.kurtosis:.1f}; a bell curve has 3). A scale must reach its largest weight, so an outlier "
        "makes the steps larger for all that share it."
    )


def _histogram(before: np.ndarray, after: np.ndarray, scheme: Scheme) -> None:
    log = inputs.choice("Counts", ("log", "linear"), key="counts", segmented=True) == "log"
    st.plotly_chart(
        figures.histogram(before, after, scheme.title, log),
        width="stretch",
        config={"displayModeBar": False},
        key="histogram",
        alt="How many weights have which value, before and after quantization",
    )
    shell.provenance("measured", "every weight of this matrix of the loaded model, before and after.")


def _decibels(db: float) -> str:
    return "∞ dB" if math.isinf(db) else f"{db:.1f} dB"


def side_by_side(lens: Lens, matrix: Matrix, scheme: Scheme) -> None:
    """Every scheme on the same matrix."""
    rows = _all(lens.model_id, matrix.name)
    own = next((one.title for one, _, _ in rows if one.name.upper() == matrix.stored), "")
    if own:
        st.info(
            f"**{own} is out of competition** (the striped bar): it is the format this model's file has. Its weights "
            f"were rounded to {own}'s blocks of 32 before they came here, and rounding them once more in the same way "
            "finds them where it left them. That says nothing about how good the format is: compare the others.",
            icon=":material/front_hand:",
        )
    st.plotly_chart(
        figures.schemes([(one.title, bits, off.snr_db) for one, bits, off in rows], scheme.title, own),
        width="stretch",
        config={"displayModeBar": False},
        key="schemes",
        alt="Signal-to-noise ratio of every scheme on this matrix",
    )
    shell.provenance(
        "measured",
        "behind each name its real bits a weight, scales counted. dB: ten times the logarithm of the weights' mean "
        "square over the error's; 6 dB more is one good bit more in every weight.",
    )
    table = [
        {
            "scheme": one.name,
            "bits_per_weight": bits,
            "rmse": off.rmse,
            "largest_error": off.largest,
            "snr_db": None if math.isinf(off.snr_db) else off.snr_db,
            "zeroed": off.zeroed,
        }
        for one, bits, off in rows
    ]
    downloads.offer(f"quantization-{matrix.layer}-{matrix.module}", table, key="schemes.file")


@st.cache_data(max_entries=64, show_spinner="Trying every scheme…")
def _all(model_id: str, name: str) -> list[tuple[Scheme, float, Errors]]:
    before = _values(model_id, name)
    tried = []
    for scheme in (*SCHEMES[1:], *COARSE):
        if scheme.grain == "group" and before.shape[1] % scheme.group:
            continue
        made = quantize(before, scheme)
        tried.append((scheme, float(made.bits_per_weight), errors(before, made.values)))
    return sorted(tried, key=lambda row: -row[1])


def blocks(lens: Lens, matrix: Matrix, scheme: Scheme) -> None:
    """One block of 32 weights as the file holds it, or as the scheme would."""
    row_column, block_column = st.columns(2)
    with row_column:
        row = inputs.choice("Row", range(matrix.rows), key="row", slider=True)
    with block_column:
        index = inputs.choice("Block", range(matrix.columns // gguf_blocks.BLOCK), key="block", slider=True)
    own = weights.block(lens.model_id, matrix.name, row, index, resources.session_id())
    if own is not None:
        _block(own, f"As the published file holds it: {own.kind}")
        shell.provenance("measured", f"{len(own.raw)} bytes read from the model's GGUF file.")
    kind = scheme.name.upper() if scheme.kind == "gguf" else "" if own else "Q4_1"
    if kind and (own is None or own.kind != kind):
        start = index * gguf_blocks.BLOCK
        these = _values(lens.model_id, matrix.name)[row : row + 1, start : start + gguf_blocks.BLOCK]
        made = gguf_blocks.block(gguf_blocks.quantize(these, kind)[0].tobytes(), kind)
        _block(made, f"The same 32 weights as {kind}")
        shell.provenance("computed", "llama.cpp's rule; tests compare every byte with ggml's own.")


def _block(shown: gguf_blocks.Block, title: str) -> None:
    st.markdown(f"**{title}**")
    st.html(figures.block(shown))
    st.caption("Bold: the whole number q kept for a weight, 4 or 8 bits. Below it: the weight it stands for.")
    code, value = shown.codes[0], shown.values[0]
    filled = {
        "Q4_1": f"d × q + m = {shown.scale:.6g} × {code} + ({shown.minimum:.6g}) = {value:.6g}",
        "Q4_0": f"d × (q − 8) = {shown.scale:.6g} × ({code} − 8) = {value:.6g}",
        "Q8_0": f"d × q = {shown.scale:.6g} × {code} = {value:.6g}",
    }[shown.kind]
    bits = 8 * len(shown.raw) / gguf_blocks.BLOCK
    st.html(formula(f"first weight: {filled}"))
    st.caption(f"{len(shown.raw)} bytes ÷ 32 weights = {bits:g} bits a weight.")
