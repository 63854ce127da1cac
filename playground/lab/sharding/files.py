"""What owner, supervisor and ranks tell each other: small JSON files in the job's folder, never half read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import limits


@dataclass(frozen=True)
class Spec:
    """What is to be measured (checked by ``job.spec``)."""

    gpus: int
    model: str
    variants: tuple[str, ...]
    shard: int  # the hybrid's
    launcher: str = "fork"  # or "popen", where a process can't be forked
    deadline_s: float = limits.SHARDING_DEADLINE_S
    collective_s: float = limits.SHARDING_COLLECTIVE_S


def write(folder: Path, name: str, data: Any) -> None:
    """``name.json``, whole or not at all."""
    path = folder / f"{name}.json"
    aside = path.with_suffix(f".{os.getpid()}.new")
    aside.write_text(json.dumps(data), encoding="utf-8")
    aside.replace(path)


def read(folder: Path, name: str) -> Any:
    """What is in ``name.json``; None where it is not there (yet)."""
    try:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
