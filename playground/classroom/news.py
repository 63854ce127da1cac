"""The line on which a page hears at once that something is new in its room: a websocket that says ``look``, no more.

Without it every student's page has to ask several times a second, which costs a server more than the class's moves do.
Here one look at the room serves all who listen in this process, whichever store it is in. The line tells nothing: the
page then asks the room, as the person it is. It is found under the digest of the room's code, which nobody guesses.
"""

import asyncio
import time
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from playground import limits
from playground.classroom.room_store import RoomsUnavailable, shared_store
from playground.classroom.rooms import Room

PATH = "/room-news"
LOOK_S = 0.1  # how often the room is looked at
AGAIN_S = 1.0  # after news, once more: Streamlit may lose what a page drew when it heard the first
LOOK, NO_ROOM, TOO_MANY, FOREIGN = "look", 4404, 1013, 1008

_listeners: set[WebSocket] = set()
_looked: dict[str, tuple[float, Room | str | None]] = {}  # by the room's digest: when, and how it was then


def address(digest: str, company: bool) -> str:
    """Where a page listens: to what students' pages depend on, or (``company``) to who is here and answers, too."""
    return f"{PATH}?room={digest}" + ("&company=1" if company else "")


async def listen(socket: WebSocket) -> None:
    """Say ``look`` after each change that students' pages depend on, and now and then without one."""
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
    known = await _news(digest, company)
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
        news, now = await _news(digest, company), time.monotonic()
        if news != known:
            await socket.send_text(LOOK)
            due = now + AGAIN_S
        elif now >= due:
            await socket.send_text(LOOK)
            due = now + limits.ROOM_SEEN_S
        known = news


async def _news(digest: str, company: bool) -> object:
    room = await _room(digest)
    return (room.news, room.company(time.time()) if company else ()) if isinstance(room, Room) else room


async def _room(digest: str) -> Room | str | None:
    """The room as it was at most ``LOOK_S`` ago; None when there is none, a sentence when it can't be reached."""
    at, room = _looked.get(digest, (0.0, None))
    now = time.monotonic()
    if now - at < LOOK_S:
        return room
    if room is not None:
        _looked[digest] = now, room  # the others need not look as well
    try:
        room = await asyncio.to_thread(shared_store().find, digest)
    except RoomsUnavailable as error:
        room = error.title
    if room is None:
        _looked.pop(digest, None)
    else:
        _looked[digest] = now, room
    return room


route = WebSocketRoute(PATH, listen)
