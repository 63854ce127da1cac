"""How each family's ``config.json`` names its numbers: readers by ``model_type``.

The names are transformers' (``PretrainedConfig`` classes); what a file leaves out is its class's default where the
count needs one. A longest text that a file leaves out is 0, unknown: a default is no training.
"""

from collections.abc import Callable
from typing import Any

from playground.errors import BadInput

_NUMBER_MAX = 10**9
Config = dict[str, Any]
Row = dict[str, Any]

_LLAMA = {
    "hidden": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "feed_forward": "intermediate_size",
    "vocabulary": "vocab_size",
}
_GPT2 = {"hidden": "n_embd", "layers": "n_layer", "heads": "n_head", "vocabulary": "vocab_size"}
_T5 = {"hidden": "d_model", "layers": "num_layers", "heads": "num_heads", "feed_forward": "d_ff"}


def _number(config: Config, key: str, default: int | None = None, low: int = 1) -> int:
    value = config.get(key, default)
    if value is None and default is not None:
        value = default
    if value is None:
        raise BadInput(f"The config has no {key}", "It is needed to count the parameters.")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        raise BadInput(f"{key} is a text, {value[:30]!r}", "In JSON a number stands without quotes: remove them.")
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _NUMBER_MAX:
        raise BadInput(f"{key} is {str(value)[:30]!r}", f"It must be a whole number, {low:,} … {_NUMBER_MAX:,}.")
    return value


def _named(config: Config, names: dict[str, str]) -> Row:
    return {field: _number(config, key) for field, key in names.items()}


def _windowed(config: Config, layers: int, by_default: int) -> Row:
    """The sliding window and how many layers use it: ``layer_types`` where the file has it, else the class's rule."""
    if config.get("sliding_window") is None or config.get("use_sliding_window") is False:
        return {}
    kinds = config.get("layer_types")
    used = kinds.count("sliding_attention") if isinstance(kinds, list) else by_default
    return {"window": _number(config, "sliding_window"), "window_layers": min(used, layers)} if used else {}


