"""A lens on one model: plain data in, numpy out, nothing remembered between calls.

Every method that runs the model does so on the model's worker and shares its answer with everyone who asks the same.
``on_wait(ahead, seconds)`` is called while waiting, so that a page can show its place in line and be stopped;
``on_answer()`` when the waiting is over.
"""

import contextlib
import gc
import threading
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from playground import limits
from playground.core import embeddings
from playground.core.beam_search import BeamSearch
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.core.tokens import Encoding, SpecialMode
from playground.core.visible import visible
from playground.errors import BadInput, ModelUnavailable
from playground.models.cache import ModelCache, OnLoad
from playground.models.catalogue import catalogue
from playground.models.results import Results
from playground.models.worker import OnWait, quietly

_first_use = threading.Lock()


class Rotary(NamedTuple):
    """A model's RoPE: the base of its angles, a head's dimensions, its variant, the positions it was made for."""

    theta: float
    head_dimensions: int
    kind: str  # "default", or a way to stretch it
    positions: int


class Lens:
    """What can be asked of one loaded model."""

    def __init__(
        self,
        loaded: Any,
        owner: str,
        results: Results,
        on_wait: OnWait = quietly,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:
        self._loaded, self._owner, self._results = loaded, owner, results
        self._on_wait, self._on_answer = on_wait, on_answer

    # --- facts ---

    @property
    def model_id(self) -> str:
        """The model's id in the catalogue."""
        return str(self._loaded.entry.id)

    @property
    def title(self) -> str:
        """The model's name as people write it."""
        return str(self._loaded.entry.title)

    @property
    def kind(self) -> str:
        """``decoder``, ``encoder`` or ``encoder-decoder``."""
        return str(self._loaded.entry.kind)

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        return str(self._loaded.device)

    @property
    def dtype(self) -> str:
        """The number format it runs in: ``bf16`` or ``fp32``."""
        return str(self._loaded.dtype)

    @property
    def parameters(self) -> int:
        """Parameters, tied ones counted once."""
        return int(self._loaded.parameters)

    @property
    def weight_bytes(self) -> int:
        """Bytes the parameters take as loaded."""
        return int(self._loaded.weight_bytes)

    @property
    def layers(self) -> int:
        """Blocks."""
        return int(self._loaded.model.config.num_hidden_layers)

    @property
    def heads(self) -> int:
        """Attention (query) heads a layer."""
        return int(self._loaded.model.config.num_attention_heads)

    @property
    def vocabulary_size(self) -> int:
        """Logits the model gives; its tokenizer may know fewer tokens."""
        return int(self._loaded.model.config.vocab_size)

    @property
    def max_tokens(self) -> int:
        """The longest input this server lets the model see."""
        return min(limits.current().model_tokens, self._loaded.entry.context_tokens or limits.LOCAL.model_tokens)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know about how it runs (a fall back to the CPU)."""
        return tuple(self._loaded.notices)

    # --- text ---

    def encode(self, text: str, mode: SpecialMode = "plain") -> Encoding:
        """The text's tokens under the model's own tokenizer."""
        encoding: Encoding = self._loaded.engine.encode(text, mode)
        return encoding

    def decode(self, ids: Sequence[int]) -> str:
        """The text these ids stand for."""
        return str(self._loaded.engine.decode(list(ids)))

    def token_text(self, token_id: int) -> str:
        """One token's text; U+FFFD where its bytes are no character alone."""
        return str(self._loaded.engine.token_text(token_id))

    def token_bytes(self, token_id: int) -> bytes:
        """One token's bytes."""
        return bytes(self._loaded.engine.token_bytes(token_id))

    def token_label(self, token_id: int) -> str:
        """One token as it can be shown: spaces as ·, bytes that are no character as hex."""
        return visible(self.token_text(token_id), self.token_bytes(token_id))

    def fit(self, ids: Sequence[int], limit: int | None = None) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """The last ids the model can take in, and a notice when some were left out.

        Cutting ids (never asking a tokenizer to truncate) keeps the engine's shared state untouched.
        """
        limit = self.max_tokens if limit is None else min(limit, self.max_tokens)
        if len(ids) <= limit:
            return tuple(ids), ()
        return tuple(ids[-limit:]), (f"Using the last {limit:,} of {len(ids):,} tokens.",)

    # --- the model ---

    def next_logits(self, ids: Sequence[int]) -> np.ndarray:
        """Logits for the token after ``ids``: float32 (vocabulary,).

        Raises BadInput for no ids, ids outside the vocabulary, more ids than ``max_tokens``, or an encoder.
        """
        self._needs("decoder")
        return self._shared("next_logits", ids, (), limits.current().model_tokens)

    def attentions(self, ids: Sequence[int], layers: Sequence[int] | None = None) -> np.ndarray:
        """Attention weights of ``layers`` (all by default): float32 (layer, head, target, source); rows sum to 1."""
        chosen = tuple(range(self.layers)) if layers is None else tuple(layers)
        outside = [layer for layer in chosen if not 0 <= layer < self.layers]
        if outside or not chosen:
            raise BadInput(
                f"There is no layer {outside[0] if outside else ''}".rstrip(),
                f"Layers run from 0 to {self.layers - 1}.",
            )
        return self._shared("attentions", ids, chosen, limits.current().attention_tokens)

    def hidden_states(self, ids: Sequence[int]) -> np.ndarray:
        """The residual stream: float32 (layers + 1, token, dimension), the embedding first."""
        return self._shared("hidden_states", ids, (), limits.current().attention_tokens)

    # --- what its tables hold ---

    def embedding_rows(self, ids: Sequence[int]) -> np.ndarray:
        """The vectors these tokens enter the model with: float32 (token, dimension)."""
        return self._answer("embedding_rows", (self.checked(ids, limits.LOCAL.model_tokens),))

    def embedding_norms(self) -> np.ndarray:
        """The length of every token's row: float32 (vocabulary,)."""
        return self._answer("embedding_norms", (self.known_tokens,))

    def embedding_mean_cosine(self, first: int | None = None) -> float:
        """The average cosine of two different tokens of the vocabulary, or of those with the ``first`` ids."""
        count = min(first or self.known_tokens, self.known_tokens)
        return embeddings.mean_cosine(self._answer("embedding_mean_direction", (count,)), count)

    def embedding_cosines(self, vector_D: np.ndarray) -> np.ndarray:
        """The cosine of every token's row with this vector: float32 (vocabulary,). Exact: every row is compared."""
        lengths_V = self.embedding_norms()
        direction_D = embeddings.unit(np.asarray(vector_D)).astype(np.float32)
        key = direction_D.tobytes()
        dots_V = self._answer("embedding_dots", (self.known_tokens, direction_D), key=(self.known_tokens, key))
        cosine_V = np.divide(dots_V, lengths_V, out=np.zeros_like(dots_V), where=lengths_V > 0)
        return np.clip(cosine_V, -1, 1)

    def position_rows(self) -> np.ndarray:
        """A learned position table: float32 (position, dimension). Raises BadInput for a model without one."""
        return self._answer("position_rows", ())

    @property
    def rotary(self) -> "Rotary":
        """How it turns queries and keys, from its config. Raises BadInput for a model without RoPE."""
        config = self._loaded.model.config
        rope = getattr(config, "rope_parameters", None)
        if not rope:
            raise BadInput(f"{self.title} has no rotary positions", "It adds a vector for each position instead.")
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return Rotary(float(rope["rope_theta"]), int(size), str(rope["rope_type"]), int(config.max_position_embeddings))

    def queries_keys(self, ids: Sequence[int], layer: int) -> tuple[np.ndarray, np.ndarray]:
        """A layer's queries and keys before RoPE, each float32 (head, token, head dimension).

        Keys are repeated for the query heads that share them, so both have as many heads.
        """
        if self.rotary.kind != "default" or not 0 <= layer < self.layers:
            raise BadInput(f"There is no such layer {layer}", f"Layers run from 0 to {self.layers - 1}.")
        both = self._shared("queries_keys", ids, (layer,), limits.current().attention_tokens)
        keys = both[self.heads :]
        return both[: self.heads], np.repeat(keys, self.heads // len(keys), axis=0)

    @property
    def known_tokens(self) -> int:
        """Rows of the embedding table that its tokenizer knows; a padded table has more."""
        return min(self.vocabulary_size, int(self._loaded.engine.vocabulary_size))

    def generate(
        self, ids: Sequence[int], settings: SamplingSettings, max_new_tokens: int, seed: int = 0
    ) -> Generator[Any, None, None]:
        """Tokens one by one (``Step``); leaving the loop stops the model within one token.

        The same ids, settings and seed give the same tokens, in any session.
        """
        from playground.models import forward

        self._needs("decoder")
        checked = self.checked(ids, self.max_tokens)
        allowed = min(max_new_tokens, limits.current().new_tokens)
        if allowed < 1:
            raise BadInput("No token to generate", f"Ask for 1 to {limits.current().new_tokens} new tokens.")
        state = forward.Generation(list(checked), settings, allowed, seed, self._stop_ids())
        for step in self._loaded.worker.start_row(state, owner=self._owner).items(self._on_wait):
            self._on_answer()
            yield step

    def follow(self, ids: Sequence[int], path: Sequence[int], settings: SamplingSettings) -> tuple[Step, ...]:
        """The tokens of ``path`` as steps after ``ids``: how likely each was under ``settings``, and what else."""
        from playground.models import forward

        self._needs("decoder")
        self.checked([*ids, *path], self.max_tokens)
        if not (ids and path):
            return ()
        key = ("followed", self._loaded.entry.pin, self.device, self.dtype, tuple(ids), tuple(path), settings)

        def work() -> list[Step]:
            return forward.followed(self._loaded.model, ids, path, settings)

        try:
            steps = self._loaded.worker.submit(work, owner=self._owner, key=key).wait(self._on_wait)
        finally:
            self._on_answer()
        return tuple(replace(s, finish_reason="stop" if s.id in self.stop_ids else "") for s in steps)

    def beam_search(
        self, ids: Sequence[int], beams: int, max_new_tokens: int, length_penalty: float = 1.0
    ) -> Generator[BeamSearch, None, None]:
        """The search after each of its steps; leaving the loop stops the model within one.

        Each step is a request of its own, so that other readers are served in between.
        """
        from playground.models import forward

        self._needs("decoder")
        batch = forward.Beams([list(self.checked(ids, self.max_tokens))])
        if not 1 <= beams <= limits.BEAMS or not 1 <= max_new_tokens <= limits.current().new_tokens:
            raise BadInput(
                "This beam search is too large",
                f"Ask for 1 to {limits.BEAMS} beams and 1 to {limits.current().new_tokens} new tokens.",
            )
        search = BeamSearch(beams, max_new_tokens, self.stop_ids, length_penalty)
        while not search.done:
            try:
                row = self._loaded.worker.submit(
                    lambda: forward.beam_step(self._loaded.model, batch), owner=self._owner
                ).wait(self._on_wait)
            finally:
                self._on_answer()
            batch.rows = search.advance(row)
            batch.pending = [[token] for token in search.tokens]
            yield search

    @property
    def stop_ids(self) -> frozenset[int]:
        """The tokens that end a text."""
        return self._stop_ids()

    @property
    def generating(self) -> int:
        """Texts that this model is writing at this moment, for all readers: they share its steps."""
        return int(self._loaded.worker.load[1])

    def _stop_ids(self) -> frozenset[int]:
        found = self._loaded.model.generation_config.eos_token_id
        return frozenset([found] if isinstance(found, int) else found or ())

    def _needs(self, kind: str) -> None:
        if self.kind != kind:
            raise BadInput(f"{self.title} predicts no next token", "It is an encoder: choose a decoder model.")

    def checked(self, ids: Sequence[int], limit: int) -> tuple[int, ...]:
        """The same ids, if the model can take them in; BadInput for none, too many, or one it does not know."""
        if not ids:
            raise BadInput("There is no token to start from", "Type something.")
        if len(ids) > limit:
            raise BadInput(f"{len(ids):,} tokens are more than the {limit:,} allowed here", "Shorten the text.")
        wrong = next((i for i in ids if not 0 <= i < self.vocabulary_size), None)
        if wrong is not None:
            raise BadInput(f"Token {wrong} is outside the vocabulary", f"Ids run from 0 to {self.vocabulary_size - 1}.")
        return tuple(int(i) for i in ids)

    def _shared(self, what: str, ids: Sequence[int], extra: tuple[int, ...], limit: int) -> np.ndarray:
        checked = self.checked(ids, min(limit, self.max_tokens))
        taken = {"attentions": (extra,), "queries_keys": extra}.get(what, ())
        return self._answer(what, (checked, *taken), key=(extra, checked))

    def _answer(self, what: str, arguments: tuple[Any, ...], key: Hashable = None) -> np.ndarray:
        from playground.models import forward

        return self.ask(getattr(forward, what), arguments, key)

    def ask(self, function: Callable[..., np.ndarray], arguments: tuple[Any, ...], key: Hashable = None) -> np.ndarray:
        """``function(model, *arguments)`` on the worker, once for all who ask the same; read-only.

        How a topic with a module of its own runs the model. ``key`` stands for arguments that are arrays.
        """
        name = f"{function.__module__}.{function.__qualname__}"
        whole_key = (self._loaded.entry.pin, self.device, self.dtype, name, arguments if key is None else key)
        kept = self._results.get(whole_key)
        if kept is not None:
            return kept

        def work() -> np.ndarray:
            value = _with_memory_care(self._loaded, lambda: function(self._loaded.model, *arguments))
            self._results.put(whole_key, value)
            return value

        try:
            return self._loaded.worker.submit(work, owner=self._owner, key=whole_key).wait(self._on_wait)
        finally:
            self._on_answer()


def _with_memory_care(loaded: Any, call: Callable[[], np.ndarray]) -> np.ndarray:
    """Run on the worker thread; a full GPU moves the model to the CPU, a full main memory is explained."""
    import torch

    try:
        return call()
    except torch.cuda.OutOfMemoryError:
        gc.collect()
        loaded.move_to_cpu("The GPU's memory filled up: this model now runs on the CPU.")
        return call()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "alloc" not in str(error):
            raise
        gc.collect()
        raise ModelUnavailable("Not enough memory for this text", "Shorten it, or close other programs.") from error


def shared() -> tuple[ModelCache, Results]:
    """This process's models and answers; the budgets are the profile's."""
    with _first_use:  # `cache` alone lets two first callers make one each, and each would load its own copy
        return _shared()


@cache
def _shared() -> tuple[ModelCache, Results]:
    from playground.models import loading

    profile = limits.current()
    return ModelCache(loading.load, profile.model_cache_bytes), Results(profile.result_cache_bytes)


@contextlib.contextmanager
def open(
    model_id: str,
    owner: str = "cli",
    on_wait: OnWait = quietly,
    on_answer: Callable[[], None] = lambda: None,
    on_load: OnLoad = lambda *_: None,
) -> Iterator[Lens]:
    """A lens on a model of the catalogue, which stays loaded until the ``with`` ends.

    Raises BadInput for an unknown id or one without weights, ModelUnavailable when it can't be loaded.
    """
    entry = catalogue()[model_id]
    if entry not in catalogue().models:
        raise BadInput(
            f"{model_id} is a {entry.kind}, not a model",
            f"Choose one of: {', '.join(e.id for e in catalogue().models)}.",
        )
    models, results = shared()
    with models.lease(entry, owner, on_load) as loaded:
        yield Lens(loaded, owner, results, on_wait, on_answer)
