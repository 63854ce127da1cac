"""The app, for test_leaving.py: each step of a model is noted in the file that WATCHED names, a line a step.

A line has the moment after the step and, of each row that took it, a number that no other row has. Or the moment at
which a row was given up, ``cancelled``, and its number.
"""

import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playground.models import worker
from playground.ui.serve import serve

# Streamlit runs this file anew for each rerun, and pytest imports it to look for doctests.
if __name__ == "__main__" and not hasattr(worker, "watched"):
    worker.watched = numbers = itertools.count(1)  # type: ignore[attr-defined]
    step, cancel = worker.Worker._step, worker.Row.cancel

    def note(*words: object) -> None:
        with Path(os.environ["WATCHED"]).open("a", encoding="utf-8") as file:
            file.write(" ".join(map(str, (f"{time.time():.4f}", *words))) + "\n")

    def noted(self: Any, rows: list[Any]) -> None:
        """The worker's own step, then the line."""
        for row in rows:
            if not hasattr(row, "number"):
                row.number = next(numbers)
        step(self, rows)
        note(*(row.number for row in rows))

    def given_up(self: Any) -> None:
        """A row's own cancelling, then the line."""
        cancel(self)
        note("cancelled", getattr(self, "number", 0))

    worker.Worker._step = noted  # type: ignore[method-assign]
    worker.Row.cancel = given_up  # type: ignore[method-assign]

if __name__ == "__main__":
    serve()
