"""Exact parameter counts by formula: every tensor of an architecture, its shape, how often it occurs.

GPT-2 style, tied: ``V·h + P·h + L(12h² + 13h) + 2h``; Llama style: ``2V·h + L(2h² + 2h·h_kv + 3h·f + 2h) + h``. The
tensors below give both, and mixtures of experts, latent attention and encoder–decoders as well. A weight used twice (a
tied output head) is counted once. Checked in tests against models built by transformers on the meta device.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from playground.core.architectures import Architecture

Outer = Literal["embedding", "head", "positions", "norm", "bias", "router", "other"]
Matrix = Literal["query", "key", "value", "attention_output", "gate", "up", "down"]
Role = Outer | Matrix
Group = Literal["embedding", "attention", "feed-forward", "norms", "head"]


@dataclass(frozen=True)
class Tensor:
    """A weight of ``shape`` (rows = outputs, columns = inputs) found ``copies`` times, from layer ``first`` on."""

    role: Role
    group: Group
    shape: tuple[int, ...]
    copies: int = 1  # over layers, stacks and experts
    layers: int = 0  # how many layers it occurs in (0: outside the layers)
    expert: bool = False
    first: int = 0
    buffer: bool = False  # stored with the weights, not trained

    @property
    def elements(self) -> int:
        """Numbers in all copies together."""
        return math.prod(self.shape) * self.copies


def tensors(model: Architecture, head: Literal["", "mlm", "pretraining"] = "") -> tuple[Tensor, ...]:
    """Every tensor of the model; ``head`` adds BERT's masked-language-model or pre-training head.

    >>> from playground.core.architectures import architecture
    >>> sum(t.elements for t in tensors(architecture("gpt2")))
    124439808
    """
    if head == "mlm":
        model = dataclasses.replace(model, pooler=False)
    return (*_outside(model), *_stacks(model), *_encoder_head(model, head))


@lru_cache(maxsize=256)
def count(model: Architecture) -> int:
    """Trainable parameters, tied weights once.

    >>> from playground.core.architectures import architecture
    >>> count(architecture("llama-3.1-8b")), count(architecture("flan-t5-base"))
    (8030261248, 247577856)
    """
    return sum(t.elements for t in tensors(model) if not t.buffer)


def stored_elements(model: Architecture) -> int:
    """Parameters and buffers: what a checkpoint holds and memory must keep (differs for DeepSeek-V3 only)."""
    return sum(t.elements for t in tensors(model))


def active(model: Architecture) -> int:
    """Parameters one token passes through: in a mixture of experts only the routed ones count (FLOPs, not memory).

    >>> from playground.core.architectures import architecture
    >>> active(architecture("mixtral-8x7b"))
    12879925248
    """
    if model.experts is None:
        return count(model)
    unused = model.experts.total - model.experts.active
    routed = sum(t.elements for t in tensors(model) if t.expert)
    return count(model) - routed // model.experts.total * unused


def by_group(model: Architecture) -> dict[Group, int]:
    """Parameters of each part, which add up to :func:`count`."""
    totals: dict[Group, int] = {"embedding": 0, "attention": 0, "feed-forward": 0, "norms": 0, "head": 0}
    for tensor in tensors(model):
        totals[tensor.group] += 0 if tensor.buffer else tensor.elements
    return totals


def _outside(m: Architecture) -> Iterator[Tensor]:
    stacks = 2 if m.kind == "encoder-decoder" else 1
    yield Tensor("embedding", "embedding", (m.vocabulary, m.hidden))
    if m.learned_positions:
        yield Tensor("positions", "embedding", (m.learned_positions, m.hidden))
    if m.token_types:
        yield Tensor("other", "embedding", (m.token_types, m.hidden))
    if m.relative_buckets:
        yield Tensor("other", "attention", (m.relative_buckets, m.heads), stacks)
    outer_norms = (m.embedding_norm + m.final_norm * stacks) * m.norm_vectors
    if outer_norms:
        yield Tensor("norm", "norms", (m.hidden,), outer_norms)
    if m.pooler:
        yield Tensor("other", "head", (m.hidden, m.hidden))
        yield Tensor("bias", "head", (m.hidden,))
    if m.kind != "encoder" and not m.tied:
        yield Tensor("head", "head", (m.vocabulary, m.hidden))
    if "head" in m.biases:
        yield Tensor("bias", "head", (m.vocabulary,))


def _stacks(m: Architecture) -> Iterator[Tensor]:
    """The layers: one stack, or an encoder and a decoder whose layers attend twice (itself and the encoder)."""
    attentions = m.layers * (3 if m.kind == "encoder-decoder" else 1)
    blocks = m.layers * (2 if m.kind == "encoder-decoder" else 1)
    yield from _latent_attention(m) if m.latent else _attention(m, attentions)
    norms = m.layer_norms * blocks + (m.layers if m.kind == "encoder-decoder" else 0)  # the decoder has one more
    if norms and m.norm_vectors:
        yield Tensor("norm", "norms", (m.hidden,), norms * m.norm_vectors, blocks)
    if m.experts is None:
        yield from _feed_forward(m, m.feed_forward, blocks, blocks)
    else:
        yield from _mixture(m)


def _attention(m: Architecture, copies: int) -> Iterator[Tensor]:
    queries, keys = m.heads * m.head_size, m.key_value_heads * m.head_size
    widths: tuple[tuple[Role, int], ...] = (("query", queries), ("key", keys), ("value", keys))
    for role, width in widths:
        yield Tensor(role, "attention", (width, m.hidden), copies, m.layers)
        if role in m.biases:
            yield Tensor("bias", "attention", (width,), copies, m.layers)
    yield Tensor("attention_output", "attention", (m.hidden, queries), copies, m.layers)
    if "output" in m.biases:
        yield Tensor("bias", "attention", (m.hidden,), copies, m.layers)
    if m.query_key_norm == "head":
        yield Tensor("norm", "norms", (m.head_size,), 2 * copies, m.layers)
    elif m.query_key_norm == "full":
        yield Tensor("norm", "norms", (queries,), copies, m.layers)
        yield Tensor("norm", "norms", (keys,), copies, m.layers)
    if m.attention_sinks:
        yield Tensor("other", "attention", (m.heads,), copies, m.layers)


def _latent_attention(m: Architecture) -> Iterator[Tensor]:
    assert m.latent is not None
    x, n = m.latent, m.layers
    per_head = x.nope_dim + x.rope_dim
    if x.q_rank:
        yield Tensor("query", "attention", (x.q_rank, m.hidden), n, n)
        yield Tensor("norm", "norms", (x.q_rank,), n, n)
    yield Tensor("query", "attention", (m.heads * per_head, x.q_rank or m.hidden), n, n)
    yield Tensor("key", "attention", (x.kv_rank + x.rope_dim, m.hidden), n, n)
    yield Tensor("norm", "norms", (x.kv_rank,), n, n)
    yield Tensor("value", "attention", (m.heads * (x.nope_dim + x.value_dim), x.kv_rank), n, n)
    yield Tensor("attention_output", "attention", (m.hidden, m.heads * x.value_dim), n, n)


def _feed_forward(
    m: Architecture, width: int, copies: int, layers: int, expert: bool = False, first: int = 0
) -> Iterator[Tensor]:
    bias = m.experts.expert_bias if expert and m.experts else "mlp" in m.biases
    matrices: list[tuple[Role, tuple[int, int]]] = [("up", (width, m.hidden)), ("down", (m.hidden, width))]
    if m.gated:
        matrices.insert(0, ("gate", (width, m.hidden)))
    for role, shape in matrices:
        yield Tensor(role, "feed-forward", shape, copies, layers, expert, first)
        if bias:
            yield Tensor("bias", "feed-forward", shape[:1], copies, layers, expert, first)


def _mixture(m: Architecture) -> Iterator[Tensor]:
    assert m.experts is not None
    x = m.experts
    routed = m.layers - x.dense_layers
    if x.dense_layers:
        yield from _feed_forward(m, m.feed_forward, x.dense_layers, x.dense_layers)
    yield Tensor("router", "feed-forward", (x.total, m.hidden), routed, routed, first=x.dense_layers)
    if x.router_bias:
        yield Tensor("bias", "feed-forward", (x.total,), routed, routed, first=x.dense_layers)
    if x.correction_bias:
        yield Tensor("bias", "feed-forward", (x.total,), routed, routed, first=x.dense_layers, buffer=True)
    yield from _feed_forward(m, x.feed_forward, routed * x.total, routed, True, x.dense_layers)
    if x.shared:
        yield from _feed_forward(m, x.feed_forward * x.shared, routed, routed, first=x.dense_layers)


def _encoder_head(m: Architecture, head: str) -> Iterator[Tensor]:
    """BERT's heads: a transform, a norm, a bias over the vocabulary; pre-training adds a next-sentence classifier."""
    if not head:
        return
    yield Tensor("other", "head", (m.hidden, m.hidden))
    yield Tensor("bias", "head", (m.hidden,))
    yield Tensor("norm", "head", (m.hidden,), 2)
    yield Tensor("bias", "head", (m.vocabulary,))
    if head == "pretraining":
        yield Tensor("other", "head", (2, m.hidden))
        yield Tensor("bias", "head", (2,))
