"""Which script a piece of text is written in, from the names Unicode gives its characters.

Python carries no script property, but a letter's name begins with its script: LATIN SMALL LETTER A. That is the
``Script`` property (Unicode UAX #24) for every letter a tokenizer's vocabulary is likely to hold, with CJK ideographs
named Han and the full-width forms given back to their scripts. What has no letters is named for what it is.
"""

import functools
import unicodedata

DIGITS, SYMBOLS, EMOJI, SPACE = "digits", "punctuation and symbols", "emoji and pictures", "white space and controls"
NO_SCRIPT = (DIGITS, SYMBOLS, EMOJI, SPACE)
_RENAMED = {"Cjk": "Han", "Ideographic": "Han", "Fullwidth": "Latin", "Halfwidth": "Katakana", "Micro": "Greek"}
_RENAMED |= {"Feminine": "Latin", "Masculine": "Latin", "Modifier": "Latin"}
_PICTURES = range(0x1F000, 0x20000)


def script_of(text: str) -> str:
    """The script of the first letter; without one, ``digits``, ``emoji and pictures``, ``punctuation and symbols``
    or ``white space and controls``, whichever comes first in that order.

    >>> script_of(" naïve"), script_of("नमस्ते"), script_of("日"), script_of(" 42"), script_of(" =="), script_of("👍")
    ('Latin', 'Devanagari', 'Han', 'digits', 'punctuation and symbols', 'emoji and pictures')
    """
    found = set()
    for character in text:
        name = _of_character(character)
        if name not in NO_SCRIPT:
            return name
        found.add(name)
    return next((name for name in (DIGITS, EMOJI, SYMBOLS) if name in found), SPACE)


@functools.lru_cache(maxsize=65_536)
def _of_character(character: str) -> str:
    kind = unicodedata.category(character)[0]
    if kind in "LM":
        first = unicodedata.name(character, "other letters").split()[0].capitalize().removesuffix("-")
        return SYMBOLS if first in ("Combining", "Variation") else _RENAMED.get(first, first)
    if kind == "N":
        return DIGITS
    if kind in "ZC":
        return SPACE
    return EMOJI if ord(character) in _PICTURES else SYMBOLS
