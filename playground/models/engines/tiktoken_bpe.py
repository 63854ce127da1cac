"""OpenAI's vocabularies and Mistral's Tekken, encoded by tiktoken from files in the store (it would download them)."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import regex
import tiktoken

from playground.core.tokens import LazyTokens, Piece, SpecialMode
from playground.models.engines.base import Engine, TokenizerInfo
from playground.models.engines.byte_glyphs import bytes_of
from playground.models.engines.staging import Merges, Staging, by_pattern

# Patterns and control tokens: tiktoken 0.14, tiktoken_ext/openai_public.py (MIT), which has them only inside
# functions that download.
_GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
_CL100K_PATTERN = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"""
    r"""|\s*[\r\n]|\s+(?!\S)|\s"""
)
_O200K_PATTERN = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
_SINGLE_BYTES = 256
_PATTERNS = {"gpt2": _GPT2_PATTERN, "cl100k": _CL100K_PATTERN, "o200k": _O200K_PATTERN}
_SPECIAL = {
    "gpt2": {"<|endoftext|>": 50256},
    "cl100k": {
        "<|endoftext|>": 100257,
        "<|fim_prefix|>": 100258,
        "<|fim_middle|>": 100259,
        "<|fim_suffix|>": 100260,
        "<|endofprompt|>": 100276,
    },
    "o200k": {"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
}


# mistral-common 1.13.1, tokens/tokenizers/tekken.py (Apache-2.0); the file itself names no control tokens.
_TEKKEN_NAMED = (
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
    "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
)  # fmt: skip
TEKKEN_CONTROL = (*_TEKKEN_NAMED, *(f"<SPECIAL_{i}>" for i in range(len(_TEKKEN_NAMED), 1_000)))


class TiktokenEngine(Engine):
    """gpt2, cl100k and o200k. None of them adds anything around a text, so template mode equals control mode."""

    def __init__(self, info: TokenizerInfo, folder: Path) -> None:
        super().__init__(info)
        self._ranks, self.special_tokens, self.pattern, self._first_merge = self._read(folder)
        self._encoding = tiktoken.Encoding(
            info.id, pat_str=self.pattern, mergeable_ranks=self._ranks, special_tokens=self.special_tokens
        )
        self.vocabulary_size = self._encoding.n_vocab
        self._special_ids = frozenset(self.special_tokens.values())
        self._lengths = np.zeros(self.vocabulary_size, np.int64)
        for piece, token_id in (*self._ranks.items(), *self.special_tokens.items()):
            self._lengths[token_id] = len(piece)  # control tokens are ASCII

    def _read(self, folder: Path) -> tuple[dict[bytes, int], dict[str, int], str, int]:
        """Ids of pieces and of control tokens, the pattern, and the id that the file ranks 0."""
        name = self.info.id
        if name == "gpt2":  # its first merge is number 0 in its file of merges
            return _gpt2_ranks(folder), _SPECIAL[name], _PATTERNS[name], _SINGLE_BYTES
        return _tiktoken_ranks(folder / f"{name}_base.tiktoken.gz"), _SPECIAL[name], _PATTERNS[name], 0

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        if mode == "plain":
            ids = self._encoding.encode_ordinary(text)
        else:
            ids = self._encoding.encode(text, allowed_special="all")
        return self._by_bytes(text, ids, self._lengths[ids])

    def _ids(self, text: str) -> list[int]:
        return self._encoding.encode_ordinary(text)

    def _staging(self) -> Staging:
        ranks, first = self._ranks, self._first_merge

        def rank(left: bytes, right: bytes) -> int | None:
            """tiktoken ranks a merge by its result."""
            found = ranks.get(left + right)
            return None if found is None else found - first

        return Merges(
            by_pattern(regex.compile(self.pattern).findall),
            (),
            self.pattern,
            True,
            parts_of=lambda text: [bytes([byte]) for byte in text.encode()],
            rank=rank,
            ids_of=lambda part: (ranks[part],),
        )

    def _decode(self, ids: list[int]) -> str:
        return self._encoding.decode(ids)

    def _piece(self, token_id: int) -> Piece:
        raw = self._encoding.decode_single_token_bytes(token_id)
        return Piece(raw.decode(errors="replace"), raw, special=token_id in self._special_ids)


class TekkenEngine(TiktokenEngine):
    """Its first 1,000 ids are control tokens, its pieces follow in the order of their ranks. mistral-common never
    finds control tokens in a text: only template mode puts ``<s>`` there, by its id.
    """

    def _read(self, folder: Path) -> tuple[dict[bytes, int], dict[str, int], str, int]:
        file = json.loads((folder / "tekken.json").read_bytes())
        config = file["config"]
        first = config["default_num_special_tokens"]
        used = file["vocab"][: config["default_vocab_size"] - first]  # the file holds more than the models know
        ids = {base64.b64decode(piece["token_bytes"]): first + piece["rank"] for piece in used}
        return ids, {name: i for i, name in enumerate(TEKKEN_CONTROL)}, config["pattern"], first

    def _tokens(self, text: str, mode: SpecialMode) -> LazyTokens:
        ids = self._encoding.encode_ordinary(text)
        begin = [self.special_tokens["<s>"]] if mode == "template" else []
        return self._by_bytes(text, ids, self._lengths[ids], begin=begin)


def _gpt2_ranks(folder: Path) -> dict[bytes, int]:
    """GPT-2's encoder.json: an id below 50,256 is also the rank of the merge that made the token."""
    vocabulary: dict[str, int] = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    return {bytes_of(piece): rank for piece, rank in vocabulary.items() if piece not in _SPECIAL["gpt2"]}


def _tiktoken_ranks(file: Path) -> dict[bytes, int]:
    lines = gzip.decompress(file.read_bytes()).splitlines()
    return {base64.b64decode(piece): int(rank) for piece, rank in (line.split() for line in lines if line)}
