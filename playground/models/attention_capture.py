"""What goes into one layer's attention and what comes out of it: queries and keys as they meet, values, weights.

transformers lets an attention function be registered by name. Ours passes each call on to whoever is watching in this
thread: a model runs on its own worker's thread, so two models never see each other's calls. The arithmetic stays the
model's own (its family's ``eager_attention_forward``).
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from playground import limits
from playground.core.one_weight import Captured
from playground.errors import BadInput
from playground.models.lens import Lens

NAME = "playground"
# (module, query BHTd, key BKSd, value BKSd, mask or None, scaling) -> (output BTHd, weights BHTS)
Watch = Callable[..., tuple[torch.Tensor, torch.Tensor]]
_here = threading.local()


def _passed_on(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_more: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    watch: Watch = _here.watch
    return watch(module, query, key, value, attention_mask, query.shape[-1] ** -0.5 if scaling is None else scaling)


AttentionInterface.register(NAME, _passed_on)
AttentionMaskInterface.register(NAME, eager_mask)


@contextmanager
def watched(model: Any, watch: Watch) -> Iterator[None]:
    """Every attention of the model goes through ``watch`` until the ``with`` ends. On the model's worker only."""
    before = model.config._attn_implementation
    _here.watch = watch
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
        del _here.watch


def own_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The model family's own arithmetic: softmax(q·k × scaling + mask)·v, with the weights."""
    eager = sys.modules[type(module).__module__].eager_attention_forward
    result: tuple[torch.Tensor, torch.Tensor] = eager(module, query, key, value, mask, scaling=scaling, dropout=0.0)
    return result


def captured(model: Any, ids: Sequence[int], layers: Sequence[int]) -> np.ndarray:
    """Queries and keys (after RoPE), values, weights and outputs of ``layers``: float32, a packed row a layer.

    ``unpacked`` takes a row apart again.
    """
    found: dict[int, np.ndarray] = {}
    calls = iter(range(model.config.num_hidden_layers))

    def watch(module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float) -> Any:
        output, weights = own_attention(module, query, key, value, mask, scaling)
        layer = next(calls)
        if layer in layers:
            head = np.array([query.shape[1], key.shape[1], query.shape[2], query.shape[3], scaling], np.float32)
            parts = (query[0], key[0], value[0], weights[0], output[0].transpose(0, 1))
            found[layer] = np.concatenate([head, *(part.float().cpu().numpy().ravel() for part in parts)])
        return output, weights

    extra = {"use_cache": False, "logits_to_keep": 1} if model.get_output_embeddings() is not None else {}
    with torch.inference_mode(), watched(model, watch):
        model(torch.tensor([list(ids)], device=model.device), **extra)
    if not found:
        raise RuntimeError("the model's attention did not pass through the function registered for it")
    return np.stack([found[layer] for layer in layers])


def of_layer(lens: Lens, ids: Sequence[int], layer: int) -> Captured:
    """One layer's attention of these tokens, in all heads. Raises BadInput for a layer or tokens it does not have."""
    if not 0 <= layer < lens.layers:
        raise BadInput(f"There is no layer {layer}", f"Layers run from 0 to {lens.layers - 1}.")
    checked = lens.checked(ids, min(limits.current().attention_tokens, lens.max_tokens))
    return unpacked(lens.ask(captured, (checked, (layer,)))[0], causal=lens.kind == "decoder")


def unpacked(packed: np.ndarray, *, causal: bool) -> Captured:
    """The parts again, each as it was."""
    heads, key_heads, tokens, size = (int(n) for n in packed[:4])
    shapes = (
        (heads, tokens, size),
        (key_heads, tokens, size),
        (key_heads, tokens, size),
        (heads, tokens, tokens),
        (heads, tokens, size),
    )
    ends = np.cumsum([5, *(int(np.prod(shape)) for shape in shapes)])
    parts = [packed[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]
    return Captured(parts[0], parts[1], parts[2], parts[3], parts[4], scaling=float(packed[4]), causal=causal)
