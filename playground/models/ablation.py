"""A decoder with a part taken out: the next-token logits before and after, and one cut a row of a batch.

Nothing is changed in the shared model: a watch on its attention (``attention_capture``) and hooks, for one call. The
text as it is runs as the batch's first row, so that before and after come from the same arithmetic. Layers below the
first cut run once: the batch is widened in front of that layer.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from playground import limits
from playground.core import ablation
from playground.core.ablation import Cut, Effect
from playground.errors import BadInput
from playground.models.attention_capture import own_attention, watched
from playground.models.lens import Lens

ROWS = 64  # cuts in one batch


def blocks(model: Any) -> Any:
    """The decoder's layers, as its family names them."""
    base = model.base_model
    return base.layers if hasattr(base, "layers") else base.h


def before_after(model: Any, ids: Sequence[int], cuts: Sequence[Cut]) -> np.ndarray:
    """Next-token logits of the text as it is, then with each cut: float32 (1 + cuts, vocabulary)."""
    first = min(min(cut.layers) for cut in cuts)
    with torch.inference_mode(), _widened(model, first, 1 + len(cuts)), _cut(model, cuts):
        out = model(torch.tensor([list(ids)], device=model.device), use_cache=False, logits_to_keep=1)
        logits: np.ndarray = out.logits[:, -1].float().cpu().numpy()
    return logits


def effects_packed(model: Any, ids: Sequence[int], cuts: Sequence[Cut]) -> np.ndarray:
    """Each cut's effect, float64 (cut, 1 + 3 × 3): KL, then id, before and after of each token named."""
    rows = []
    for start in range(0, len(cuts), ROWS):
        logits = before_after(model, ids, cuts[start : start + ROWS])
        as_it_is_V = ablation.softmax(logits[0])
        found = [ablation.compared(as_it_is_V, ablation.softmax(after)) for after in logits[1:]]
        rows += [[e.kl_bits, *e.answer, *e.winner, *e.moved] for e in found]
    return np.array(rows, np.float64)


@contextmanager
def _widened(model: Any, layer: int, rows: int) -> Iterator[None]:
    def widen(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args:
            return (args[0].expand(rows, -1, -1), *args[1:]), kwargs
        return args, {**kwargs, "hidden_states": kwargs["hidden_states"].expand(rows, -1, -1)}

    hook = blocks(model)[layer].register_forward_pre_hook(widen, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _cut(model: Any, cuts: Sequence[Cut]) -> Iterator[None]:
    """Row 1 + i of the batch runs with cut i."""
    layer_of = {id(block): number for number, block in enumerate(blocks(model))}
    current = -1

    def entering(module: Any, _args: Any) -> None:
        nonlocal current
        current = layer_of[id(module)]

    def watch(module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float) -> Any:
        here = [(row, cut) for row, cut in enumerate(cuts, start=1) if current in cut.layers]
        masked = [(row, cut) for row, cut in here if cut.part == "edge" and cut.method == "mask"]
        if masked:
            tokens = query.shape[2]
            allowed = query.new_zeros(1, 1, tokens, tokens) if mask is None else mask
            mask = allowed.expand(query.shape[0], query.shape[1], -1, -1).clone()
            for row, cut in masked:
                mask[row, list(cut.heads), cut.query, cut.key] = torch.finfo(mask.dtype).min
        output_BTHd, weights = own_attention(module, query, key, value, mask, scaling)
        for row, cut in here:
            heads = list(range(query.shape[1]) if cut.part == "attention" else cut.heads)
            if cut.part in ("heads", "attention"):
                kept = output_BTHd[row, :, heads].mean(0, keepdim=True) if cut.method == "mean" else 0.0
                output_BTHd[row, :, heads] = kept
            elif cut.part == "edge" and cut.method == "drop":
                group = query.shape[1] // value.shape[1]
                values_Hd = value[row, [head // group for head in heads], cut.key]
                output_BTHd[row, cut.query, heads] -= weights[row, heads, cut.query, cut.key, None] * values_Hd
        return output_BTHd, weights

    def without_mlp(rows: list[tuple[int, Cut]]) -> Callable[..., Any]:
        def replaced(_module: Any, _args: Any, output: Any) -> Any:
            output = output.clone()
            for row, cut in rows:
                output[row] = output[row].mean(0, keepdim=True) if cut.method == "mean" else 0.0
            return output

        return replaced

    with ExitStack() as stack:
        for number, block in enumerate(blocks(model)):
            stack.callback(block.register_forward_pre_hook(entering).remove)
            rows = [(r, c) for r, c in enumerate(cuts, start=1) if c.part == "mlp" and number in c.layers]
            if rows:
                stack.callback(block.mlp.register_forward_hook(without_mlp(rows)).remove)
        with watched(model, watch):
            yield


def checked(lens: Lens, ids: Sequence[int]) -> tuple[int, ...]:
    """The ids, if this can be asked of them. Raises BadInput for an encoder, no token or too many."""
    if lens.kind != "decoder":
        raise BadInput(
            f"{lens.title} predicts no next token", "It is an encoder: nothing to compare. Choose a decoder model."
        )
    return lens.checked(ids, min(limits.ABLATED_TOKENS, lens.max_tokens))


def one(lens: Lens, ids: Sequence[int], cut: Cut) -> np.ndarray:
    """Next-token logits before and after a cut: float32 (2, vocabulary)."""
    taken = checked(lens, ids)
    cut.check(lens.layers, lens.heads, len(taken))
    return lens.ask(before_after, (taken, (cut,)))


def many(lens: Lens, ids: Sequence[int], cuts: Sequence[Cut]) -> tuple[Effect, ...]:
    """The effect of each cut alone, as one request."""
    taken = checked(lens, ids)
    for cut in cuts:
        cut.check(lens.layers, lens.heads, len(taken))
    if not cuts:
        return ()
    return tuple(map(_effect, lens.ask(effects_packed, (taken, tuple(cuts)))))


def every_head(lens: Lens, ids: Sequence[int], method: ablation.Method) -> Iterator[tuple[Effect, ...]]:
    """Layer by layer, the effect of each of its heads ablated alone. A request a layer: others are served between."""
    for layer in range(lens.layers):
        yield many(lens, ids, [Cut("heads", (layer,), (head,), method) for head in range(lens.heads)])


def _effect(row: np.ndarray) -> Effect:
    kl, *numbers = (float(n) for n in row)
    found = [ablation.Candidate(int(i), before, after) for i, before, after in zip(*[iter(numbers)] * 3, strict=True)]
    return Effect(kl, *found)
