"""Where tokens stand in a text: byte offsets into its UTF-8, character offsets, and from one to the other."""

import numpy as np


def byte_spans(text: str, lengths: np.ndarray, dropped: frozenset[int] = frozenset()) -> np.ndarray:
    """Where each token's bytes lie in the text's UTF-8, from their lengths: (n, 2) starts and ends.

    The tokens' bytes one after the other must be the text's, less the byte values in ``dropped``: those a
    vocabulary has no token for (SmolLM2 lacks 21 of the 256, control characters among them).

    >>> byte_spans("é!", np.array([1, 2])).tolist()
    [[0, 1], [1, 3]]
    >>> byte_spans("a\\x04b", np.array([2]), frozenset({4})).tolist()
    [[0, 3]]
    """
    data = np.frombuffer(text.encode(), np.uint8)
    gone = np.zeros(256, bool)
    gone[list(dropped)] = True
    lost = gone[data]
    if lengths.sum() != len(data) - np.count_nonzero(lost):
        raise ValueError("the tokens' bytes are not the text's")
    ends = np.cumsum(lengths, dtype=np.int64)
    if not lost.any():
        return np.stack((ends - lengths, ends), axis=1)
    kept = np.flatnonzero(~lost)
    return np.stack((kept[ends - lengths], kept[ends - 1] + 1), axis=1)


def character_spans(text: str, spans: np.ndarray) -> np.ndarray:
    """The characters that byte spans touch: (n, 2) starts and ends, in characters.

    >>> character_spans("é!", np.array([[0, 1], [1, 3]])).tolist()
    [[0, 1], [0, 2]]
    """
    character_of_byte = np.cumsum((np.frombuffer(text.encode(), np.uint8) & 0xC0) != 0x80) - 1
    return np.stack((character_of_byte[spans[:, 0]], character_of_byte[spans[:, 1] - 1] + 1), axis=1)


def byte_offsets(text: str) -> np.ndarray:
    """The byte offset of each character, and of the end: ``len(text) + 1`` numbers.

    >>> byte_offsets("aé!").tolist()
    [0, 1, 3, 4]
    """
    data = np.frombuffer(text.encode(), np.uint8)
    return np.append(np.flatnonzero((data & 0xC0) != 0x80), len(data))
