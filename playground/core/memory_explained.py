"""Every part of a memory calculation with its formula, this model's numbers filled in, and the formula's source."""

from dataclasses import dataclass
from math import floor

from playground.core import activations, kv_cache
from playground.core.activations import Recompute
from playground.core.architectures import Architecture
from playground.core.inference_memory import InferenceMemory
from playground.core.kv_cache import CacheFormat
from playground.core.recipes import COURSE_BYTES
from playground.core.subject import Subject
from playground.core.training_memory import TrainingMemory
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
    bits = f"{float(need.bits_per_weight):.5g}"
    lines = [Line("weights", need.weights, f"{need.subject.parameters:,} × {bits} bits / 8", _weights_source(weights))]
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
                + (
                    "within 1% of transformers in the tests" if _is_dense_llama(model) else "an estimate for this block"
                ),
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


def _is_dense_llama(model: Architecture) -> bool:
    return activations.is_llama_block(model) and model.experts is None and model.latent is None


def _weights_source(weights: WeightFormat) -> str:
    note = f"{weights.title}: {weights.note}" if weights.note else f"{weights.title}, no scales"
    return f"{note} (llama.cpp's rules, tensor by tensor)" if weights.mixture else note


def explain_training(need: TrainingMemory, batch: int, sequence: int, recompute: Recompute) -> tuple[Line, ...]:
    """The parts of a training step, those that are not zero."""
    recipe, count = need.recipe, f"{need.subject.parameters:,}"
    each = need.bytes_per_parameter["optimizer"]
    states = f"{count} × {float(each):.6g} B"
    if recipe.master:
        states += f" ({recipe.master} master copy + {float(each - recipe.master):.4g} states)"
    lines = [
        Line("weights", need.weights, f"{count} × {recipe.weight} B", f"{recipe.title}: {recipe.note}"),
        Line("gradients", need.gradients, f"{count} × {recipe.gradient} B", "one a parameter"),
        Line("optimizer", need.optimizer, states, f"{need.optimizer_kind.title}; ZeRO, arXiv:1910.02054 §3.1"),
    ]
    if need.trainable:
        lines = _adapter_lines(need)
    if need.subject.model is not None:
        formula, source = _activations(need, batch, sequence, recompute)
        if need.trainable and recompute != "full":
            source = "as in full training, an upper bound: a frozen matrix without an adapter keeps no input"
        vocabulary = need.subject.model.vocabulary
        lines += [
            Line("activations", need.activations, formula, source),
            Line(
                "recomputed_layer",
                need.recomputed_layer,
                "one layer's activations",
                "alive again while it goes backward",
            ),
            Line(
                "logits",
                need.logits,
                f"4 B × {batch:,} × {sequence:,} × {vocabulary:,} vocabulary",
                "FP32 scores, kept for the loss; most calculators leave them out",
            ),
        ]
    lines.append(Line("overhead", need.overhead, OVERHEAD, OVERHEAD_SOURCE))
    return tuple(line for line in lines if line.bytes)


def _adapter_lines(need: TrainingMemory) -> list[Line]:
    """LoRA: the frozen weights, and small matrices that learn."""
    small, recipe = f"{need.trainable:,}", need.recipe
    frozen = need.weights - recipe.weight * need.trainable
    share = need.trainable / need.subject.parameters
    return [
        Line(
            "weights",
            need.weights,
            f"{frozen:,} B frozen + {small} × {recipe.weight} B adapters",
            f"{recipe.title}: {recipe.note}; the adapters are {share:.2%} of the parameters",
        ),
        Line(
            "gradients", need.gradients, f"{small} × {recipe.gradient} B", "the adapters' only (arXiv:2106.09685 §4.2)"
        ),
        Line("optimizer", need.optimizer, f"{small} × 8 B", "AdamW's two states, of the adapters only"),
    ]


def _activations(need: TrainingMemory, batch: int, sequence: int, recompute: Recompute) -> tuple[str, str]:
    model, x = need.subject.model, need.recipe.activation
    assert model is not None
    tokens = f"{model.layers} layers × {batch:,} × {sequence:,} tokens"
    if recompute == "full":
        return f"{tokens} × {x} B × {model.hidden:,}", "only each layer's input: Korthikanti et al., arXiv:2205.05198"
    if activations.is_llama_block(model):
        width = activations.attention_width(model)
        inner = activations.feed_forward_width(model)
        per_token = f"({8 + 4 * x}·{model.hidden:,} + {x}·{width:,} + {4 * x}·{inner:,} + 4·{model.heads} + 8) B"
        exactly = (
            "to the byte in the tests" if _is_dense_llama(model) else "an estimate: only the active experts are counted"
        )
        return f"{tokens} × {per_token} + rotary tables", f"Llama block in transformers, {exactly}"
    scores = f" + {2 * x + 1}·{model.heads}·{sequence:,}" if recompute == "none" else ""
    per_token = f"({16 * x + 2}·{model.hidden:,}{scores}) B"
    return f"{tokens} × {per_token}", "GPT-style block: Korthikanti et al., arXiv:2205.05198, equation 1"
