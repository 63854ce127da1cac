"""Many readers at the same moment, hasty ones, a bug that meets one of them (rows 20 to 25 and 35), on websockets."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.WidgetStates_pb2 import WidgetState

from playground.core.sampling_settings import SamplingSettings
from playground.models import lens
from tests.faults.noted_app import BOOM
from tests.load.live_client import LiveReader
from tests.load.ws_client import Reader
from tests.server import ROOT, Server

pytestmark = [pytest.mark.load, pytest.mark.model]
SCRIPT = ROOT / "tests" / "faults" / "noted_app.py"
READERS = 30
TOKENS = 6


@dataclass
class Noted:
    """A served app, and what its models did."""

    server: Server
    file: Path

    def __post_init__(self) -> None:
        self.file.touch()

    def told(self, what: str, since: int = 0) -> list[dict[str, Any]]:
        """The notes of one kind, from that line on."""
        lines = self.file.read_text(encoding="utf-8").splitlines()[since:]
        return [note for note in map(json.loads, lines) if what in note]

    @property
    def lines(self) -> int:
        return len(self.file.read_text(encoding="utf-8").splitlines())


@pytest.fixture
def fresh(store_ready: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Noted]:
    """A server that nobody has visited; its parameter is more of its environment."""
    file = tmp_path / "noted.jsonl"
    env = {"NOTED": str(file), **getattr(request, "param", {})}
    with Server(tmp_path / "log.txt", script=SCRIPT, env=env) as running:
        yield Noted(running, file)


@pytest.fixture(scope="module")
def warm(store_ready: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Noted]:
    """A server whose model takes 0.3 s for each pass, loaded."""
    folder = tmp_path_factory.mktemp("warm")
    env = {"NOTED": str(folder / "noted.jsonl"), "SLOW": "0.3"}
    with Server(folder / "log.txt", script=SCRIPT, env=env) as running:
        asyncio.run(everyone(running, 1))
        yield Noted(running, folder / "noted.jsonl")


def said(reader: Reader) -> str:
    """The page's sentences."""
    return " ".join(e.markdown.body for e in reader.elements.values() if e.WhichOneof("type") == "markdown")


def box(reader: Reader) -> str:
    """The page's error box; empty where there is none."""
    alerts = [e.alert for e in reader.elements.values() if e.WhichOneof("type") == "alert"]
    errors = [f"{alert.title} {alert.body}" for alert in alerts if alert.format == Alert.ERROR]
    return " ".join(errors).replace("\\", "")


def words(count: int) -> str:
    """A text of so many tokens."""
    return "one" + " two" * (count - 1)


def written(reader: Reader) -> list[int]:
    """The ids on the Generation page; none where it shows an error instead."""
    boards = [e.bidi_component for e in reader.elements.values() if e.WhichOneof("type") == "bidi_component"]
    found = next((json.loads(b.json) for b in boards if b.component_name.endswith("generation")), {"tokens": []})
    return [token["id"] for token in found["tokens"]]


async def opened(server: Server, page: str, **params: str) -> Reader:
    reader = await Reader(server.port).__aenter__()
    await reader.open(page, **params)
    return reader


async def everyone(server: Server, readers: int) -> list[tuple[int, str]]:
    """Each opens the Sampling page with a text of a length of their own; how many tokens it says it has read."""
    found = await asyncio.gather(*(opened(server, "sampling", text=words(n + 1)) for n in range(readers)))
    answers = [(n + 1, said(reader)) for n, reader in enumerate(found)]
    for reader in found:
        await reader.__aexit__()
    return answers


