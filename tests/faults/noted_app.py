"""The app, for test_many.py: what the models do is noted in the file that NOTED names, a line of JSON each time.

``{"load": id}`` when a model begins to load; ``{"run": seconds, "at_once": n}`` when its worker has answered. A pass
takes at least SLOW seconds. A text with the word BOOM breaks the page, as a bug of ours would. QUEUE is how many may
wait.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playground import limits

BOOM = "Kaboom4711"


def note_everything() -> None:
    """Once a process: Streamlit runs this file anew for each rerun."""
    limits.QUEUE_LENGTH = int(os.environ.get("QUEUE", limits.QUEUE_LENGTH))  # before it becomes a default
    from playground.models import loading, worker
    from playground.models.lens.text import Text

    if hasattr(worker, "noted"):
        return
    worker.noted = lock = threading.Lock()  # type: ignore[attr-defined]
    serving: list[int] = []

    def note(**told: object) -> None:
        with lock, Path(os.environ["NOTED"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")

    def noted(real: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: Any, work: Any) -> Any:
            if not work:
                return None
            begin = time.monotonic()
            serving.append(1)
            try:
                time.sleep(float(os.environ.get("SLOW", "0")))
                return real(self, work)
            finally:
                note(run=time.monotonic() - begin, at_once=len(serving))
                serving.pop()

        return run

    worker.Worker._serve_all = noted(worker.Worker._serve_all)  # type: ignore[method-assign]
    worker.Worker._step = noted(worker.Worker._step)  # type: ignore[method-assign]
    load, encode = loading.load, Text.encode

    def noted_load(entry: Any, *more: Any) -> Any:
        note(load=entry.id)
        return load(entry, *more)

    def breaking(self: Any, text: str, *more: Any) -> Any:
        return encode(self, text if BOOM not in text else 1 / 0, *more)  # type: ignore[arg-type]

    loading.load = noted_load
    Text.encode = breaking  # type: ignore[method-assign]


if __name__ == "__main__":  # pytest imports it too, to look for doctests
    note_everything()
    from playground.ui.serve import serve

    serve()
