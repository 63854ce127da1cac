"""Every part of what a training step needs with its formula, this model's numbers filled in, and who says so."""

from playground.core import activations, bits_explained
from playground.core.activations import Recompute
from playground.core.lora import frozen_format
from playground.core.memory_explained import OVERHEAD, OVERHEAD_SOURCE, Line, is_dense_llama
from playground.core.training_memory import TrainingMemory


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
    base = frozen_format(recipe.name)
    share = need.trainable / need.subject.parameters
    return [
        Line(
            "weights",
            need.weights,
            f"{bits_explained.formula(need.subject, base)} frozen + {small} × {recipe.weight} B adapters",
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
    beside = activations.outside_the_layers_bytes(model, sequence, batch, x)
    outside = f" + {beside:,} B of the last norm, token ids and loss" if beside else ""
    if recompute == "full":
        kept = "only each layer's input: Korthikanti et al., arXiv:2205.05198"
        return f"{tokens} × {x} B × {model.hidden:,}{outside}", kept
    if activations.is_llama_block(model):
        width = activations.attention_width(model)
        inner = activations.feed_forward_width(model)
        per_token = f"({8 + 4 * x}·{model.hidden:,} + {x}·{width:,} + {4 * x}·{inner:,} + 4·{model.heads} + 8) B"
        exactly = "an estimate: only the active experts are counted"
        if is_dense_llama(model):
            exactly = "equal to a real step's to the byte (page Memory, checked)"
        return f"{tokens} × {per_token} + rotary tables{outside}", f"Llama block in transformers, {exactly}"
    scores = f" + {2 * x + 1}·{model.heads}·{sequence:,}" if recompute == "none" else ""
    per_token = f"({16 * x + 2}·{model.hidden:,}{scores}) B"
    return f"{tokens} × {per_token}", "GPT-style block: Korthikanti et al., arXiv:2205.05198, equation 1"
