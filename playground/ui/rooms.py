"""The room this browser is in, and what its person can do there.

Who a person is, is in a cookie (the room's code and their secret), so that a reload or a lost connection changes
nothing. No address holds the secret.
"""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from playground import limits
from playground.classroom import door, rooms
from playground.classroom.room_store import Change, NoRoom, RoomStore, shared_store
from playground.classroom.rooms import Room, Seat
from playground.errors import PlaygroundError
from playground.ui import shell

COOKIE = "llm_playground_room"
PAGE = "room"  # its own page
CODE = "code"  # the parameter of the link that students open

SENT = "room.sent"  # where this browser was sent to be with the class, kept by ui/attending.py
_TICKET, _SEAT, _REFUSED, _TELL = (f"room.{name}" for name in ("ticket", "seat", "refused", "tell"))


class Member(NamedTuple):
    """This browser's person, and the room as it is now."""

    room: Room
    seat_id: str

    @property
    def seat(self) -> Seat:
        """Their seat."""
        return self.room.seats[self.seat_id]

    @property
    def leads(self) -> bool:
        """Whether they opened the room."""
        return self.seat.role == "instructor"


def store() -> RoomStore:
    """Where the rooms are."""
    return shared_store()


def client() -> str:
    """Whom to count wrong codes for: the address that the connection comes from."""
    return st.context.ip_address or "this computer"


def member() -> Member | None:
    """Who this browser is, in which room; None for nobody. Raises RoomsUnavailable."""
    state = st.session_state
    if _TICKET not in state:
        state[_TICKET] = str(st.context.cookies.get(COOKIE) or "")
    ticket = door.ticket(state[_TICKET])
    if ticket is None:
        return None
    room = store().read(ticket.code)
    if room and state.get(_SEAT) in room.seats:
        return Member(room, state[_SEAT])
    found = door.come_back(store(), ticket)
    if found:
        state[_SEAT] = found[1]
        return Member(*found)
    _forget()
    state[_REFUSED] = PlaygroundError("The room you were in has ended", "Join another with its code.")
    return None


def code() -> str:
    """The code of the room this browser has a ticket for, though the room may have ended; or nothing."""
    ticket = door.ticket(st.session_state.get(_TICKET, ""))
    return ticket.code if ticket else ""


def change(how: Change) -> Room:
    """Change the room this browser is in. Raises NoRoom, RoomsUnavailable, and what ``how`` raises."""
    if not code():
        raise NoRoom
    return store().change(code(), how)


def attempt(act: Callable[..., None], *args: Any) -> None:
    """For a button's callback: what is refused is shown on the page by ``refusals``."""
    try:
        act(*args)
    except PlaygroundError as error:
        st.session_state[_REFUSED] = error


def refusals() -> None:
    """What was refused since the last run, once."""
    error = st.session_state.pop(_REFUSED, None)
    if error:
        shell.show_error(error)


def open_room() -> None:
    """A room of one's own; this browser leads it."""
    _take(*door.open_room(store(), client()))


def join(typed: str) -> None:
    """A seat in the room with this code."""
    _take(*door.join(store(), typed, client()))


def leave() -> None:
    """Give the seat up; when the instructor leaves, the room ends."""
    who = member()
    if who is None:
        return
    if who.leads:
        store().remove(who.room.code)
    else:
        change(lambda room: rooms.left(room, who.seat_id))
    _forget()


def follow(follows: bool) -> None:
    """Follow the instructor, or look around alone."""
    who = member()
    if who:
        change(lambda room: rooms.following(room, who.seat_id, follows, time.time()))
        st.session_state.pop(SENT, None)  # to where the instructor is now, not only to the next place


def company(room: Room) -> str:
    """Who is here, in a line."""
    here = room.here(time.time())
    following = sum(seat.following for seat in here)
    question = room.question
    answers = f" · {len(question.answers)} answered" if question and question.open else ""
    return f"{len(here)} here · {following} following{answers}"


def tell_browser() -> None:
    """Have the browser keep the ticket (or drop it); a cookie that only our own pages send back."""
    ticket = st.session_state.get(_TELL)
    if ticket is None:
        return
    value, seconds = json.dumps(ticket), int(limits.ROOM_LIFE_S) if ticket else 0
    st.html(
        f"<script>{{const root = location.pathname.replace(/[^/]*$/, '');"
        f"document.cookie = '{COOKIE}=' + {value} + '; Path=' + root + '; Max-Age={seconds}; SameSite=Strict'"
        f" + (location.protocol === 'https:' ? '; Secure' : '');}}</script>",
        unsafe_allow_javascript=True,
    )


def _take(ticket: door.Ticket, seat_id: str) -> None:
    state = st.session_state
    state[_TICKET] = state[_TELL] = str(ticket)
    state[_SEAT] = seat_id
    state.pop(SENT, None)


def _forget() -> None:
    state = st.session_state
    state[_TICKET] = state[_TELL] = ""
    state.pop(SENT, None)
    state.pop(_SEAT, None)
