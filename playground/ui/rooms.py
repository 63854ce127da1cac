"""The room this browser is in: a bar at the foot of every page, and pages that move with the instructor's.

A student's browser is told where the instructor is (``playground/classroom/news.py``), and goes to the same address as
if its Back button led there: Streamlit then sets every input from the address, bound ones too, and where the
instructor's page writes its address, the student's writes the same. Of anything else that is new it is told only that
there is something, and the page asks the room. A student's page tells the room nothing of where it is, so nothing can
go round in a circle.

Who a person is, is in a cookie (the room's code and their secret), so that a reload or a lost connection changes
nothing. No address holds the secret.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from playground import limits
from playground.classroom import codes, door, news, rooms
from playground.classroom.room_store import Change, NoRoom, RoomStore, RoomsUnavailable, shared_store
from playground.classroom.rooms import Place, Room, Seat
from playground.errors import PlaygroundError
from playground.ui import shell, site

ARRIVAL_S = 3.0  # a browser that has not come to the instructor's page by then is sent there again
COOKIE = "llm_playground_room"
PAGE = "room"  # its own page
CODE = "code"  # the parameter of the link that students open

_news = st.components.v2.component(
    "llm_playground.room_news", js=Path(__file__).with_name("room_news.js").read_text(encoding="utf-8")
)
_STYLE = f"<style>{Path(__file__).with_name('rooms.css').read_text(encoding='utf-8')}</style>"
_TICKET, _SEAT, _DRAWN, _SENT, _SETTLED, _REFUSED, _TELL = (
    f"room.{name}" for name in ("ticket", "seat", "drawn", "sent", "settled", "refused", "tell")
)


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


class _Sent(NamedTuple):
    """Where a student's browser was last sent, and whether it has come there."""

    version: int
    page: str
    attempt: int
    at: float
    arrived: bool

    @classmethod
    def to(cls, place: Place, *, arrived: bool = False) -> "_Sent":
        return cls(place.version, place.page, 0, time.monotonic(), arrived)


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


def change(how: Change) -> Room:
    """Change the room this browser is in. Raises NoRoom, RoomsUnavailable, and what ``how`` raises."""
    ticket = door.ticket(st.session_state.get(_TICKET, ""))
    if ticket is None:
        raise NoRoom
    room = store().change(ticket.code, how)
    news.stir(room.code)
    return room


def attempt(act: Callable[[], None]) -> None:
    """For a button's callback: what is refused is shown on the page by ``refusals``."""
    try:
        act()
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
        st.session_state.pop(_SENT, None)  # to where the instructor is now, not only to the next place


@contextmanager
def attending(page: str) -> Iterator[None]:
    """Around a page's run: the bar of the room this browser is in, if any, and what the page does for the room."""
    try:
        who = member()
    except RoomsUnavailable as error:
        with st.bottom:
            st.caption(f":material/cloud_off: {error.title}. {error.hint}")
            st.session_state[_DRAWN] = None
            _listen(page)
        yield
        return
    if page != PAGE:  # which shows them where they belong
        refusals()
    if who is None:
        yield
        _tell_browser()
        return
    if not who.leads:
        _notice_wandering(who, page)
        who = member() or who
    st.session_state[_DRAWN] = _stamp(who, page)
    with st.bottom:
        _bar(who, page)
        if not who.leads:
            _listen(page)
    if who.room.place and who.room.place.page == page:
        _publish(who, page)  # a control was moved: the class need not wait for the instructor's own picture
    try:
        yield
    except PlaygroundError:
        _publish(who, page)
        raise
    _publish(who, page)
    st.session_state[_SETTLED] = st.session_state.get(_SENT), _params()
    _tell_browser()


# --- who we are ---


def _take(ticket: door.Ticket, seat_id: str) -> None:
    state = st.session_state
    state[_TICKET] = state[_TELL] = str(ticket)
    state[_SEAT] = seat_id
    state.pop(_SENT, None)


def _forget() -> None:
    state = st.session_state
    state[_TICKET] = state[_TELL] = ""
    state.pop(_SENT, None)
    state.pop(_SEAT, None)


def _tell_browser() -> None:
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


# --- the bar ---


