"""What is known of a loaded model, without running it."""

from collections.abc import Callable
from typing import Any

from playground import limits
from playground.models.results import Results
from playground.models.worker import OnWait, quietly


class Facts:
    """A loaded model's name, size, format and limits."""

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
        """Blocks; of an encoder–decoder, the encoder's."""
        return int(self._loaded.model.config.num_hidden_layers)

    @property
    def decoder_layers(self) -> int:
        """Blocks that write: of an encoder–decoder the decoder's, 0 for an encoder."""
        if self.kind == "encoder":
            return 0
        config = self._loaded.model.config
        named = (getattr(config, name, None) for name in ("num_decoder_layers", "decoder_layers"))  # T5's, BART's
        return int(next((count for count in named if count), self.layers))

    @property
    def heads(self) -> int:
        """Attention (query) heads a layer."""
        return int(self._loaded.model.config.num_attention_heads)

    @property
    def vocabulary_size(self) -> int:
        """Logits the model gives; its tokenizer may know fewer tokens."""
        return int(self._loaded.model.config.vocab_size)

    @property
    def known_tokens(self) -> int:
        """Rows of the embedding table that its tokenizer knows; a padded table has more."""
        return min(self.vocabulary_size, int(self._loaded.engine.vocabulary_size))

    @property
    def max_tokens(self) -> int:
        """The longest input this server lets the model see."""
        return min(limits.current().model_tokens, self._loaded.entry.context_tokens or limits.LOCAL.model_tokens)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know about how it runs (a fall back to the CPU)."""
        return tuple(self._loaded.notices)

    @property
    def stop_ids(self) -> frozenset[int]:
        """The tokens that end a text."""
        found = self._loaded.model.generation_config.eos_token_id
        return frozenset([found] if isinstance(found, int) else found or ())

    @property
    def generating(self) -> int:
        """Texts that this model is writing at this moment, for all readers: they share its steps."""
        return int(self._loaded.worker.load[1])
