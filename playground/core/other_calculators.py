"""What other calculators answer to the same question, by their own formulas; tested against what they really print.

accelerate 1.15 ``estimate-memory``; DeepSpeed's ``estimate_zero2/3_model_states_mem_needs`` (after its PR #5099);
EleutherAI's cookbook ``calc_transformer_mem.py``. Each leaves something out: ``compare`` says what.
"""

from dataclasses import dataclass
from typing import Literal

from playground.core import activations
from playground.core.architectures import Architecture
from playground.core.parameters import count, tensors

GIB = 2**30


# --- accelerate ---


def accelerate_elements(model: Architecture, with_head: bool = False) -> int:
    """Numbers it counts: ``AutoModel`` has no output head; one built with its head counts a tied table twice. Buffers
    (the rotary frequencies) count too.

    >>> from playground.core.architectures import architecture
    >>> accelerate_elements(architecture("llama-2-7b")), accelerate_elements(architecture("gpt2"), with_head=True)
    (6607343744, 163037184)
    """
    table = model.vocabulary * model.hidden
    if model.kind == "encoder":
        return count(model)
    own_head = 0 if model.tied else table
    rotary = model.head_size if activations.is_llama_block(model) else 0  # two tables of inverse frequencies
    return count(model) - own_head + (table if with_head else 0) + rotary


def accelerate_bytes(fp32_bytes: int, dtype: Literal["float32", "float16", "int8", "int4"]) -> float:
    """The model's total in a type: its FP32 bytes divided by 1, 2, 4 or 8, scales and all else ignored."""
    return fp32_bytes / {"float32": 1, "float16": 2, "int8": 4, "int4": 8}[dtype]


def accelerate_training(fp32_bytes: int, dtype: Literal["float32", "float16", "int8", "int4"]) -> int | None:
    """ "Training using Adam": the largest of four phases, not their sum: 16 B a parameter in FP32, 8 in FP16.

    >>> accelerate_training(4 * 10**9, "float32"), accelerate_training(4 * 10**9, "float16")
    (16000000000, 8000000000)
    """
    return {"float32": 4 * fp32_bytes, "float16": 2 * fp32_bytes}.get(dtype)


