"""A tree of continuations: every token that was drawn or forced after one prompt, and where the reader stands.

Each node is one token; the path from the root to a node is a text. Going back and taking another token makes a branch,
and what was there before stays. Kept within a number of nodes: the longest unvisited leaves go first.
"""

from collections.abc import Sequence
from typing import NamedTuple

from playground.core.step import Step

ROOT = 0


class Node(NamedTuple):
    """One token of the tree: its parent's number, and its step."""

    parent: int
    depth: int  # tokens after the prompt, this one included
    step: Step


class Tree:
    """Continuations of one prompt. Nodes have numbers that stay; the root, the prompt itself, is 0.

    >>> tree = Tree()
    >>> the = tree.add(ROOT, Step(5, 0.4, 0.4, 0)); cat = tree.add(the, Step(7, 0.1, 0.1, 3))
    >>> dog = tree.add(the, Step(8, 0.2, 0.2, 1))
    >>> tree.tokens(cat), tree.tokens(dog), tree.find((5, 8)) == dog, tree.find((5, 9))
    ((5, 7), (5, 8), True, None)
    >>> tree.children(the), tree.leaves()
    ((2, 3), (2, 3))
    """

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}
        self._children: dict[int, dict[int, int]] = {ROOT: {}}  # node -> token -> child
        self._next = ROOT + 1

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, number: int) -> bool:
        return number == ROOT or number in self._nodes

    def __getitem__(self, number: int) -> Node:
        return self._nodes[number]

    def add(self, parent: int, step: Step) -> int:
        """The child of ``parent`` with this token, new unless it is there; the newest step is remembered for it."""
        known = self._children[parent].get(step.id)
        number = self._next if known is None else known
        depth = 1 if parent == ROOT else self._nodes[parent].depth + 1
        self._nodes[number] = Node(parent, depth, step)
        if known is None:
            self._children[parent][step.id] = number
            self._children[number] = {}
            self._next += 1
        return number

    def path(self, number: int) -> tuple[int, ...]:
        """The nodes from the first token to this one; none for the root."""
        found: list[int] = []
        while number != ROOT:
            found.append(number)
            number = self._nodes[number].parent
        return tuple(reversed(found))

    def tokens(self, number: int) -> tuple[int, ...]:
        """The ids from the first token to this one."""
        return tuple(self._nodes[n].step.id for n in self.path(number))

    def find(self, tokens: Sequence[int]) -> int | None:
        """The node these ids lead to, or None."""
        number: int | None = ROOT
        for token in tokens:
            number = None if number is None else self._children[number].get(token)
        return number

    def children(self, number: int) -> tuple[int, ...]:
        """The tokens that were taken after this node, the first one first."""
        return tuple(self._children[number].values())

    def leaves(self) -> tuple[int, ...]:
        """The ends of all continuations."""
        return tuple(n for n in self._nodes if not self._children[n])

    def prune(self, limit: int, keep: int) -> int:
        """Take the oldest leaves away, never a node on the way to ``keep``, until ``limit`` nodes are left.

        Returns how many were taken; more than ``limit`` stay only where that way itself is longer.
        """
        before, kept = len(self), set(self.path(keep))
        while len(self) > limit:
            leaf = next((n for n in self._nodes if not self._children[n] and n not in kept), None)
            if leaf is None:
                break
            while leaf not in kept and leaf != ROOT and not self._children[leaf]:  # the whole branch it ends
                node = self._nodes.pop(leaf)
                del self._children[leaf], self._children[node.parent][node.step.id]
                leaf = node.parent
        return before - len(self)
