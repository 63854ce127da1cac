"""Files that are damaged, missing, hostile or can't be written, and sources that do not answer (rows 27 to 32)."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from playground import limits
from playground.errors import ModelUnavailable
from playground.models import cache, lens, loading, sources, store
from playground.models.catalogue import Catalogue, Entry, Hub, catalogue
from tests.models.loopback_hub import LoopbackHub, digest
from tests.pages import opened

WEIGHTS = bytes(range(256)) * 4_000  # a megabyte
CONFIG = b'{"model_type": "toy"}'


def entry(**files: bytes) -> Entry:
    """A model of the hub whose files are pinned as they are here."""
    named = {name.replace("_", "."): data for name, data in files.items()}
    hub = Hub("us/toy", "c" * 40, sum(map(len, named.values())), {name: digest(data) for name, data in named.items()})
    return Entry("toy", "Toy", "decoder", "MIT", "us", hub=hub)


@pytest.fixture
def hub(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LoopbackHub]]:
    """``hub(mode, config_json=…)``: a loopback hub with these files, and a catalogue that knows the one model there."""
    made: list[LoopbackHub] = []

    def start(mode: str = "serve", **files: bytes) -> LoopbackHub:
        files = files or {"config_json": CONFIG, "model_safetensors": WEIGHTS}
        server = LoopbackHub({name.replace("_", "."): data for name, data in files.items()}, mode)
        made.append(server)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setattr(store, "catalogue", lambda: Catalogue({"toy": entry(**files)}))
        return server

    yield start
    for server in made:
        server.shutdown()
        server.server_close()


def left_over(home: Path) -> list[str]:
    """Whatever of an entry there is in the store, whole or half."""
    return [path.name for folder in ("entries", "tmp") for path in (home / folder).glob("*")]


# --- 27, 28: weights ---


@pytest.mark.model
@pytest.mark.fault(27)
@pytest.mark.parametrize("damage", ["pointer", "empty", "gone"])
def test_fault_27_weights_that_are_none_are_named(
    store_ready: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """Past the store's own check, as if a disk had lost them since: the loader says so, and what to do."""
    for file in store.ensure("minilm-l6").iterdir():
        (tmp_path / file.name).symlink_to(file)
    weights = tmp_path / "model.safetensors"
    weights.unlink()
    if damage != "gone":
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 90868376\n"
        weights.write_bytes(pointer if damage == "pointer" else b"")
    monkeypatch.setattr(loading.store, "ensure", lambda *_a, **_k: tmp_path)
    with pytest.raises(ModelUnavailable, match=r"MiniLM.*could not be loaded") as told:
        loading.load(catalogue()["minilm-l6"])
    assert "llm-playground fetch minilm-l6 --force" in told.value.hint


@pytest.mark.fault(27)
def test_fault_27_without_any_model_the_calculators_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    empty = cache.ModelCache(loading.load, 1, fetch=loading.fetch), None
    monkeypatch.setattr(lens, "shared", lambda: empty)
    page = opened.run("attention.py")
    assert "could not be downloaded" in page.error[0].proto.title.replace("\\", "")
    for file in ("zero.py", "memory.py", "formats.py", "scaling.py"):
        assert opened.figures(opened.checked(opened.run(file))) or file == "formats.py"
    assert not left_over(home)


# --- 29: configs ---


@pytest.mark.fault(29)
@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"\x00\xff not json",
        b"[]",
        b'"text"',
        json.dumps({"_attn_implementation_internal": "us/kernel"}).encode(),
        json.dumps({"model_type": "toy", "auto_map": {"AutoConfig": "evil--repo.Config"}}).encode(),
        b'{"text_config": {"auto_map": {"AutoModel": "evil.Model"}}}',
        b'{"a":' * 100_000,
    ],
    ids=["empty", "bytes", "list", "text", "kernel", "code", "code inside", "deep"],
)
def test_fault_29_a_hostile_config_is_refused_even_if_it_were_pinned(
    hub: Callable[..., LoopbackHub], home: Path, config: bytes
) -> None:
    hub(config_json=config, model_safetensors=b"weights")
    with pytest.raises(ModelUnavailable, match="config"):
        store.ensure("toy")
    assert not left_over(home)


