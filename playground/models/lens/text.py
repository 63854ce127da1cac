"""Text to ids and back, under the model's own tokenizer."""

from collections.abc import Sequence

from playground.core.tokens import Encoding, SpecialMode
from playground.core.visible import visible
from playground.models.lens.facts import Facts


class Text(Facts):
    """A loaded model's tokenizer."""

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