def _llama_like(family: str, head_dim: bool = True, tied: bool = False) -> Callable[[Config], Row]:
    def read(config: Config) -> Row:
        row = {"family": family, **_named(config, _LLAMA)}
        row["context"] = _number(config, "max_position_embeddings", 0, 0)
        row["kv_heads"] = _number(config, "num_key_value_heads", row["heads"])
        if head_dim and config.get("head_dim") is not None:
            row["head_dim"] = _number(config, "head_dim")
        row["tied"] = bool(config.get("tie_word_embeddings", tied))
        if family == "llama":
            attention = ["query", "key", "value", "output"] if config.get("attention_bias") else []
            row["biases"] = [*attention, *(["mlp"] if config.get("mlp_bias") else [])]
        layers, kind = row["layers"], config.get("model_type")
        every = _number(config, "sliding_window_pattern", 6) if kind == "gemma3_text" else 2
        rule = {"gemma2": (layers + 1) // 2, "gemma3_text": layers - layers // every, "gpt_oss": (layers + 1) // 2}
        return {**row, **_windowed(config, layers, 0 if kind in ("qwen2", "qwen3") else rule.get(str(kind), layers))}

    return read


def _mixture(base: Callable[[Config], Row], total: str, width: str, **more: bool) -> Callable[[Config], Row]:
    def read(config: Config) -> Row:
        active = _number(config, "num_experts_per_tok")
        # transformers 5 writes num_local_experts where the hub's files say num_experts
        named = total if total in config else "num_local_experts"
        experts = {"total": _number(config, named), "active": active, "feed_forward": _number(config, width), **more}
        return {**base(config), "experts": experts}

    return read


def _gemma(config: Config) -> Row:
    row = _llama_like("gemma2", tied=True)({"head_dim": 256, **config})
    return {**row, "query_key_norm": "head" if config["model_type"] == "gemma3_text" else ""}


def _deepseek(config: Config) -> Row:
    row = _llama_like("deepseek", head_dim=False)(config)
    ranks = {"kv_rank": "kv_lora_rank", "rope_dim": "qk_rope_head_dim", "nope_dim": "qk_nope_head_dim"}
    latent = {**_named(config, {**ranks, "value_dim": "v_head_dim"}), "q_rank": _number(config, "q_lora_rank", 0, 0)}
    experts = {
        "total": _number(config, "n_routed_experts"),
        "active": _number(config, "num_experts_per_tok"),
        "feed_forward": _number(config, "moe_intermediate_size"),
        "shared": _number(config, "n_shared_experts", 0, 0),
        "dense_layers": min(_number(config, "first_k_dense_replace", 0, 0), row["layers"]),
        "correction_bias": config["model_type"] == "deepseek_v3",
    }
    return {**row, "kv_heads": row["heads"], "latent": latent, "experts": experts}


def _gpt2(config: Config) -> Row:
    row = {"family": "gpt2", **_named(config, _GPT2)}
    positions = _number(config, "n_positions", 1024)
    inner = _number(config, "n_inner", 4 * row["hidden"])
    return {**row, "feed_forward": inner, "learned_positions": positions, "context": positions}


def _opt(config: Config) -> Row:
    row = {"family": "opt", **_named({**config, "intermediate_size": config.get("ffn_dim")}, _LLAMA)}
    if config.get("word_embed_proj_dim", row["hidden"]) != row["hidden"]:
        raise BadInput("This OPT projects its embeddings", "Only those with word_embed_proj_dim = hidden_size.")
    positions = _number(config, "max_position_embeddings", 2048)
    return {**row, "context": positions, "learned_positions": positions + 2}


def _bloom(config: Config) -> Row:
    heads, layers = ("n_head" if "n_head" in config else "num_attention_heads"), "n_layer"
    hidden = "hidden_size" if "hidden_size" in config else "n_embed"
    names = {"hidden": hidden, "heads": heads, "layers": layers, "vocabulary": "vocab_size"}
    row = _named(config, names)
    return {"family": "bloom", **row, "feed_forward": 4 * row["hidden"], "context": _number(config, "seq_length", 0, 0)}


def _neox(config: Config) -> Row:
    context = _number(config, "max_position_embeddings", 0, 0)
    tied = bool(config.get("tie_word_embeddings", False))
    return {"family": "neox", **_named(config, _LLAMA), "context": context, "tied": tied}


def _t5(config: Config) -> Row:
    gated = str(config.get("feed_forward_proj", "relu")).startswith("gated")
    row = {**_named(config, _T5), "vocabulary": _number(config, "vocab_size", 32128)}
    row["relative_buckets"] = _number(config, "relative_attention_num_buckets", 32)
    row["context"] = _number(config, "n_positions", 0, 0)
    return {"family": "flan-t5" if gated else "t5", **row, "head_dim": _number(config, "d_kv", 64)}


def _bert(config: Config) -> Row:
    positions = _number(config, "max_position_embeddings", 512)
    row = {"learned_positions": positions, "context": positions, "token_types": _number(config, "type_vocab_size", 2)}
    return {"family": "bert", **_named(config, _LLAMA), **row}


READERS: dict[str, Callable[[Config], Row]] = {
    **{kind: _llama_like("llama") for kind in ("llama", "mistral", "phi3")},
    "mixtral": _mixture(_llama_like("llama"), "num_local_experts", "intermediate_size"),
    "qwen2": _llama_like("qwen2", head_dim=False),
    "qwen3": _llama_like("qwen3"),
    "qwen3_moe": _mixture(_llama_like("qwen3"), "num_experts", "moe_intermediate_size"),
    "gemma2": _gemma,
    "gemma3_text": _gemma,
    "olmo2": _llama_like("olmo2", head_dim=False),
    "deepseek_v2": _deepseek,
    "deepseek_v3": _deepseek,
    "gpt_oss": _mixture(
        _llama_like("gpt-oss"), "num_local_experts", "intermediate_size", router_bias=True, expert_bias=True
    ),
    "gpt2": _gpt2,
    "opt": _opt,
    "bloom": _bloom,
    "gpt_neox": _neox,
    "t5": _t5,
    "bert": _bert,
}
# What a model that also sees or hears calls itself, and its language model.
TEXT_OF = {
    **dict.fromkeys(("llava", "llava_next"), "llama"),
    **dict.fromkeys(("qwen2_vl", "qwen2_5_vl", "qwen2_vl_text", "qwen2_5_vl_text", "qwen2_audio"), "qwen2"),
    **dict.fromkeys(("qwen3_vl", "qwen3_vl_text"), "qwen3"),
    **dict.fromkeys(("qwen3_vl_moe", "qwen3_vl_moe_text"), "qwen3_moe"),
    **dict.fromkeys(("pixtral", "mistral3"), "mistral"),
    "gemma3": "gemma3_text",
}
_SEVEN_B = {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000}
TEXT_DEFAULTS: dict[str, Config] = {
    "llama": {**_SEVEN_B, "intermediate_size": 11008},
    "mistral": {**_SEVEN_B, "intermediate_size": 14336, "num_key_value_heads": 8},
    "gemma3_text": {
        "hidden_size": 2304,
        "num_hidden_layers": 26,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "intermediate_size": 9216,
        "vocab_size": 262208,
        "sliding_window": 4096,
        "max_position_embeddings": 131072,
    },
}
