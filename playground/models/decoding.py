"""Several texts, one pass: a decoder run directly on its weights, without padding.

The new tokens of all texts stand in one list, so that every matrix of the model is read once for all of them; only
attention looks at one text at a time, at its own keys and values. This is the "flat" batch of Orca and vLLM (Yu et
al. 2022, OSDI; Kwon et al. 2023, arXiv:2309.06180, §4.3) without the paging. The arithmetic, and its order, is that of
transformers' ``sdpa`` path. Models of another build than Llama's or GPT-2's have no decoder here (``of`` gives None).
"""

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn.functional import linear, scaled_dot_product_attention

_FIRST_CAPACITY = 64  # tokens; doubled when full
_TABLE_POSITIONS = 512  # angles are computed for as many positions at first
_known: "weakref.WeakKeyDictionary[Any, Decoder | None]" = weakref.WeakKeyDictionary()


def of(model: Any) -> "Decoder | None":
    """The decoder of a loaded model, made at the first call; None where it has to run as transformers has it."""
    if model not in _known:
        _known[model] = _made(model)
    return _known[model]


class Memory:
    """A text's keys and values: (layer, 2, key head, capacity, head dimension), of which ``length`` tokens are seen."""

    def __init__(self) -> None:
        self.length = 0
        self._room_LKHCD: torch.Tensor | None = None

    def opened(self, new: int, like_LKHD: tuple[int, ...], dtype: torch.dtype, device: Any) -> torch.Tensor:
        """The room with space for ``new`` more tokens."""
        needed, room = self.length + new, self._room_LKHCD
        if room is not None and room.device != device:  # the model moved to the CPU
            self._room_LKHCD = room = room.to(device)
        if room is None or room.shape[3] < needed:
            capacity = _FIRST_CAPACITY
            while capacity < needed:
                capacity *= 2
            layers, pair, heads, size = like_LKHD
            grown = torch.empty((layers, pair, heads, capacity, size), dtype=dtype, device=device)
            if room is not None:
                grown[:, :, :, : self.length] = room[:, :, :, : self.length]
            self._room_LKHCD = room = grown
        return room


class Piece(NamedTuple):
    """What a pass adds to one text: new tokens after those that its memory has seen."""

    ids: Sequence[int]
    memory: Memory


class Decoder:
    """One model's embedding, blocks and head."""

    def __init__(self, parts: "_Llama | _GPT2", like_LKHD: tuple[int, ...]) -> None:
        self._parts, self._like = parts, like_LKHD

    def logits(self, pieces: Sequence[Piece], keep: Sequence[int]) -> list[torch.Tensor]:
        """For each piece the logits after its last ``keep`` tokens: (keep, vocabulary). The memories have seen all."""
        parts, sizes = self._parts, [len(piece.ids) for piece in pieces]
        device = parts.device
        places = [at for ids, memory in pieces for at in range(memory.length, memory.length + len(ids))]
        flat = torch.tensor([[i for piece in pieces for i in piece.ids], places], device=device)
        x_ND, angles = parts.embedded(flat[0], flat[1], max(places) + 1)
        texts = [_Text(piece, self._like, x_ND, parts.grouped) for piece in pieces]
        for layer, block in enumerate(parts.blocks):
            q_NHD, kv_NKHD = block.queries_keys_values(x_ND, angles)
            q, kv = q_NHD.transpose(0, 1)[None], kv_NKHD.permute(1, 2, 0, 3)  # token last but one, as in the memories
            seen = [
                text.attended(layer, new_q, new_kv, block.scaling)
                for text, new_q, new_kv in zip(texts, q.split(sizes, 2), kv.split(sizes, 2), strict=True)
            ]
            seen_HND = (seen[0] if len(seen) == 1 else torch.cat(seen, 2))[0]
            x_ND = block.rest(x_ND, seen_HND.transpose(0, 1).reshape(len(x_ND), -1))
        for ids, memory in pieces:
            memory.length += len(ids)
        last = torch.cat([x[-count:] for x, count in zip(x_ND.split(sizes), keep, strict=True)])
        return list(parts.head(last).split(list(keep)))


class _Text:
    """One text during a pass: where its keys and values go, and which it may look at."""

    def __init__(self, piece: Piece, like_LKHD: tuple[int, ...], x_ND: torch.Tensor, grouped: bool) -> None:
        new, start = len(piece.ids), piece.memory.length
        room = piece.memory.opened(new, like_LKHD, x_ND.dtype, x_ND.device)
        self._into = room[:, :, :, start : start + new].unbind()
        self._keys = room[:, :1, :, : start + new].unbind()  # (1, key head, source, dimension), as sdpa wants them
        self._values = room[:, 1:, :, : start + new].unbind()
        self._grouped = grouped
        self._mask: dict[str, Any] = {"is_causal": new > 1}
        if start and new > 1:
            causal_TS = torch.ones(new, start + new, dtype=torch.bool, device=x_ND.device).tril(start)
            self._mask = {"attn_mask": causal_TS}

    def attended(self, layer: int, q: torch.Tensor, kv: torch.Tensor, scaling: float) -> torch.Tensor:
        self._into[layer].copy_(kv)
        return scaled_dot_product_attention(
            q, self._keys[layer], self._values[layer], scale=scaling, enable_gqa=self._grouped, **self._mask
        )


def _matrix(module: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """A linear layer's parameters: its module's own call would take as long as the small products here."""
    return module.weight, module.bias


class _RMSNorm:
    """Root-mean-square norm (Zhang & Sennrich 2019, arXiv:1910.07467) in float32, rounded where transformers rounds."""

    def __init__(self, module: Any) -> None:
        self._weight, self._epsilon = module.weight, module.variance_epsilon

    def __call__(self, x_ND: torch.Tensor) -> torch.Tensor:
        wide = x_ND.float()
        scale = torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self._epsilon)
        return self._weight * (wide * scale).to(x_ND.dtype)


