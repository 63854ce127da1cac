"""How long each head's values are as they reach the residual stream: what an attention weight lets through."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from playground import limits
from playground.errors import BadInput
from playground.models import attention_capture
from playground.models.lens import Lens


def value_norms(model: Any, ids: Sequence[int]) -> np.ndarray:
    """‖v W_O‖, float32 (layer, head, token): a head's value times its own rows of the output projection.

    Query heads that share a value head (GQA) see the same v and have different rows of W_O. The value's bias is in v;
    the output's bias is no token's doing and is left out (Kobayashi et al. 2020, arXiv:2004.10102, section 3).
    """
    outputs, norms = _output_projections(model), []

    def watch(module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float) -> Any:
        heads, size = query.shape[1], query.shape[-1]
        value_HSd = value[0].float().repeat_interleave(heads // value.shape[1], dim=0)
        projection_HdD = outputs[id(module)].float().view(heads, size, -1)
        norms.append((value_HSd @ projection_HdD).norm(dim=-1).cpu().numpy())
        return attention_capture.own_attention(module, query, key, value, mask, scaling)

    extra = {"use_cache": False, "logits_to_keep": 1} if model.get_output_embeddings() is not None else {}
    with torch.inference_mode(), attention_capture.watched(model, watch):
        model(torch.tensor([list(ids)], device=model.device), **extra)
    return np.stack(norms)


def of_text(lens: Lens, ids: Sequence[int]) -> np.ndarray:
    """The lengths for these tokens: float32 (layer, head, token). BadInput as for ``Lens.attentions``."""
    checked = lens.checked(ids, min(limits.current().attention_tokens, lens.max_tokens))
    return lens.ask(value_norms, (checked,))


def _output_projections(model: Any) -> dict[int, torch.Tensor]:
    """For each attention module, W_O with a row for each dimension of the heads, laid side by side."""
    found = {}
    for module in model.modules():
        if hasattr(module, "o_proj"):  # Llama and its kin
            found[id(module)] = module.o_proj.weight.T
        elif hasattr(module, "c_attn"):  # GPT-2's Conv1D keeps its weight the other way round
            found[id(module)] = module.c_proj.weight
        elif hasattr(module, "self") and hasattr(module, "output"):  # BERT: the projection is a neighbour
            found[id(module.self)] = module.output.dense.weight.T
    if not found:
        raise BadInput("This model's output projection was not found", "Show the weights as they are.")
    return found
