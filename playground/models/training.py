"""Train a tokenizer on a text: byte pairs, WordPiece or Unigram, by the trainers of the tokenizers library.

All three start from the same 256 letters (one a byte) and the same words (GPT-2's pattern), so only the method
differs; but to go on in a word, WordPiece needs a letter's ## form, and has that of no letter the text lacks there.
**Ties**: where several pairs are equally frequent, BpeTrainer merges the pair whose two ids are smallest
(the left id first); the letters' ids are in the order of their glyphs. Other trainers decide otherwise, and the
library's own WordPiece and Unigram trainers go by the order of a hash table: trained again, a few pieces differ.
"""

import collections
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tokenizers import Tokenizer, models

from playground import limits
from playground.core.spans import byte_offsets
from playground.core.tokens import Encoding, Token
from playground.errors import BadInput, ModelBusy
from playground.models.engines.byte_glyphs import bytes_of

Kind = Literal["bpe", "wordpiece", "unigram"]
KINDS: dict[Kind, str] = {"bpe": "BPE", "wordpiece": "WordPiece", "unigram": "Unigram"}
UNKNOWN = "[UNK]"
Waiting = Callable[[float], None]  # seconds since the training was asked for
_POLL_S = 0.1
# Its seed is the repeated substrings of the list of distinct words (a suffix array over it), not of the text.
_NOTHING_SHARED = "Unigram looks for strings that two different words share: give it a text with more words."
_NOTHING_TO_JOIN = "No word here is longer than one letter: give it a longer text."
_KEPT = 32
_kept: collections.OrderedDict[tuple[Kind, int, str], "Trained"] = collections.OrderedDict()
_kept_lock = threading.Lock()
_at_once = threading.BoundedSemaphore(limits.TRAINING_AT_ONCE)


@dataclass(frozen=True)
class Learned:
    """One thing the training learned: the ``order``-th, its bytes, and what says why it is there."""

    order: int
    id: int
    raw: bytes
    parts: tuple[bytes, bytes] | None = None  # BPE: the pair that was merged
    score: float | None = None  # Unigram: log probability
    inside: bool = False  # WordPiece: ## in front, only inside a word


@dataclass(frozen=True)
class Trained:
    """A trained tokenizer: its tokenizer.json and what was learned, in the order of learning."""

    kind: Kind
    json: str
    seconds: float

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_str(self.json)

    @property
    def size(self) -> int:
        """Entries of the vocabulary: it may be fewer than asked for, when nothing frequent is left."""
        return self._tokenizer.get_vocab_size()

    @cached_property
    def letters_inside(self) -> bytes:
        """WordPiece: the letters (bytes) that may go on in a word. All 256 may begin one; these have a ## form too,
        which the trainer makes only of what stands inside a word of the text.
        """
        vocabulary = self._tokenizer.get_vocab()
        return b"".join(
            sorted(bytes_of(piece[2:]) for piece in vocabulary if piece.startswith("##") and len(piece) == 3)
        )

    @cached_property
    def learned(self) -> tuple[Learned, ...]:
        """What is beyond the alphabet: merges in order (BPE), pieces in order of learning (WordPiece), or pieces by
        score, the most probable first (Unigram, which starts from many and strikes out the least useful).
        """
        model = json.loads(self.json)["model"]
        if self.kind == "bpe":
            pairs = [tuple(pair) for pair in model["merges"]]
            return tuple(
                Learned(n, model["vocab"][a + b], bytes_of(a + b), (bytes_of(a), bytes_of(b)))
                for n, (a, b) in enumerate(pairs, start=1)
            )
        if self.kind == "wordpiece":
            pieces = sorted((i, piece) for piece, i in model["vocab"].items() if piece != UNKNOWN)
            longer = [(i, piece) for i, piece in pieces if len(piece.removeprefix("##")) > 1]
            return tuple(
                Learned(n, i, bytes_of(piece.removeprefix("##")), inside=piece.startswith("##"))
                for n, (i, piece) in enumerate(longer, start=1)
            )
        scored = [(i, piece, score) for i, (piece, score) in enumerate(model["vocab"]) if len(piece) > 1]
        scored.sort(key=lambda row: -row[2])
        return tuple(Learned(n, i, bytes_of(p), score=score) for n, (i, p, score) in enumerate(scored, start=1))

    def encode(self, text: str) -> Encoding:
        """The text's tokens under this tokenizer; WordPiece may read a word as [UNK], which loses it."""
        return _encoding(self._tokenizer, KINDS[self.kind], text)

    def curve(self, text: str, points: int = 16) -> list[tuple[int, int]]:
        """(vocabulary size, tokens of the text) as the merges are learned one after the other; BPE only."""
        if self.kind != "bpe":
            return []
        model = json.loads(self.json)["model"]
        merges = [tuple(pair) for pair in model["merges"]]
        shown = sorted({round(len(merges) * (step / points) ** 2) for step in range(points + 1)})
        cut = Tokenizer.from_str(self.json)
        curve = []
        for count in shown:
            cut.model = models.BPE(vocab=model["vocab"], merges=merges[:count])
            curve.append((256 + count, len(cut.encode(text).ids)))
        return curve


