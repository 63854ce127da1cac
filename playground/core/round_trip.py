"""What encoding and decoding lose: named in words, and as a difference character by character."""

import difflib
import re
import unicodedata
from collections import Counter
from typing import Literal, NamedTuple

from playground.core.tokens import Encoding, LazyTokens
from playground.core.visible import visible

WINDOW_CHARACTERS = 400  # difflib is quadratic; the first stretch that differs shows what happens
_LEAD_IN = 20


class Change(NamedTuple):
    """One stretch of the comparison: kept as it was, only in the text (lost), or only in what came back (new)."""

    kind: Literal["kept", "lost", "new"]
    text: str


def losses(encoding: Encoding) -> tuple[str, ...]:
    """What the round trip changed, in words; empty where the text came back exactly.

    >>> losses(Encoding("bert", "Café  au lait\\u202e!", (), "cafe au lait!"))
    ('capital letters', 'accents and other combining marks', 'white space', '⟨U+202E⟩')
    """
    if encoding.round_trip:
        return ()
    text, decoded = encoding.text, encoding.decoded
    tokens = encoding.tokens
    unknown = tokens.unknown if isinstance(tokens, LazyTokens) else [token for token in tokens if token.unknown]
    found = []
    if unknown:
        lost = sum(end - start for start, end in {(token.start, token.end) for token in unknown})
        found.append(f"{lost:,} character{'s' if lost > 1 else ''} read as {unknown[0].text}")
        text = _without(text, [(token.start, token.end) for token in unknown])
        decoded = decoded.replace(unknown[0].text, "")
    before, after = Counter(text), Counter(decoded)  # by distinct character, because a text may be long
    if _capitals(before) > _capitals(after):
        found.append("capital letters")
    if _marks(before) > _marks(after):
        found.append("accents and other combining marks")
    if re.findall(r"\s+", text) != re.findall(r"\s+", decoded):
        found.append("white space")
    if unicodedata.is_normalized("NFC", text) and not unicodedata.is_normalized("NFC", decoded):
        found.append("composed characters, now in parts")
    dropped = _folded(before) - _folded(after)
    if dropped:
        found.append(", ".join(visible(character) for character, _ in dropped.most_common(5)))
    return tuple(found) or ("the order of characters",)


def difference(encoding: Encoding) -> tuple[Change, ...]:
    """The first stretch in which the text and what came back differ, about ``WINDOW_CHARACTERS`` long.

    >>> difference(Encoding("bert", "The café", (), "the cafe"))[:3]
    (Change(kind='lost', text='T'), Change(kind='new', text='t'), Change(kind='kept', text='he caf'))
    """
    pairs = enumerate(zip(encoding.text, encoding.decoded, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(encoding.text), len(encoding.decoded)))
    start = max(0, same - _LEAD_IN)
    text = encoding.text[start : start + WINDOW_CHARACTERS]
    decoded = encoding.decoded[start : start + WINDOW_CHARACTERS]
    changes: list[Change] = []
    for _, t0, t1, d0, d1 in (codes := difflib.SequenceMatcher(None, text, decoded, autojunk=False).get_opcodes()):
        if text[t0:t1] == decoded[d0:d1]:
            changes.append(Change("kept", text[t0:t1]))
        else:
            changes += [Change("lost", text[t0:t1])] * (t1 > t0) + [Change("new", decoded[d0:d1])] * (d1 > d0)
    if len(codes) > 1 and len(encoding.text) > start + WINDOW_CHARACTERS and changes[-1].kind != "kept":
        changes.pop()  # where the window was cut, not where the texts differ
    return tuple(changes)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    kept, reached = [], 0
    for start, end in spans:
        kept.append(text[reached:start])
        reached = max(reached, end)
    return "".join((*kept, text[reached:]))


def _capitals(characters: Counter[str]) -> int:
    return sum(count for character, count in characters.items() if character.isupper())


def _marks(characters: Counter[str]) -> int:
    """How many accents and other combining marks."""
    return sum(
        count * sum(unicodedata.category(part) == "Mn" for part in unicodedata.normalize("NFD", character))
        for character, count in characters.items()
    )


def _folded(characters: Counter[str]) -> Counter[str]:
    """How often each letter or sign occurs, small, without accents and white space."""
    found: Counter[str] = Counter()
    for character, count in characters.items():
        for part in unicodedata.normalize("NFD", character).lower():
            if not part.isspace() and unicodedata.category(part) != "Mn":
                found[part] += count
    return found
