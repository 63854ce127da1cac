"""A rank killed, a rank that hangs, the owner killed: nothing is left running, and what finished is kept."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playground import limits
from playground.core.recorded import Measurement
from playground.errors import BadInput, PlaygroundError
from playground.lab.sharding import job
from playground.lab.sharding.files import Spec

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
SOON_S = 1.0


def alive(pid: int) -> bool:
    """Whether it still runs; a zombie that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def all_gone(pids: list[int], within_s: float = SOON_S) -> bool:
    end = time.monotonic() + within_s
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


def until(condition: Callable[[], object], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def run_and_hurt(spec: Spec, hurt: Callable[[job.Job], None]) -> tuple[Measurement, PlaygroundError, list[int]]:
    """Run a job, hurt it once its first variant has finished; what is left of it, what was said, its processes."""
    done: list[int] = []

    def tell(running: job.Job, now: job.Progress) -> None:
        if now.finished and not done:
            done.extend([running.pid, *running.ranks])
            hurt(running)

    got, wrong = job.run(spec, tell)
    assert wrong is not None
    return got, wrong, done


def test_a_rank_killed() -> None:
    got, wrong, pids = run_and_hurt(job.spec(2), lambda running: os.kill(running.ranks[1], signal.SIGKILL))
    assert wrong.title == "Rank 1 was killed (SIGKILL)" and "Run it again" in wrong.hint
    assert [stage.name for stage in got.stages][:1] == ["ddp"] and len(got.stages) < 7
    assert got["ddp"].as_predicted
    assert all_gone(pids)


def test_a_rank_that_hangs() -> None:
    spec = job.spec(2, collective_s=2.0)
    began: list[float] = []

    def stop(running: job.Job) -> None:
        began.append(time.monotonic())
        os.kill(running.ranks[1], signal.SIGSTOP)

    got, wrong, pids = run_and_hurt(spec, stop)
    assert time.monotonic() - began[0] < 2.0 + limits.SHARDING_GRACE_S + 4.0
    assert wrong.title == "Rank 1 no longer answered" and "2 seconds" in wrong.hint
    assert got["ddp"].as_predicted
    assert all_gone(pids)


def test_a_lone_rank_that_hangs_meets_the_deadline() -> None:
    spec = job.spec(1, model="tiny", deadline_s=10)
    _, wrong, pids = run_and_hurt(spec, lambda running: os.kill(running.ranks[0], signal.SIGSTOP))
    assert "longer than 10 seconds" in wrong.title
    assert all_gone(pids)


def test_the_supervisor_killed() -> None:
    got, wrong, pids = run_and_hurt(job.spec(2), lambda running: os.kill(running.pid, signal.SIGKILL))
    assert "ended from outside" in wrong.title
    assert got["ddp"].as_predicted
    assert all_gone(pids)


def test_stopping_takes_less_than_a_second() -> None:
    with job.Job(job.spec(2)) as running:
        while not running.ranks:
            time.sleep(0.05)
        pids = [running.pid, *running.ranks]
        began = time.monotonic()
    assert time.monotonic() - began < 1.0
    assert all_gone(pids, 0.2) and not running.folder.exists()


@contextlib.contextmanager
def owner() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that starts a job and waits: a stand-in for the server."""
    code = """
        import time
        from playground.lab.sharding import job
        running = job.Job(job.spec(2))
        print(running.folder, flush=True)
        time.sleep(120)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("when", ["while the supervisor imports", "while the ranks train"])
def test_the_server_killed(when: str) -> None:
    with owner() as (process, folder):
        children = [int(pid) for pid in _children(process.pid)]
        if when == "while the ranks train":
            until(lambda: (folder / "ddp.0.json").exists())
            children += [int(pid) for child in children for pid in _children(child)]
            assert len(children) == 3
        else:
            time.sleep(0.6)
        process.kill()
        process.wait()
        assert all_gone(children, SOON_S if when == "while the ranks train" else 3.0)
        until(lambda: not folder.exists(), 1.0)


def _children(pid: int) -> list[str]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("this kernel does not list a process's children")
    found = " ".join(each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    return found.split()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"gpus": 0}, "0 GPUs"),
        ({"gpus": 9}, "9 GPUs"),
        ({"gpus": -1}, "-1 GPUs"),
        ({"gpus": 2, "stages": ["4"]}, "no stage '4'"),
        ({"gpus": 2, "stages": ["-1"]}, "no stage '-1'"),
        ({"gpus": 2, "stages": []}, "No stage"),
        ({"gpus": 4, "shard": 3}, "groups of 3"),
        ({"gpus": 4, "shard": 0}, "groups of 0"),
        ({"gpus": 2, "model": "70b"}, "no model size '70b'"),
        ({"gpus": 2, "deadline_s": 0}, "0 seconds"),
    ],
)
def test_what_makes_no_sense_is_explained(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        job.spec(**wrong)  # type: ignore[arg-type]
    assert said in caught.value.title and caught.value.hint


@pytest.mark.fault(33)
def test_too_little_memory_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "_available_bytes", lambda: 1_000_000_000)
    assert job.spec(2).gpus == 2
    with pytest.raises(BadInput, match=r"1\.00 GB are free"):
        job.spec(8, model="small")


def test_a_shared_server_allows_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", "hosted")
    assert job.spec(2, model="tiny").gpus == 2
    for asked in ({"gpus": 3, "model": "tiny"}, {"gpus": 2, "model": "page"}):
        with pytest.raises(BadInput):
            job.spec(**asked)  # type: ignore[arg-type]


def test_where_the_processes_cannot_start_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_LAUNCHER", "no such launcher")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    _, wrong = job.run(job.spec(1, model="tiny"))
    assert wrong is not None and "could not be started" in wrong.title
