"""Memory to answer: weights, KV cache, the activations of one pass, logits, and the runtime's own share."""

from dataclasses import dataclass
from fractions import Fraction

from playground.core import activations, kv_cache
from playground.core.kv_cache import CacheFormat
from playground.core.subject import BATCH_MAX, TOKENS_MAX, Subject, check_range
from playground.core.weight_formats import WeightFormat, bits_per_weight, bytes_for_elements, weight_bytes

OVERHEAD_BYTES = 2**30  # CUDA context and kernels: 0.9–1.8 GiB on an A100 (stas00/ml-engineering), version-dependent

_UNKNOWN = "The KV cache and activations depend on layers and heads, which a parameter count does not tell: 0 here."


@dataclass(frozen=True)
class InferenceMemory:
    """Bytes, exactly; ``total`` is their sum."""

    subject: Subject
    weights: int
    kv_cache: int
    activations: int
    logits: int
    overhead: int
    bits_per_weight: Fraction
    kv_bytes_per_token: int
    notices: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, int]:
        """The parts by name, in the order they are stacked."""
        names = ("weights", "kv_cache", "activations", "logits", "overhead")
        return {name: getattr(self, name) for name in names}

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(self.parts.values())


def inference_memory(
    subject: Subject,
    weights: WeightFormat,
    cache: CacheFormat,
    context: int,
    batch: int = 1,
    overhead: int = OVERHEAD_BYTES,
    ignore_window: bool = False,
) -> InferenceMemory:
    """What ``batch`` texts of up to ``context`` tokens need at once.

    >>> from playground.core.subject import subject as about
    >>> from playground.core.kv_cache import cache_format
    >>> from playground.core.weight_formats import weight_format
    >>> got = inference_memory(about("llama-3.1-8b"), weight_format("bf16"), cache_format("bf16"), 8192, overhead=0)
    >>> got.weights, got.kv_cache
    (16060522496, 1073741824)

    With a bare parameter count the cache, activations and logits are 0 and a notice says so: they depend on layers
    and heads. Raises BadInput for a context, batch or overhead out of range.
    """
    check_range("tokens of context", context, 1, TOKENS_MAX)
    check_range("texts at once (batch)", batch, 1, BATCH_MAX)
    check_range("bytes of overhead", overhead, 0, 10**15)
    model = subject.model
    if model is None:
        bits = weights.bits
        size = bytes_for_elements(subject.parameters, bits)
        return InferenceMemory(subject, size, 0, 0, 0, overhead, bits, 0, (_UNKNOWN,))
    positions = batch * context if model.kind == "encoder" else batch
    return InferenceMemory(
        subject,
        weight_bytes(model, weights),
        kv_cache.cache_bytes(model, context, batch, cache, ignore_window),
        activations.inference_bytes(model, context, batch, 4 if weights.name == "fp32" else 2),
        0 if model.kind == "encoder" else activations.logits_bytes(model.vocabulary, positions),
        overhead,
        bits_per_weight(model, weights),
        kv_cache.bytes_per_token(model, cache),
        _notices(subject, context, ignore_window),
    )


def _notices(subject: Subject, context: int, ignore_window: bool) -> tuple[str, ...]:
    model = subject.model
    assert model is not None
    notices = subject.remarks
    if model.context and context > model.context:
        notices.append(f"{model.title} was trained for {model.context:,} tokens: {context:,} is beyond that.")
    if model.window_layers and context > model.window and not ignore_window:
        which = "every layer keeps" if model.window_layers == model.layers else f"{model.window_layers} layers keep"
        notices.append(f"Sliding window: {which} the last {model.window:,} tokens only.")
    return tuple(notices)


def overhead_bytes(gib: float) -> int:
    """A slider's GiB as whole bytes.

    >>> overhead_bytes(1.5)
    1610612736
    """
    return round(gib * 2**30)
