"""Answers shared by all sessions, kept by bytes: the least recently asked go first."""

import collections
import threading
from collections.abc import Hashable

import numpy as np


class Results:
    """A byte-bounded store of read-only arrays.

    >>> results = Results(budget_bytes=100)
    >>> results.put("a", np.zeros(10)); results.put("b", np.zeros(2))
    >>> results.get("a") is not None, results.bytes
    (True, 96)
    >>> results.put("c", np.zeros(2)); results.get("b") is None  # "a" was asked for more recently
    True
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.bytes = 0
        self._kept: collections.OrderedDict[Hashable, np.ndarray] = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> np.ndarray | None:
        """The answer, or None; asking for it keeps it longer."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: np.ndarray) -> None:
        """Keep an answer, made read-only because everyone gets the same array; too large a one is not kept."""
        value.setflags(write=False)
        if value.nbytes > self.budget_bytes:
            return
        with self._lock:
            if key in self._kept:
                self.bytes -= self._kept.pop(key).nbytes
            self._kept[key] = value
            self.bytes += value.nbytes
            while self.bytes > self.budget_bytes:
                _, dropped = self._kept.popitem(last=False)
                self.bytes -= dropped.nbytes

    def forget(self, first: Hashable) -> None:
        """Drop every answer whose key is a tuple starting with ``first`` (a model that was unloaded)."""
        with self._lock:
            for key in [k for k in self._kept if isinstance(k, tuple) and k[0] == first]:
                self.bytes -= self._kept.pop(key).nbytes
