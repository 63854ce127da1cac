"""What a model's tables hold: embeddings, learned positions, the angles of RoPE."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from playground import limits
from playground.core import embeddings
from playground.errors import BadInput
from playground.models.lens.asking import Asking


class Rotary(NamedTuple):
    """A model's RoPE: the base of its angles, a head's dimensions, its variant, the positions it was made for."""

    theta: float
    head_dimensions: int
    kind: str  # "default", or a way to stretch it
    positions: int


class Tables(Asking):
    """A loaded model's tables."""

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
    def rotary(self) -> Rotary:
        """How it turns queries and keys, from its config. Raises BadInput for a model without RoPE."""
        config = self._loaded.model.config
        rope = getattr(config, "rope_parameters", None)
        if not rope:
            instead = "a number to each score, by distance" if self.kind == "encoder-decoder" else "a vector a position"
            raise BadInput(f"{self.title} has no rotary positions", f"It adds {instead} instead.")
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        return Rotary(float(rope["rope_theta"]), int(size), str(rope["rope_type"]), int(config.max_position_embeddings))
