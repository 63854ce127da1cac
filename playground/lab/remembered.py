"""Results kept in the store as small JSON files: written whole or not at all, the oldest gone first."""

import contextlib
import json
import uuid
from pathlib import Path
from typing import Any


def keep(path: Path, data: dict[str, Any], most: int) -> None:
    """Write a result; the oldest of its folder go when there are more than ``most``.

    A store that can't be written keeps none: what was measured is measured again another time.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:8]}")
        beside.write_text(json.dumps(data), encoding="utf-8")
        beside.replace(path)
        kept = sorted(path.parent.glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in kept[: max(0, len(kept) - most)]:
            old.unlink(missing_ok=True)
