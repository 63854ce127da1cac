"""``python -m playground.lab.sharding.supervisor FOLDER``: starts the ranks of a job, watches them, ends them.

A process of its own, so that the server is never forked and never speaks torch.distributed. It imports torch once and
forks the ranks from there, which is three times quicker than starting each anew; where there is no fork, it starts
each anew. It ends with them when its owner does: the owner holds the other end of standard input.
"""

import gc
import importlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

from playground import limits
from playground.lab.sharding.files import Spec, read, write

_LOOK_S = 0.03


class Owner:
    """Watches for the owner's end: standard input is then at its end."""

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone, self._thread = gone, threading.Thread()
        self._wake: tuple[int, int] = (-1, -1)

    def watch(self) -> None:
        """From now on, on a thread."""
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def look_away(self) -> None:
        """Until ``watch`` again: a process should be forked with one thread only (POSIX)."""
        os.write(self._wake[1], b".")
        self._thread.join()
        for end in self._wake:
            os.close(end)

    def _look(self) -> None:
        while True:
            if os.name == "posix" and self._wake[0] in select.select([0, self._wake[0]], [], [])[0]:
                return
            if not os.read(0, 1):
                self._gone()


class Forked:
    """A rank forked from this process, with Popen's names."""

    def __init__(self, run: Callable[[], NoReturn]) -> None:
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            run()

    def poll(self) -> int | None:
        """Its exit status (minus the signal that killed it), or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def kill(self) -> None:
        """At once."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


Ranks = list["Forked | subprocess.Popen[bytes]"]


def fork(folder: Path, spec: Spec, owner: Owner, ranks: Ranks) -> None:
    """All ranks from this process, once what they need is imported."""
    from playground.lab.sharding import rank as program

    importlib.import_module("torch._dynamo")  # Adam's constructor would, in each rank: a second each

    gc.collect()
    gc.freeze()  # or each collection in a rank would copy the pages it marks

    owner.look_away()
    for number in range(spec.gpus):
        ranks.append(Forked(partial(program.main, folder, spec, number)))
    owner.watch()


def start_anew(folder: Path, spec: Spec, ranks: Ranks) -> None:
    """All ranks as new processes: slower, and works everywhere."""
    for number in range(spec.gpus):
        command = [sys.executable, "-m", "playground.lab.sharding.rank", str(folder), str(number)]
        ranks.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))


def watch(folder: Path, spec: Spec, ranks: Ranks) -> dict[str, str] | None:
    """Wait for the ranks; what went wrong, or None. One that died ends the others."""
    deadline, failed_at = time.monotonic() + spec.deadline_s, 0.0
    while True:
        codes = {number: rank.poll() for number, rank in enumerate(ranks)}
        if all(code == 0 for code in codes.values()):
            return None
        killed = [number for number, code in codes.items() if code is not None and code < 0]
        if killed:
            cause = signal.Signals(-(codes[killed[0]] or 0)).name
            return _said(f"Rank {killed[0]} was killed ({cause})", "The other ranks were ended with it. Run it again.")
        failed = [number for number, code in codes.items() if code]
        running = [number for number, code in codes.items() if code is None]
        failed_at = failed_at or (time.monotonic() if failed else 0.0)
        if failed and (not running or time.monotonic() - failed_at > limits.SHARDING_GRACE_S):
            if running:
                waited = f"The others waited {spec.collective_s:g} seconds for it; all were ended. Run it again."
                return _said(f"Rank {running[0]} no longer answered", waited)
            reasons = {number: read(folder, f"error.{number}") or "" for number in failed}
            first = min(failed, key=lambda number: "onnect" in reasons[number])  # not one that only lost its peer
            return _said(f"Rank {first} failed", reasons[first] or f"Exit status {codes[first]}.")
        if time.monotonic() > deadline:
            return _said(f"The measurement took longer than {spec.deadline_s:g} seconds", "Use fewer GPUs or stages.")
        time.sleep(_LOOK_S)


def _said(title: str, hint: str) -> dict[str, str]:
    return {"title": title, "hint": hint}


def main(folder: Path) -> None:
    """One job."""
    ranks: Ranks = []

    def owner_gone() -> NoReturn:
        for rank in ranks:
            rank.kill()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(3)

    owner = Owner(owner_gone)
    owner.watch()
    if hasattr(os, "nice"):
        os.nice(5)  # the server answers first
    spec = Spec(**json.loads((folder / "spec.json").read_text(encoding="utf-8")))
    if spec.launcher == "fork":
        fork(folder, spec, owner, ranks)
    else:
        start_anew(folder, spec, ranks)
    write(folder, "pids", [rank.pid for rank in ranks])
    wrong = watch(folder, spec, ranks)
    for rank in ranks:
        rank.kill()
    write(folder, "end", wrong or {})
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
