"""SentencePiece models, encoded by sentencepiece: Mistral's first vocabulary (BPE with byte fallback)."""

from pathlib import Path

import numpy as np
from sentencepiece import SentencePieceProcessor

from playground.core.spans import byte_offsets
from playground.core.tokens import LazyTokens, Piece, SpecialMode
from playground.models.engines.base import Engine, TokenizerInfo

_SPACE = "\u2581"  # how a SentencePiece vocabulary writes a space


class SentencePieceEngine(Engine):
    """SentencePiece never finds control tokens in a text: ``<s>`` typed by a person is four characters in every
    mode, and only template mode puts the control token there, by its id.
    """

    def __init__(self, info: TokenizerInfo, folder: Path) -> None:
        super().__init__(info)
        self._processor = SentencePieceProcessor(model_file=str(folder / "tokenizer.model.v1"))
        self.vocabulary_size = self._processor.vocab_size()
        ids = range(self.vocabulary_size)
        self._is_byte = np.array([self._processor.is_byte(i) for i in ids], bool)
        self.special_tokens = {self._processor.id_to_piece(i): i for i in ids if self._processor.is_control(i)}

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        encoded = self._processor.encode(text, return_type="offset_mapping")
        begin = [self._processor.bos_id()] if mode == "template" else []  # add_bos is refused where offsets are asked
        ids = begin + encoded["ids"]
        spans = np.array([(0, 0) for _ in begin] + encoded["offsets"], np.int64).reshape(-1, 2)
        in_bytes = byte_offsets(text)[spans]
        # A character without a piece becomes byte tokens; SentencePiece gives the character to the last of them,
        # and to the others the place where it starts. Give each its own byte.
        order = np.arange(len(ids))
        fallback = self._is_byte[ids]
        goes_on = fallback & np.roll(fallback, 1) & (spans[:, 0] == np.roll(spans[:, 0], 1)) & (order > 0)
        place = order - np.maximum.accumulate(np.where(goes_on, 0, order))
        spans[fallback, 1] = spans[fallback, 0] + 1
        in_bytes[fallback, 0] += place[fallback]
        in_bytes[fallback, 1] = in_bytes[fallback, 0] + 1
        return self._by_spans(ids, spans, in_bytes)

    def _decode(self, ids: list[int]) -> str:
        return self._processor.decode(ids)

    def _piece(self, token_id: int) -> Piece:
        piece = self._processor.id_to_piece(token_id)
        if self._processor.is_byte(token_id):
            raw = bytes([int(piece[3:5], 16)])  # <0x9F>
            return Piece(raw.decode(errors="replace"), raw)
        if self._processor.is_control(token_id) or self._processor.is_unknown(token_id):
            return Piece(piece, piece.encode(), special=True, unknown=self._processor.is_unknown(token_id))
        text = piece.replace(_SPACE, " ")
        return Piece(text, text.encode())
