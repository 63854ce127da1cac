"""The line: where the instructor is, or ``look``, after what students' pages depend on, to whoever listens."""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from playground import limits
from playground.classroom import codes, news, rooms
from playground.classroom.polls import Question
from playground.classroom.room_store import MemoryStore

CODE = "KMTR4W7P"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryStore]:
    kept = MemoryStore()
    room, _ = rooms.new_room(CODE, "secret", time.time())
    kept.add(room)
    monkeypatch.setattr(news, "shared_store", lambda: kept)
    monkeypatch.setattr(news, "AGAIN_S", 0.3)
    yield kept
    news._looks.clear()


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=[news.route])) as open_client:
        yield open_client


def address(company: bool = False, code: str = CODE, seat_id: str = "none") -> str:
    return news.address(codes.digest(code), seat_id, company=company)


def moved(store: MemoryStore, page: str) -> float:
    store.change(CODE, lambda room: rooms.moved(room, page, {}, time.time()))
    return time.monotonic()


def test_everybody_hears_of_a_move_soon_and_once_more(store: MemoryStore, client: TestClient) -> None:
    with client.websocket_connect(address()) as one, client.websocket_connect(address()) as other:
        assert one.receive_text() == other.receive_text() == news.LOOK  # what changed before the line was open
        at = moved(store, "zero")
        assert json.loads(one.receive_text()) == json.loads(other.receive_text()) == {"to": "zero", "mark": 1000}
        assert time.monotonic() - at < 5 * news.LOOK_S
        assert json.loads(one.receive_text())["to"] == "zero"  # again, after AGAIN_S
        assert time.monotonic() - at >= news.AGAIN_S


def test_who_answers_and_who_is_here_is_news_for_the_instructor_alone(store: MemoryStore, client: TestClient) -> None:
    with client.websocket_connect(address()) as student, client.websocket_connect(address(company=True)) as leader:
        student.receive_text(), leader.receive_text()
        store.change(CODE, lambda room: rooms.seated(room, "another", time.time())[0])
        at = time.monotonic()
        leader.receive_text()
        assert time.monotonic() - at < 5 * news.LOOK_S
        moved(store, "zero")
        before = time.monotonic()
        student.receive_text()
        assert time.monotonic() - before < 5 * news.LOOK_S


def test_a_place_is_told_once_and_of_anything_else_only_that_it_is_new(store: MemoryStore, client: TestClient) -> None:
    with client.websocket_connect(address()) as line, client.websocket_connect(address(company=True)) as leader:
        assert line.receive_text() == leader.receive_text() == news.LOOK
        store.change(CODE, lambda room: rooms.moved(room, "sampling", {"text": "a & b"}, time.time()))
        told = json.loads(line.receive_text())
        assert told["to"] == "sampling?text=a+%26+b"
        store.change(CODE, lambda room: rooms.asked(room, Question("write", "Which?", "a secret")))
        assert line.receive_text() == news.LOOK
        store.change(CODE, lambda room: rooms.moved(room, "zero", {}, time.time()))
        store.change(CODE, lambda room: rooms.moved(room, "memory", {}, time.time()))
        while not (last := line.receive_text()) or json.loads(last)["to"] != "memory":
            pass
        assert json.loads(last)["mark"] > told["mark"]


@pytest.mark.parametrize("digest", ["", CODE, codes.digest("22222222"), "x" * 5_000])
def test_no_such_room(digest: str, store: MemoryStore, client: TestClient) -> None:
    with client.websocket_connect(f"{news.PATH}?room={digest}") as line, pytest.raises(WebSocketDisconnect) as closed:
        line.receive_text()
    assert closed.value.code == news.NO_ROOM


def test_a_room_that_ends_closes_nothing_but_says_look(store: MemoryStore, client: TestClient) -> None:
    with client.websocket_connect(address()) as line:
        line.receive_text()
        store.remove(CODE)
        assert line.receive_text() == news.LOOK


def test_a_page_of_another_site_hears_nothing(store: MemoryStore, client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(address(), headers={"origin": "https://elsewhere.example"}),
    ):
        pass
    assert refused.value.code == news.FOREIGN
    with client.websocket_connect(address(), headers={"origin": "http://testserver"}) as line:
        assert line.receive_text() == news.LOOK


def test_no_more_than_may_listen(store: MemoryStore, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROOM_LISTENERS", 1)
    with client.websocket_connect(address()) as line:
        line.receive_text()
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(address()):
            pass
        assert refused.value.code == news.TOO_MANY
    for _ in range(50):  # one who has gone makes room
        if not news._listeners:
            break
        time.sleep(0.02)
    with client.websocket_connect(address()) as line:
        assert line.receive_text() == news.LOOK


def test_thirty_who_listen_cost_one_look(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def find(digest: str) -> rooms.Room | None:
        nonlocal looks
        looks += 1
        return store.find(digest)

    monkeypatch.setattr(news, "shared_store", lambda: type("Counting", (), {"find": staticmethod(find)})())

    async def ask_all() -> None:
        await news._room(codes.digest(CODE))
        await asyncio.gather(*(news._room(codes.digest(CODE)) for _ in range(30)))

    asyncio.run(ask_all())
    assert looks == 1


def test_an_open_line_is_a_seat_that_is_here(store: MemoryStore, client: TestClient) -> None:
    room = store.change(CODE, lambda room: rooms.seated(room, "another", time.time() - 100)[0])
    seat_id = next(i for i, seat in room.seats.items() if seat.role == "student")
    assert not room.here(time.time())
    with client.websocket_connect(address(seat_id=seat_id)) as line:
        line.receive_text()
        deadline = time.monotonic() + 10
        while not store.find(codes.digest(CODE)).here(time.time()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    with client.websocket_connect(address(seat_id="gone")) as line:  # a seat that was left
        assert line.receive_text() == news.LOOK


def test_a_place_is_told_now_and_then(store: MemoryStore, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that did not come there goes again; who is there does nothing."""
    monkeypatch.setattr(news, "SEEN_S", 0.2)
    moved(store, "zero")
    with client.websocket_connect(address()) as line, client.websocket_connect(address(company=True)) as leader:
        heard = [line.receive_text() for _ in range(4)]
        assert heard[0] == news.LOOK and {json.loads(text)["to"] for text in heard[1:]} == {"zero"}
        assert leader.receive_text() == news.LOOK
        store.change(CODE, lambda room: rooms.seated(room, "another", time.time())[0])
        assert leader.receive_text() == news.LOOK  # nothing between
