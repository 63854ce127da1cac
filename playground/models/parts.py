"""A loaded model's own modules: the weights they hold, and what each took in and gave out on a real text."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from playground.core.model_parts import Anatomy, Call, Weight, anatomy
from playground.core.model_parts_explained import Facts
from playground.models import lens as lenses
from playground.models.catalogue import catalogue
from playground.models.lens import Lens

_DIMENSIONS = 3  # of a tensor, its batch left out


def of(lens: Lens, ids: Sequence[int], target_ids: Sequence[int] = ()) -> Anatomy:
    """The model in parts, seen while it read ``ids`` (and, in an encoder–decoder, wrote ``target_ids``).

    A decoder is asked for its last position's logits only, as when it writes. Raises BadInput for no ids, or more than
    the model may see.
    """
    checked = lens.checked(ids, lens.max_tokens)
    seen = lens.ask(calls, (checked, tuple(int(i) for i in target_ids)))
    with lenses.shared()[0].lease(catalogue()[lens.model_id], "parts") as loaded:
        names, held = [name for name, _ in holders(loaded.model)], weights(loaded.model)
    told = [Call(names[row[0]], _shape(row[1 : 1 + _DIMENSIONS]), _shape(row[1 + _DIMENSIONS :])) for row in seen]
    return anatomy(held, told, two_stacks=lens.kind == "encoder-decoder")


def facts(lens: Lens) -> Facts:
    """What the weights' shapes do not tell, from the model's config."""
    with lenses.shared()[0].lease(catalogue()[lens.model_id], "parts") as loaded:
        return facts_of(loaded.model.config)


def facts_of(config: Any) -> Facts:
    """The same from a transformers config."""
    heads, hidden = int(config.num_attention_heads), int(config.hidden_size)
    named = ("dense_act_fn", "hidden_act", "activation_function")
    activation = next((str(getattr(config, n)) for n in named if getattr(config, n, None)), "")
    return Facts(
        heads=heads,
        kv_heads=int(getattr(config, "num_key_value_heads", None) or heads),
        head_size=int(getattr(config, "d_kv", None) or getattr(config, "head_dim", None) or hidden // heads),
        activation=activation,
        rotary=bool(getattr(config, "rope_parameters", None)),
        scaled="t5" not in str(config.model_type),  # T5 divides nothing: its weights are drawn smaller instead
        distance=bool(getattr(config, "relative_attention_num_buckets", None)),
    )


def weights(model: Any) -> tuple[Weight, ...]:
    """Every parameter under every name a module has for it; the second name of the same memory says so."""
    first: dict[int, str] = {}
    found = []
    for name, module in model.named_modules(remove_duplicate=False):
        for key, parameter in module._parameters.items():
            if parameter is None:
                continue
            path = f"{name}.{key}" if name else key
            known = first.setdefault(id(parameter), path)
            shape, size = tuple(map(int, parameter.shape)), parameter.element_size()
            found.append(Weight(path, type(module).__name__, shape, size, "" if known == path else known))
    return tuple(found)


def holders(model: Any) -> Iterator[tuple[str, Any]]:
    """The modules that hold parameters themselves, by name, in the model's order."""
    for name, module in model.named_modules():
        if any(parameter is not None for parameter in module._parameters.values()):
            yield name, module


def calls(model: Any, ids: Sequence[int], target_ids: Sequence[int]) -> np.ndarray:
    """Each holder's calls in order, int64 (call, 1 + 3 + 3): its place among the holders, what it took in, gave out.

    Dimensions run to the right, -1 where there is none; the batch of one is left out.
    """
    rows: list[list[int]] = []

    def watch(place: int) -> Any:
        def seen(module: Any, given: tuple[Any, ...], out: Any) -> None:
            taken = given[0] if given else out
            rows.append([place, *_dimensions(taken), *_dimensions(out)])

        return seen

    hooks = [module.register_forward_hook(watch(place)) for place, (_, module) in enumerate(holders(model))]
    try:
        with torch.inference_mode():
            _run(model, ids, target_ids)
    finally:
        for hook in hooks:
            hook.remove()
    return np.array(rows, np.int64).reshape(-1, 1 + 2 * _DIMENSIONS)


def _run(model: Any, ids: Sequence[int], target_ids: Sequence[int]) -> None:
    batch = torch.tensor([list(ids)], dtype=torch.long, device=model.device)
    if model.config.is_encoder_decoder:
        start = model.generation_config.decoder_start_token_id
        begun = [model.config.decoder_start_token_id if start is None else start, *target_ids]
        written = torch.tensor([begun], dtype=torch.long, device=model.device)
        model(input_ids=batch, decoder_input_ids=written, use_cache=False)
    elif model.can_generate() and model.get_output_embeddings() is not None:
        model(batch, use_cache=False, logits_to_keep=1)
    else:
        model(batch)


def _dimensions(tensor: Any) -> list[int]:
    shape = list(tensor.shape)
    inside = shape[1:] if shape and shape[0] == 1 and len(shape) > 1 else shape
    return (inside + [-1] * _DIMENSIONS)[:_DIMENSIONS]


def _shape(row: np.ndarray) -> tuple[int, ...]:
    return tuple(int(size) for size in row if size >= 0)
