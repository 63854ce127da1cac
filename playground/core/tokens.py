"""A text as one tokenizer sees it: plain data, whatever engine made it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, overload

import numpy as np

SpecialMode = Literal["plain", "control", "template"]
# plain:    special-token strings typed by a person are ordinary text, nothing is added
# control:  special-token strings are recognised as control tokens, nothing is added
# template: what the model's own tokenizer adds around a text ([CLS] … [SEP], <s>), strings recognised


class Token(NamedTuple):
    """One token: its id, its text (U+FFFD where its bytes are no character alone), its bytes, where it stands.

    ``start`` and ``end`` are character offsets into the text: the characters the token's bytes touch, so two
    tokens that share one character's bytes have overlapping spans. ``byte_start`` and ``byte_end`` are offsets
    into the text's UTF-8. A token the tokenizer added itself has an empty span.
    """

    id: int
    text: str
    raw: bytes
    start: int
    end: int
    byte_start: int
    byte_end: int
    special: bool = False  # a control token such as <|endoftext|> or [SEP], not text
    unknown: bool = False  # stands for text the vocabulary has no piece for: that text is lost

    @property
    def added(self) -> bool:
        """Whether the tokenizer put it there: nothing in the text corresponds to it."""
        return self.byte_start == self.byte_end


class Piece(NamedTuple):
    """A vocabulary entry: how it reads, the bytes it stands for, what it is (see Token)."""

    text: str
    raw: bytes
    special: bool = False
    unknown: bool = False


class LazyTokens(Sequence[Token]):
    """Tokens built when they are looked at: 100,000 emoji are 400,000 tokens, and a page draws 2,000.

    ``spans`` has a row for each id: start, end, byte_start, byte_end.
    """

    def __init__(self, ids: Sequence[int], spans: np.ndarray, piece_of: Callable[[int], Piece]) -> None:
        self.ids, self._spans, self._piece_of = tuple(ids), spans.astype(np.int32), piece_of

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Token: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Token, ...]: ...
    def __getitem__(self, index: int | slice) -> Token | tuple[Token, ...]:
        if isinstance(index, slice):
            return tuple(map(self._token, self.ids[index], self._spans[index].tolist()))
        return self._token(self.ids[index], self._spans[index].tolist())

    def __iter__(self) -> Iterator[Token]:
        return map(self._token, self.ids, self._spans.tolist())

    @property
    def byte_ends(self) -> np.ndarray:
        """Where the tokens that stand for text end, in bytes."""
        ends: np.ndarray = self._spans[self._spans[:, 2] < self._spans[:, 3], 3]
        return ends

    @property
    def unknown(self) -> tuple[Token, ...]:
        """The tokens that stand for text the vocabulary has no piece for; quick where there are none."""
        unknown = {token_id for token_id in set(self.ids) if self._piece_of(token_id).unknown}
        places = [i for i, token_id in enumerate(self.ids) if token_id in unknown] if unknown else []
        return tuple(map(self._token, [self.ids[i] for i in places], self._spans[places].tolist()))

    def _token(self, token_id: int, span: list[int]) -> Token:
        piece = self._piece_of(token_id)
        start, end, byte_start, byte_end = span
        return Token(token_id, piece.text, piece.raw, start, end, byte_start, byte_end, piece.special, piece.unknown)


def character_range(start: int, end: int) -> str:
    """The characters of a half-open span as a reader counts them: the first and the last, from 0.

    >>> character_range(0, 5), character_range(4, 5), character_range(3, 3)
    ('0–4', '4', '')
    """
    return "" if start == end else str(start) if end - start == 1 else f"{start}–{end - 1}"


@dataclass(frozen=True)
class Encoding:
    """The tokens of one text under one tokenizer, and what decoding them gives back.

    ``text`` is what was encoded, after cleaning; ``notices`` say what cleaning changed. ``decoded`` leaves out
    the control tokens a template added, so that it can be compared with ``text``.
    """

    tokenizer: str
    text: str
    tokens: Sequence[Token]
    decoded: str
    notices: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The token ids in order."""
        return self.tokens.ids if isinstance(self.tokens, LazyTokens) else tuple(token.id for token in self.tokens)

    @property
    def round_trip(self) -> bool:
        """Whether decoding the ids gives the text back exactly."""
        return self.decoded == self.text

    @cached_property
    def byte_ends(self) -> np.ndarray:
        """For each offset into the text's UTF-8, its end included, whether a token ends there, as booleans.

        A token the tokenizer added ends nowhere.
        """
        tokens = self.tokens
        ends = tokens.byte_ends if isinstance(tokens, LazyTokens) else [t.byte_end for t in tokens if not t.added]
        marked = np.zeros(len(self.text.encode()) + 1, bool)
        marked[np.asarray(ends, np.int64)] = True
        return marked


def record(encoding: Encoding) -> dict[str, Any]:
    """The encoding as plain data for a JSON file: bytes in hex, character offsets.

    >>> record(Encoding("gpt2", "Hi", (Token(17250, "Hi", b"Hi", 0, 2, 0, 2),), "Hi"))["tokens"]
    [{'id': 17250, 'text': 'Hi', 'bytes': '4869', 'start': 0, 'end': 2, 'special': False}]
    """
    return {
        "tokenizer": encoding.tokenizer,
        "ids": list(encoding.ids),
        "tokens": [
            {
                "id": token.id,
                "text": token.text,
                "bytes": token.raw.hex(),
                "start": token.start,
                "end": token.end,
                "special": token.special,
            }
            for token in encoding.tokens
        ],
        "round_trip": encoding.round_trip,
        "decoded": encoding.decoded,
    }


@dataclass(frozen=True)
class Metrics:
    """How much text the tokens carry. A ratio is None where there is nothing to divide by."""

    tokens: int
    characters: int  # Unicode code points
    utf8_bytes: int
    words: int  # runs of characters without white space
    characters_per_token: float | None
    bytes_per_token: float | None
    tokens_per_word: float | None


def measure(encoding: Encoding) -> Metrics:
    """Counts and ratios of one encoding.

    Tokens per word is the *fertility* of Rust et al. 2021 (arXiv:2012.15613, section 4), with words cut at white
    space. It says nothing for scripts written without spaces (Chinese, Thai): compare bytes per token there.

    >>> tokens = (Token(15496, "Hello", b"Hello", 0, 5, 0, 5), Token(995, " world", b" world", 5, 11, 5, 11))
    >>> measured = measure(Encoding("gpt2", "Hello world", tokens, "Hello world"))
    >>> measured.tokens, measured.characters_per_token, measured.tokens_per_word
    (2, 5.5, 1.0)
    """
    tokens, characters = len(encoding.tokens), len(encoding.text)
    utf8_bytes, words = len(encoding.text.encode()), len(encoding.text.split())
    return Metrics(
        tokens,
        characters,
        utf8_bytes,
        words,
        characters / tokens if tokens else None,
        utf8_bytes / tokens if tokens else None,
        tokens / words if words else None,
    )
