"""The calculators' formulas against the libraries they describe: transformers on the meta device, real caches, tensors
saved for backward, the peak of a forward pass, and the bytes of the GGUF file this project runs.
"""

import dataclasses
import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from playground import paths
from playground.core import activations, kv_cache, parameters, weight_formats
from playground.core.architectures import Architecture, architecture, catalogue

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LAYERS = 4  # enough for every layer pattern below; shapes stay as published


def _config(m: Architecture) -> tuple[str, dict[str, Any]] | None:
    """transformers' config class and its arguments for this architecture; None where it has no class of its own."""
    common = {
        "vocab_size": m.vocabulary,
        "hidden_size": m.hidden,
        "num_hidden_layers": m.layers,
        "num_attention_heads": m.heads,
        "intermediate_size": m.feed_forward,
        "tie_word_embeddings": m.tied,
    }
    grouped = {**common, "num_key_value_heads": m.key_value_heads, "head_dim": m.head_size}
    moe = {}
    if m.experts:
        moe = {"num_experts_per_tok": m.experts.active, "moe_intermediate_size": m.experts.feed_forward}
    if m.family == "llama":
        if m.experts:
            return "Mixtral", {**grouped, "num_local_experts": m.experts.total}
        return "Llama", grouped
    if m.family == "qwen2":
        return "Qwen2", {key: value for key, value in grouped.items() if key != "head_dim"}
    if m.family == "qwen3":
        return ("Qwen3Moe", {**grouped, **moe, "num_experts": m.experts.total}) if m.experts else ("Qwen3", grouped)
    if m.family == "gemma2":
        return ("Gemma3Text" if m.query_key_norm else "Gemma2"), grouped
    if m.family == "olmo2":
        return "Olmo2", {key: value for key, value in grouped.items() if key != "head_dim"}
    if m.family == "gpt2":
        return "GPT2", {
            "vocab_size": m.vocabulary,
            "n_positions": m.learned_positions,
            "n_embd": m.hidden,
            "n_layer": m.layers,
            "n_head": m.heads,
        }
    if m.family == "opt":
        renamed = {"ffn_dim": m.feed_forward, "word_embed_proj_dim": m.hidden, "max_position_embeddings": 2048}
        return "OPT", {**common, **renamed}
    if m.family == "bloom":
        return "Bloom", {"vocab_size": m.vocabulary, "hidden_size": m.hidden, "n_layer": m.layers, "n_head": m.heads}
    if m.family == "neox":
        return "GPTNeoX", common
    if m.family == "parallel":
        return {
            "gpt-j-6b": (
                "GPTJ",
                {"vocab_size": m.vocabulary, "n_embd": m.hidden, "n_layer": m.layers, "n_head": m.heads},
            ),
            "phi-2": ("Phi", common),
            "falcon-7b": ("Falcon", {**common, "multi_query": True, "parallel_attn": True, "bias": False}),
            "falcon-40b": ("Falcon", {**common, "num_kv_heads": 8, "new_decoder_architecture": True, "bias": False}),
        }[m.id]
    if m.family in ("t5", "flan-t5"):
        return "T5", {
            "vocab_size": m.vocabulary,
            "d_model": m.hidden,
            "d_kv": m.head_size,
            "d_ff": m.feed_forward,
            "num_layers": m.layers,
            "num_heads": m.heads,
            "feed_forward_proj": "gated-gelu" if m.gated else "relu",
        }
    if m.family == "bert":
        if m.id == "distilbert-base":
            return None
        return "Bert", {**common, "max_position_embeddings": m.learned_positions, "type_vocab_size": m.token_types}
    if m.family == "deepseek":
        assert m.latent and m.experts
        x, e = m.latent, m.experts
        ranks = {"kv_lora_rank": x.kv_rank, "q_lora_rank": x.q_rank or None, "v_head_dim": x.value_dim}
        dims = {"qk_rope_head_dim": x.rope_dim, "qk_nope_head_dim": x.nope_dim, "num_key_value_heads": m.heads}
        experts = {"n_routed_experts": e.total, "n_shared_experts": e.shared, "first_k_dense_replace": e.dense_layers}
        groups = {"n_group": 1, "topk_group": 1}
        kind = "DeepseekV3" if e.correction_bias else "DeepseekV2"
        return kind, {**common, **ranks, **dims, **experts, **moe, **groups}
    assert m.family == "gpt-oss" and m.experts
    return "GptOss", {**grouped, "num_local_experts": m.experts.total, "num_experts_per_tok": m.experts.active}


_HEADS = {
    "T5": "T5ForConditionalGeneration",
    "Bert": "BertModel",
    "Gemma3Text": "Gemma3ForCausalLM",
    "GPT2": "GPT2LMHeadModel",
}


def _built(m: Architecture) -> Any:
    kind, arguments = _config(m) or ("", {})
    config = getattr(transformers, f"{kind}Config")(**arguments)
    name = _HEADS.get(kind, f"{kind}ForCausalLM")
    with torch.device("meta"):
        return getattr(transformers, name)(config)


