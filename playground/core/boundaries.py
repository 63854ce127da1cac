"""Where tokenizers agree: the places in a text where all of them end a token."""

from collections.abc import Sequence

import numpy as np

from playground.core.tokens import Encoding


def shared_ends(encodings: Sequence[Encoding]) -> np.ndarray:
    """The ends that all encodings of one text have, marked as in ``Encoding.byte_ends``; of one, all of its own.

    >>> from playground.core.tokens import Token
    >>> whole = Token(1, "a b", b"a b", 0, 3, 0, 3),
    >>> parts = Token(2, "a", b"a", 0, 1, 0, 1), Token(3, " b", b" b", 1, 3, 1, 3)
    >>> shared_ends([Encoding("x", "a b", whole, "a b"), Encoding("y", "a b", parts, "a b")]).tolist()
    [False, False, False, True]
    """
    shared: np.ndarray = np.logical_and.reduce([encoding.byte_ends for encoding in encodings])
    return shared
