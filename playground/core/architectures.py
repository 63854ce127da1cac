"""Model architectures as data: the numbers of a config.json from which parameters and caches are counted by formula."""

import functools
import tomllib
from dataclasses import dataclass, fields
from typing import Any, Literal

from playground import paths
from playground.errors import BadInput

Kind = Literal["decoder", "encoder", "encoder-decoder"]


@dataclass(frozen=True)
class Experts:
    """A mixture of experts in place of one feed-forward: ``active`` of ``total`` a token, ``shared`` always."""

    total: int
    active: int
    feed_forward: int
    shared: int = 0
    dense_layers: int = 0  # the first layers keep one plain feed-forward
    router_bias: bool = False
    expert_bias: bool = False
    correction_bias: bool = False  # DeepSeek-V3's load-balancing bias: a stored buffer, not a parameter


@dataclass(frozen=True)
class Latent:
    """Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): keys and values pass through a small latent."""

    kv_rank: int
    rope_dim: int
    nope_dim: int
    value_dim: int
    q_rank: int = 0  # 0: queries are projected directly


@dataclass(frozen=True)
class Architecture:
    """One model's shape. Every field is a number from its config; nothing here is a parameter count."""

    id: str
    title: str
    kind: Kind
    hidden: int
    layers: int  # of the decoder, or of each stack of an encoder–decoder
    heads: int
    feed_forward: int
    vocabulary: int
    context: int  # longest text it was trained for; 0: a config.json that does not say
    kv_heads: int = 0  # 0: as many as heads
    head_dim: int = 0  # 0: hidden / heads
    tied: bool = False  # the output head is the embedding table
    gated: bool = False  # SwiGLU/GeGLU: three feed-forward matrices instead of two
    norm_vectors: int = 1  # 1: RMSNorm (a weight), 2: LayerNorm (weight and bias), 0: no parameters
    layer_norms: int = 2  # norms of hidden size in a layer
    final_norm: bool = True
    embedding_norm: bool = False
    query_key_norm: Literal["", "head", "full"] = ""  # a norm on each head (Qwen3), or over all heads (OLMo 2)
    learned_positions: int = 0  # rows of a position table; 0 for rotary or ALiBi
    relative_buckets: int = 0  # T5: one table of buckets × heads a stack
    token_types: int = 0  # BERT
    pooler: bool = False  # BERT
    biases: tuple[str, ...] = ()  # which matrices have one: query, key, value, output, mlp, head
    attention_sinks: bool = False  # gpt-oss: one learned logit a head
    window: int = 0  # sliding-window attention: the last `window` tokens
    window_layers: int = 0  # layers that use it; the others see everything
    experts: Experts | None = None
    latent: Latent | None = None
    family: str = ""
    source: str = ""
    note: str = ""

    @property
    def key_value_heads(self) -> int:
        """Key/value heads of a layer."""
        return self.kv_heads or self.heads

    @property
    def head_size(self) -> int:
        """Elements of one head; the config's own where it has one (it need not be hidden / heads)."""
        return self.head_dim or self.hidden // self.heads


@functools.cache
def catalogue() -> dict[str, Architecture]:
    """Every architecture of ``assets/presets/models.toml``, by id, in the file's order.

    >>> catalogue()["llama-3.1-8b"].key_value_heads
    8
    """
    return {row["id"]: of_family(row) for row in _presets()["model"]}


def of_family(row: dict[str, Any]) -> Architecture:
    """An architecture from its own numbers and those its family shares. Raises ValueError for heads that do not divide.

    >>> shape = {"hidden": 64, "layers": 2, "heads": 4, "feed_forward": 128, "vocabulary": 100, "context": 32}
    >>> of_family({"id": "tiny", "title": "Tiny", "family": "llama", **shape}).gated
    True
    """
    return _read({**_presets()["family"][row["family"]], **row})


@functools.cache
def _presets() -> dict[str, Any]:
    return tomllib.loads((paths.PRESETS / "models.toml").read_text(encoding="utf-8"))


def architecture(model_id: str) -> Architecture:
    """The architecture with this id; BadInput with the nearest ids otherwise.

    >>> architecture("gpt2").hidden
    768
    """
    known = catalogue()
    if model_id not in known:
        import difflib

        near = difflib.get_close_matches(model_id.lower(), known, n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Ids look like llama-3.1-8b or gpt2."
        raise BadInput(f"No model {model_id[:40]!r} in the catalogue", hint)
    return known[model_id]


def _read(row: dict[str, Any]) -> Architecture:
    names = {field.name for field in fields(Architecture)}
    values = {key: value for key, value in row.items() if key in names}
    if unknown := set(row) - names:
        raise ValueError(f"{row['id']}: unknown fields {sorted(unknown)}")
    values["biases"] = tuple(row.get("biases", ()))
    values["experts"] = Experts(**row["experts"]) if "experts" in row else None
    values["latent"] = Latent(**row["latent"]) if "latent" in row else None
    checked = Architecture(**values)
    if checked.heads % checked.key_value_heads or (not checked.head_dim and checked.hidden % checked.heads):
        raise ValueError(f"{checked.id}: heads do not divide")
    return checked
