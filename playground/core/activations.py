"""Activations: what a forward pass keeps for the backward pass (training), or holds at its fullest moment (inference).

GPT-style block, 16 bit, 1-byte dropout masks (Korthikanti et al. 2022, arXiv:2205.05198, equations 1–6), per layer:
``sbh(34 + 5as/h)``, selective recomputation or fused attention ``34sbh``, full recomputation ``2sbh``.
Llama block as transformers runs it (fused attention, no dropout), measured to the byte with saved_tensors_hooks:
``sb[(8 + 4x)h + 2x·a·d + 2x·kv·d + 4x·f] + 4asb + 8sb + 2x·s·d``, x bytes an element (at 2: ``sbh(20 + 4g + 8r) + …``).
"""

import math
from fractions import Fraction
from typing import Literal, get_args

from playground.core.architectures import Architecture
from playground.errors import BadInput

Recompute = Literal["none", "selective", "full"]
RECOMPUTE: tuple[Recompute, ...] = get_args(Recompute)
PASS_TOKENS = 2_048  # vLLM's default token budget of one pass with chunked prefill (max_num_batched_tokens)


def gpt_layer_bytes(
    sequence: int,
    batch: int,
    hidden: int,
    heads: int,
    recompute: Recompute = "none",
    element_bytes: int = 2,
    tensor_parallel: int = 1,
    sequence_parallel: bool = False,
) -> int:
    """Bytes one GPT-style layer keeps for the backward pass, on one GPU.

    >>> gpt_layer_bytes(2048, 1, 12288, 96), gpt_layer_bytes(2048, 1, 12288, 96, "full")
    (2868903936, 50331648)

    Raises BadInput where the tensor-parallel ranks do not divide the heads.
    """
    if tensor_parallel < 1 or heads % tensor_parallel:
        raise BadInput(f"{tensor_parallel} tensor-parallel ranks do not divide {heads} heads", "Choose a divisor.")
    x, t = element_bytes, tensor_parallel
    sbh = sequence * batch * hidden
    if recompute == "full":
        return x * sbh
    # Equation 1, 32 two-byte numbers and 2 one-byte masks; equation 2 leaves the norms, inputs and masks whole (10sbh).
    split, whole = 12 * x * sbh, (4 * x + 2) * sbh
    scores = heads * sequence**2 * batch * (2 * x + 1) if recompute == "none" else 0
    if sequence_parallel:
        return math.ceil(Fraction(split + whole + scores, t))
    return whole + math.ceil(Fraction(split + scores, t))


def llama_layer_bytes(model: Architecture, sequence: int, batch: int, element_bytes: int = 2) -> int:
    """Bytes one Llama-style layer keeps for the backward pass (the s × s scores are never stored).

    >>> from playground.core.architectures import architecture
    >>> llama_layer_bytes(architecture("llama-3.1-8b"), 8192, 1)
    1649475584
    """
    x, tokens = element_bytes, sequence * batch
    widths = (8 + 4 * x) * model.hidden + x * attention_width(model) + 4 * x * feed_forward_width(model)
    return tokens * (widths + 4 * model.heads + 8) + _rotary_bytes(model, sequence, x)


def training_bytes(model: Architecture, sequence: int, batch: int, recompute: Recompute, element_bytes: int = 2) -> int:
    """Bytes all layers keep for the backward pass; logits and what else is saved have their own functions below.

    Leaves out what fused kernels save and eager ones add; a mixture of experts counts the active experts; BERT and T5
    use the GPT-style block (T5's cross-attention is one more attention a layer).
    """
    if recompute == "full":
        return _blocks(model) * element_bytes * sequence * batch * model.hidden
    return layers_bytes(model, sequence, batch, recompute, element_bytes)


