"""One pass over a text: the next token's logits, attention maps, hidden states, queries and keys."""

from collections.abc import Sequence

import numpy as np

from playground import limits
from playground.errors import BadInput
from playground.models.lens.tables import Tables


class Passes(Tables):
    """What a loaded model computes of a text. An encoder–decoder reads it with its encoder."""

    def next_logits(self, ids: Sequence[int]) -> np.ndarray:
        """Logits for the token after ``ids``: float32 (vocabulary,). Of an encoder–decoder: the answer's first token.

        Raises BadInput for no ids, ids outside the vocabulary, more ids than ``max_tokens``, or an encoder.
        """
        if self.kind == "encoder-decoder":
            from playground.models import seq2seq

            return seq2seq.next_logits(self, seq2seq.ended(self, ids))
        self._needs("decoder")
        return self._shared("next_logits", ids, (), limits.current().model_tokens)

    def before(self, ids: Sequence[int]) -> tuple[int, ...]:
        """What the next token is written behind: the text itself; of an encoder–decoder the beginning of its target."""
        from playground.models import seq2seq

        return seq2seq.start_ids(self) if self.kind == "encoder-decoder" else tuple(ids)

    def attentions(self, ids: Sequence[int], layers: Sequence[int] | None = None) -> np.ndarray:
        """Attention weights of ``layers`` (all by default): float32 (layer, head, target, source); rows sum to 1.

        Of an encoder–decoder: its encoder's. ``seq2seq.maps`` has all three kinds.
        """
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

    def queries_keys(self, ids: Sequence[int], layer: int) -> tuple[np.ndarray, np.ndarray]:
        """A layer's queries and keys before RoPE, each float32 (head, token, head dimension).

        Keys are repeated for the query heads that share them, so both have as many heads.
        """
        if self.rotary.kind != "default" or not 0 <= layer < self.layers:
            raise BadInput(f"There is no such layer {layer}", f"Layers run from 0 to {self.layers - 1}.")
        both = self._shared("queries_keys", ids, (layer,), limits.current().attention_tokens)
        keys = both[self.heads :]
        return both[: self.heads], np.repeat(keys, self.heads // len(keys), axis=0)
