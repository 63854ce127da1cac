"""What a model is asked to do, as plain functions over a loaded torch model. They run on its worker thread only.

``torch.inference_mode`` is thread-local, so each function enters it itself. Attention maps need the eager attention
(``sdpa`` gives an empty tuple without an error): it is switched on for that call and off again, which is safe because
one thread does all the work of a model.
"""

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch

from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step, drawn, given
from playground.errors import BadInput, ModelUnavailable
from playground.models import batch, decoding

_BLOCK_ROWS = 8_192
_POSITION_TABLES = ("position_embeddings", "wpe")  # as BERT and GPT-2 name theirs


def _batch(model: Any, ids: Sequence[int]) -> torch.Tensor:
    return torch.tensor([list(ids)], dtype=torch.long, device=model.device)


def next_logits(model: Any, ids: Sequence[int]) -> np.ndarray:
    """Logits of the position after the last, float32 of shape (vocabulary,)."""
    with torch.inference_mode():
        out = model(_batch(model, ids), use_cache=False, logits_to_keep=1)
        result: np.ndarray = out.logits[0, -1].float().cpu().numpy()
    return result


def next_logits_of_each(model: Any, texts: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """The same for several texts, in one pass where the model's build allows it."""
    decoder = decoding.of(model)
    if decoder is None:
        return [next_logits(model, ids) for ids in texts]
    with torch.inference_mode():
        found = decoder.logits([decoding.Piece(ids, decoding.Memory()) for ids in texts], [1] * len(texts))
    return [logits[0].float().cpu().numpy() for logits in found]


@contextlib.contextmanager
def eager(model: Any) -> Iterator[None]:
    """The attention that gives its maps, while the ``with`` lasts."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def attentions(model: Any, ids: Sequence[int], layers: Sequence[int]) -> np.ndarray:
    """Attention weights, float32 of shape (layer, head, target, source), of the layers asked for."""
    with eager(model), torch.inference_mode():
        body, extra = _reading(model)
        maps = body(_batch(model, ids), output_attentions=True, **extra).attentions
    if not maps or len(maps) != model.config.num_hidden_layers or any(m is None for m in maps):
        raise RuntimeError("the model returned no attention maps; was eager attention refused?")
    return np.stack([maps[layer][0].float().cpu().numpy() for layer in layers])


def hidden_states(model: Any, ids: Sequence[int]) -> np.ndarray:
    """The residual stream, float32 of shape (layers + 1, token, dimension): the embedding, then each block's output."""
    with torch.inference_mode():
        body, extra = _reading(model)
        states = body(_batch(model, ids), output_hidden_states=True, **extra).hidden_states
    return np.stack([s[0].float().cpu().numpy() for s in states])


def embedding_rows(model: Any, ids: Sequence[int]) -> np.ndarray:
    """The embedding table's rows for these ids, float32 (token, dimension)."""
    with torch.inference_mode():
        table = model.get_input_embeddings().weight
        rows: np.ndarray = table[torch.tensor(list(ids), device=table.device)].float().cpu().numpy()
    return rows


def embedding_norms(model: Any, known: int) -> np.ndarray:
    """The length of each of the first ``known`` rows, float32 (token,)."""
    with torch.inference_mode():
        return np.concatenate([rows.norm(dim=1).cpu().numpy() for rows in _embedding_blocks(model, known)])


def embedding_mean_direction(model: Any, known: int) -> np.ndarray:
    """The mean of the first ``known`` rows at unit length, float64 (dimension,)."""
    with torch.inference_mode():
        sums = [(rows / rows.norm(dim=1, keepdim=True)).double().sum(0) for rows in _embedding_blocks(model, known)]
        mean: np.ndarray = (torch.stack(sums).sum(0) / known).cpu().numpy()
    return mean


def embedding_dots(model: Any, known: int, vector: np.ndarray) -> np.ndarray:
    """The dot product of each of the first ``known`` rows with a vector, float32 (token,)."""
    with torch.inference_mode():
        onto = torch.tensor(vector, dtype=torch.float32, device=model.device)
        return np.concatenate([(rows @ onto).cpu().numpy() for rows in _embedding_blocks(model, known)])


def _embedding_blocks(model: Any, known: int) -> Iterator[torch.Tensor]:
    """The table as float32, a block at a time: a bf16 table is never there twice."""
    table = model.get_input_embeddings().weight
    for start in range(0, known, _BLOCK_ROWS):
        yield table[start : min(start + _BLOCK_ROWS, known)].float()


def position_rows(model: Any) -> np.ndarray:
    """A learned position table, float32 (position, dimension). Raises BadInput for a model that has none."""
    tables = (m for name, m in model.named_modules() if name.rpartition(".")[2] in _POSITION_TABLES)
    table = next((m.weight for m in tables if isinstance(m, torch.nn.Embedding)), None)
    if table is None:
        raise BadInput(
            "This model has no table of positions",
            "It adds a number to each score, by distance."
            if model.config.is_encoder_decoder
            else "It turns queries and keys instead (RoPE).",
        )
    rows: np.ndarray = table.detach().float().cpu().numpy().copy()  # float() of a float32 shares the model's memory
    return rows


def queries_keys(model: Any, ids: Sequence[int], layer: int) -> np.ndarray:
    """A layer's queries and keys before RoPE, float32 (query heads + key heads, token, head dimension)."""
    caught: list[torch.Tensor] = []
    block = model.model.layers[layer].self_attn
    hooks = [part.register_forward_hook(lambda *call: caught.append(call[2])) for part in (block.q_proj, block.k_proj)]
    try:
        with torch.inference_mode():
            model(_batch(model, ids), use_cache=False, logits_to_keep=1)
    finally:
        for hook in hooks:
            hook.remove()
    heads = [x[0].float().cpu().view(len(ids), -1, block.head_dim).transpose(0, 1).numpy() for x in caught]
    return np.concatenate(heads)


def _reading(model: Any) -> tuple[Any, dict[str, Any]]:
    """The part that reads a text, with as few logits as may be: a decoder's one, an encoder's none."""
    if model.config.is_encoder_decoder:
        return model.get_encoder(), {}
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return model, {"logits_to_keep": 1, "use_cache": False}
    return model.base_model, {}  # an encoder, without the head it may have


class Row(Protocol):
    """A text under way, between two steps."""

    settings: SamplingSettings
    ids: list[int]  # the tokens before the next one
    new_tokens: int  # still to come
    seed: int
    stop_ids: frozenset[int]
    cache: Any  # keys and values; None before the first step
    pending: list[int]  # ids the cache has not seen

    def logits(self, model: Any) -> np.ndarray:
        """Logits after the pending ids; the cache has seen them then."""


@dataclass
class Generation(batch.Text):
    """One generation's state between two steps."""

    ids: list[int]
    settings: SamplingSettings
    new_tokens: int  # still to come
    seed: int
    stop_ids: frozenset[int]
    cache: Any = None  # transformers' KV cache, where the model runs as transformers has it
    pending: list[int] = field(default_factory=list)  # ids the cache has not seen

    def __post_init__(self) -> None:
        self.pending = list(self.ids)

    def logits(self, model: Any) -> np.ndarray:
        """Logits after the pending ids; the cache has seen them then."""
        with torch.inference_mode():
            out = model(_batch(model, self.pending), past_key_values=self.cache, use_cache=True, logits_to_keep=1)
        self.cache = out.past_key_values
        found: np.ndarray = out.logits[0, -1].float().cpu().numpy()
        return found


def step_rows(model: Any, rows: Sequence[Row], *, shared: bool = True) -> list[tuple[Step, bool] | Exception]:
    """One token for each row. Texts of a decoder share its passes; one row's failure is not the others'.

    A shared pass keeps hold of the weights it first saw: a model whose weights are exchanged takes ``shared=False``.
    """
    decoder = shared and any(isinstance(row, Generation) for row in rows) and decoding.of(model) is not None
    texts = [row for row in rows if decoder and isinstance(row, Generation) and not row.ahead]
    found = dict(zip(map(id, texts), batch.last_logits(model, texts), strict=True)) if texts else {}
    return [_result(model, row, found.get(id(row))) for row in rows]


def _result(model: Any, row: Row, found: np.ndarray | Exception | None) -> tuple[Step, bool] | Exception:
    try:
        if isinstance(found, Exception):
            raise found
        step = _next(model, row, found)
        return step, bool(step.finish_reason)
    except torch.OutOfMemoryError:
        row.cache = None
        return ModelUnavailable("The GPU's memory is full", "Shorten the prompt, or try again in a moment.")
    except Exception as problem:
        return problem


def _next(model: Any, row: Row, found_TV: np.ndarray | None) -> Step:
    if isinstance(row, Generation) and found_TV is not None:
        for logits, guess in zip(found_TV, [*row.guessed, None], strict=True):
            row.ahead.append(_step(logits, row))
            if row.ahead[-1].id != guess or row.ahead[-1].finish_reason:
                break
        row.settle()
    if isinstance(row, Generation) and row.ahead:
        return row.ahead.pop(0)
    return _step(row.logits(model), row)


def _step(logits: np.ndarray, row: Row) -> Step:
    step = drawn(logits, row.settings, row.ids, row.seed)
    row.ids.append(step.id)
    row.pending = [step.id]
    row.new_tokens -= 1
    return replace(step, finish_reason="stop" if step.id in row.stop_ids else "length" if row.new_tokens <= 0 else "")


def followed(model: Any, ids: Sequence[int], path: Sequence[int], settings: SamplingSettings) -> list[Step]:
    """Each token of ``path`` as a step after ``ids``, in one pass over all of them: what a link's text is."""
    with torch.inference_mode():
        out = model(_batch(model, [*ids, *path[:-1]]), use_cache=False, logits_to_keep=len(path))
        logits_TV = out.logits[0].float().cpu().numpy()
    whole = [*ids, *path]
    return [given(logits_TV[at], settings, whole[: len(ids) + at], token) for at, token in enumerate(path)]


@dataclass
class Beams:
    """The texts of a beam search under way: a batch that shares one KV cache."""

    pending: list[list[int]]  # for each text the ids the cache has not seen: the prompt at first
    cache: Any = None
    rows: list[int] = field(default_factory=list)  # which row of the last batch each text grew from


def beam_step(model: Any, beams: Beams) -> np.ndarray:
    """Log-probabilities of the next token of each text: float32 (text, vocabulary)."""
    with torch.inference_mode():
        if beams.cache is not None:
            beams.cache.reorder_cache(torch.tensor(beams.rows, device=model.device))
        batch = torch.tensor(beams.pending, dtype=torch.long, device=model.device)
        out = model(batch, past_key_values=beams.cache, use_cache=True, logits_to_keep=1)
        beams.cache = out.past_key_values
        result: np.ndarray = out.logits[:, -1].float().log_softmax(-1).cpu().numpy()
    return result
