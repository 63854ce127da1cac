"""The store: one folder in the user's cache, each entry complete and verified or not there at all.

``entries/<id>-<pin>/`` holds an entry's files and ``manifest.json`` with every file's sha256. An entry is built in
``tmp/`` and renamed in, so a killed download or a full disk leaves nothing half-made; a lock file an entry keeps two
processes from building the same one; a file that no longer matches its sha256 is never loaded, but fetched again.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import filelock

from playground import limits, paths
from playground.errors import ModelUnavailable
from playground.models import sources
from playground.models.catalogue import Entry, catalogue
from playground.models.sources import Progress, sha256_of, silent

MANIFEST = "manifest.json"
_CONVERTER = "1"  # bump when convert.py writes something else
_verified: set[tuple[str, int]] = set()  # (folder, manifest's mtime): files hashed once a process
_verified_lock = threading.Lock()
_failures: dict[Path, tuple[float, ModelUnavailable]] = {}  # by folder: waiting sessions do not retry one by one


def entry_for(entry_id: str) -> Entry:
    """The entry whose folder holds this id's files (a model's own vocabulary lives in the model's folder)."""
    entry = catalogue()[entry_id]
    return catalogue()[entry.part_of] if entry.part_of else entry


def folder_of(entry: Entry) -> Path:
    """Where an entry's files are, or would be."""
    return paths.home() / "entries" / f"{entry.id}-{entry.pin}-{_CONVERTER}"


def present(entry_id: str) -> bool:
    """Whether the entry is in the store (verified when it is used)."""
    return (folder_of(entry_for(entry_id)) / MANIFEST).is_file()


def manifest(entry_id: str) -> dict:
    """What was recorded when the entry was fetched: ``source``, ``files`` (name → sha256, bytes)."""
    return json.loads((folder_of(entry_for(entry_id)) / MANIFEST).read_text(encoding="utf-8"))


def ensure(entry_id: str, progress: Progress = silent, *, force: bool = False) -> Path:
    """The folder with the entry's verified files, fetched and converted first if need be.

    Raises BadInput for an unknown id; ModelUnavailable when it can't be fetched, verified or written.
    """
    entry = entry_for(entry_id)
    folder = folder_of(entry)
    with _os_errors_explained(entry):
        if not force and _intact(folder, progress):
            return folder
        _refuse_if_just_failed(folder)
        with _locked(entry, progress):
            if not force and _intact(folder, progress):  # another session or process was quicker
                return folder
            _refuse_if_just_failed(folder)
            try:
                _build(entry, folder, progress)
            except ModelUnavailable as error:
                _failures[folder] = (time.monotonic(), error)
                raise
        return folder


def _refuse_if_just_failed(folder: Path) -> None:
    failed_at, error = _failures.get(folder, (0.0, None))
    if error is not None and time.monotonic() - failed_at < limits.FAILURE_REMEMBERED_S:
        raise error


def _intact(folder: Path, progress: Progress) -> bool:
    try:
        record = folder / MANIFEST
        mark = (str(folder), record.stat().st_mtime_ns)
        files = json.loads(record.read_text(encoding="utf-8"))["files"]
        if mark in _verified and all((folder / name).stat().st_size == f["bytes"] for name, f in files.items()):
            return True
        progress(f"verifying {folder.name.rsplit('-', 2)[0]}", 0, 0)
        if any(sha256_of(folder / name) != f["sha256"] for name, f in files.items()):
            return False
    except (OSError, ValueError, KeyError):
        return False
    with _verified_lock:
        _verified.add(mark)
    return True


def _build(entry: Entry, folder: Path, progress: Progress) -> None:
    scratch_root = paths.home() / "tmp"
    for leftover in scratch_root.glob(f"{entry.id}.*"):  # of a killed process: we hold the lock, so nobody uses it
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = scratch_root / f"{entry.id}.{uuid.uuid4().hex[:8]}"
    scratch.mkdir(parents=True)
    try:
        source = sources.fetch(entry, scratch, progress)
        if (scratch / "model.gguf").exists():
            _convert(scratch, entry, progress)
        files = {p.name: {"sha256": sha256_of(p), "bytes": p.stat().st_size} for p in sorted(scratch.iterdir())}
        record = {"id": entry.id, "source": source, "licence": entry.licence, "files": files}
        (scratch / MANIFEST).write_text(json.dumps(record, indent=1), encoding="utf-8")
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():  # damaged, or replaced on request; open memory maps keep the old files alive
            folder.rename(scratch_root / f"{entry.id}.{uuid.uuid4().hex[:8]}.old")
        scratch.rename(folder)
    finally:
        for leftover in scratch_root.glob(f"{entry.id}.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _convert(folder: Path, entry: Entry, progress: Progress) -> None:
    """GGUF → safetensors + tokenizer.json in a child process: its gigabyte of memory goes when it ends."""
    progress(f"converting {entry.id}, once (about 15 s)", 0, 0)
    argv = [sys.executable, "-m", "playground.models.convert", str(folder)]
    path = os.pathsep.join(filter(None, (str(paths.APP.parent.parent), os.environ.get("PYTHONPATH"))))
    try:
        child = subprocess.run(
            argv, capture_output=True, text=True, timeout=limits.LOAD_DEADLINE_S, env=os.environ | {"PYTHONPATH": path}
        )
    except subprocess.TimeoutExpired:
        raise ModelUnavailable(f"Converting {entry.id} took too long", "Close other programs and try again.") from None
    if child.returncode:
        reason = child.stderr.strip().splitlines()[-1:] or [f"exit {child.returncode}"]
        raise ModelUnavailable(f"{entry.id} could not be converted", reason[0][:300])


@contextlib.contextmanager
def _locked(entry: Entry, progress: Progress) -> Iterator[None]:
    lock_folder = paths.home() / "locks"
    lock_folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(lock_folder / f"{entry.id}.lock")
    started = time.monotonic()
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.3)
        except filelock.Timeout:
            progress(f"waiting: {entry.id} is being fetched elsewhere", 0, 0)  # where a page can leave
            if time.monotonic() - started > limits.DOWNLOAD_DEADLINE_S:
                title = f"Another program has been fetching {entry.id} for too long"
                raise ModelUnavailable(title, "End it, then try again.") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _os_errors_explained(entry: Entry) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelUnavailable(
            f"{entry.id} can't be written to the store ({error.strerror or error})",
            f"The store is {paths.home()}: free some space there or set LLM_PLAYGROUND_HOME to another folder.",
        ) from error