class _LlamaBlock:
    def __init__(self, layer: Any) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._q, self._k, self._v, self._o = (_matrix(getattr(attention, f"{n}_proj")) for n in "qkvo")
        self._gate, self._up, self._down = (_matrix(getattr(mlp, f"{n}_proj")) for n in ("gate", "up", "down"))
        self._before_attention = _RMSNorm(layer.input_layernorm)
        self._before_mlp = _RMSNorm(layer.post_attention_layernorm)
        self._act, self.scaling, self._head = mlp.act_fn, attention.scaling, attention.head_dim

    def queries_keys_values(self, x_ND: torch.Tensor, angles: Any) -> tuple[torch.Tensor, torch.Tensor]:
        y = self._before_attention(x_ND)
        q, k, v = linear(y, *self._q), linear(y, *self._k), linear(y, *self._v)
        tokens, wide, narrow = len(y), q.shape[1] // self._head, k.shape[1] // self._head
        both = torch.cat([q, k], 1).view(tokens, wide + narrow, self._head)
        cos, sin = angles
        low, high = both.chunk(2, -1)
        turned = both * cos + torch.cat([high, low], -1) * sin  # the minus of RoPE's first half is in ``sin``
        kv = torch.stack([turned[:, wide:], v.view(tokens, narrow, self._head)], 1)
        return turned[:, :wide], kv

    def rest(self, x_ND: torch.Tensor, seen_ND: torch.Tensor) -> torch.Tensor:
        x_ND = x_ND + linear(seen_ND, *self._o)
        y = self._before_mlp(x_ND)
        return x_ND + linear(self._act(linear(y, *self._gate)) * linear(y, *self._up), *self._down)


class _Llama:
    def __init__(self, model: Any) -> None:
        body = model.model
        self.grouped = model.config.num_key_value_heads != model.config.num_attention_heads
        self._embedding, self._norm, self._lm_head, self._rotary = (
            body.embed_tokens, body.norm, model.lm_head, body.rotary_emb,
        )  # fmt: skip
        self.blocks: Sequence[_LlamaBlock | _GPT2Block] = [_LlamaBlock(layer) for layer in body.layers]
        self._angles: tuple[torch.Tensor, torch.Tensor] | None = None

    @property
    def device(self) -> torch.device:
        found: torch.device = self._embedding.weight.device
        return found

    def embedded(self, ids_N: torch.Tensor, places_N: torch.Tensor, reach: int) -> tuple[torch.Tensor, Any]:
        x_ND = self._embedding(ids_N)
        if self._angles is None or len(self._angles[0]) < reach or self._angles[0].device != x_ND.device:
            places = torch.arange(max(_TABLE_POSITIONS, 2 * reach), device=x_ND.device)
            cos, sin = self._rotary(x_ND, places[None])
            half = sin.shape[-1] // 2
            self._angles = cos[0], torch.cat([-sin[0, :, :half], sin[0, :, half:]], -1)
        cos, sin = self._angles
        return x_ND, (cos[places_N, None], sin[places_N, None])

    def head(self, x_ND: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._lm_head(self._norm(x_ND))
        return logits


class _GPT2Block:
    def __init__(self, layer: Any) -> None:
        self._before_attention, self._before_mlp = layer.ln_1, layer.ln_2
        self._qkv, self._o, self._mlp = layer.attn.c_attn, layer.attn.c_proj, layer.mlp
        self.scaling, self._heads = layer.attn.scaling, layer.attn.num_heads

    def queries_keys_values(self, x_ND: torch.Tensor, _angles: Any) -> tuple[torch.Tensor, torch.Tensor]:
        qkv = self._qkv(self._before_attention(x_ND)).view(len(x_ND), 3, self._heads, -1)
        return qkv[:, 0], qkv[:, 1:]

    def rest(self, x_ND: torch.Tensor, seen_ND: torch.Tensor) -> torch.Tensor:
        x_ND = self._o(seen_ND) + x_ND
        return x_ND + self._mlp(self._before_mlp(x_ND))


class _GPT2:
    grouped = False  # each query head has a key head of its own

    def __init__(self, model: Any) -> None:
        body = model.transformer
        self._embedding, self._places, self._norm, self._lm_head = body.wte, body.wpe, body.ln_f, model.lm_head
        self.blocks: Sequence[_LlamaBlock | _GPT2Block] = [_GPT2Block(layer) for layer in body.h]

    @property
    def device(self) -> torch.device:
        found: torch.device = self._embedding.weight.device
        return found

    def embedded(self, ids_N: torch.Tensor, places_N: torch.Tensor, _reach: int) -> tuple[torch.Tensor, Any]:
        return self._embedding(ids_N) + self._places(places_N), None

    def head(self, x_ND: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._lm_head(self._norm(x_ND))
        return logits


def _made(model: Any) -> Decoder | None:
    config, name = model.config, type(model).__name__
    heads = config.num_attention_heads
    if name in ("LlamaForCausalLM", "Qwen2ForCausalLM"):
        plain = config.rope_parameters.get("rope_type") in ("default", "llama3", "linear")
        windowed = "sliding_attention" in (getattr(config, "layer_types", None) or ())
        if plain and not windowed:
            size = getattr(config, "head_dim", None) or config.hidden_size // heads
            return Decoder(_Llama(model), (config.num_hidden_layers, 2, config.num_key_value_heads, size))
    if name == "GPT2LMHeadModel" and not config.reorder_and_upcast_attn and not config.add_cross_attention:
        return Decoder(_GPT2(model), (config.num_hidden_layers, 2, heads, config.hidden_size // heads))
    return None
