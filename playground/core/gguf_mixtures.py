"""Bytes of a llama.cpp GGUF file, tensor by tensor: an ``_M`` file is a mixture, not one number of bits.

Rules from llama.cpp's ``llama_tensor_get_type`` (ggml-org/llama.cpp, src/llama-quant.cpp): norms and biases stay FP32,
the output head is Q6_K (the embedding table where it is the head), ``attn_v`` and ``ffn_down`` get more bits in the
first and last eighth of the layers and every third one between. Rows a block does not divide fall back to a type of 32.
"""

import functools
import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from playground.core.architectures import Architecture
from playground.core.parameters import Tensor

# Weights in a block, bytes of a block: gguf.GGML_QUANT_SIZES.
BLOCKS: dict[str, tuple[int, int]] = {
    "F32": (1, 4),
    "F16": (1, 2),
    "BF16": (1, 2),
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q8_0": (32, 34),
    "Q2_K": (256, 84),
    "Q3_K": (256, 110),
    "Q4_K": (256, 144),
    "Q5_K": (256, 176),
    "Q6_K": (256, 210),
    "Q8_K": (256, 292),
    "IQ1_S": (256, 50),
    "IQ1_M": (256, 56),
    "IQ2_XXS": (256, 66),
    "IQ2_XS": (256, 74),
    "IQ2_S": (256, 82),
    "IQ3_XXS": (256, 98),
    "IQ3_S": (256, 110),
    "IQ4_NL": (32, 18),
    "IQ4_XS": (256, 136),
    "TQ1_0": (256, 54),
    "TQ2_0": (256, 66),
    "MXFP4": (32, 17),
    "NVFP4": (64, 36),
}
_BASE = {f"Q{bits}_K_{size}": f"Q{bits}_K" for bits in (3, 4, 5) for size in "SML"}  # what most tensors of a file are
_FALLBACK = {"Q2_K": "IQ4_NL", "Q3_K": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
_FIVE_BIT_OUTPUT = frozenset({"Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M"})  # with eight experts
_FP32_ROLES = frozenset({"norm", "bias", "router", "positions"})


def block_bits(kind: str) -> Fraction:
    """Bits per weight of one tensor type, scales included.

    >>> float(block_bits("Q6_K")), float(block_bits("Q8_0"))
    (6.5625, 8.5)
    """
    weights, size = BLOCKS[kind]
    return Fraction(8 * size, weights)


def use_more_bits(layer: int, layers: int) -> bool:
    """Whether llama.cpp spends more bits on this layer's sensitive tensors.

    >>> [i for i in range(16) if use_more_bits(i, 16)]
    [0, 1, 4, 7, 10, 13, 14, 15]
    """
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def file_bytes(model: Architecture, tensors: Iterable[Tensor], mixture: str) -> int:
    """Bytes of all tensors in a file of type ``mixture`` (Q4_K_M, Q6_K, Q8_0, F16, …).

    Leaves out the file's header and vocabulary (a few MB) and models whose attention llama.cpp keeps as one fused
    matrix, where ``attn_v`` can't be told apart: their sizes are a few per cent off.
    """
    return sum(
        size * math.prod(tensor.shape[:-1]) * count
        for tensor in tensors
        for kind, count in _kinds(model, tensor, mixture).items()
        for size in (_row_bytes(tensor.shape[-1], kind),)
    )


def _kinds(model: Architecture, tensor: Tensor, mixture: str) -> Counter[str]:
    """How many of the tensor's copies have each type."""
    base = _BASE.get(mixture, mixture)
    if tensor.role in _FP32_ROLES or len(tensor.shape) == 1:
        return Counter({"F32": tensor.copies})
    if tensor.role == "head" or (tensor.role == "embedding" and model.tied):
        return Counter({base if base in ("Q8_0", "F16", "BF16", "F32") else "Q6_K": tensor.copies})
    if not tensor.layers or tensor.role not in ("value", "key", "attention_output", "down"):
        return Counter({base: tensor.copies})
    kinds: Counter[str] = Counter()
    for layer in range(tensor.first, tensor.first + tensor.layers):
        kinds[_layer_kind(model, tensor, mixture, base, layer)] += tensor.copies // tensor.layers
    return kinds


def _layer_kind(model: Architecture, tensor: Tensor, mixture: str, base: str, layer: int) -> str:
    """llama.cpp's choice for one of the four sensitive matrices of a layer."""
    role, eight = tensor.role, model.experts is not None and model.experts.total == 8
    if eight and role in ("value", "key"):
        return base if base in ("F16", "BF16", "F32") else "Q8_0"
    if role == "attention_output":
        if eight:
            return "Q5_K" if mixture in _FIVE_BIT_OUTPUT else base
        return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K"}.get(mixture, base)
    if role == "key":
        return base
    kind = _value(model, mixture, base, layer) if role == "value" else _down(model, mixture, base, layer)
    return "Q5_K" if role == "value" and kind in ("Q3_K", "Q4_K") and _is_llama_70b(model) else kind


def _value(model: Architecture, mixture: str, base: str, layer: int) -> str:
    shared_by_four = model.heads >= 4 * model.key_value_heads
    if mixture in ("Q4_K_M", "Q5_K_M") and use_more_bits(layer, model.layers):
        return "Q6_K"
    if mixture == "Q4_K_S" and layer < 4:
        return "Q5_K"
    if mixture == "Q3_K_M":
        return "Q5_K" if layer < 2 else "Q4_K"
    return {"Q2_K": "Q4_K" if shared_by_four else "Q3_K", "Q3_K_L": "Q5_K"}.get(mixture, base)


def _down(model: Architecture, mixture: str, base: str, layer: int) -> str:
    if mixture in ("Q4_K_M", "Q5_K_M") and use_more_bits(layer, model.layers):
        return "Q6_K"
    if mixture == "Q4_K_S" and layer < model.layers // 8:
        return "Q5_K"
    if mixture == "Q3_K_M":
        return "Q5_K" if layer < model.layers // 16 else "Q4_K"
    return {"Q2_K": "Q3_K", "Q3_K_L": "Q5_K"}.get(mixture, base)


def _is_llama_70b(model: Architecture) -> bool:
    """llama.cpp's LLM_TYPE_70B: a llama of 80 layers whose heads share keys and values eightfold."""
    return model.family == "llama" and model.layers == 80 and model.heads == 8 * model.key_value_heads


@functools.cache
def _row_bytes(columns: int, kind: str) -> int:
    weights, size = BLOCKS[kind]
    if columns % weights:
        kind = _FALLBACK.get(kind, "F16")
        if columns % BLOCKS[kind][0]:
            kind = "F16"
        weights, size = BLOCKS[kind]
    return columns // weights * size
