"""The line on which a page hears at once what is new in its room: a websocket that tells students' browsers where the
instructor is, and of anything else only that there is something.

Without it every student's page has to ask several times a second, which costs a server more than the class's moves do.
Here one look at the room serves all who listen in this process, whichever store it is in. Who is told to look asks the
room, as the person it is. The line is found under the digest of the room's code, which nobody guesses.
"""

import asyncio
import json
import random
import time
from typing import TypedDict
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from playground import limits
from playground.classroom.room_store import RoomsUnavailable, shared_store
from playground.classroom.rooms import Place, Room

PATH = "/room-news"
LOOK_S = 0.1  # how often the room is looked at
AGAIN_S = 1.0  # after news, once more: Streamlit may lose what a page drew when it heard the first
LOOK, NO_ROOM, TOO_MANY, FOREIGN = "", 4404, 1013, 1008
ATTEMPTS = 1_000  # of one place, at most


class Told(TypedDict):
    """What a browser is told: the address to go to, and a number that grows with each place and each attempt."""

    to: str
    mark: int


_listeners: set[WebSocket] = set()
_looks: dict[str, tuple[float, asyncio.Future[Room | str | None]]] = {}  # by the room's digest: when, and what was seen


def address(digest: str, company: bool) -> str:
    """Where a page listens: to what students' pages depend on, or (``company``) to who is here and answers, which the
    instructor has not done.
    """
    return f"{PATH}?room={digest}" + ("&company=1" if company else "")


def told(place: Place, attempt: int = 0) -> Told:
    """How a browser is sent to this place.

    >>> told(Place("zero", {"gpus": "8"}, version=3), attempt=1)
    {'to': 'zero?gpus=8', 'mark': 3001}
    """
    return Told(to=place.address, mark=place.version * ATTEMPTS + min(attempt, ATTEMPTS - 1))


async def listen(socket: WebSocket) -> None:
    """Tell of each change that students' pages depend on, and have them look now and then without one."""
    origin = urlsplit(socket.headers.get("origin", "")).netloc
    if origin and origin != socket.headers.get("host"):
        await socket.close(FOREIGN)
        return
    if len(_listeners) >= limits.ROOM_LISTENERS:
        await socket.close(TOO_MANY)
        return
    digest, company = socket.query_params.get("room", "")[:80], "company" in socket.query_params
    await socket.accept()
    _listeners.add(socket)
    try:
        await _tell(socket, digest, company)
    finally:
        _listeners.discard(socket)


async def _tell(socket: WebSocket, digest: str, company: bool) -> None:
    known = await _room(digest)
    if known is None:
        await socket.close(NO_ROOM)
        return
    due = time.monotonic()  # something may have changed between the page's run and this line
    while True:
        try:
            if (await asyncio.wait_for(socket.receive(), LOOK_S))["type"] == "websocket.disconnect":
                return
        except TimeoutError:
            pass
        room, now = await _room(digest), time.monotonic()
        if _news(room, company) != _news(known, company):
            await socket.send_text(LOOK if company else _heard(known, room))
            due = now + AGAIN_S * random.uniform(1, 2)  # not all at once
        elif now >= due:
            await socket.send_text(LOOK)
            due = now + limits.ROOM_SEEN_S
        known = room


def _heard(known: Room | str | None, room: Room | str | None) -> str:
    """What a student's browser is told of the room as it now is: the new place, else to look."""
    if not isinstance(room, Room) or room.place is None:
        return LOOK
    before = known.place if isinstance(known, Room) else None
    return LOOK if before and before.version == room.place.version else json.dumps(told(room.place))


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
