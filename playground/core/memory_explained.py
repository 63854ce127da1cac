"""Every part of what an answer needs with its formula, this model's numbers filled in, and the formula's source."""

from dataclasses import dataclass
from math import floor

from playground.core import activations, bits_explained, kv_cache
from playground.core.architectures import Architecture
from playground.core.inference_memory import InferenceMemory
from playground.core.kv_cache import CacheFormat
from playground.core.recipes import COURSE_BYTES
from playground.core.subject import Subject
from playground.core.weight_formats import WeightFormat


@dataclass(frozen=True)
class Line:
    """One part: its bytes, how they come about, and who says so."""

    part: str
    bytes: int
    formula: str
    source: str


OVERHEAD = "a setting of yours: the CUDA context and its kernels, then what the allocator can't use"
OVERHEAD_SOURCE = "0.9–1.8 GiB on an A100 before the first tensor (stas00/ml-engineering)"


def course_inference(subject: Subject, weights: WeightFormat) -> int:
    """The course's rule: parameters × the format's nominal bytes (4, 2, 1, ½), and nothing else.

    >>> from playground.core.weight_formats import weight_format
    >>> course_inference(Subject(10**9), weight_format("bf16"))
    2000000000
    """
    return subject.parameters * floor(weights.bits) // 8


def course_training(subject: Subject) -> dict[str, int]:
    """The course's rule: 4 + 4 + 8 bytes of states and 8 of activations and temporaries, 24 a parameter."""
    return {part: size * subject.parameters for part, size in COURSE_BYTES.items()}


def explain_course(subject: Subject) -> tuple[Line, ...]:
    """The course's rule, term by term."""
    sources = {
        "weights": "FP32",
        "gradients": "FP32, one a parameter",
        "optimizer": "Adam's two FP32 states",
        "activations and temporaries": "a guess: they follow from batch, sequence, width and depth",
    }
    count = f"{subject.parameters:,}"
    return tuple(
        Line(part, size, f"{count} × {COURSE_BYTES[part]} B", sources[part])
        for part, size in course_training(subject).items()
    )


def explain_inference(
    need: InferenceMemory,
    weights: WeightFormat,
    cache: CacheFormat,
    context: int,
    batch: int,
) -> tuple[Line, ...]:
    """The parts of an answer, those that are not zero."""
    model = need.subject.model
    lines = [Line("weights", need.weights, bits_explained.formula(need.subject, weights), _weights_source(weights))]
    if model is not None:
        tokens = min(batch * context, activations.PASS_TOKENS)
        size = 4 if weights.name == "fp32" else 2
        inner = f"{3 if model.gated else 2}·{activations.feed_forward_width(model):,}"
        passed = f"{tokens:,} tokens × {size} B × (4·{model.hidden:,} + {inner} + 2·{model.head_size})"
        lines += [
            Line(
                "kv_cache",
                need.kv_cache,
                kv_cache.formula(model, context, batch, cache),
                "equal to transformers' DynamicCache in the tests",
            ),
            Line(
                "activations",
                need.activations,
                passed,
                f"fullest moment of a pass of at most {activations.PASS_TOKENS:,} tokens (vLLM's default); "
                + ("within 1% of transformers in the tests" if is_dense_llama(model) else "an estimate for this block"),
            ),
            Line(
                "logits",
                need.logits,
                f"4 B × {batch:,} × {model.vocabulary:,} vocabulary",
                "FP32 scores of the last position",
            ),
        ]
    lines.append(Line("overhead", need.overhead, OVERHEAD, OVERHEAD_SOURCE))
    return tuple(line for line in lines if line.bytes)


def is_dense_llama(model: Architecture) -> bool:
    """Whether the Llama formulas hold to the byte: no experts, no latent attention."""
    return activations.is_llama_block(model) and model.experts is None and model.latent is None


def _weights_source(weights: WeightFormat) -> str:
    note = f"{weights.title}: {weights.note}" if weights.note else f"{weights.title}, no scales"
    return f"{note} (llama.cpp's rules, tensor by tensor)" if weights.mixture else note
