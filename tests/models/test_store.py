"""The store and its sources: complete and verified, or not there at all. A local index and a loopback hub serve."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace

import pytest

from playground import limits
from playground.errors import BadInput, ModelUnavailable
from playground.models import catalogue as catalogues
from playground.models import sources, store
from playground.models.catalogue import Catalogue, Entry, Hub, Wheel
from tests.models.loopback_hub import LoopbackHub, digest

PAYLOAD = random.Random(1).randbytes(300_000)  # the same in a child process


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLM_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(store, "_failures", {})
    return tmp_path / "home"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder pip takes wheels from, with the wheel of a vocabulary; no network."""
    folder = tmp_path / "index"
    folder.mkdir()
    archive = folder / "toy_vocab-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("toy_vocab/vocab.bin", PAYLOAD)
        bundle.writestr("toy_vocab/__init__.py", "raise RuntimeError('data must not be imported')")
        bundle.writestr("toy_vocab-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-vocab\nVersion: 1.0\n")
        bundle.writestr(
            "toy_vocab-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        bundle.writestr("toy_vocab-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return archive


def toy(archive) -> Entry:
    wheel = Wheel(
        "toy-vocab",
        "1.0",
        sources.sha256_of(archive),
        archive.stat().st_size,
        {"toy_vocab/vocab.bin": ("vocab.bin", digest(PAYLOAD))},
    )
    return Entry("toy", "Toy", "vocabulary", "MIT", "us", wheel=wheel)


@pytest.fixture
def use(monkeypatch):
    """Make the store know one more entry."""

    def add(entry: Entry) -> None:
        known = Catalogue({entry.id: entry})
        monkeypatch.setattr(store, "catalogue", lambda: known)

    return add


def entries_in(home) -> list[str]:
    return sorted(p.name for p in (home / "entries").glob("*")) if (home / "entries").exists() else []


def test_a_wheel_is_taken_as_data(home, index, use):
    use(toy(index))
    seen = []
    folder = store.ensure("toy", lambda *what: seen.append(what))
    assert (folder / "vocab.bin").read_bytes() == PAYLOAD
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "vocab.bin"]
    assert seen[-1][1] == seen[-1][2] == index.stat().st_size
    assert not list((home / "tmp").iterdir())
    assert "toy_vocab" not in sys.modules


def test_a_second_time_needs_no_source(home, index, use, monkeypatch):
    use(toy(index))
    store.ensure("toy")
    monkeypatch.setattr(sources, "fetch", lambda *_: pytest.fail("fetched again"))
    assert store.present("toy") and store.ensure("toy")


@pytest.mark.fault(19)
def test_an_unknown_id_never_reaches_a_path(home):
    for hostile in ("..", "etc", "../../etc/passwd", "https://x/y", "a" * 300):
        with pytest.raises(BadInput, match="not in the catalogue"):
            store.ensure(hostile)


@pytest.mark.fault(28)
def test_a_changed_wheel_is_refused(home, index, use):
    entry = toy(index)
    use(replace(entry, wheel=replace(entry.wheel, sha256="0" * 64)))
    with pytest.raises(ModelUnavailable, match="not the file that was pinned"):
        store.ensure("toy")
    assert not entries_in(home) and not list((home / "tmp").iterdir())


@pytest.mark.fault(28)
def test_a_flipped_bit_is_found_and_mended(home, index, use):
    use(toy(index))
    folder = store.ensure("toy")
    store._verified.clear()  # as in a new process
    damaged = bytearray(PAYLOAD)
    damaged[1000] ^= 1
    (folder / "vocab.bin").write_bytes(damaged)
    assert (store.ensure("toy") / "vocab.bin").read_bytes() == PAYLOAD


@pytest.mark.fault(27)
@pytest.mark.parametrize("damage", ["truncated", "empty", "deleted"])
def test_a_damaged_file_with_no_source_left_is_named(home, index, use, monkeypatch, damage):
    use(toy(index))
    file = store.ensure("toy") / "vocab.bin"
    store._verified.clear()
    file.write_bytes({"truncated": PAYLOAD[:100], "empty": b"", "deleted": b""}[damage])
    if damage == "deleted":
        file.unlink()
    index.unlink()
    with pytest.raises(ModelUnavailable, match="toy-vocab could not be downloaded"):
        store.ensure("toy")


@pytest.mark.fault(30)
def test_a_failure_is_remembered_so_that_waiting_sessions_do_not_retry_in_turn(home, index, use, monkeypatch):
    use(toy(index))
    index.unlink()
    fetch, tries = sources.fetch, []
    monkeypatch.setattr(sources, "fetch", lambda *a: tries.append(1) or fetch(*a))
    for _ in range(5):
        with pytest.raises(ModelUnavailable, match="could not be downloaded"):
            store.ensure("toy")
    assert len(tries) == 1
    monkeypatch.setattr(limits, "FAILURE_REMEMBERED_S", 0.0)
    with pytest.raises(ModelUnavailable):
        store.ensure("toy")
    assert len(tries) == 2


def test_leaving_during_a_download_ends_it_and_leaves_nothing(home, index, use):
    class Stop(BaseException):
        """As Streamlit stops a script."""

    def leave(stage, *_):
        raise Stop

    use(toy(index))
    with pytest.raises(Stop):
        store.ensure("toy", leave)
    assert not entries_in(home) and not list((home / "tmp").iterdir())
    assert store.ensure("toy")


def _fetch_in_child(home, index, pin, started):
    os.environ |= {"LLM_PLAYGROUND_HOME": str(home), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index.parent)}
    store.catalogue = lambda: Catalogue({"toy": toy(index)})
    fetch = sources.fetch

    def counted(*arguments):
        started.put(os.getpid())
        return fetch(*arguments)

    sources.fetch = counted
    store.ensure("toy")