@pytest.mark.parametrize("model_id", [m.id for m in catalogue().values() if _config(m)])
def test_counts_equal_transformers_on_the_meta_device(model_id: str) -> None:
    model = dataclasses.replace(architecture(model_id), layers=LAYERS)
    theirs = sum(p.numel() for p in {id(p): p for p in _built(model).parameters()}.values())
    if model.family == "flan-t5":  # transformers 5 ties what the published checkpoints keep apart
        theirs += model.vocabulary * model.hidden
    assert parameters.count(model) == theirs


def _small_llama(**changes: Any) -> Architecture:
    shape = {
        "hidden": 256,
        "layers": 2,
        "heads": 8,
        "kv_heads": 2,
        "head_dim": 0,
        "feed_forward": 704,
        "vocabulary": 500,
    }
    return dataclasses.replace(architecture("llama-3.1-8b"), **{**shape, **changes})


def _llama(m: Architecture) -> Any:
    _, arguments = _config(m) or ("", {})
    config = transformers.LlamaConfig(**arguments, attn_implementation="sdpa")
    return transformers.LlamaForCausalLM(config).to(torch.bfloat16)


@pytest.mark.parametrize("changes", [{}, {"kv_heads": 1, "head_dim": 64}, {"kv_heads": 8}])
def test_the_cache_formula_equals_a_real_cache(changes: dict[str, Any]) -> None:
    model = _small_llama(**changes)
    with torch.no_grad():
        cache = _llama(model)(torch.zeros(3, 21, dtype=torch.long), use_cache=True).past_key_values
    held = sum(t.untyped_storage().nbytes() for layer in cache.layers for t in (layer.keys, layer.values))
    assert held == kv_cache.cache_bytes(model, 21, 3, kv_cache.cache_format("bf16"))


@pytest.mark.parametrize("kind", ["bf16", "fp32"])
@pytest.mark.parametrize("changes", [{}, {"kv_heads": 8, "feed_forward": 640}, {"heads": 4, "kv_heads": 4}])
def test_the_llama_layer_formula_equals_the_tensors_saved_for_backward(kind: str, changes: dict[str, Any]) -> None:
    from transformers.models.llama import modeling_llama

    model, sequence, batch = _small_llama(**changes), 96, 2
    size, dtype = (2, torch.bfloat16) if kind == "bf16" else (4, torch.float32)
    whole = _llama(model).to(dtype)
    layer, rotary = whole.model.layers[0], modeling_llama.LlamaRotaryEmbedding(whole.config)
    x = torch.randn(batch, sequence, model.hidden, dtype=dtype, requires_grad=True)
    weights = {p.untyped_storage().data_ptr() for p in layer.parameters()}
    saved: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage  # kept, so that no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x, position_embeddings=rotary(x, torch.arange(sequence)[None]), attention_mask=None)
    held = sum(storage.nbytes() for storage in saved.values())
    assert held == activations.llama_layer_bytes(model, sequence, batch, size)


class _Live(torch.utils._python_dispatch.TorchDispatchMode):  # type: ignore[misc,name-defined]
    """Bytes of all tensors alive, and their peak; weights are not counted."""

    def __init__(self, known: set[int]) -> None:
        super().__init__()
        self.known, self.live, self.peak = known, {}, 0
        self.held = 0

    def __torch_dispatch__(self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, tuple | list) else (out,):
            if isinstance(tensor, torch.Tensor):
                self._see(tensor.untyped_storage())
        self.peak = max(self.peak, self.held)
        return out

    def _see(self, storage: Any) -> None:
        key = storage._cdata
        if key in self.known or key in self.live:
            return
        self.live[key] = storage.nbytes()
        self.held += storage.nbytes()
        weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.held -= self.live.pop(key, 0)


@pytest.mark.parametrize("changes", [{}, {"hidden": 512, "feed_forward": 1792}, {"kv_heads": 8, "feed_forward": 1024}])
def test_the_peak_of_a_pass_is_within_one_per_cent(changes: dict[str, Any]) -> None:
    model, tokens = _small_llama(**changes), 512
    whole = _llama(model).eval()
    mode = _Live({t.untyped_storage()._cdata for t in (*whole.parameters(), *whole.buffers())})
    with torch.no_grad(), mode:
        whole(torch.zeros(1, tokens, dtype=torch.long), use_cache=False, logits_to_keep=1)
    assert activations.inference_bytes(model, tokens, 1) == pytest.approx(mode.peak, rel=0.01)


def test_block_sizes_are_those_of_the_gguf_package() -> None:
    gguf = pytest.importorskip("gguf")
    from playground.core.gguf_mixtures import BLOCKS

    theirs = {kind.name: sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    assert {kind: theirs[kind] for kind in BLOCKS} == BLOCKS


@pytest.mark.model
def test_the_default_models_own_file_has_exactly_the_computed_bytes(store_ready: None) -> None:
    gguf = pytest.importorskip("gguf")
    files = sorted(paths.home().rglob("*.gguf"))
    if not files:
        pytest.skip("the store keeps the converted weights only, not the GGUF file")
    held = sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(files[0]).tensors)
    smollm2 = architecture("smollm2-135m")
    assert held == weight_formats.weight_bytes(smollm2, weight_formats.weight_format("q4_1")) == 96_576_768
    assert Fraction(8 * held, parameters.count(smollm2)) > 5  # more than Q4_1's own bits: the embedding table is Q8_0
