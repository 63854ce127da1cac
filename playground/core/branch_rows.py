"""Where the nodes of a tree of texts are drawn: a column a token, a row a branch.

A text's first child goes on in its row; each other child begins a row of its own below, the nearest one that is free
over its length, so that branches far apart share rows.
"""

from collections.abc import Mapping, Sequence


def branch_rows(children: Mapping[int, Sequence[int]], depth: Mapping[int, int], root: int) -> dict[int, int]:
    """The row of each node below ``root``; ``children`` in the order in which they are drawn.

    >>> branch_rows({0: [1, 4], 1: [2, 3], 2: [5]}, {1: 1, 2: 2, 3: 2, 4: 1, 5: 3}, 0)
    {1: 0, 2: 0, 5: 0, 3: 1, 4: 2}
    """
    rows: dict[int, int] = {}
    taken: list[list[tuple[int, int]]] = []  # of each row, the columns from … to
    starts = [(child, -1) for child in reversed(children.get(root, ()))]  # a branch's first node, its parent's row
    while starts:
        node, above = starts.pop()
        chain = [node]
        while children.get(chain[-1]):
            chain.append(children[chain[-1]][0])
        first, last = depth[chain[0]], depth[chain[-1]]
        row = next((r for r in range(above + 1, len(taken)) if _free(taken[r], first, last)), None)
        if row is None:
            row = len(taken)
            taken.append([])
        taken[row].append((first, last))
        for link in chain:
            rows[link] = row
            starts += [(other, row) for other in reversed(children.get(link, ())[1:])]
    return rows


def _free(spans: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    return all(end < first - 1 or last < start - 1 for start, end in spans)  # with a column between two branches
