"""Bytes of a model's weights in each storage format, with the real bits per weight: scales and zeros counted.

Sources: block sizes of GGUF types, ``gguf.GGML_QUANT_SIZES`` (gguf 0.19); bitsandbytes NF4, one FP32 absmax per 64
weights, or with double quantization 8 + 32/256 bits per block (arXiv:2305.14314 §3); GPTQ/AWQ, one FP16 scale and one
4-bit zero per group of 128; LLM.int8, one FP32 scale per row (arXiv:2208.07339); MXFP4/NVFP4, OCP Microscaling v1.0.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from playground.core import gguf_mixtures
from playground.core.architectures import Architecture
from playground.core.parameters import Tensor, tensors
from playground.errors import BadInput

_LINEAR = frozenset({"query", "key", "value", "attention_output", "gate", "up", "down"})


@dataclass(frozen=True)
class WeightFormat:
    """How weights are stored. ``bits`` a weight, scales included, for the tensors the format applies to."""

    name: str
    title: str
    bits: Fraction
    note: str = ""
    linear_only: bool = False  # embeddings, output head, norms and biases stay in 16 bit
    row_scale: bool = False  # and one FP32 scale a row
    mixture: str = ""  # a llama.cpp file type: each tensor has its own format


def grouped_bits(group: int, bits: int = 4, scale_bits: int = 16, zero_bits: int = 4) -> Fraction:
    """Bits of a GPTQ/AWQ weight: its own, and a scale and a zero shared by the group.

    >>> float(grouped_bits(128)), float(grouped_bits(32))
    (4.15625, 4.625)
    """
    return bits + Fraction(scale_bits + zero_bits, group)


def nf4_bits(block: int = 64, double: bool = False) -> Fraction:
    """Bits of a bitsandbytes NF4 weight: 4 + 32/block, or 4 + 8/block + 32/(256·block) with double quantization.

    >>> float(nf4_bits()), float(nf4_bits(double=True))
    (4.5, 4.126953125)
    """
    return 4 + (Fraction(8, block) + Fraction(32, 256 * block) if double else Fraction(32, block))


LEFT_IN_SIXTEEN = "embeddings, head and norms stay in 16 bit"
WEIGHT_FORMATS: tuple[WeightFormat, ...] = (
    WeightFormat("fp32", "FP32", Fraction(32)),
    WeightFormat("bf16", "BF16", Fraction(16)),
    WeightFormat("fp16", "FP16", Fraction(16)),
    WeightFormat("fp8", "FP8 (ideal)", Fraction(8), "no scales counted"),
    WeightFormat("int8", "INT8 (ideal)", Fraction(8), "the course's 1 byte: no scales counted"),
    WeightFormat("llm-int8", "LLM.int8", Fraction(8), f"one FP32 scale a row; {LEFT_IN_SIXTEEN}", True, True),
    WeightFormat("mxfp8", "MXFP8", Fraction(33, 4), f"8-bit scale per 32 weights; {LEFT_IN_SIXTEEN}", True),
    WeightFormat("q8_0", "GGUF Q8_0", Fraction(17, 2), "32 weights and an FP16 scale in 34 bytes", mixture="Q8_0"),
    WeightFormat("q6_k", "GGUF Q6_K", Fraction(105, 16), "256 weights in 210 bytes", mixture="Q6_K"),
    WeightFormat("q5_k_m", "GGUF Q5_K_M", Fraction(11, 2), "a mixture of Q5_K and Q6_K", mixture="Q5_K_M"),
    WeightFormat("q5_k_s", "GGUF Q5_K_S", Fraction(11, 2), "Q5_K, and Q6_K for the output", mixture="Q5_K_S"),
    WeightFormat("q4_k_m", "GGUF Q4_K_M", Fraction(9, 2), "a mixture of Q4_K and Q6_K", mixture="Q4_K_M"),
    WeightFormat("q4_k_s", "GGUF Q4_K_S", Fraction(9, 2), "a mixture of Q4_K, Q5_K and Q6_K", mixture="Q4_K_S"),
    WeightFormat("q5_1", "GGUF Q5_1", Fraction(6), "32 weights, a scale and a minimum; Q6_K output", mixture="Q5_1"),
    WeightFormat("q5_0", "GGUF Q5_0", Fraction(11, 2), "32 weights and a scale; Q6_K output", mixture="Q5_0"),
    WeightFormat("q4_1", "GGUF Q4_1", Fraction(5), "32 weights, a scale and a minimum; Q6_K output", mixture="Q4_1"),
    WeightFormat("q4_0", "GGUF Q4_0", Fraction(9, 2), "32 weights and a scale; Q6_K output", mixture="Q4_0"),
    WeightFormat("q3_k_l", "GGUF Q3_K_L", Fraction(55, 16), "a mixture of Q3_K and Q5_K", mixture="Q3_K_L"),
    WeightFormat("q3_k_m", "GGUF Q3_K_M", Fraction(55, 16), "a mixture of Q3_K, Q4_K and Q5_K", mixture="Q3_K_M"),
    WeightFormat("q3_k_s", "GGUF Q3_K_S", Fraction(55, 16), "Q3_K, and Q6_K for the output", mixture="Q3_K_S"),
    WeightFormat("q2_k", "GGUF Q2_K", Fraction(21, 8), "a mixture of Q2_K, Q3_K and Q4_K", mixture="Q2_K"),
    WeightFormat("nvfp4", "NVFP4", Fraction(9, 2), f"FP8 scale per 16 weights; {LEFT_IN_SIXTEEN}", True),
    WeightFormat("nf4", "NF4 (bitsandbytes)", nf4_bits(), f"FP32 absmax per 64 weights; {LEFT_IN_SIXTEEN}", True),
    WeightFormat("mxfp4", "MXFP4", Fraction(17, 4), f"8-bit scale per 32 weights; {LEFT_IN_SIXTEEN}", True),
    WeightFormat("gptq-4bit", "GPTQ / AWQ 4-bit, group 128", grouped_bits(128), LEFT_IN_SIXTEEN, True),
    WeightFormat(
        "nf4-dq", "NF4, double quantization", nf4_bits(double=True), f"as QLoRA has it; {LEFT_IN_SIXTEEN}", True
    ),
    WeightFormat("int4", "INT4 (ideal)", Fraction(4), "no scales counted: no real file is this small"),
)
BY_NAME = {known.name: known for known in WEIGHT_FORMATS}


def weight_format(name: str) -> WeightFormat:
    """The format with this id; BadInput names the ids there are."""
    if name.lower() not in BY_NAME:
        raise BadInput(f"{name[:30]!r} is not a weight format", f"There are {', '.join(BY_NAME)}.")
    return BY_NAME[name.lower()]


def bytes_for_elements(elements: int, bits: Fraction) -> int:
    """Whole bytes of ``elements`` weights, rounded up.

    >>> bytes_for_elements(1_000_000_000, Fraction(16))
    2000000000
    """
    return math.ceil(elements * bits / 8)


@lru_cache(maxsize=4096)  # a page that looks for the longest context asks it some hundred times
def weight_bytes(model: Architecture, form: WeightFormat) -> int:
    """Bytes of every stored tensor of the model in this format; MXFP4 of a mixture of experts applies to the experts.

    >>> from playground.core.architectures import architecture
    >>> weight_bytes(architecture("llama-3.1-8b"), weight_format("q4_k_m"))
    4912898048
    """
    stored = tensors(model)
    if form.mixture:
        return gguf_mixtures.file_bytes(model, stored, form.mixture)
    return sum(tensor_bytes(t, form) for t in _quantized(stored, form)) + sum(
        2 * t.elements for t in _left_alone(stored, form)
    )


@lru_cache(maxsize=4096)
def bits_per_weight(model: Architecture, form: WeightFormat) -> Fraction:
    """The average over all parameters: what the file really takes a weight."""
    total = sum(t.elements for t in tensors(model))
    return Fraction(weight_bytes(model, form) * 8, total)


def quantized_elements(model: Architecture, form: WeightFormat) -> int:
    """Weights the format applies to; the others stay in 16 bit.

    >>> from playground.core.architectures import architecture
    >>> quantized_elements(architecture("llama-3.1-8b"), weight_format("nf4"))
    6979321856
    """
    return sum(t.elements for t in _quantized(tensors(model), form))


def linear_elements(model: Architecture) -> int:
    """Parameters in the layers' matrices, which is what bitsandbytes, GPTQ and AWQ quantize.

    >>> from playground.core.architectures import architecture
    >>> linear_elements(architecture("llama-2-7b"))
    6476005376
    """
    return sum(t.elements for t in tensors(model) if t.role in _LINEAR)


def _is_quantized(tensor: Tensor, form: WeightFormat, experts_only: bool) -> bool:
    if not form.linear_only:
        return True
    return tensor.role in _LINEAR and (tensor.expert or not experts_only)


def _quantized(stored: Iterable[Tensor], form: WeightFormat) -> list[Tensor]:
    stored = list(stored)
    experts_only = form.name == "mxfp4" and any(t.expert for t in stored)
    return [t for t in stored if _is_quantized(t, form, experts_only)]


def _left_alone(stored: Iterable[Tensor], form: WeightFormat) -> list[Tensor]:
    quantized = {id(t) for t in _quantized(stored, form)}
    return [t for t in stored if id(t) not in quantized]


def tensor_bytes(tensor: Tensor, form: WeightFormat) -> int:
    """Bytes of one quantized tensor, row scales included."""
    scales = 4 * tensor.shape[0] * tensor.copies if form.row_scale else 0
    return bytes_for_elements(tensor.elements, form.bits) + scales
