"""A decoder's prediction after every layer, reduced on the worker: 49,152 logits a step and position stay there."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch

from playground import limits
from playground.core import logit_lens
from playground.errors import BadInput
from playground.models.ablation import blocks
from playground.models.lens import Lens

TOP = 10  # tokens kept a step and position


def step_logits(model: Any, ids: Sequence[int]) -> Iterator[torch.Tensor]:
    """Logits (position, vocabulary) after the embedding and after each layer, **last step first**.

    The residual stream at that point goes through the model's own final norm and unembedding, as after the last layer.
    Within ``torch.inference_mode`` only.
    """
    streams: list[torch.Tensor] = []

    def entering(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        streams.append(args[0] if args else kwargs["hidden_states"])

    def leaving(_module: Any, _args: Any, output: Any) -> None:
        streams.append(output[0] if isinstance(output, tuple) else output)

    layers, base = blocks(model), model.base_model
    norm = base.norm if hasattr(base, "norm") else base.ln_f
    with ExitStack() as stack:
        for layer in layers:
            stack.callback(layer.register_forward_pre_hook(entering, with_kwargs=True).remove)
        stack.callback(layers[-1].register_forward_hook(leaving).remove)
        base(torch.tensor([list(ids)], device=model.device), use_cache=False)
    unembedding = model.get_output_embeddings()
    for stream in reversed(streams):
        yield unembedding(norm(stream))[0]


def read_packed(model: Any, ids: Sequence[int]) -> np.ndarray:
    """Every step's reduction, float64 (step, position, 2·TOP + 3)."""
    steps: list[np.ndarray] = []
    answers = np.zeros(0, int)
    with torch.inference_mode():
        for logits in step_logits(model, ids):
            logits_TV = logits.float().cpu().numpy()
            if not steps:
                answers = logits_TV.argmax(-1)
            steps.append(logit_lens.packed(logits_TV, answers, TOP))
    return np.stack(steps[::-1])


def read(lens: Lens, ids: Sequence[int]) -> logit_lens.Reading:
    """What the model would say after each layer, at every position. Raises BadInput for an encoder or bad tokens."""
    if lens.kind != "decoder":
        raise BadInput(
            f"{lens.title} predicts no next token",
            "An encoder's last layer gives vectors, not words: it has no unembedding to look through. "
            "Choose a decoder model.",
        )
    checked = lens.checked(ids, min(limits.LOGIT_LENS_TOKENS, lens.max_tokens))
    return logit_lens.unpacked(lens.ask(read_packed, (checked,)), TOP)
