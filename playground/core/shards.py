"""Cutting a whole into one share per rank: evenly to the unit, or padded the way each library pads."""

import heapq
import itertools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from playground.core.subject import check_range


def even_shares(whole: int, ranks: int) -> list[int]:
    """``whole`` units over ``ranks`` shares that differ by at most one and add up to it; the first ranks get the rest.

    >>> even_shares(10, 4)
    [3, 3, 2, 2]
    """
    check_range("ranks", ranks, 1, max(ranks, 1))
    each, rest = divmod(whole, ranks)
    return [each + (rank < rest) for rank in range(ranks)]


def share_bytes(elements: Sequence[int], bytes_each: Fraction | int) -> list[int]:
    """Whole bytes of consecutive shares at ``bytes_each`` a unit (perhaps not whole), adding up to the whole's bytes.

    >>> share_bytes([3, 3, 2, 2], Fraction(65, 32))
    [6, 6, 4, 4]
    """
    edges, total = [0], 0
    for units in elements:
        total += units
        edges.append(math.floor(total * bytes_each))
    return [after - before for before, after in itertools.pairwise(edges)]


def fsdp2_rows(rows: int, ranks: int) -> list[int]:
    """Rows of a weight each rank owns under FSDP2 (torch.chunk on dim 0); every rank stores the first one's number.

    >>> fsdp2_rows(5, 4)
    [2, 2, 1, 0]
    """
    check_range("ranks", ranks, 1, max(ranks, 1))
    each = math.ceil(rows / ranks)
    return [max(0, min(each, rows - rank * each)) for rank in range(ranks)]


def fsdp2_elements(shapes: Iterable[tuple[int, ...]], ranks: int) -> int:
    """Elements every rank stores under FSDP2: each weight's dim 0 padded to a multiple of the ranks.

    >>> fsdp2_elements([(5, 6), (5,)], 4)
    14
    """
    return sum(fsdp2_rows(shape[0], ranks)[0] * math.prod(shape[1:]) for shape in shapes)


def zero3_elements(shapes: Iterable[tuple[int, ...]], ranks: int) -> int:
    """Elements a rank stores under DeepSpeed ZeRO-3: each weight, flat, padded to a multiple of the ranks.

    >>> zero3_elements([(5, 6), (5,)], 4)
    10
    """
    return sum(math.ceil(math.prod(shape) / ranks) for shape in shapes)


def flat_elements(whole: int, ranks: int, align: int = 2) -> int:
    """Elements a rank owns of DeepSpeed ZeRO-1/2's flat buffer, padded to a multiple of ``align`` × ranks.

    >>> flat_elements(124_439_808, 7)
    17777116
    """
    return math.ceil(whole / (align * ranks)) * align


def greedy_elements(sizes: Iterable[int], ranks: int) -> list[int]:
    """Elements per rank when whole weights, largest first, go to the rank that has least so far.

    ``torch.distributed.optim.ZeroRedundancyOptimizer``'s rule; among equals the lowest rank.

    >>> greedy_elements([30, 5, 30, 5, 8], 3)
    [30, 30, 18]
    """
    heap = [(0, rank) for rank in range(ranks)]
    for size in sorted(sizes, reverse=True):
        held, rank = heap[0]
        heapq.heapreplace(heap, (held + size, rank))
    return [held for held, _ in sorted(heap, key=lambda entry: entry[1])]