def _bar(who: Member, page: str) -> None:
    room = who.room
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="roombar"):
        if who.leads:
            st.markdown(f":material/cast_for_education: You lead room **{codes.shown(room.code)}**", width="content")
            _listen(page)
        elif who.seat.following:
            st.markdown(f":material/visibility: **{who.seat.name}** · following", width="content")
            st.button("Look around alone", on_click=attempt, args=(lambda: follow(False),), key="room.detach")
        else:
            st.markdown(f":material/explore: **{who.seat.name}** · on your own", width="content")
            st.button("Follow again", type="primary", on_click=attempt, args=(lambda: follow(True),), key="room.rejoin")
        if page != PAGE:
            asked = room.question is not None and room.question.open and not who.leads
            label = "Answer the question" if asked else "Classroom"
            st.page_link(shell.page_object(site.BY_FILE["room.py"]), label=label, icon=":material/groups:")


def company(room: Room) -> str:
    """Who is here, in a line."""
    here = room.here(time.time())
    following = sum(seat.following for seat in here)
    question = room.question
    answers = f" · {len(question.answers)} answered" if question and question.open else ""
    return f"{len(here)} here · {following} following{answers}"


# --- what is new ---


def _stamp(who: Member, page: str) -> object:
    """What this person's page shows of the room: when it changes, the page runs again."""
    question = who.room.question
    if page != PAGE:
        return who.leads, who.seat.following, question.number if question and question.open else 0
    asked = (question.number, question.open) if question else None
    if who.leads:
        return asked, who.room.company(time.time())
    return who.seat.following, asked, who.room.sentence


@st.fragment
def _listen(page: str) -> None:
    """Runs when the browser hears that there may be something new: look what it is. Only the instructor sees of it,
    how many are here.
    """
    state, now, who, reached = st.session_state, time.time(), None, True
    try:
        who = member()
        if who and now - who.seat.seen > limits.ROOM_SEEN_S:
            seat_id = who.seat_id
            change(lambda room: rooms.seen(room, seat_id, now))
    except PlaygroundError:
        reached = False
    follows = who is not None and not who.leads and who.seat.following
    goes = _goes(who, page) if who and follows else None
    ticket = door.ticket(state.get(_TICKET, ""))
    if ticket:
        line = news.address(codes.digest(ticket.code), who is not None and who.leads)
        told = {"line": line.lstrip("/"), "follows": follows, "place": goes, "room": PAGE}
        _news(key="room.news", data=told, on_look_change=lambda: None)
    if not reached:
        if state[_DRAWN] is not None:
            st.rerun()  # to say so
        return
    if who and who.leads:
        st.caption(company(who.room))
    if goes:
        return
    if who is None or _stamp(who, page) != state[_DRAWN]:
        st.rerun()


def _goes(who: Member, page: str) -> news.Told | None:
    """Where this browser has to go to be with the instructor: it may not have heard, or Streamlit lost its coming."""
    place, sent = who.room.place, _sent()
    if place is None or not any(place.page == info.url_path for info in site.PAGES):
        return None
    if sent is None or sent.version != place.version:
        sent = _Sent.to(place)
    elif sent.arrived:
        return None
    elif time.monotonic() - sent.at > ARRIVAL_S:
        sent = sent._replace(attempt=sent.attempt + 1, at=time.monotonic())
    there = page == place.page and _params() == place.params
    st.session_state[_SENT] = sent._replace(arrived=there)
    return None if there else news.told(place, sent.attempt)


def _sent() -> _Sent | None:
    sent: _Sent | None = st.session_state.get(_SENT)
    return sent


def _notice_wandering(who: Member, page: str) -> None:
    """A student who opens another page, or moves a control, looks around alone from then on."""
    state, sent, place, params = st.session_state, _sent(), who.room.place, _params()
    if not who.seat.following:
        return
    if place and (place.page, place.params) == (page, params):
        if sent is None or not sent.arrived or sent.version != place.version:
            state[_SENT] = _Sent.to(place, arrived=True)
        return
    if sent is None:
        return
    if not sent.arrived:
        state[_SENT] = sent._replace(arrived=page == sent.page)
        return
    settled, before = state.get(_SETTLED, (None, {}))  # of the run before this one
    moved = page != sent.page or (settled == sent and before != params)
    if moved and page != PAGE and not who.room.led_to(page, params, time.time()):
        attempt(lambda: follow(False))


def _publish(who: Member, page: str) -> None:
    """Where the instructor is now, for those who follow."""
    if not who.leads:
        return
    params = {} if page == PAGE else _params()
    place, now = who.room.place, time.time()
    if place is None or (place.page, place.params) != (page, params):
        attempt(lambda: _moved(page, params, now))


def _moved(page: str, params: dict[str, str], now: float) -> None:
    change(lambda room: rooms.moved(room, page, params, now))


def _params() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key not in (CODE, shell.BY_LINK)}
