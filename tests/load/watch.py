"""What the app's process does with its models, written down as it happens: each load, each pass.

Of a pass: when it began, how long it took, how many texts and tokens shared it, and how many passes were under way at
that moment, in whichever thread. ``install`` is called by tests/load/watched_app.py in the server; ``read`` elsewhere.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EVENTS = "LLM_PLAYGROUND_LOAD_EVENTS"
_lock = threading.Lock()
_under_way: list[object] = []
_timed = threading.local()


def install() -> None:
    """From now on loads and passes of this process are written to the file that ``EVENTS`` names. Once a process."""
    from playground.models.cache import ModelCache

    with _lock:
        if hasattr(ModelCache, "watched"):
            return
        ModelCache.watched = True  # type: ignore[attr-defined]
        begin = ModelCache.__init__

    def watched(self: Any, load: Any, *args: Any, **kwargs: Any) -> None:
        def told(entry: Any, progress: Any) -> Any:
            with _told({"what": "load", "id": entry.id}):
                loaded = load(entry, progress)
            _watch_passes(loaded.model)
            return loaded

        begin(self, told, *args, **kwargs)

    ModelCache.__init__ = watched  # type: ignore[method-assign]


def read(events: Path) -> list[dict[str, Any]]:
    """The events so far, in the order of their ends."""
    return [json.loads(line) for line in events.read_text("utf-8").splitlines()] if events.is_file() else []


@contextmanager
def _told(event: dict[str, Any]) -> Iterator[None]:
    with _lock:
        _under_way.append(event)
        event["beside"] = sum(e["what"] == event["what"] for e in _under_way)  # type: ignore[index]
    event["at"], begin = time.time(), time.perf_counter()
    try:
        yield
    finally:
        event["s"] = time.perf_counter() - begin
        with _lock:
            _under_way.remove(event)
            with Path(os.environ[EVENTS]).open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")


def _watch_passes(model: Any) -> None:
    """Both ways a model is run: transformers' own call, and the batch that texts share."""
    from playground.models import decoding

    def before(_module: Any, args: Any, kwargs: Any) -> None:
        ids = args[0] if args else kwargs["input_ids"]
        _timed.under_way = _told({"what": "pass", "texts": len(ids), "tokens": ids.numel()})
        _timed.under_way.__enter__()

    def after(*_: Any) -> None:
        _timed.under_way.__exit__(None, None, None)

    model.register_forward_pre_hook(before, with_kwargs=True)
    model.register_forward_hook(after, always_call=True)
    with _lock:
        if hasattr(decoding.Decoder, "watched"):
            return
        decoding.Decoder.watched = True  # type: ignore[attr-defined]
        logits = decoding.Decoder.logits

    def watched_logits(self: Any, pieces: Any, keep: Any) -> Any:
        with _told({"what": "pass", "texts": len(pieces), "tokens": sum(len(piece.ids) for piece in pieces)}):
            return logits(self, pieces, keep)

    decoding.Decoder.logits = watched_logits  # type: ignore[method-assign]
