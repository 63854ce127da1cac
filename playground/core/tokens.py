"""A text as one tokenizer sees it: plain data, whatever engine made it."""

from dataclasses import dataclass
from typing import Literal

SpecialMode = Literal["plain", "control", "template"]
# plain:    special-token strings typed by a person are ordinary text, nothing is added
# control:  special-token strings are recognised as control tokens, nothing is added
# template: what the model's own tokenizer adds around a text ([CLS] … [SEP], <s>), strings recognised


@dataclass(frozen=True)
class Token:
    """One token: its id, its text (U+FFFD where its bytes are no character alone), its bytes, where it stands.

    ``start`` and ``end`` are character offsets into the text: the characters the token's bytes touch, so two
    tokens that share one character's bytes have overlapping spans.
    """

    id: int
    text: str
    raw: bytes
    start: int
    end: int
    special: bool = False


@dataclass(frozen=True)
class Encoding:
    """The tokens of one text under one tokenizer, and what decoding them gives back."""

    tokenizer: str
    text: str
    tokens: tuple[Token, ...]
    decoded: str

    @property
    def ids(self) -> tuple[int, ...]:
        """The token ids in order."""
        return tuple(token.id for token in self.tokens)

    @property
    def round_trip(self) -> bool:
        """Whether decoding the ids gives the text back exactly."""
        return self.decoded == self.text
