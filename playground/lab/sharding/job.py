"""A measurement as the server or the command line sees it: start, look, cancel. Knows no torch.

The work is done by ``supervisor`` in a process (and session) of its own; what it writes is read here. However a job
ends, its processes end within a second and its folder goes.
"""

import contextlib
import datetime
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import playground
from playground import limits
from playground.core.recorded import Measured, Measurement, measured
from playground.core.sharding_variants import choose, sharding_factor
from playground.core.small_model import size, sizes
from playground.core.subject import check_range
from playground.core.units import format_gb
from playground.errors import BadInput, PlaygroundError
from playground.lab.sharding.files import Spec, read, write

PREFIX = "llm-playground-sharding-"
_LOOK_S = 0.1
_STALE_S = 3600.0  # a folder whose owner and supervisor were both killed


class ShardingFailed(PlaygroundError):
    """A rank died, hung or took too long; the variants that finished before are kept."""


@dataclass(frozen=True)
class Progress:
    """Where a job stands."""

    finished: tuple[Measured, ...]
    total: int  # variants asked for
    variant: str = ""  # under way; empty while the processes start
    step: int = 0
    seconds: float = 0.0


def spec(
    gpus: int,
    stages: Sequence[str] = ("all",),
    model: str = "page",
    shard: int | None = None,
    deadline_s: float = limits.SHARDING_DEADLINE_S,
    collective_s: float = limits.SHARDING_COLLECTIVE_S,
) -> Spec:
    """What to measure, checked.

    Raises BadInput for a number of ranks outside what this profile allows, a stage or a size there is none of, groups
    that do not divide the ranks, and more than this machine has memory for.
    """
    check_range("GPUs", gpus, 1, limits.current().measured_gpus)
    check_range("seconds", int(deadline_s), 1, 3_600)
    chosen, trained = choose(stages, gpus), size(model)
    _check_memory(gpus, trained.parameters)
    launcher = os.environ.get("LLM_PLAYGROUND_LAUNCHER", "fork" if hasattr(os, "fork") else "popen")
    return Spec(gpus, trained.name, chosen, sharding_factor(gpus, shard), launcher, deadline_s, collective_s)


def _check_memory(gpus: int, parameters: int) -> None:
    needed = limits.SHARDING_START_BYTES + gpus * (limits.SHARDING_RANK_BYTES + 64 * parameters)
    free = _available_bytes()
    if free is not None and needed > free:
        raise BadInput(
            f"{gpus} processes need about {format_gb(needed)} of memory, and {format_gb(free)} are free",
            "Use fewer processes or a smaller model.",
        )


def _available_bytes() -> int | None:
    """What the kernel would give without swapping; None where it does not say (not Linux)."""
    path = Path("/proc/meminfo")
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


class Job:
    """One measurement; ``with Job(spec) as job:`` ends it, whatever happens, when the block ends."""

    def __init__(self, spec: Spec) -> None:
        _remove_stale()
        self.spec, self.began = spec, time.monotonic()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._read: dict[str, Measured] = {}
        write(self.folder, "spec", asdict(spec))
        with (self.folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "playground.lab.sharding.supervisor", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **_environment(self.folder)},
                start_new_session=True,
            )

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self._process.pid

    @property
    def ranks(self) -> list[int]:
        """The ranks' process ids, once they are started."""
        return read(self.folder, "pids") or []

    def look(self) -> Progress:
        """What has finished and what is under way.

        Raises ShardingFailed once something went wrong (``progress`` still has what finished before).
        """
        status = self._process.poll()
        ended = read(self.folder, "end")
        now = self.progress()
        if ended:
            raise ShardingFailed(ended["title"], ended["hint"])
        if ended is None and status is not None:
            raise self._vanished(status)
        return now

    def progress(self) -> Progress:
        """As ``look``, whatever went wrong."""
        for name in self.spec.variants:
            if name not in self._read and all((self.folder / f"{name}.{r}.json").exists() for r in self._numbers):
                self._read[name] = self._measured(name)
        variant, step = read(self.folder, "at.0") or ("", 0)
        finished = tuple(self._read.values())
        return Progress(finished, len(self.spec.variants), variant, step, time.monotonic() - self.began)

    def close(self) -> None:
        """End every process of the job at once, and remove its folder."""
        if os.name == "posix":  # the supervisor leads a session of its own: it and all ranks
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()  # elsewhere this tells the supervisor to end its ranks
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _numbers(self) -> range:
        return range(self.spec.gpus)

    def _vanished(self, status: int) -> ShardingFailed:
        if status < 0:
            return ShardingFailed("The measurement's processes were ended from outside", "Run it again.")
        said = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return ShardingFailed("The processes could not be started here", said[-1][:300] if said else "")

    def _measured(self, name: str) -> Measured:
        every = [read(self.folder, f"{name}.{rank}") for rank in self._numbers]
        first = every[0]
        raw = {
            **first,
            "ranks": every,
            **{key: [each[key] for each in every] for key in ("step_counters", "peak_unsharded", "sent")},
        }
        return measured(sizes()[self.spec.model], self.spec.gpus, self.spec.shard, name, raw)


def run(
    spec: Spec, tell: Callable[[Job, Progress], None] = lambda job, now: None
) -> tuple[Measurement, PlaygroundError | None]:
    """A whole job; what was measured, and what ended it early, if something did.

    ``tell`` hears of the progress ten times a second, and stops the job by raising Cancelled.
    """
    with Job(spec) as job:
        try:
            while True:
                now = job.look()
                tell(job, now)
                if len(now.finished) == now.total:
                    return measurement(spec, now), None
                time.sleep(_LOOK_S)
        except PlaygroundError as error:
            return measurement(spec, job.progress()), error


def measurement(spec: Spec, now: Progress) -> Measurement:
    """What has been measured so far."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return Measurement(spec.gpus, sizes()[spec.model], now.finished, now.seconds, spec.launcher, today, machine())


def machine() -> str:
    """This machine in a line: system, processors, versions; no names, no paths."""
    what = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return f"{what}, Python {platform.python_version()}, PyTorch {version('torch').partition('+')[0]}, gloo"


def _environment(folder: Path) -> dict[str, str]:
    here = str(Path(playground.__file__).parents[1])
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", "")))),
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),  # torch makes it when imported, else beside ours
        **({"GLOO_SOCKET_IFNAME": loopback} if loopback else {}),
    }


def _remove_stale() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _STALE_S:
                shutil.rmtree(folder, ignore_errors=True)
