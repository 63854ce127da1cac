"""A tokenizer's whole vocabulary: found by text, id or bytes, and the facts that surprise.

Search is a scan over every entry (200,000 of them take about 20 ms), so nothing is left out and no index is needed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from playground.core.scripts import script_of
from playground.core.tokens import Piece
from playground.errors import BadInput

By = Literal["text", "id", "bytes", "regex"]
_IDS = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")


class Entry(NamedTuple):
    """One entry: its id, how it reads (U+FFFD where bytes are no character), its bytes, whether it is control."""

    id: int
    text: str
    raw: bytes
    special: bool

    @property
    def partial(self) -> bool:
        """Whether its bytes are no valid UTF-8 alone: it starts or ends inside a character."""
        try:
            self.raw.decode()
        except UnicodeDecodeError:
            return True
        return False

    @property
    def script(self) -> str:
        """The script of its first letter, or what it is instead (see ``scripts.script_of``)."""
        return "control token" if self.special else "part of a character" if self.partial else script_of(self.text)


@dataclass(frozen=True)
class Vocabulary:
    """Every entry of one tokenizer in the order of ids; ``size`` counts the ids, some of which may be unused."""

    tokenizer: str
    size: int
    entries: tuple[Entry, ...]
    by_id: Mapping[int, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {entry.id: entry for entry in self.entries})

    def __getitem__(self, token_id: int) -> Entry:
        if token_id not in self.by_id:
            raise BadInput(f"{self.tokenizer} does not use id {token_id}", f"Its ids run from 0 to {self.size - 1:,}.")
        return self.by_id[token_id]

    @property
    def unused(self) -> tuple[int, ...]:
        """Ids below ``size`` that stand for nothing."""
        return tuple(i for i in range(self.size) if i not in self.by_id)


def build(tokenizer: str, size: int, pieces: Iterable[tuple[int, Piece]]) -> Vocabulary:
    """The vocabulary from (id, piece) pairs in any order.

    >>> tiny = build("toy", 4, [(2, Piece("b", b"b")), (0, Piece("ab", b"ab"))])
    >>> [entry.id for entry in tiny.entries], tiny.unused
    ([0, 2], (1, 3))
    """
    entries = sorted((Entry(i, piece.text, piece.raw, piece.special) for i, piece in pieces), key=lambda e: e.id)
    return Vocabulary(tokenizer, size, tuple(entries))


def with_text(vocabulary: Vocabulary, needle: str) -> list[Entry]:
    """The entries that contain ``needle`` (upper and lower case differ), those that equal it first, then by id.

    >>> tiny = build("toy", 3, enumerate([Piece("abc", b"abc"), Piece("b", b"b"), Piece("c", b"c")]))
    >>> [entry.text for entry in with_text(tiny, "b")]
    ['b', 'abc']
    """
    found = [entry for entry in vocabulary.entries if needle in entry.text]
    return sorted(found, key=lambda entry: entry.text.strip() != needle.strip()) if needle else found


def with_bytes(vocabulary: Vocabulary, hexadecimal: str) -> list[Entry]:
    """The entries whose bytes contain these, written ``F0 9F 91``, ``f09f91`` or ``0xF0``; equal ones first.

    >>> tiny = build("toy", 2, [(0, Piece("é", "é".encode())), (1, Piece("\ufffd", bytes([0xC3])))])
    >>> [entry.id for entry in with_bytes(tiny, "C3")], [entry.id for entry in with_bytes(tiny, "0xc3 0xa9")]
    ([1, 0], [0])

    Raises BadInput where the text is not hexadecimal.
    """
    needle = read_bytes(hexadecimal)
    return sorted((entry for entry in vocabulary.entries if needle in entry.raw), key=lambda entry: entry.raw != needle)


def read_bytes(hexadecimal: str) -> bytes:
    """The bytes a person wrote in hex, with or without spaces and ``0x``; BadInput otherwise.

    >>> read_bytes("0xF0 9f")
    b'\\xf0\\x9f'
    """
    digits = re.sub(r"0x|\\x|[\s,]", "", hexadecimal, flags=re.IGNORECASE)
    if len(digits) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", digits):
        raise BadInput(f"{hexadecimal[:40]!r} is not a row of bytes", "Write two hex digits a byte, like F0 9F 91.")
    return bytes.fromhex(digits)


def with_ids(vocabulary: Vocabulary, wanted: str) -> list[Entry]:
    """The entries with these ids, written ``464``, ``1, 5`` or ``100-120``; unused ids are left out.

    >>> tiny = build("toy", 3, enumerate([Piece("a", b"a"), Piece("b", b"b"), Piece("c", b"c")]))
    >>> [entry.id for entry in with_ids(tiny, "2, 0-1")]
    [2, 0, 1]

    Raises BadInput for anything else, and where no id is in the vocabulary.
    """
    found: dict[int, Entry] = {}
    for first, last in read_ids(wanted):
        for token_id in range(first, min(last, vocabulary.size - 1) + 1):
            if token_id in vocabulary.by_id:
                found[token_id] = vocabulary.by_id[token_id]
    if not found and wanted.strip():
        unused = f"; {len(vocabulary.unused):,} of them are unused" if vocabulary.unused else ""
        hint = f"Its ids run from 0 to {vocabulary.size - 1:,}{unused}."
        raise BadInput(f"{vocabulary.tokenizer} has no token {wanted.strip()[:40]}", hint)
    return list(found.values()) if wanted.strip() else list(vocabulary.entries)


def read_ids(wanted: str) -> list[tuple[int, int]]:
    """The ids a person wrote, as ranges (first, last); BadInput for what is none.

    >>> read_ids("464, 100-120")
    [(464, 464), (100, 120)]
    """
    ranges = []
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*[-–:]\s*", "-", wanted.strip()))):
        match = _IDS.fullmatch(part)
        if not match:
            raise BadInput(f"{wanted[:40]!r} is not an id", "Write a number, several with commas, or a range: 100-120.")
        ranges.append((int(match[1]), int(match[2] or match[1])))
    return ranges


@dataclass(frozen=True)
class Facts:
    """What one would not guess of a vocabulary; each is a list of ids to look at."""

    partial: tuple[int, ...]  # not valid UTF-8 alone
    unstable: tuple[int, ...]  # decoded and encoded again: other ids
    unused: tuple[int, ...]
    special: tuple[int, ...]
    longest: tuple[int, ...]  # by bytes, the longest first
    scripts: tuple[tuple[str, int], ...]  # entries a script, most first


def facts(vocabulary: Vocabulary, unstable: Sequence[int], longest: int = 50) -> Facts:
    """The facts; ``unstable`` comes from the engine, which alone can encode (``models.vocabularies``).

    >>> tiny = build("toy", 4, [(0, Piece("\ufffd", bytes([0xC3]))), (2, Piece("abc", b"abc"))])
    >>> found = facts(tiny, ())
    >>> found.partial, found.unused, found.longest, found.scripts
    ((0,), (1, 3), (2, 0), (('part of a character', 1), ('Latin', 1)))
    """
    entries = vocabulary.entries
    ordinary = [entry for entry in entries if not entry.special]
    by_length = sorted(ordinary, key=lambda entry: -len(entry.raw))[:longest]
    return Facts(
        partial=tuple(entry.id for entry in ordinary if entry.partial),
        unstable=tuple(unstable),
        unused=vocabulary.unused,
        special=tuple(entry.id for entry in entries if entry.special),
        longest=tuple(entry.id for entry in by_length),
        scripts=tuple(Counter(entry.script for entry in entries).most_common()),
    )
