"""What an encoder with its masked-language-modelling head predicts where a token is hidden (BERT: Devlin et al. 2018,
arXiv:1810.04805, section 3.1).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from playground import limits
from playground.errors import BadInput, ModelUnavailable
from playground.models import store
from playground.models.catalogue import catalogue
from playground.models.lens.asking import Asking


def mask_id(lens: Asking) -> int:
    """The token that stands for a hidden one. Raises BadInput for a vocabulary without one."""
    special: dict[str, int] = lens._loaded.engine.special_tokens
    found = next((special[name] for name in ("[MASK]", "<mask>") if name in special), None)
    if found is None:
        raise BadInput(f"{lens.title}'s vocabulary has no mask", "Choose an encoder such as BERT.")
    return found


def masked_logits(lens: Asking, ids: Sequence[int], position: int) -> np.ndarray:
    """Logits for the token at ``position``, as the model sees the whole text: float32 (vocabulary,).

    Put ``mask_id`` there first, or the model reads the answer. Raises ModelUnavailable where the model has no such
    head, with what to fetch; BadInput for a position outside the text.
    """
    if lens._loaded.entry.head != "mlm":
        raise ModelUnavailable(f"{lens.title} can't fill in a hidden word: it has no such head", _remedy())
    checked = lens.checked(ids, min(limits.current().model_tokens, lens.max_tokens))
    if not 0 <= position < len(checked):
        raise BadInput(f"There is no token {position}", f"The text's tokens run from 0 to {len(checked) - 1}.")
    return lens.ask(_logits, (checked, position))


def usable() -> tuple[str, ...]:
    """Ids of the models with that head that are in the store, or may be fetched here."""
    found = [e for e in catalogue().models if e.head == "mlm"]
    return tuple(e.id for e in found if store.present(e.id) or limits.current().hub_models)


def _remedy() -> str:
    names = " or ".join(f"`llm-playground fetch {entry.id}`" for entry in catalogue().models if entry.head == "mlm")
    return f"One that has it comes from the model hub: {names}."


def _logits(model: Any, ids: Sequence[int], position: int) -> np.ndarray:
    with torch.inference_mode():
        out = model(torch.tensor([list(ids)], device=model.device))
        found: np.ndarray = out.logits[0, position].float().cpu().numpy()
    return found
