"""SentencePiece models, encoded by sentencepiece: Mistral's first vocabulary (BPE) and Jurassic-2 (Unigram).

A vocabulary without bytes to fall back on (XLM-R's) works too: what it has no piece for is one ``<unk>``.
"""

from pathlib import Path

import numpy as np
from sentencepiece import SentencePieceProcessor

from playground.core.pipeline import SPACE
from playground.core.spans import byte_offsets
from playground.core.tokens import LazyTokens, Piece, SpecialMode
from playground.core.unigram_lattice import Pieces
from playground.models.engines.base import Engine, TokenizerInfo
from playground.models.engines.staging import BestPath, Merges, Split, Staging, words

_CHANGES = {
    "mistral": ("a space is put before the text", f"each space is written {SPACE}"),
    "jurassic2": (
        "NFKC: a ligature becomes letters, a full-width letter a plain one",
        "line ends and tabs become spaces",
        f"each space is written {SPACE}",
    ),
}


class SentencePieceEngine(Engine):
    """SentencePiece never finds control tokens in a text: ``<s>`` typed by a person is four characters in every
    mode, and only template mode puts the control token there, by its id.
    """

    def __init__(self, info: TokenizerInfo, folder: Path) -> None:
        super().__init__(info)
        self._processor = SentencePieceProcessor(model_file=str(next(folder.glob("tokenizer.model*"))))
        self.vocabulary_size = self._processor.vocab_size()
        ids = range(self.vocabulary_size)
        self._byte_value = np.full(self.vocabulary_size, -1)  # of a byte piece, <0x9F>
        for token_id in filter(self._processor.is_byte, ids):
            self._byte_value[token_id] = int(self._processor.id_to_piece(token_id)[3:5], 16)
        pieces = [self._processor.id_to_piece(token_id) for token_id in ids]
        self._characters = np.where(self._byte_value < 0, np.fromiter(map(len, pieces), np.int64), 1)
        self.special_tokens = {self._processor.id_to_piece(i): i for i in ids if self._processor.is_control(i)}

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        ids, spans = self._encoded(text)
        if mode == "template":
            ids, spans = np.insert(ids, 0, self._processor.bos_id()), np.insert(spans, 0, 0, axis=0)
        in_bytes = byte_offsets(text)[spans]
        self._place_fallback(ids, text, spans, in_bytes)
        return self._by_spans(ids.tolist(), spans, in_bytes)

    def _encoded(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The ids, and the characters each stands for, as ``return_type="offset_mapping"`` gives them.

        That builds an object a token, most of the time of a long text. The pieces put together are the normalised
        text, and the normaliser tells where its characters come from: unless a piece is unknown, that is enough.
        """
        ids = np.array(self._processor.encode(text), np.int64)
        values = self._byte_value[ids]
        goes_on = (values & 0xC0) == 0x80  # this byte token is not its character's first; -1 is no byte
        goes_on &= values >= 0
        not_last = np.append(goes_on[1:], False) & (values >= 0)
        ends = np.cumsum(np.where(not_last, 0, self._characters[ids]))
        normalized, places = self._normalized(text)
        if (self._processor.unk_id() in ids) or (ends[-1] if len(ends) else 0) != len(normalized):
            encoded = self._processor.encode(text, return_type="offset_mapping")
            return np.array(encoded["ids"], np.int64), np.array(encoded["offsets"], np.int64).reshape(-1, 2)
        starts = np.concatenate((np.zeros(1, np.int64), ends[:-1])) if len(ends) else ends
        return ids, np.array(places, np.int64)[np.stack((starts, ends), axis=1).reshape(-1, 2)]

    def _place_fallback(self, ids: np.ndarray, text: str, spans: np.ndarray, in_bytes: np.ndarray) -> None:
        """A character without a piece becomes byte tokens; SentencePiece gives the character to the last of them, and
        to the others the place where it starts. Give each its own byte, or the character where its bytes are not the
        text's (it was normalised to another).
        """
        values = self._byte_value[ids]
        fallback = values >= 0
        if not fallback.any():
            return
        order = np.arange(len(ids))
        goes_on = fallback & np.roll(fallback, 1) & (spans[:, 0] == np.roll(spans[:, 0], 1)) & (order > 0)
        place = order - np.maximum.accumulate(np.where(goes_on, 0, order))
        spans[fallback, 1] = spans[fallback, 0] + 1
        in_bytes[fallback] = byte_offsets(text)[spans[fallback]]
        data = np.frombuffer(text.encode() + b"\0", np.uint8)
        at = np.minimum(in_bytes[:, 0] + place, len(data) - 1)
        other = fallback & ((data[at] != values) | (at >= in_bytes[:, 1]))
        character = np.cumsum(~goes_on) - 1
        own = fallback & (np.bincount(character, other) == 0)[character]
        in_bytes[own, 0] += place[own]
        in_bytes[own, 1] = in_bytes[own, 0] + 1

    def _ids(self, text: str) -> list[int]:
        return self._processor.encode(text)

    def _staging(self) -> Staging:
        processor, ids = self._processor, range(self.vocabulary_size)
        control = (processor.is_control, processor.is_unknown, processor.is_unused)
        usable = [i for i in ids if self._byte_value[i] < 0 and not any(kind(i) for kind in control)]
        scores = {processor.id_to_piece(i): (i, processor.get_score(i)) for i in usable}
        of_byte = {int(value): i for i, value in enumerate(self._byte_value) if value >= 0}

        unknown = processor.unk_id()

        def fallback(piece: str) -> tuple[int, ...]:
            return tuple(of_byte[byte] for byte in piece.encode()) if of_byte else (unknown,)

        def rank(left: str, right: str) -> int | None:
            found = scores.get(left + right)
            return None if found is None else -round(found[1])

        def ids_of(piece: str) -> tuple[int, ...]:
            return (scores[piece][0],) if piece in scores else fallback(piece)

        changes = _CHANGES.get(self.info.id, ())
        if "Unigram" in self.info.kind:
            return BestPath(self._normalized, changes, Pieces.of(scores), fallback, unknown)
        rule = f"not at all. But no piece of this vocabulary goes on after a {SPACE} inside: words never join"
        return Merges(self._split, changes, rule, False, parts_of=list, rank=rank, ids_of=ids_of, unknown=unknown)

    def _split(self, text: str) -> Split:
        normalized, places = self._normalized(text)
        return normalized, words(normalized, places)

    def _normalized(self, text: str) -> tuple[str, list[int]]:
        normalized, places = self._processor.normalize(text, with_offsets=True)
        return normalized, places

    def _decode(self, ids: list[int]) -> str:
        return self._processor.decode(ids)

    def _piece(self, token_id: int) -> Piece:
        piece = self._processor.id_to_piece(token_id)
        if self._byte_value[token_id] >= 0:
            raw = bytes([int(self._byte_value[token_id])])
            return Piece(raw.decode(errors="replace"), raw)
        if self._processor.is_control(token_id) or self._processor.is_unknown(token_id):
            return Piece(piece, piece.encode(), special=True, unknown=self._processor.is_unknown(token_id))
        text = piece.replace(SPACE, " ")
        return Piece(text, text.encode())
