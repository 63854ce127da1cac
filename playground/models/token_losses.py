"""What a text's tokens cost a decoder: the loss of each, its rank, and what the model would rather have said."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from playground.errors import BadInput
from playground.models.lens import Lens

_ROWS = 128  # positions whose logits are there at once: 49,152 numbers each


class Losses(NamedTuple):
    """One entry for each token but the first, which nothing comes before."""

    nats: np.ndarray  # float64: −ln P(token | those before)
    rank: np.ndarray  # 0: the model's first choice
    best: np.ndarray  # the id of its first choice
    best_probability: np.ndarray


def of(lens: Lens, ids: Sequence[int]) -> Losses:
    """The decoder's losses on ``ids``, in one pass. Raises BadInput for an encoder, no ids or too many."""
    if lens.kind != "decoder":
        raise BadInput(f"{lens.title} predicts no next token", "Choose a decoder: it has learned to.")
    table = lens.ask(losses, (lens.checked(ids, lens.max_tokens),))
    return Losses(table[0], table[1].astype(int), table[2].astype(int), table[3])


def losses(model: Any, ids: Sequence[int]) -> np.ndarray:
    """float64 (4, tokens − 1): nats, rank, the likeliest id, its probability.

    The softmax is over the whole vocabulary, in FP32; a block of positions at a time.
    """
    with torch.inference_mode():
        batch = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
        hidden_TD = model.base_model(batch, use_cache=False).last_hidden_state[0, :-1]
        head, targets = model.get_output_embeddings(), batch[0, 1:]
        blocks = [
            _told(head(hidden_TD[start : start + _ROWS]).float(), targets[start : start + _ROWS])
            for start in range(0, len(targets), _ROWS)
        ]
    return np.concatenate(blocks, 1) if blocks else np.zeros((4, 0))


def _told(logits_TV: torch.Tensor, targets_T: torch.Tensor) -> np.ndarray:
    logs_TV = logits_TV.log_softmax(-1)
    own_T1 = logs_TV.gather(1, targets_T[:, None])
    best, which = logs_TV.max(-1)
    rank = (logs_TV > own_T1).sum(-1)
    rows = (-own_T1[:, 0].double(), rank, which, best.double().exp())
    return np.stack([row.double().cpu().numpy() for row in rows])
