"""The KV cache: the keys and values of every token read so far, kept so that they are not computed again.

Per token ``2 · layers · kv_heads · head_dim · bytes`` (multi-head, grouped-query and multi-query attention alike);
with latent attention ``layers · (kv_rank + rope_dim) · bytes`` (DeepSeek-V2, arXiv:2405.04434 §2.1); a sliding window
keeps ``min(context, window)`` tokens; an encoder–decoder also caches the encoder's tokens for cross-attention; an
encoder alone has no cache. Measured equal to transformers' DynamicCache on small models (tests).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from playground.core.architectures import Architecture
from playground.errors import BadInput


@dataclass(frozen=True)
class CacheFormat:
    """How an element of the cache is stored, with the real bits it takes."""

    name: str
    title: str
    bits: Fraction


CACHE_FORMATS = (
    CacheFormat("fp32", "FP32", Fraction(32)),
    CacheFormat("bf16", "BF16", Fraction(16)),
    CacheFormat("fp16", "FP16", Fraction(16)),
    CacheFormat("q8_0", "Q8_0 (8.5 bit)", Fraction(17, 2)),
    CacheFormat("fp8", "FP8", Fraction(8)),
    CacheFormat("int8", "INT8", Fraction(8)),
    CacheFormat("q4_0", "Q4_0 (4.5 bit)", Fraction(9, 2)),
)
BY_NAME = {known.name: known for known in CACHE_FORMATS}


def cache_format(name: str) -> CacheFormat:
    """The cache format with this id; BadInput names the ids there are."""
    if name.lower() not in BY_NAME:
        raise BadInput(f"{name[:30]!r} is not a KV cache format", f"There are {', '.join(BY_NAME)}.")
    return BY_NAME[name.lower()]


def elements_per_token(model: Architecture) -> int:
    """Numbers one more token adds to the cache (self-attention of every layer); 0 for an encoder.

    >>> from playground.core.architectures import architecture
    >>> elements_per_token(architecture("llama-3.1-8b")), elements_per_token(architecture("deepseek-v3"))
    (65536, 35136)
    """
    return model.layers * _elements_per_layer(model)


def bytes_per_token(model: Architecture, form: CacheFormat) -> int:
    """Bytes one more token adds, while no window is full.

    >>> from playground.core.architectures import architecture
    >>> bytes_per_token(architecture("llama-2-7b"), cache_format("fp16"))
    524288
    """
    return math.ceil(elements_per_token(model) * form.bits / 8)


def cache_bytes(model: Architecture, context: int, batch: int, form: CacheFormat, ignore_window: bool = False) -> int:
    """Bytes of the whole cache: ``batch`` texts of ``context`` tokens each.

    An encoder–decoder holds ``context`` tokens of input (cross-attention) and as many of output. With
    ``ignore_window`` every layer keeps every token, as engines without sliding-window support do.

    >>> from playground.core.architectures import architecture
    >>> cache_bytes(architecture("llama-3.1-8b"), 4096, 1, cache_format("fp16"))
    536870912
    """
    windowed = 0 if ignore_window else model.window_layers
    tokens = (model.layers - windowed) * context + windowed * min(context, model.window)
    if model.kind == "encoder-decoder":
        tokens += model.layers * context
    return math.ceil(batch * tokens * _elements_per_layer(model) * form.bits / 8)


def _elements_per_layer(model: Architecture) -> int:
    if model.kind == "encoder":
        return 0
    if model.latent:
        return model.latent.kv_rank + model.latent.rope_dim
    return 2 * model.key_value_heads * model.head_size


def formula(model: Architecture, context: int, batch: int, form: CacheFormat, ignore_window: bool = False) -> str:
    """The formula with this model's numbers filled in.

    >>> from playground.core.architectures import architecture
    >>> formula(architecture("llama-3.1-8b"), 8192, 1, cache_format("bf16"))
    '2 × 32 layers × 8 KV heads × 128 × 2 B × 8,192 tokens × batch 1'
    """
    size = f"{float(form.bits / 8):g} B"
    if model.kind == "encoder":
        return "an encoder reads its text once: no cache"
    if model.latent:
        per_layer = f"{model.layers} layers × ({model.latent.kv_rank} latent + {model.latent.rope_dim} rotary)"
        return f"{per_layer} × {size} × {context:,} tokens × batch {batch:,}"
    shape = f"{model.key_value_heads} KV heads × {model.head_size} × {size}"
    if model.kind == "encoder-decoder":
        tokens = f"({context:,} output + {context:,} input tokens)"
        return f"2 × {model.layers} layers × {shape} × {tokens} × batch {batch:,}"
    if model.window_layers and not ignore_window and context > model.window:
        full = model.layers - model.window_layers
        tokens = f"({full} layers × {context:,} + {model.window_layers} layers × {model.window:,} tokens)"
        return f"2 × {shape} × {tokens} × batch {batch:,}"
    return f"2 × {model.layers} layers × {shape} × {context:,} tokens × batch {batch:,}"