def accelerate_largest_layer(model: Architecture) -> int:
    """FP32 bytes of its "largest layer": one block or the embedding, whichever is larger."""
    outside = [t for t in tensors(model) if not t.layers]
    block = sum(t.elements // (t.layers or 1) for t in tensors(model) if t.layers)
    if model.kind == "encoder":  # BERT's embeddings are one module, with two INT64 index buffers
        indices = 2 * 8 * model.learned_positions
        embeddings = sum(t.elements for t in outside if t.group == "embedding")
        return max(4 * (embeddings + 2 * model.hidden) + indices, 4 * block)
    return 4 * max(model.vocabulary * model.hidden, block)


# --- DeepSpeed ---


def deepspeed_zero2(parameters: int, gpus: int, nodes: int = 1, offload: bool = False) -> tuple[int, int]:
    """(bytes per GPU, bytes of host memory per node) for ``gpus`` on each node.

    >>> deepspeed_zero2(2851598336, 8)[0]
    12119292928
    """
    if offload:
        return 2 * parameters, int(parameters * max(4 * gpus * nodes, 16) * 1.5)
    return 2 * parameters + int(18 * parameters / (gpus * nodes)), int(parameters * 4 * gpus * 1.5)


def deepspeed_zero3(
    parameters: int,
    largest_layer: int,
    gpus: int,
    nodes: int = 1,
    offload: bool = False,
    offload_parameters: bool = False,
    zero_init: bool = True,
) -> tuple[int, int]:
    """(bytes per GPU, bytes of host memory per node); the largest layer is gathered whole, 4 B a parameter."""
    layer = 4 * largest_layer
    if not offload:
        host = (largest_layer if zero_init else parameters) * 4 * gpus * 1.5
        return layer + int(18 * parameters / (gpus * nodes)), int(host)
    each = (18 if offload_parameters else 16) / nodes
    device = layer if offload_parameters else layer + int(2 * parameters / (gpus * nodes))
    return device, int(parameters * (each if zero_init else max(4 * gpus, each)) * 1.5)


# --- EleutherAI's cookbook ---


@dataclass(frozen=True)
class Cookbook:
    """Its arguments, with its defaults (a 20B model)."""

    layers: int = 44
    hidden: int = 6144
    heads: int = 64
    sequence: int = 2048
    vocabulary: int = 51200
    ff: float = 4.0
    linears: int = 2
    batch: int = 1
    gpus: int = 1
    tensor_parallel: int = 1
    zero: int = 1
    grad_bytes: int = 4
    checkpoint: bool = False
    partition: bool = False

    @property
    def parameters(self) -> float:
        """Always untied, with learned positions and biases; ``--kv-size-ratio`` counts here and nowhere else."""
        h = self.hidden
        fixed = 2 * self.vocabulary * h + h * self.sequence + 8 * h * self.layers + 2 * h
        return fixed + 4 * self.layers * h * h + self.linears * self.layers * h * self.ff * h

    @property
    def training_bytes(self) -> float:
        """Per GPU. ZeRO divides by all GPUs; gradients and optimizer are not divided by tensor parallelism."""
        n, stage, p = self.gpus, self.zero, self.parameters
        weights = 2 * p / self.tensor_parallel / (n if stage == 3 else 1)
        gradients = self.grad_bytes * p / (n if stage >= 2 else 1)
        optimizer = 12 * p / (n if stage >= 1 else 1)
        buffers = 2 * (5e8 * (stage >= 1) + 1e9 * (stage == 3)) if n > 1 else 0
        sbh = self.sequence * self.batch * self.hidden * self.layers
        scores = 0 if self.checkpoint else 5 * self.heads * self.sequence / self.hidden
        activations = sbh * (34 + scores) / (self.tensor_parallel if self.partition else 1)
        return weights + gradients + optimizer + buffers + activations

    def flop(self, tokens: float, recompute: bool) -> float:
        """Its ``calc_transformer_flops.py``: the embedding once, forward and backward, as six per weight."""
        h, passes = self.hidden, 4 if recompute else 3
        layer = 2 * (3 + 1) * h * h + 2 * 2 * self.sequence * h + 16 * h * h
        return passes * self.layers * tokens * layer + 6 * tokens * h * self.vocabulary

    @property
    def kv_bytes(self) -> int:
        """``2·h·L·(s+1)·b``: no factor two for keys and values, no grouped queries."""
        return 2 * self.hidden * self.layers * (self.sequence + 1) * self.batch


def cookbook_for(model: Architecture, sequence: int, batch: int) -> Cookbook:
    """Its arguments for this model, as its ``--hf_model_name_or_path`` fills them in."""
    return Cookbook(
        layers=model.layers,
        hidden=model.hidden,
        heads=model.heads,
        sequence=sequence,
        vocabulary=model.vocabulary,
        ff=model.feed_forward / model.hidden,
        linears=2,
        batch=batch,
        zero=0,
    )


# --- the same question to all ---


@dataclass(frozen=True)
class Answer:
    """One calculator's answer, and what it leaves out or counts otherwise."""

    tool: str
    question: str
    bytes: int
    leaves_out: str


def compare_inference(model: Architecture, context: int, batch: int) -> tuple[Answer, ...]:
    """What the others say a 16-bit model needs to answer, and its KV cache alone."""
    body = 2 * accelerate_elements(model)
    cache = cookbook_for(model, context, batch).kv_bytes
    return (
        Answer(
            "accelerate estimate-memory",
            "weights in float16",
            body,
            "leaves out KV cache, activations, runtime"
            + ("" if model.tied or model.kind == "encoder" else ", and the output head, since it builds AutoModel")
            + "; prints GiB as GB",
        ),
        Answer(
            "EleutherAI cookbook --infer",
            "KV cache",
            cache,
            "leaves out one of keys and values (no factor 2)"
            + ("; grouped queries: --kv-size-ratio is not used" if model.key_value_heads < model.heads else ""),
        ),
    )


def compare_training(model: Architecture, sequence: int, batch: int) -> tuple[Answer, ...]:
    """What the others say one GPU needs for a mixed-precision training step with Adam."""
    fp32 = 4 * accelerate_elements(model)
    layer = accelerate_largest_layer(model) // 4
    cookbook = cookbook_for(model, sequence, batch)
    return (
        Answer(
            "accelerate estimate-memory",
            "float16, Training using Adam",
            accelerate_training(fp32, "float16") or 0,
            "takes the largest phase instead of the sum: 8 B a parameter, not 16; leaves out activations and logits",
        ),
        Answer(
            "DeepSpeed ZeRO-2 estimator, 1 GPU",
            "model states",
            deepspeed_zero2(count(model), 1)[0],
            "20 B a parameter: 16-bit gradients beside FP32 ones; leaves out activations; there is none for stage 1",
        ),
        Answer(
            "DeepSpeed ZeRO-3 estimator, 1 GPU",
            "model states and the largest layer",
            deepspeed_zero3(count(model), layer, 1)[0],
            "leaves out activations (its documentation says XXX) and buffers; prints GiB as GB",
        ),
        Answer(
            "EleutherAI cookbook",
            "FP32 gradients, no recomputation",
            int(cookbook.training_bytes),
            "untied embeddings, learned positions and two feed-forward matrices for every model; leaves out logits",
        ),
    )
