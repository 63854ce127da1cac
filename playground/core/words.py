"""Words as a person types them for the embedding pages: lists, sums, and where a word stands in a sentence."""

import re
from typing import NamedTuple

from playground.errors import BadInput

_MINUS = str.maketrans({"−": "-", "–": "-"})  # as typeset


class Term(NamedTuple):
    """One word of a sum, added (+1) or taken away (−1)."""

    sign: int
    word: str


def parse_list(text: str, most: int, least: int = 2) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a list and what was changed. Separated by commas or line ends; without any, by spaces.

    >>> parse_list("cat, hot dog, cat", most=5)
    (('cat', 'hot dog'), ('Written twice, shown once: cat.',))
    >>> parse_list("cat dog", most=5)[0]
    ('cat', 'dog')

    Raises BadInput for fewer than ``least`` or more than ``most`` words.
    """
    pieces = re.split(r"[,;\n]", text) if re.search(r"[,;\n]", text) else text.split()
    named = [word for piece in pieces if (word := " ".join(piece.split()))]
    words = tuple(dict.fromkeys(named))
    if len(words) > most:
        raise BadInput(f"{len(words):,} words are more than the {most} compared here", "Leave some out.")
    if len(words) < least:
        said = "There is no word" if not words else f"{len(words)} word is too few"
        raise BadInput(said, f"Type {least} to {most} different words, with commas between them.")
    twice = sorted({word for word in named if named.count(word) > 1})
    return words, (f"Written twice, shown once: {', '.join(twice)[:80]}.",) if twice else ()


def parse_sum(text: str, most: int) -> tuple[Term, ...]:
    """The terms of ``king - man + woman``. A sign stands alone or before its word; inside a word it is a letter.

    >>> parse_sum("king − man + woman", most=6)
    (Term(sign=1, word='king'), Term(sign=-1, word='man'), Term(sign=1, word='woman'))
    >>> parse_sum("x-ray +New York", most=6)
    (Term(sign=1, word='x-ray'), Term(sign=1, word='New York'))

    Raises BadInput where a sign has no word, or for more than ``most`` words.
    """
    spelled = " " + text.translate(_MINUS).strip()
    parts = re.split(r"(?<=\s)([+-])", spelled)
    first = " ".join(parts[0].split())
    signed = ([("+", first)] if first else []) + [
        (sign, " ".join(word.split())) for sign, word in zip(parts[1::2], parts[2::2], strict=True)
    ]
    if not signed or any(not word for _, word in signed):
        raise BadInput("A word is missing" if signed else "There is no word", "Write the sum like: king - man + woman.")
    if len(signed) > most:
        raise BadInput(f"{len(signed)} words are more than the {most} added here", "Leave some out.")
    return tuple(Term(1 if sign == "+" else -1, word) for sign, word in signed)


def occurrences(sentence: str, word: str) -> tuple[tuple[int, int], ...]:
    """Where the word stands, as (start, end) in characters: whole words, capitals or not.

    A word without letters or digits (an emoji, ``</script>``) is found wherever it stands.

    >>> occurrences("A bank. Banks bank", "bank")
    ((2, 6), (14, 18))
    """
    needle = re.escape(word)
    before = r"(?<!\w)" if word[:1].isalnum() else ""
    after = r"(?!\w)" if word[-1:].isalnum() else ""
    return tuple(match.span() for match in re.finditer(before + needle + after, sentence, re.IGNORECASE))


def locate(sentence: str, word: str, which: int = 1) -> tuple[int, int]:
    """The ``which``-th time (from 1) the word stands in the sentence.

    >>> locate("a bank, a bank", "bank", 2)
    (10, 14)

    Raises BadInput where there is no word, no sentence, or the word is not in the sentence so often.
    """
    if not word.strip():
        raise BadInput("There is no word", "Type the word to follow through the layers.")
    found = occurrences(sentence, word.strip())
    if not found:
        shown = sentence.strip()[:60]
        raise BadInput(f"“{word.strip()[:40]}” is not in “{shown}”", "Write a sentence with this word in it.")
    if not 1 <= which <= len(found):
        raise BadInput(
            f"“{word.strip()[:40]}” stands {len(found)} times in this sentence, not {which}", "Choose an earlier one."
        )
    return found[which - 1]
