"""The stages a tokenizer sends a text through: normalised, cut into pre-tokens, each encoded on its own."""

from dataclasses import dataclass
from typing import Literal

SPACE = "\u2581"  # how SentencePiece writes a space
Algorithm = Literal["merges", "longest match", "lattice"]


@dataclass(frozen=True)
class PreToken:
    """A stretch that is encoded on its own: as the tokenizer reads it, and where it comes from.

    ``start`` and ``end`` are character offsets into the original text; ``first_token`` and ``end_token`` the range of
    its tokens. A control token stands for itself.
    """

    text: str
    start: int
    end: int
    first_token: int
    end_token: int
    control: bool = False


@dataclass(frozen=True)
class Stages:
    """What happens to a text before its ids: what the normaliser made of it, and its pre-tokens.

    ``rule`` is the regular expression that cuts (``is_regex``), or the rule in words. ``changes`` says in words what
    the normaliser is asked to do; empty: nothing.
    """

    text: str
    normalized: str
    changes: tuple[str, ...]
    rule: str
    is_regex: bool
    algorithm: Algorithm
    pre_tokens: tuple[PreToken, ...]

    def pre_token_of(self, token: int) -> PreToken | None:
        """The pre-token that holds this token (by its place among all tokens).

        >>> pre_tokens = PreToken("a", 0, 1, 0, 1), PreToken(" b", 1, 3, 1, 3)
        >>> Stages("a b", "a b", (), " ", True, "merges", pre_tokens).pre_token_of(2).text
        ' b'
        """
        return next((p for p in self.pre_tokens if p.first_token <= token < p.end_token), None)