def test_two_processes_do_not_collide(home, index):
    context = multiprocessing.get_context("spawn")
    started = context.Queue()
    children = [context.Process(target=_fetch_in_child, args=(home, index, "", started)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert len(entries_in(home)) == 1
    assert started.qsize() == 1  # the second waited and found it there


SLOW_CHILD = """
import os, sys, time
from playground.models import sources, store
from playground.models.catalogue import Catalogue, Entry, Wheel
store.catalogue = lambda: Catalogue({"toy": Entry("toy", "Toy", "vocabulary", "MIT", "us")})
def fetch(entry, folder, progress):
    (folder / "vocab.bin").write_bytes(b"half")
    print("half", flush=True)
    time.sleep(60)
sources.fetch = fetch
store.ensure("toy")
"""


@pytest.mark.fault(31)
def test_a_killed_download_leaves_nothing_and_the_next_one_works(home, index, use):
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW_CHILD], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert child.stdout.readline().strip() == "half"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    use(toy(index))
    assert not store.present("toy")
    assert (store.ensure("toy") / "vocab.bin").read_bytes() == PAYLOAD
    assert not list((home / "tmp").iterdir())


FULL_DISK_CHILD = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
from playground.errors import ModelUnavailable
from playground.models import sources, store
from playground.models.catalogue import Catalogue, Entry
store.catalogue = lambda: Catalogue({"toy": Entry("toy", "Toy", "vocabulary", "MIT", "us")})
def fetch(entry, folder, progress):
    (folder / "vocab.bin").write_bytes(bytes(300_000))
sources.fetch = fetch
try:
    store.ensure("toy")
except ModelUnavailable as error:
    print(error)
"""


@pytest.mark.fault(32)
def test_a_full_disk_is_explained_and_leaves_nothing(home):
    out = subprocess.run(
        [sys.executable, "-c", FULL_DISK_CHILD], capture_output=True, text=True, env=dict(os.environ), timeout=60
    )
    assert "can't be written to the store" in out.stdout, out.stderr
    assert not entries_in(home) and not list((home / "tmp").iterdir())


# --- the hub, on loopback ---


FILES = {"config.json": b'{"model_type": "toy"}', "model.safetensors": PAYLOAD}


def hub_entry(files=FILES) -> Entry:
    hub = Hub("us/toy", "c" * 40, sum(map(len, files.values())), {n: digest(d) for n, d in files.items()})
    return Entry("toy", "Toy", "decoder", "MIT", "us", hub=hub)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    made = []

    def start(files=FILES, mode="serve"):
        server = LoopbackHub(files, mode)
        made.append(server)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        return server

    yield start
    for server in made:
        server.shutdown()
        server.server_close()


def test_the_hub_is_read_at_a_pinned_commit_and_verified(home, hub, use):
    hub()
    use(hub_entry())
    folder = store.ensure("toy")
    assert (folder / "model.safetensors").read_bytes() == PAYLOAD
    assert store.manifest("toy")["source"] == "hub us/toy@cccccccc"


@pytest.mark.fault(28)
def test_a_hub_file_that_is_not_the_pinned_one_is_refused(home, hub, use):
    hub(FILES | {"model.safetensors": PAYLOAD[::-1]})
    use(hub_entry())
    with pytest.raises(ModelUnavailable, match="not the file that was pinned"):
        store.ensure("toy")
    assert not entries_in(home)


@pytest.mark.fault(29)
def test_a_config_that_names_code_is_refused(home, hub, use):
    files = FILES | {"config.json": json.dumps({"auto_map": {"AutoModel": "evil.Model"}}).encode()}
    hub(files)
    use(hub_entry(files))
    with pytest.raises(ModelUnavailable, match="auto_map"):
        store.ensure("toy")
    assert not entries_in(home)


@pytest.mark.fault(30)
@pytest.mark.parametrize("mode", ["silent", "broken"])
def test_a_hub_that_does_not_answer_fails_once_and_soon(home, hub, use, monkeypatch, mode):
    monkeypatch.setattr(limits, "HUB_ANSWER_S", 3.0)
    hub(mode=mode)
    use(hub_entry())
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="us/toy"):
        store.ensure("toy")
    assert time.monotonic() - started < 25  # a deadline, not the hub client's own minutes
    assert not entries_in(home) and not list((home / "tmp").iterdir())


def test_a_withdrawn_wheel_comes_from_the_hub(home, hub, index, use):
    hub({"vocab.bin": PAYLOAD})
    entry = toy(index)
    index.unlink()
    use(replace(entry, hub=Hub("us/toy", "c" * 40, len(PAYLOAD), {"vocab.bin": digest(PAYLOAD)})))
    assert (store.ensure("toy") / "vocab.bin").read_bytes() == PAYLOAD


def test_the_catalogue_is_complete():
    for entry in catalogues.catalogue().entries.values():
        assert entry.licence and entry.publisher and entry.title
        assert entry.part_of or entry.wheel or entry.hub or entry.bundled
        assert not entry.bundled or all(len(sha256) == 64 for sha256 in entry.bundled.files.values())
        assert not entry.wheel or len(entry.wheel.sha256) == 64
        assert not entry.hub or len(entry.hub.revision) == 40
        assert not entry.hub or all(n.endswith((".json", ".safetensors")) for n in entry.hub.files)
        if entry in catalogues.catalogue().models:
            assert entry.vocabulary in catalogues.catalogue().entries and entry.context_tokens > 0
