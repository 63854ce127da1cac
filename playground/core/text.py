"""Text at the door: cleaned once, cut once, with a notice for whatever changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CleanText:
    """A text every tokenizer engine survives, and what was done to make it so."""

    text: str
    notices: tuple[str, ...] = ()


def clean(text: str, max_characters: int, *, end: bool = False) -> CleanText:
    r"""The text with lone surrogates replaced by U+FFFD, and its first (or last) ``max_characters`` alone.

    A surrogate *pair* (two code units from a careless encoder) becomes the character it stands for.

    >>> clean("a\ud800b", 10)
    CleanText(text='a�b', notices=('1 lone surrogate was replaced by �: it is not a character.',))
    >>> clean("abcdef", 3).notices
    ('Showing the first 3 of 6 characters.',)
    >>> clean("abcdef", 3, end=True)
    CleanText(text='def', notices=('Using the last 3 of 6 characters.',))
    """
    notices = []
    repaired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lone = repaired.count("\ufffd") - text.count("\ufffd")
    if lone > 0:
        noun = "surrogate was" if lone == 1 else "surrogates were"
        notices.append(f"{lone:,} lone {noun} replaced by \ufffd: it is not a character.")
    if len(repaired) > max_characters:
        kept = "Using the last" if end else "Showing the first"
        notices.append(f"{kept} {max_characters:,} of {len(repaired):,} characters.")
        repaired = repaired[-max_characters:] if end else repaired[:max_characters]
    return CleanText(repaired, tuple(notices))
