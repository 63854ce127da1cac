"""The way into a room: opening one, joining by code, coming back by secret. Who tries codes is stopped here."""

import time
from collections.abc import Callable
from typing import NamedTuple

from playground import limits
from playground.classroom import codes, rooms
from playground.classroom.room_store import NoRoom, RoomStore
from playground.errors import BadInput

Clock = Callable[[], float]


class Ticket(NamedTuple):
    """What a person's browser keeps: the room, and the secret that makes them the one they were."""

    code: str
    secret: str

    def __str__(self) -> str:
        return f"{self.code}.{self.secret}"


def ticket(text: str) -> Ticket | None:
    """A ticket from a cookie's text, or None.

    >>> ticket("KMTR4W7P.abc"), ticket("no ticket")
    (Ticket(code='KMTR4W7P', secret='abc'), None)
    """
    code, dot, secret = text[:200].partition(".")
    return Ticket(code, secret) if dot and secret and code and codes.cleaned(code) == code else None


def open_room(store: RoomStore, client: str, clock: Clock = time.time) -> tuple[Ticket, str]:
    """A new room: the instructor's ticket and seat. BadInput when there are too many."""
    if store.count(f"opened by {client}", 3600) > limits.ROOMS_OPENED:
        raise BadInput("Many rooms were opened from your address", "Use one of them, or try again in an hour.")
    while True:
        code, secret = codes.new_code(), codes.new_secret()
        room, seat = rooms.new_room(code, secret, clock())
        if store.add(room):
            return Ticket(code, secret), seat


def join(store: RoomStore, typed: str, client: str, clock: Clock = time.time) -> tuple[Ticket, str]:
    """A seat in the room with this code. BadInput for a wrong code, too many wrong ones, or a full room."""
    ours, everybodys = f"guesses of {client}", "guesses"
    if store.counted(ours) >= limits.ROOM_GUESSES or store.counted(everybodys) >= limits.ROOM_GUESSES_IN_ALL:
        raise BadInput("Too many wrong codes were tried", "Wait a minute, then type the code on the wall.")
    code = codes.cleaned(typed)
    if not typed.strip():
        raise BadInput("The code is missing", "Type the code from the wall.")
    if not code:
        raise _not_a_code(typed)
    secret, found = codes.new_secret(), ""

    def sit(room: rooms.Room) -> rooms.Room:
        nonlocal found
        room, found = rooms.seated(room, secret, clock())
        return room

    try:
        store.change(code, sit)
    except NoRoom:
        store.count(ours, 60)
        store.count(everybodys, 60)
        raise
    return Ticket(code, secret), found


def _not_a_code(typed: str) -> BadInput:
    """What is wrong with it."""
    strange = codes.unknown(typed)[:5]
    if strange:
        which = "this character" if len(strange) == 1 else "these characters"
        return BadInput(f"No room's code has {which}: {' '.join(strange)}", "Compare it with the wall.")
    return BadInput("This is not a room's code", f"It has {codes.LENGTH} letters and digits, such as KMTR 4W7P.")


def come_back(store: RoomStore, kept: Ticket) -> tuple[rooms.Room, str] | None:
    """The room and the seat of this ticket; None tells neither whether the room is there nor whether it was."""
    room = store.read(kept.code)
    seat = room.seat_of(kept.secret) if room else None
    return (room, seat) if room and seat else None
