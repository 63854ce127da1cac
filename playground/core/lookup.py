"""Prompt lookup: guess what comes next from what came before, where the text repeats itself.

A pass over several tokens costs a model hardly more than a pass over one: reading its weights is what takes long. So
guessed tokens are checked all at once, and those that the model would have written itself are kept. Speculative
decoding: Leviathan et al. 2023, arXiv:2211.17192; with the text itself as the guesser: Saxena 2023, "Prompt Lookup
Decoding".
"""

from collections.abc import Sequence

LONGEST, SHORTEST = 3, 2  # tokens of the end of the text that must have occurred before


def continuation(ids: Sequence[int], most: int) -> list[int]:
    """Up to ``most`` tokens that followed when the last tokens occurred before, most recently; none where they did not.

    >>> continuation([5, 1, 2, 3, 4, 9, 1, 2, 3], 2)
    [4, 9]
    >>> continuation([1, 2, 3], 2)
    []
    """
    for size in range(LONGEST, SHORTEST - 1, -1):
        end = list(ids[-size:])
        for start in range(len(ids) - size - 1, -1, -1):
            if ids[start] == end[0] and list(ids[start : start + size]) == end:
                return list(ids[start + size : start + size + most])
    return []