def layers_bytes(model: Architecture, sequence: int, batch: int, recompute: Recompute, element_bytes: int = 2) -> int:
    """All layers without full recomputation."""
    if is_llama_block(model):
        rotary = _rotary_bytes(model, sequence, element_bytes)
        return model.layers * (llama_layer_bytes(model, sequence, batch, element_bytes) - rotary) + rotary
    block = gpt_layer_bytes(sequence, batch, model.hidden, model.heads, recompute, element_bytes)
    if model.kind != "encoder-decoder":
        return model.layers * block
    x, sbh = element_bytes, sequence * batch * model.hidden
    scores = model.heads * sequence**2 * batch * (2 * x + 1) if recompute == "none" else 0
    cross = (6 * x + 1) * sbh + scores  # equation 1's attention and its norm
    return 2 * model.layers * block + model.layers * cross


def outside_the_layers_bytes(model: Architecture, sequence: int, batch: int, element_bytes: int = 2) -> int:
    """What a Llama-style model saves for the backward pass beside its layers and logits; 0 for other blocks.

    The last norm keeps its input in FP32, its result and the head's input (``(4 + 2x)·h`` a token) and its scale (4);
    the embedding and the loss the token ids (8 each); the loss three FP32 scalars. Measured to the byte.

    >>> from playground.core.architectures import architecture
    >>> outside_the_layers_bytes(architecture("smollm2-135m"), 64, 1, 4)
    443660
    """
    if not is_llama_block(model):
        return 0
    return sequence * batch * ((4 + 2 * element_bytes) * model.hidden + 4 + 2 * 8) + 12


def recomputed_layer_bytes(model: Architecture, sequence: int, batch: int, element_bytes: int = 2) -> int:
    """With full recomputation, the one layer that is alive again at each moment of the backward pass."""
    return layers_bytes(model, sequence, batch, "none", element_bytes) // _blocks(model)


def logits_bytes(vocabulary: int, tokens: int) -> int:
    """The FP32 scores over the vocabulary, 4 bytes each: ``4 · tokens · V``, missing from most calculators.

    >>> logits_bytes(128256, 8192)
    4202692608
    """
    return 4 * vocabulary * tokens


def inference_bytes(model: Architecture, context: int, batch: int, element_bytes: int = 2) -> int:
    """The fullest moment of one pass without gradients: the feed-forward of one layer over the pass's tokens.

    ``tokens · x · (4h + 3f + 2d)`` (``2f`` without a gate): the residual stream and its copies, the feed-forward's
    inner numbers, the rotary tables. tests/models measures it on transformers (within 1%). ``tokens`` is at most
    PASS_TOKENS, since servers read a long prompt in chunks.
    """
    tokens = min(batch * context, PASS_TOKENS)
    inner = (3 if model.gated else 2) * feed_forward_width(model)
    return tokens * element_bytes * (4 * model.hidden + inner + 2 * model.head_size)


def is_llama_block(model: Architecture) -> bool:
    """Whether the Llama formula applies: RMSNorm and a gated feed-forward in a decoder."""
    return model.kind == "decoder" and model.gated and model.norm_vectors == 1


def attention_width(model: Architecture) -> int:
    """Numbers a token keeps in attention: its queries, keys, values and the attention's output."""
    if model.latent:
        x = model.latent
        return 2 * model.heads * (x.nope_dim + x.rope_dim + x.value_dim)
    return 2 * (model.heads + model.key_value_heads) * model.head_size


def feed_forward_width(model: Architecture) -> int:
    """Inner numbers of the feed-forward a token passes: its own, or those of its active and shared experts."""
    if model.experts is None:
        return model.feed_forward
    return (model.experts.active + model.experts.shared) * model.experts.feed_forward


def _blocks(model: Architecture) -> int:
    return model.layers * (2 if model.kind == "encoder-decoder" else 1)


def _rotary_bytes(model: Architecture, sequence: int, element_bytes: int) -> int:
    return 2 * element_bytes * sequence * (model.latent.rope_dim if model.latent else model.head_size)