def train(kind: str, text: str, size: int, waiting: Waiting = lambda _seconds: None) -> Trained:
    """Train on the text; equal requests are answered from the last few.

    Raises BadInput for an unknown kind, a text with nothing to learn from or too long, a vocabulary smaller than its
    alphabet or larger than the cap, and a training that takes longer than ``limits.TRAINING_SECONDS``.
    """
    checked = _checked(kind, text, size)
    key = (checked, size, text)
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = _in_a_process(checked, text, size, waiting)
    if not found.learned:
        raise BadInput("There was nothing to learn", _NOTHING_SHARED if checked == "unigram" else _NOTHING_TO_JOIN)
    with _kept_lock:
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _checked(kind: str, text: str, size: int) -> Kind:
    known: dict[str, Kind] = {name: name for name in KINDS}
    if kind not in known:
        raise BadInput(f"{kind[:30]!r} is not a kind of tokenizer here", f"Choose one of: {', '.join(KINDS)}.")
    if not limits.VOCABULARY_MIN <= size <= limits.VOCABULARY_MAX:
        raise BadInput(
            f"A vocabulary of {size:,} can't be trained here",
            f"256 entries are the bytes themselves, so choose {limits.VOCABULARY_MIN} to {limits.VOCABULARY_MAX:,}.",
        )
    if len(text.strip()) < limits.TRAINING_CHARACTERS_MIN:
        raise BadInput(
            f"{len(text.strip())} characters are too few to learn from",
            f"Training counts what is frequent: give it {limits.TRAINING_CHARACTERS_MIN} or more, better thousands.",
        )
    if len(text) > limits.TRAINING_CHARACTERS:
        raise BadInput(
            f"{len(text):,} characters are too many to train on here", f"Cut it to {limits.TRAINING_CHARACTERS:,}."
        )
    return known[kind]


def _in_a_process(kind: Kind, text: str, size: int, waiting: Waiting) -> Trained:
    asked = time.monotonic()
    while not _at_once.acquire(timeout=_POLL_S):
        waiting(time.monotonic() - asked)
        if time.monotonic() - asked > limits.QUEUE_DEADLINE_S:
            raise ModelBusy("Other trainings are running", "Try again in a minute.")
    try:
        return _run(kind, text, size, waiting)
    finally:
        _at_once.release()


def _run(kind: Kind, text: str, size: int, waiting: Waiting) -> Trained:
    request: str | None = json.dumps({"kind": kind, "text": text, "size": size})
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "playground.models.training_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "RAYON_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )
    try:
        while True:
            try:
                answer, errors = process.communicate(request, timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                request = None  # it was handed over; communicate goes on where it was
                waiting(time.monotonic() - started)
                if time.monotonic() - started > limits.TRAINING_SECONDS:
                    raise BadInput(
                        f"Training took longer than {limits.TRAINING_SECONDS:g} s and was stopped",
                        "Long runs without a space are slow: shorten the text, or give it words.",
                    ) from None
    finally:
        process.kill()  # also when the reader leaves the page: the call above is where Streamlit stops
        process.wait()
    if process.returncode:
        reason: Any = (errors.strip().splitlines() or ["no reason given"])[-1]
        raise BadInput("The trainer could not take this text", f"It said: {reason[:200]}")
    return Trained(kind, answer, time.monotonic() - started)


def _encoding(tokenizer: Tokenizer, name: str, text: str) -> Encoding:
    encoded = tokenizer.encode(text)
    offsets, tokens, position, decoded = byte_offsets(text), [], 0, b""
    for token_id, piece, (start, end) in zip(encoded.ids, encoded.tokens, encoded.offsets, strict=True):
        unknown = piece == UNKNOWN and name == KINDS["wordpiece"]
        raw = piece.encode() if unknown else bytes_of(piece.removeprefix("##") if name == KINDS["wordpiece"] else piece)
        first = int(offsets[start]) if unknown else position
        position = int(offsets[end]) if unknown else position + len(raw)
        decoded += raw
        shown = raw.decode(errors="replace")
        tokens.append(Token(token_id, shown, raw, start, end, first, position, unknown, unknown))
    return Encoding(name, text, tokens, decoded.decode(errors="replace"))
