"""Encoder–decoder models: the encoder reads a source once, the decoder writes a target from what the encoder found.

``source_ids`` are what the encoder reads (``encode_source``). ``target_ids`` are what the decoder reads: ``start_ids``
and then what it has written. Row t of a decoder's map is where it reads target token t to write token t + 1. The two
stacks may differ in depth: ``lens.layers`` read, ``lens.decoder_layers`` write. T5: Raffel et al. 2019,
arXiv:1910.10683.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from playground import limits
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.core.tokens import Encoding
from playground.errors import BadInput
from playground.models import forward
from playground.models.lens.asking import Asking
from playground.models.lens.generation import Generation


class Maps(NamedTuple):
    """Every attention weight of one source and target, float32; each row sums to 1."""

    encoder_LHSS: np.ndarray  # a source token (row) at the source tokens, in both directions
    decoder_LHTT: np.ndarray  # a target token at itself and those before it
    cross_LHTS: np.ndarray  # a target token (row) at the source tokens


def encode_source(lens: Asking, text: str) -> Encoding:
    """The text's tokens as the encoder reads them: with the end of the text, ``</s>``, as its last token."""
    _checked_kind(lens)
    return lens.encode(text, "template")


def start_ids(lens: Asking) -> tuple[int, ...]:
    """What the decoder reads before it has written anything: one token, T5's is the padding token."""
    _checked_kind(lens)
    return (_start(lens._loaded.model),)


def ended(lens: Asking, source_ids: Sequence[int]) -> tuple[int, ...]:
    """The ids with the end of the text behind them, where it was missing: a T5 was never shown a text without."""
    _checked_kind(lens)
    end = lens._loaded.model.config.eos_token_id
    return tuple(source_ids) if source_ids and source_ids[-1] == end else (*source_ids, int(end))


def next_logits(lens: Asking, source_ids: Sequence[int], target_ids: Sequence[int] | None = None) -> np.ndarray:
    """Logits for the token after ``target_ids`` (by default the first one written): float32 (vocabulary,)."""
    return last_logits(lens, source_ids, start_ids(lens) if target_ids is None else target_ids, 1)[0]


def last_logits(lens: Asking, source_ids: Sequence[int], target_ids: Sequence[int], count: int) -> np.ndarray:
    """Logits after each of the last ``count`` target tokens, in one pass: float32 (token, vocabulary)."""
    source, target = _both(lens, source_ids, target_ids, limits.current().model_tokens)
    return lens.ask(_logits, (source, target, count))


def maps(lens: Asking, source_ids: Sequence[int], target_ids: Sequence[int]) -> Maps:
    """Every layer's and head's attention in one pass over source and target (``LHTS``: layer, head, target, source).

    Raises BadInput for another kind of model, no ids, ids outside the vocabulary, or more than the app keeps maps of.
    """
    source, target = _both(lens, source_ids, target_ids, limits.current().attention_tokens)
    flat = lens.ask(
        _maps, (source, target, lens.layers, lens.decoder_layers)
    )  # one array, so that one pass is shared and kept as one answer
    heads, s, t = lens.heads, len(source), len(target)
    shapes = ((lens.layers, heads, s, s), (lens.decoder_layers, heads, t, t), (lens.decoder_layers, heads, t, s))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return Maps(*(part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)))


def generate(
    lens: Generation, source_ids: Sequence[int], settings: SamplingSettings, max_new_tokens: int, seed: int = 0
) -> Generator[Step, None, None]:
    """The target token by token, until its end (``finish_reason`` "stop") or ``max_new_tokens``.

    The encoder runs once; the decoder keeps its keys and values. The same source, settings and seed give the same
    tokens, in any session. The steps are target tokens: a draw's number comes from the seed and the target's length.
    """
    source = lens.checked(source_ids, lens.max_tokens)
    start = start_ids(lens)
    return lens.steps(
        lambda allowed: Target(source, list(start), settings, allowed, seed, lens.stop_ids), max_new_tokens
    )


@dataclass
class Target:
    """One target under way, between two steps (a row of ``forward.step_rows``)."""

    source: Sequence[int]
    ids: list[int]  # what the decoder has read or will read next
    settings: SamplingSettings
    new_tokens: int  # still to come
    seed: int
    stop_ids: frozenset[int]
    encoded: Any = None  # what the encoder found; None before the first step
    cache: Any = None  # the decoder's keys and values, and those of the encoder's output
    pending: list[int] = field(default_factory=list)  # ids the cache has not seen

    def __post_init__(self) -> None:
        self.pending = list(self.ids)

    def logits(self, model: Any) -> np.ndarray:
        """Logits after the pending ids; the cache has seen them then."""
        with torch.inference_mode():
            if self.encoded is None:
                self.encoded = model.get_encoder()(_batch(model, self.source))
            out = model(
                encoder_outputs=self.encoded,
                decoder_input_ids=_batch(model, self.pending),
                past_key_values=self.cache,
                use_cache=True,
            )
        self.cache = out.past_key_values
        found: np.ndarray = out.logits[0, -1].float().cpu().numpy()
        return found


def _logits(model: Any, source: Sequence[int], target: Sequence[int], count: int) -> np.ndarray:
    with torch.inference_mode():
        out = model(input_ids=_batch(model, source), decoder_input_ids=_batch(model, target), use_cache=False)
        found: np.ndarray = out.logits[0, -count:].float().cpu().numpy()
    return found


def _maps(model: Any, source: Sequence[int], target: Sequence[int], layers: int, decoder_layers: int) -> np.ndarray:
    with forward.eager(model), torch.inference_mode():
        out = model(
            input_ids=_batch(model, source),
            decoder_input_ids=_batch(model, target),
            output_attentions=True,
            use_cache=False,
        )
    stacks = (out.encoder_attentions, out.decoder_attentions, out.cross_attentions)
    depths = (layers, decoder_layers, decoder_layers)
    if any(len(maps or ()) != n or any(m is None for m in maps) for maps, n in zip(stacks, depths, strict=True)):
        raise RuntimeError("the model returned no attention maps; was eager attention refused?")
    return np.concatenate([layer[0].float().cpu().numpy().ravel() for maps in stacks for layer in maps])


def _start(model: Any) -> int:
    return int(model.config.decoder_start_token_id)


def _batch(model: Any, ids: Sequence[int]) -> torch.Tensor:
    return torch.tensor([list(ids)], dtype=torch.long, device=model.device)


def _both(lens: Asking, source: Sequence[int], target: Sequence[int], limit: int) -> tuple[tuple[int, ...], ...]:
    _checked_kind(lens)
    limit = min(limit, lens.max_tokens)
    return lens.checked(source, limit), lens.checked(target, limit)


def _checked_kind(lens: Asking) -> None:
    if lens.kind != "encoder-decoder":
        raise BadInput(
            f"{lens.title} does not read a source and write a target",
            "It is one stack: choose an encoder–decoder model, such as date-t5.",
        )
