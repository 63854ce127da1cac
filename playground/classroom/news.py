"""The line on which a page hears at once what is new in its room: a websocket that tells students' browsers where the
instructor is, and of anything else only that there is something.

Without it every student's page has to ask several times a second, which costs a server more than the class's moves do,
and each time sends what its inputs are, which may be behind what the server has just made of them. Here one look at the
room serves all who listen in this process, whichever store it is in, and whose line is open is here. Who is told to
look asks the room, as the person it is. The line is found under the digest of the room's code, which nobody guesses.
"""

import asyncio
import json
import random
import time
from contextlib import suppress
from typing import TypedDict
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from playground import limits
from playground.classroom import rooms
from playground.classroom.room_store import RoomsUnavailable, shared_store
from playground.classroom.rooms import Place, Room
from playground.errors import PlaygroundError

PATH = "/room-news"
LOOK_S = 0.1  # how often the room is looked at
AGAIN_S = 1.0  # after news, once more: Streamlit may lose what a page drew when it heard the first
SEEN_S = limits.ROOM_SEEN_S  # how often a seat is noted as here, and its browser told its place anew
LOOK, NO_ROOM, TOO_MANY, FOREIGN = "", 4404, 1013, 1008
ATTEMPTS = 1_000  # of one place, at most


class Told(TypedDict):
    """What a browser is told: the address to go to, and a number that grows with each place and each attempt."""

    to: str
    mark: int


_listeners: set[WebSocket] = set()
_looks: dict[str, tuple[float, asyncio.Future[Room | str | None]]] = {}  # by the room's digest: when, and what was seen


def address(digest: str, seat_id: str, *, company: bool) -> str:
    """Where a page listens: to what students' pages depend on, or (``company``) to who is here and answers, which the
    instructor has not done.
    """
    return f"{PATH}?room={digest}&seat={seat_id}" + ("&company=1" if company else "")


def told(place: Place, attempt: int = 0) -> Told:
    """How a browser is sent to this place.

    >>> told(Place("zero", {"gpus": "8"}, version=3), attempt=1)
    {'to': 'zero?gpus=8', 'mark': 3001}
    """
    return Told(to=place.address, mark=place.version * ATTEMPTS + min(attempt, ATTEMPTS - 1))


async def listen(socket: WebSocket) -> None:
    """Tell of each change, and now and then where the instructor is, in case a browser did not come there."""
    origin = urlsplit(socket.headers.get("origin", "")).netloc
    if origin and origin != socket.headers.get("host"):
        await socket.close(FOREIGN)
        return
    if len(_listeners) >= limits.ROOM_LISTENERS:
        await socket.close(TOO_MANY)
        return
    asked = socket.query_params
    await socket.accept()
    _listeners.add(socket)
    try:
        await _tell(socket, asked.get("room", "")[:80], asked.get("seat", "")[:80], "company" in asked)
    finally:
        _listeners.discard(socket)


async def _tell(socket: WebSocket, digest: str, seat_id: str, company: bool) -> None:
    known = await _room(digest)
    if known is None:
        await socket.close(NO_ROOM)
        return
    text: str | None = LOOK  # something may have changed between the page's run and this line
    again = seen = time.monotonic()
    while True:
        try:
            if (await asyncio.wait_for(socket.receive(), LOOK_S))["type"] == "websocket.disconnect":
                return
        except TimeoutError:
            pass
        room, now = await _room(digest), time.monotonic()
        if _news(room, company) != _news(known, company):
            text = LOOK if company else _heard(known, room)
            await socket.send_text(text)
            again = now + AGAIN_S * random.uniform(1, 2)  # not all at once
        elif now >= again and text is not None:
            await socket.send_text(text)
            text, again = (None if company else _place(room)), now + SEEN_S
        if now >= seen and isinstance(room, Room):
            seen = now + SEEN_S
            await asyncio.to_thread(_seen, room.code, seat_id)
        known = room


def _seen(code: str, seat_id: str) -> None:
    with suppress(PlaygroundError):  # the room has ended, or can't be reached: whoever listens hears of that
        shared_store().change(code, lambda room: rooms.seen(room, seat_id, time.time()))


def _place(room: Room | str | None) -> str | None:
    return json.dumps(told(room.place)) if isinstance(room, Room) and room.place else None


def _heard(known: Room | str | None, room: Room | str | None) -> str:
    """What a student's browser is told of the room as it now is: the new place, else to look."""
    place, before = _place(room), _place(known)
    return LOOK if place is None or place == before else place


def _news(room: Room | str | None, company: bool) -> object:
    if not isinstance(room, Room):
        return room
    return room.company(time.time()) if company else room.news


async def _room(digest: str) -> Room | str | None:
    """The room as it was at most ``LOOK_S`` ago; None when there is none, a sentence when it can't be reached.

    Who asks while somebody looks waits for what they see.
    """
    at, look = _looks.get(digest, (0.0, None))
    now = time.monotonic()
    if look is None or now - at >= LOOK_S:
        look = asyncio.ensure_future(asyncio.to_thread(_look, digest))
        _looks[digest] = now, look
    room = await asyncio.shield(look)
    if room is None:
        _looks.pop(digest, None)
    return room


def _look(digest: str) -> Room | str | None:
    try:
        return shared_store().find(digest)
    except RoomsUnavailable as error:
        return error.title


route = WebSocketRoute(PATH, listen)
