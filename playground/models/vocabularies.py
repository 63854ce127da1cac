"""A tokenizer's whole vocabulary, read from its engine once a process, with the facts that need encoding."""

import threading
import time
from collections.abc import Callable

import regex

from playground import limits
from playground.core import merge_rule, vocabulary
from playground.core.vocabulary import By, Entry, Facts, Vocabulary
from playground.errors import BadInput
from playground.models import engines
from playground.models.engines import Engine

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much
_STEP = 4_000  # entries between two reports: tens of milliseconds
# The id of merge number 0. tiktoken's own files count the single bytes as ranks, too: there the id is the rank.
FIRST_MERGE = {"gpt2": 256, "cl100k": 0, "o200k": 0, "smollm2": 252, "mistral": 259, "tekken": 1000}
_kept: dict[str, Vocabulary] = {}
_facts: dict[str, Facts] = {}
_locks: dict[str, threading.Lock] = {tokenizer_id: threading.Lock() for tokenizer_id in engines.TOKENIZERS}


def _silent(_what: str, _done: int, _total: int) -> None:
    pass


def read(engine: Engine, progress: Progress = _silent) -> Vocabulary:
    """Every entry of the engine's vocabulary; the second call is immediate."""
    tokenizer_id = engine.info.id
    with _locks[tokenizer_id]:
        if tokenizer_id not in _kept:
            pieces = []
            for token_id, piece in engine.entries():
                if token_id % _STEP == 0:
                    progress("reading the vocabulary", token_id, engine.vocabulary_size)
                pieces.append((token_id, piece))
            _kept[tokenizer_id] = vocabulary.build(engine.info.title, engine.vocabulary_size, pieces)
        return _kept[tokenizer_id]


def facts(engine: Engine, progress: Progress = _silent) -> Facts:
    """The facts of ``core.vocabulary.Facts``, every entry decoded and encoded again; the second call is immediate.

    An entry that is no valid UTF-8 alone can't be typed alone, so it is counted as that and not as unstable.
    """
    entries = read(engine, progress)
    tokenizer_id = engine.info.id
    with _locks[tokenizer_id]:
        if tokenizer_id not in _facts:
            unstable = []
            for row, entry in enumerate(entries.entries):
                if row % _STEP == 0:
                    progress("encoding every entry", row, len(entries.entries))
                if not entry.special and not entry.partial and engine.again(entry.id) != [entry.id]:
                    unstable.append(entry.id)
            _facts[tokenizer_id] = vocabulary.facts(entries, unstable)
        return _facts[tokenizer_id]


def search(entries: Vocabulary, query: str, by: By) -> list[Entry]:
    """The entries that match; all of them for an empty query.

    Raises BadInput for ids, bytes or a regular expression that can't be read, and where a regular expression takes
    longer than ``limits.REGEX_SECONDS``.
    """
    wanted = query[: limits.QUERY_CHARACTERS]
    if not wanted:
        return list(entries.entries)
    if by == "id":
        return vocabulary.with_ids(entries, wanted)
    if by == "bytes":
        return vocabulary.with_bytes(entries, wanted)
    return _with_pattern(entries, wanted) if by == "regex" else vocabulary.with_text(entries, wanted)


def check(query: str, by: By) -> None:
    """Raises what ``search`` would raise for a query that can't be read, without a vocabulary."""
    wanted = query[: limits.QUERY_CHARACTERS]
    if by == "id":
        vocabulary.read_ids(wanted)
    elif by == "bytes":
        vocabulary.read_bytes(wanted)
    elif by == "regex":
        _compiled(wanted)


def _compiled(pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, MemoryError, ValueError) as error:
        reason = str(error).removesuffix(".") or "too deep"
        raise BadInput(
            f"This is no regular expression: {reason}", "A bracket that is meant literally is \\(."
        ) from None


def _with_pattern(entries: Vocabulary, pattern: str) -> list[Entry]:
    """Each entry's text searched by the ``regex`` package: unlike ``re`` it knows ``\\p{Thai}`` and can be given a
    time limit, which a pattern such as ``(a+)+$`` needs. Looking at the clock takes most of the time, so a pattern
    that can't be slow goes without.
    """
    deadline = time.thread_time() + limits.REGEX_SECONDS  # its own time: a busy machine makes no pattern a bad one
    look_for, found = _compiled(pattern).search, []
    if _short_work(pattern):
        return [entry for entry in entries.entries if look_for(entry.text)]
    try:
        for entry in entries.entries:
            if look_for(entry.text, timeout=limits.REGEX_TOKEN_SECONDS):
                found.append(entry)
            if time.thread_time() > deadline:
                raise TimeoutError
        return found
    except TimeoutError:
        raise BadInput(
            "This regular expression takes too long",
            "Repetition inside repetition, as in (a+)+$, may try every way to share a text out. Write it without.",
        ) from None
    except (regex.error, RecursionError, MemoryError) as error:  # a recursive pattern may fail only as it is used
        reason = str(error).removesuffix(".") or "too deep"
        raise BadInput(
            f"This regular expression could not be followed: {reason}", "Write it without recursion."
        ) from None


def _short_work(pattern: str) -> bool:
    """No repetition, or two outside any group: a text of n characters takes n³ steps at the worst.

    >>> _short_work("(ing|ed)$"), _short_work(r"^\\s?\\p{Thai}+$"), _short_work("(a+)+$"), _short_work("(a|a)+$")
    (True, True, False, False)
    """
    repetitions = len(regex.findall(r"[*+?{]", regex.sub(r"\\[pP]\{[^{}]+\}", "", pattern)))  # \p{Thai} is one letter
    return repetitions == 0 or ("(" not in pattern and repetitions <= 2)


def merged_from(entries: Vocabulary, kind: str, token_id: int) -> tuple[int, int] | None:
    """The two ids whose merge made this token; None for a letter of the alphabet, and where there are no merges.

    In these vocabularies ids are given in the order of merges (``FIRST_MERGE``), so an id serves as a rank.
    """
    entry = entries[token_id]
    if "BPE" not in kind or entry.special:
        return None
    symbols = [bytes([byte]) for byte in entry.raw] if "byte-level" in kind else [c.encode() for c in entry.text]
    ranks = {other.raw: other.id for other in entries.entries if not other.special}
    parts = merge_rule.parts_of(symbols, ranks)
    return (ranks[parts[0]], ranks[parts[1]]) if parts and parts[0] in ranks and parts[1] in ranks else None
