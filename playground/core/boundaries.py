"""Where tokenizers agree: the places in a text where all of them end a token."""

from collections.abc import Sequence

import numpy as np

from playground.core.tokens import Encoding, LazyTokens


def byte_ends(encoding: Encoding) -> np.ndarray:
    """Where tokens end, as offsets into the text's UTF-8, each once; a token the tokenizer added ends nowhere."""
    if isinstance(encoding.tokens, LazyTokens):
        return encoding.tokens.byte_ends
    return np.unique(np.array([token.byte_end for token in encoding.tokens if not token.added], np.int64))


def shared_ends(encodings: Sequence[Encoding]) -> frozenset[int]:
    """The ends that all encodings of one text have; of a single one, all of its own.

    >>> from playground.core.tokens import Token
    >>> whole = Token(1, "a b", b"a b", 0, 3, 0, 3),
    >>> parts = Token(2, "a", b"a", 0, 1, 0, 1), Token(3, " b", b" b", 1, 3, 1, 3)
    >>> sorted(shared_ends([Encoding("x", "a b", whole, "a b"), Encoding("y", "a b", parts, "a b")]))
    [3]
    """
    if not encodings:
        return frozenset()
    shared = byte_ends(encodings[0])
    for encoding in encodings[1:]:
        shared = np.intersect1d(shared, byte_ends(encoding), assume_unique=True)
    return frozenset(shared.tolist())