@pytest.mark.fault(25, 35)
def test_fault_35_thirty_readers_of_a_cold_server_share_one_load_and_each_sees_their_own(fresh: Noted) -> None:
    begin = monotonic()
    answers = asyncio.run(everyone(fresh.server, READERS))
    print(f"all {READERS} answered {monotonic() - begin:.1f} s after the first request")
    assert [note["load"] for note in fresh.told("load")] == ["smollm2-135m"]
    wrong = [n for n, text in answers if f"the logits after {n} tokens" not in text]
    assert not wrong
    assert max(note["at_once"] for note in fresh.told("run")) == 1
    assert "Traceback" not in fresh.server.log()


@pytest.mark.fault(20)
def test_fault_20_of_ten_moves_in_a_second_the_last_is_shown(warm: Noted) -> None:
    async def hasty() -> tuple[int, int]:
        async with LiveReader(warm.server.port) as reader:
            await reader.open("sampling", text=words(40))
            field, before = reader._widget("text"), warm.lines
            for move in range(10):  # without waiting for an answer
                await asyncio.sleep(0.1)
                last = warm.lines
                reader._states[field] = WidgetState(id=field, string_value=words(50 + move))
                await reader._send()
            await reader.until(lambda: "the logits after 59 tokens" in said(reader), 30)
            assert not reader.errors
            return last - before, warm.lines - last

    during, after = asyncio.run(hasty())
    assert during <= 5, "each move ran the model to its end"
    assert after <= 2, "moves that nobody waits for were computed after the last one"
    assert {note["at_once"] for note in warm.told("run")} == {1}


@pytest.mark.fault(24)
def test_fault_24_a_bug_met_by_one_reader_is_a_box_there_and_nowhere_else(warm: Noted) -> None:
    async def meet() -> tuple[str, str, str]:
        unlucky, other = await asyncio.gather(
            opened(warm.server, "sampling", text=f"{BOOM} says hello"), opened(warm.server, "sampling", text=words(33))
        )
        told, elsewhere = box(unlucky), said(other)
        await unlucky.change("text", string_value=words(34))  # the same session goes on
        mended = said(unlucky)
        for reader in (unlucky, other):
            await reader.__aexit__()
        return told, elsewhere, mended

    told, elsewhere, mended = asyncio.run(meet())
    assert "Something went wrong on this page (mark " in told
    mark = told.split("(mark ")[1].split(")")[0]
    assert f"failed [{mark}]" in warm.server.log() and "ZeroDivisionError" in warm.server.log()
    assert "ZeroDivisionError" not in told and "playground/" not in told
    assert "after 33 tokens" in elsewhere and "after 34 tokens" in mended
    assert warm.server.get("/_stcore/health")[0] == 200


@pytest.mark.fault(22, 25)
@pytest.mark.parametrize("fresh", [{"QUEUE": "8"}], indirect=True)
def test_fault_22_who_finds_the_queue_full_is_told_and_the_others_get_their_text(fresh: Noted) -> None:
    async def rush() -> list[tuple[str, str, list[int]]]:
        await everyone(fresh.server, 1)
        texts = [f"{n} plus {n} is" for n in range(20)]
        given = {"t": "0", "new": str(TOKENS)}
        readers = await asyncio.gather(*(opened(fresh.server, "generation", text=text, **given) for text in texts))
        told = [(text, box(r), written(r)) for text, r in zip(texts, readers, strict=True)]
        refused = next(r for r in readers if box(r))
        await refused.change("text", string_value="1 plus 1 is")  # a moment later there is room
        assert not box(refused)
        for reader in readers:
            await reader.__aexit__()
        return told

    told = asyncio.run(rush())
    served = {text: ids for text, refusal, ids in told if not refusal}
    assert len(served) >= 8
    for _, refusal, _ in told:
        assert not refusal or ("8 requests are waiting" in refusal and "Your inputs are kept" in refusal)
    with lens.open("smollm2-135m") as alone:
        for text, ids in served.items():
            steps = alone.generate(alone.encode(text).ids, SamplingSettings(temperature=0.0), TOKENS)
            assert ids == [step.id for step in steps], text
    assert {note["at_once"] for note in fresh.told("run")} == {1}