@pytest.mark.fault(29)
def test_fault_29_another_config_than_the_pinned_one_is_never_opened(
    hub: Callable[..., LoopbackHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = hub()
    server.files["config.json"] = b'{"auto_map": {"AutoModel": "evil.Model"}}'
    monkeypatch.setattr(sources, "_refuse_code", lambda _folder: pytest.fail("read before it was checked"))
    with pytest.raises(ModelUnavailable, match="not the file that was pinned"):
        store.ensure("toy")


# --- 30, 31: the hub ---


@pytest.mark.fault(30)
def test_fault_30_a_hub_that_refuses_is_told_at_once_and_asked_once(
    hub: Callable[..., LoopbackHub], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = hub()
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(limits, "HUB_ANSWER_S", 3.0)
    tries, real = [], sources.fetch
    monkeypatch.setattr(sources, "fetch", lambda *a: tries.append(1) or real(*a))
    begin = time.monotonic()
    for _ in range(5):  # five readers, one after the other
        with pytest.raises(ModelUnavailable, match="us/toy"):
            store.ensure("toy")
    assert len(tries) == 1 and time.monotonic() - begin < 15
    assert not left_over(home)


@pytest.mark.fault(30)
def test_fault_30_a_hub_that_crawls_is_given_up_when_nothing_comes_any_more(
    hub: Callable[..., LoopbackHub], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DOWNLOAD_STALL_S", 1.0)
    monkeypatch.setattr(limits, "HUB_ANSWER_S", 20.0)
    hub("half")
    seen: list[int] = []
    with pytest.raises(ModelUnavailable, match="no answer for 1 s"):
        store.ensure("toy", lambda _stage, done, _total: seen.append(done))
    assert max(seen) > len(WEIGHTS) // 4  # the bytes that came were shown
    assert not left_over(home)


@pytest.mark.fault(30)
def test_fault_30_a_download_holds_no_other_model_up() -> None:
    """One reader waits for the hub; another opens a model that is here."""
    here, away = catalogue()["minilm-l6"], catalogue()["smollm2-135m"]
    arrives = threading.Event()

    def fetch(wanted: Entry, _progress: object) -> None:
        if wanted is away:
            arrives.wait(10)

    def load(wanted: Entry, _progress: object) -> SimpleNamespace:
        return SimpleNamespace(entry=wanted, weight_bytes=1, worker=SimpleNamespace(close=lambda: None))

    models = cache.ModelCache(load, 100, fetch=fetch)
    waiting = threading.Thread(target=lambda: models.lease(away, "a", poll_s=0.01).__enter__())
    waiting.start()
    while away.id not in models.loading():
        time.sleep(0.01)
    begin = time.monotonic()
    with models.lease(here, "b", poll_s=0.01):
        assert time.monotonic() - begin < 5
    assert away.id in models.loading()
    arrives.set()
    waiting.join(10)
    assert away.id not in models.loading()


CHILD = """
import sys
from playground.models import store
from playground.models.catalogue import Catalogue, Entry, Hub
files = dict(pair.split("=") for pair in sys.argv[2:])
hub = Hub("us/toy", "c" * 40, int(sys.argv[1]), files)
store.catalogue = lambda: Catalogue({"toy": Entry("toy", "Toy", "decoder", "MIT", "us", hub=hub)})
store.ensure("toy", lambda stage, done, total: print(done, flush=True))
"""


@pytest.mark.fault(31)
def test_fault_31_a_download_from_the_hub_killed_halfway_is_not_taken_for_whole(
    hub: Callable[..., LoopbackHub], home: Path
) -> None:
    server = hub("half")
    pinned = [f"{name}={digest(data)}" for name, data in server.files.items()]
    argv = [sys.executable, "-c", CHILD, str(sum(map(len, server.files.values()))), *pinned]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ), start_new_session=True)
    assert child.stdout is not None
    while int(child.stdout.readline()) < len(WEIGHTS) // 4:  # the end of its output would be no number
        pass
    os.killpg(child.pid, signal.SIGKILL)  # it and the hub's client that it had started
    child.wait()
    child.stdout.close()
    assert left_over(home) and not store.present("toy")

    server.mode = "serve"
    assert (store.ensure("toy") / "model.safetensors").read_bytes() == WEIGHTS
    assert left_over(home) == [store.folder_of(store.entry_for("toy")).name]


# --- 32: the disk ---

READ_ONLY_CHILD = """
import os
from playground.errors import ModelUnavailable
from playground.models import store
if os.getuid() == 0:  # root may write anywhere: go on as nobody
    os.setgid(65534)
    os.setuid(65534)
try:
    store.ensure("date-t5")
except ModelUnavailable as error:
    print(error)
"""


@pytest.mark.fault(32)
def test_fault_32_a_read_only_store_is_explained() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o555)
        env = {**os.environ, "LLM_PLAYGROUND_HOME": folder}
        done = subprocess.run([sys.executable, "-c", READ_ONLY_CHILD], capture_output=True, text=True, env=env)
        home.chmod(0o755)
        assert "can't be written to the store (Permission denied)" in done.stdout, done.stderr
        assert folder in done.stdout and "LLM_PLAYGROUND_HOME" in done.stdout
        assert not list(home.iterdir())
