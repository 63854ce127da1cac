"""What every tokenizer engine has in common: clean text in, an Encoding out, failures as BadInput."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from playground import limits
from playground.core import text as core_text
from playground.core.pipeline import PreToken, Stages
from playground.core.spans import byte_offsets, byte_spans, character_spans
from playground.core.tokens import Encoding, LazyTokens, Piece, SpecialMode
from playground.errors import BadInput, PlaygroundError
from playground.models.catalogue import catalogue
from playground.models.engines.staging import Staging, Traced

_NEVER_READS_CONTROL = "Control tokens are never read from a text, only put in by id."


@dataclass(frozen=True)
class TokenizerInfo:
    """What is known of a tokenizer before its files are read."""

    id: str
    kind: str
    library: str  # the Python library that encodes
    note: str  # what a reader should watch for
    reads_control: bool = True  # does its library find control tokens in a text?
    adds_space: bool = False  # does it put a space before every text?

    @property
    def title(self) -> str:
        """Its name in the catalogue."""
        return catalogue()[self.id].title

    def remark(self, mode: SpecialMode) -> str:
        """The note, and where control tokens are asked for, whether its library reads them at all."""
        return self.note if mode == "plain" or self.reads_control else f"{self.note} {_NEVER_READS_CONTROL}"


class Engine(ABC):
    """One tokenizer. Nothing on it changes after loading, so any number of sessions may call it at once."""

    special_tokens: dict[str, int]  # control tokens by name
    vocabulary_size: int  # ids are below this number; a few may be unused

    def __init__(self, info: TokenizerInfo) -> None:
        self.info = info
        self._pieces = _Pieces(self._piece)

    def encode(self, text: str, mode: SpecialMode = "plain") -> Encoding:
        """The text's tokens with their bytes and offsets, after cleaning it and cutting it to the page's cap.

        Raises BadInput when the library refuses the text.
        """
        cleaned = core_text.clean(text, limits.TEXT_CHARACTERS)
        with self._failures_explained():
            tokens = self._tokens(cleaned.text, mode)
            # Outside template mode nothing is added, and no token need be built to know it.
            added = {i for i, t in enumerate(tokens) if t.special and t.added} if mode == "template" else set()
            kept = [token_id for i, token_id in enumerate(tokens.ids) if i not in added] if added else list(tokens.ids)
            decoded = self._decode(kept)
        return Encoding(self.info.id, cleaned.text, tokens, decoded, cleaned.notices)

    def decode(self, ids: Sequence[int]) -> str:
        """The text these ids stand for, as the library decodes them; U+FFFD where bytes are no character.

        Raises BadInput for an id outside the vocabulary.
        """
        for token_id in ids:
            self._check(token_id)
        with self._failures_explained():
            return self._decode(list(ids))

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a token stands for (a control token: its name's). Raises BadInput for an unused id."""
        return self._looked_up(token_id).raw

    def token_text(self, token_id: int) -> str:
        """The token as text, U+FFFD where its bytes are no character alone. Raises BadInput for an unused id."""
        return self._looked_up(token_id).text

    def entries(self) -> Iterator[tuple[int, Piece]]:
        """Every id in use with its vocabulary entry, in order; nothing of it is kept here."""
        for token_id in range(self.vocabulary_size):
            with suppress(KeyError):
                yield token_id, self._piece(token_id)

    def again(self, token_id: int) -> list[int]:
        """The token decoded, and that text encoded as plain text: its own id, for most."""
        return self._ids(self._decode([token_id]))

    def stages(self, text: str, mode: SpecialMode = "plain") -> Stages:
        """What the text becomes before its ids: normalised, cut into pre-tokens; cut to ``limits.STAGED_CHARACTERS``.

        Raises BadInput when the library refuses the text.
        """
        text = core_text.clean(text, limits.STAGED_CHARACTERS).text
        normalized: list[str] = []
        pre_tokens: list[PreToken] = []

        def cut(start: int, end: int) -> None:
            seen, pieces = self.staging.split(text[start:end])
            normalized.append(seen)
            for piece, piece_start, piece_end in pieces:
                first = pre_tokens[-1].end_token if pre_tokens else 0
                after = first + len(self.staging.ids(piece))
                pre_tokens.append(PreToken(piece, start + piece_start, start + piece_end, first, after))

        with self._failures_explained():
            reached = 0
            for place, token in enumerate(self._tokens(text, mode)) if mode != "plain" else ():
                if token.special and not token.unknown:
                    cut(reached, token.start)
                    normalized.append(token.text)
                    pre_tokens.append(PreToken(token.text, token.start, token.end, place, place + 1, control=True))
                    reached = token.end
            cut(reached, len(text))
        staging = self.staging
        return Stages(
            text,
            "".join(normalized),
            staging.changes,
            staging.rule,
            staging.is_regex,
            staging.algorithm,
            tuple(pre_tokens),
        )

    def traced(self, pre_token: str) -> Traced:
        """How a normalised pre-token's ids come about: merge steps, candidates tried, or the lattice.

        Raises BadInput when it has more than ``limits.TRACED_BYTES``.
        """
        size = len(pre_token.encode())
        if size > limits.TRACED_BYTES:
            raise BadInput(
                f"This stretch has {size:,} bytes",
                f"Choose one of at most {limits.TRACED_BYTES} to see it step by step.",
            )
        return self.staging.trace(pre_token)

    @cached_property
    def staging(self) -> Staging:
        """The tokenizer taken apart, for the tracers."""
        return self._staging()

    @abstractmethod
    def _staging(self) -> Staging: ...

    @abstractmethod
    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens: ...

    @abstractmethod
    def _ids(self, text: str) -> list[int]:
        """The ids of a clean text in plain mode, without their places."""

    @abstractmethod
    def _decode(self, ids: list[int]) -> str: ...

    @abstractmethod
    def _piece(self, token_id: int) -> Piece:
        """The vocabulary entry; KeyError where there is none."""

    def _by_bytes(
        self,
        text: str,
        ids: Sequence[int],
        lengths: np.ndarray,
        dropped: frozenset[int] = frozenset(),
        begin: Sequence[int] = (),
    ) -> LazyTokens:
        """Tokens whose bytes, of these lengths, are the text's one after the other; ``begin`` are put before them."""
        spans = byte_spans(text, lengths, dropped)
        nowhere = np.zeros((len(begin), 2), spans.dtype)
        in_bytes = np.concatenate((nowhere, spans))
        return self._by_spans([*begin, *ids], np.concatenate((nowhere, character_spans(text, spans))), in_bytes)

    def _by_characters(self, text: str, ids: Sequence[int], spans: np.ndarray) -> LazyTokens:
        """Tokens that stand for whole characters; one the library added stands where the token before it ends."""
        empty = spans[:, 0] == spans[:, 1]
        spans[empty] = np.maximum.accumulate(spans[:, 1])[empty, None]
        return self._by_spans(ids, spans, byte_offsets(text)[spans])

    def _by_spans(self, ids: Sequence[int], spans: np.ndarray, in_bytes: np.ndarray) -> LazyTokens:
        return LazyTokens(ids, np.concatenate((spans, in_bytes), axis=1), self._pieces.__getitem__)

    def _check(self, token_id: int) -> None:
        if not 0 <= token_id < self.vocabulary_size:
            raise BadInput(
                f"{self.info.title} has no token {token_id}", f"Its ids run from 0 to {self.vocabulary_size - 1:,}."
            )

    def _looked_up(self, token_id: int) -> Piece:
        self._check(token_id)
        try:
            return self._pieces[token_id]
        except KeyError:
            raise BadInput(f"{self.info.title} does not use id {token_id}", "Choose another id.") from None

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        try:
            yield
        except PlaygroundError:
            raise
        except BaseException as error:
            # A panic in tiktoken's or tokenizers' Rust arrives as a BaseException; an interrupt must pass.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise BadInput(
                f"{self.info.title} could not take this text",
                "Shorten it, or leave out its longest run of one character.",
            ) from error


class _Pieces(dict[int, Piece]):
    """Vocabulary entries as they are met; bounded by the vocabulary."""

    def __init__(self, look_up: Callable[[int], Piece]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, token_id: int) -> Piece:
        piece = self[token_id] = self._look_up(token_id)
        return piece
