"""Which merge made a BPE token: merge its symbols by every rule older than itself, and two parts are left.

A rank file (tiktoken's) keeps the result of each merge, not its two parts; they are found again as in minbpe's
``recover_merges`` (karpathy/minbpe, gpt4.py). Training merges the most frequent pair first (Sennrich et al. 2016,
arXiv:1508.07909 §3.2), so a token's rank says how early it was worth a place.
"""

from collections.abc import Mapping, Sequence

from playground.core.bpe_trace import merged

_NEVER = 1 << 62


def parts_of(symbols: Sequence[bytes], rank: Mapping[bytes, int]) -> tuple[bytes, bytes] | None:
    """The two parts the token was merged from, or None for a symbol of the alphabet (or where no merge made it).

    ``symbols`` are what it is made of before any merge (bytes, or characters); ``rank`` orders all tokens by when
    they were made.

    >>> rank = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"abc": 4}
    >>> parts_of([b"a", b"b", b"c"], rank), parts_of([b"a"], rank)
    ((b'a', b'bc'), None)
    """
    own = rank.get(b"".join(symbols), _NEVER)

    def older(left: bytes, right: bytes) -> int | None:
        found = rank.get(left + right, _NEVER)
        return found if found < own else None

    parts = merged(symbols, older)
    return (parts[0], parts[1]) if len(parts) == 2 else None
