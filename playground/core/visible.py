"""A piece of text with nothing in it invisible: spaces, line ends, bytes that are no character, format characters.

A zero-width joiner, a bidi override or half an emoji would otherwise be an empty or a misleading label.
"""

import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

GlyphKind = Literal["text", "space", "newline", "tab", "bytes", "code point"]
_MARKS: dict[str, tuple[GlyphKind, str]] = {" ": ("space", "·"), "\n": ("newline", "↵"), "\t": ("tab", "⇥")}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}  # general categories that draw nothing
_DRAWS_NOTHING = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x180E)}
_SHORT = 64  # characters; longer texts are not kept
_DOTTED_CIRCLE = "\u25cc"  # what Unicode shows a combining mark on when it stands alone


class Glyph(NamedTuple):
    """A run of one kind, as it is shown: ``F0 9F`` for bytes, ``U+202E`` for a character that draws nothing."""

    kind: GlyphKind
    shown: str


def glyphs(text: str, raw: bytes | None = None) -> tuple[Glyph, ...]:
    r"""The text as visible runs. Where it has U+FFFD and ``raw`` is given, the bytes themselves are shown.

    >>> glyphs(" a\n")
    (Glyph(kind='space', shown='·'), Glyph(kind='text', shown='a'), Glyph(kind='newline', shown='↵'))
    >>> glyphs(" \ufffd", b" \xf0\x9f")
    (Glyph(kind='space', shown='·'), Glyph(kind='bytes', shown='F0 9F'))
    >>> glyphs("a\u202eb")[1]
    Glyph(kind='code point', shown='U+202E')
    """
    return _kept_runs(text, raw) if len(text) <= _SHORT else _runs(text, raw)


def _runs(text: str, raw: bytes | None) -> tuple[Glyph, ...]:
    # surrogateescape turns each byte that is part of no character into U+DC80..U+DCFF, and keeps a real U+FFFD.
    source = raw.decode("utf-8", "surrogateescape") if raw is not None and "\ufffd" in text else text
    runs = []
    for kind, run in groupby(map(_glyph, source), key=lambda glyph: glyph.kind):
        shown = [glyph.shown for glyph in run]
        runs.append(Glyph(kind, (" " if kind in ("bytes", "code point") else "").join(shown)))
    if runs and runs[0].kind == "text" and unicodedata.category(runs[0].shown[0]).startswith("M"):
        runs[0] = Glyph("text", _DOTTED_CIRCLE + runs[0].shown)
    return tuple(runs)


_kept_runs = lru_cache(maxsize=8_192)(_runs)  # a page draws the same tokens again and again


def visible(text: str, raw: bytes | None = None) -> str:
    r"""The same as one string, for a table cell or an axis label: bytes and hidden characters in ⟨⟩.

    >>> visible(" caf\u00e9\n"), visible("\ufffd", b"\x9f"), visible("")
    ('·café↵', '⟨9F⟩', '∅')
    """
    parts = (f"⟨{g.shown}⟩" if g.kind in ("bytes", "code point") else g.shown for g in glyphs(text, raw))
    return "".join(parts) or "∅"


def code_point(character: str) -> str:
    """The character's number as Unicode writes it.

    >>> code_point("é"), code_point("🍓")
    ('U+00E9', 'U+1F353')
    """
    return f"U+{ord(character):04X}"


def _glyph(character: str) -> Glyph:
    if character in _MARKS:
        return Glyph(*_MARKS[character])
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return Glyph("bytes", f"{number - 0xDC00:02X}")
    selects_variant = 0xFE00 <= number <= 0xFE0F or 0xE0100 <= number <= 0xE01EF
    if unicodedata.category(character) in _HIDDEN or selects_variant or number in _DRAWS_NOTHING:
        return Glyph("code point", code_point(character))
    return Glyph("text", character)
