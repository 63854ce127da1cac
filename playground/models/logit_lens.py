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
LN2 = float(np.log(2))


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
    answers: torch.Tensor | None = None
    with torch.inference_mode():
        for logits in step_logits(model, ids):
            if answers is None:
                answers = logits.argmax(-1, keepdim=True)
            steps.append(reduced(logits, answers).cpu().numpy())
    return np.stack(steps[::-1])


def reduced(logits: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    """One step's logits (position, vocabulary) reduced to what is shown: float64 (position, 2·TOP + 3)."""
    log_p = logits.double().log_softmax(-1)
    best = logits.topk(TOP, -1).indices
    entropy_bits = torch.special.entr(log_p.exp()).sum(-1, keepdim=True) / LN2
    rank = (logits > logits.gather(-1, answers)).sum(-1, keepdim=True)
    shown = (best, log_p.gather(-1, best).exp(), entropy_bits, rank, log_p.gather(-1, answers).exp())
    return torch.cat([part.double() for part in shown], -1)


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
