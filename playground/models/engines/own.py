"""A model's own tokenizer.json, where it is none of the pages' vocabularies: characters, T5's Unigram, Qwen's BPE …

Only encoding, decoding and looking a token up: it is not taken apart merge by merge.
"""

import json
from pathlib import Path

import numpy as np

from playground.core.pipeline import SPACE
from playground.core.tokens import LazyTokens, Piece, SpecialMode
from playground.errors import BadInput, ModelUnavailable
from playground.models import engines, store
from playground.models.catalogue import Entry
from playground.models.engines.base import Engine, TokenizerInfo
from playground.models.engines.hugging_face import HuggingFaceEngine
from playground.models.engines.staging import Staging

_KINDS = {
    "WordLevel": "one token a character",
    "WordPiece": "WordPiece",
    "Unigram": "SentencePiece Unigram",
    "BPE": "byte-level BPE",
}
_UNKNOWN = ("<unk>", "[UNK]")


def of(entry: Entry) -> Engine:
    """The engine a model was trained with: one of the pages' vocabularies, or the tokenizer.json in its folder.

    Raises ModelUnavailable for a file of a kind that is not known here.
    """
    if entry.vocabulary in engines.TOKENIZERS:
        return engines.load(entry.vocabulary)
    folder = store.ensure(entry.id)
    kind = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["type"]
    if kind not in _KINDS:
        raise ModelUnavailable(f"{entry.title} has a tokenizer of the kind {kind}", "This app can't read that one.")
    return OwnEngine(TokenizerInfo(entry.id, _KINDS[kind], "tokenizers", ""), folder)


class OwnEngine(HuggingFaceEngine):
    """Any tokenizer.json. A token's place is in whole characters, as the library tells it."""

    def __init__(self, info: TokenizerInfo, folder: Path) -> None:
        super().__init__(info, folder)
        self._ends_are_text = self._byte_level  # a chat's <|im_end|> is shown; the </s> behind a T5's answer is not

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        tokenizer = self._plain if mode == "plain" else self._control
        encoding = tokenizer.encode(text, add_special_tokens=mode == "template")
        spans = np.array(encoding.offsets, np.int64).reshape(-1, 2)
        return self._by_characters(text, encoding.ids, spans)

    def _decode(self, ids: list[int]) -> str:
        return self._plain.decode(ids, skip_special_tokens=not self._ends_are_text)

    def _piece(self, token_id: int) -> Piece:
        piece = super()._piece(token_id)
        if piece.special:
            return piece._replace(unknown=piece.text in _UNKNOWN)
        text = piece.text if self._byte_level else piece.text.replace(SPACE, " ")
        return piece if text == piece.text else Piece(text, text.encode())

    def _staging(self) -> Staging:
        raise BadInput(
            f"{self.info.title}'s vocabulary is not taken apart here", "Choose one of the listed tokenizers."
        )
