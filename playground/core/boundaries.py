"""Where tokenizers agree: the places in a text where all of them end a token."""

from collections.abc import Sequence

import numpy as np

from playground.core.tokens import Encoding, LazyTokens


def byte_ends(encoding: Encoding) -> np.ndarray:
    """For each offset into the text's UTF-8, its end included, whether a token ends there: ``utf8_bytes + 1`` booleans.

    A token the tokenizer added ends nowhere.
    """
    tokens = encoding.tokens
    ends = tokens.byte_ends if isinstance(tokens, LazyTokens) else [t.byte_end for t in tokens if not t.added]
    marked = np.zeros(len(encoding.text.encode()) + 1, bool)
    marked[np.asarray(ends, np.int64)] = True
    return marked


def shared_ends(encodings: Sequence[Encoding]) -> np.ndarray:
    """The ends that all encodings of one text have, marked in the same way; of a single one, all of its own.

    >>> from playground.core.tokens import Token
    >>> whole = Token(1, "a b", b"a b", 0, 3, 0, 3),
    >>> parts = Token(2, "a", b"a", 0, 1, 0, 1), Token(3, " b", b" b", 1, 3, 1, 3)
    >>> shared_ends([Encoding("x", "a b", whole, "a b"), Encoding("y", "a b", parts, "a b")]).tolist()
    [False, False, False, True]
    """
    shared: np.ndarray = np.logical_and.reduce([byte_ends(encoding) for encoding in encodings])
    return shared
