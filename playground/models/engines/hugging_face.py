"""tokenizer.json files, encoded by Hugging Face's tokenizers: SmolLM2 (byte-level BPE) and BERT (WordPiece)."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
from tokenizers import PreTokenizedString, Tokenizer

from playground.core.tokens import LazyTokens, Piece, SpecialMode
from playground.models.engines.base import Engine, TokenizerInfo
from playground.models.engines.byte_glyphs import BYTE_OF_GLYPH, bytes_of
from playground.models.engines.staging import LongestMatch, Merges, Split, Staging

# The smollm pre-tokenizer: single digits first, then GPT-2's pattern (ByteLevel in tokenizers), in one expression.
_SMOLLM2_RULE = r"""\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"""
_BERT_CHANGES = (
    "control characters are dropped, white space becomes a space",
    "capital letters become small",
    "accents are stripped (NFD, without marks)",
    "each Chinese character gets a space on both sides",
)


class HuggingFaceEngine(Engine):
    """One tokenizer.json, loaded twice: whether control tokens are read is a switch *on* a Tokenizer, so one shared
    by sessions must never be toggled. Truncation and padding are state too: both off, for good.
    """

    def __init__(self, info: TokenizerInfo, folder: Path) -> None:
        super().__init__(info)
        self._file = file = folder / "tokenizer.json"
        self._control, self._plain = _quiet(file), _quiet(file)
        self._plain.encode_special_tokens = True  # sic: "encode them as text"
        self.vocabulary_size = self._plain.get_vocab_size(with_added_tokens=True)
        added = json.loads(file.read_text(encoding="utf-8"))["added_tokens"]
        self.special_tokens = {token["content"]: token["id"] for token in added if token["special"]}
        self._special_ids = frozenset(self.special_tokens.values())
        self._byte_level = info.kind == "byte-level BPE"
        vocabulary = self._plain.get_vocab(with_added_tokens=False)
        self._dropped = frozenset(byte for glyph, byte in BYTE_OF_GLYPH.items() if glyph not in vocabulary)
        self._lengths = np.zeros(self.vocabulary_size, np.int64)
        for piece, token_id in (*vocabulary.items(), *self.special_tokens.items()):
            self._lengths[token_id] = len(piece)  # a byte-level piece has one letter a byte; control tokens are ASCII

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        tokenizer = self._plain if mode == "plain" else self._control
        encoding = tokenizer.encode(text, add_special_tokens=mode == "template")
        if self._byte_level:
            ids = encoding.ids
            return self._by_bytes(text, ids, self._lengths[ids], self._dropped)
        offsets = encoding.offsets
        spans = np.fromiter(chain.from_iterable(offsets), np.int64, 2 * len(offsets)).reshape(-1, 2)
        return self._by_characters(text, encoding.ids, spans)

    def _ids(self, text: str) -> list[int]:
        return self._plain.encode(text, add_special_tokens=False).ids

    def _staging(self) -> Staging:
        vocabulary = self._plain.get_vocab(with_added_tokens=False)
        if not self._byte_level:
            return LongestMatch(self._split, _BERT_CHANGES, vocabulary)
        merges = json.loads(self._file.read_text(encoding="utf-8"))["model"]["merges"]
        ranks = {(bytes_of(left), bytes_of(right)): rank for rank, (left, right) in enumerate(merges)}
        ids = {bytes_of(piece): token_id for piece, token_id in vocabulary.items() if piece not in self.special_tokens}
        return Merges(
            self._split,
            (),
            _SMOLLM2_RULE,
            True,
            parts_of=lambda text: [bytes([byte]) for byte in text.encode() if byte not in self._dropped],
            rank=lambda left, right: ranks.get((left, right)),
            ids_of=lambda part: (ids[part],),
        )

    def _split(self, text: str) -> Split:
        """By the library's own normaliser and pre-tokenizer; byte-level pre-tokens are turned back into text."""
        cut = PreTokenizedString(text)
        if self._plain.normalizer is not None:
            cut.normalize(self._plain.normalizer.normalize)
        self._plain.pre_tokenizer.pre_tokenize(cut)
        pieces = cut.get_splits(offset_referential="original", offset_type="char")
        read = [(bytes_of(piece).decode() if self._byte_level else piece, *place) for piece, place, _ in pieces]
        normalized = text if self._plain.normalizer is None else self._plain.normalizer.normalize_str(text)
        return normalized, read

    def _decode(self, ids: list[int]) -> str:
        return self._plain.decode(ids, skip_special_tokens=False)

    def _piece(self, token_id: int) -> Piece:
        piece = self._plain.id_to_token(token_id)
        if piece is None:
            raise KeyError(token_id)
        if token_id in self._special_ids:
            return Piece(piece, piece.encode(), special=True, unknown=piece == "[UNK]")
        if self._byte_level:
            raw = bytes_of(piece)
            return Piece(raw.decode(errors="replace"), raw)
        return Piece(piece, piece.removeprefix("##").encode())  # ## is the vocabulary's mark, not text


def _quiet(file: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
