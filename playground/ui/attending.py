"""Around every page's run: the bar of the room this browser is in, and pages that move with the instructor's.

A student's browser is told where the instructor is (``playground/classroom/news.py``), and goes to the same address as
if its Back button led there: Streamlit then sets every input from the address, bound ones too, and where the
instructor's page writes its address, the student's writes the same. Of anything else that is new it is told only that
there is something, and the page asks the room. A student's page tells the room nothing of where it is, so nothing can
go round in a circle.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from playground import limits
from playground.classroom import codes, news
from playground.classroom import rooms as classroom
from playground.classroom.room_store import RoomsUnavailable
from playground.classroom.rooms import Place
from playground.errors import PlaygroundError
from playground.ui import rooms, shell, site

ARRIVAL_S = 3.0  # a browser that has not come to the instructor's page by then is sent there again

_news = st.components.v2.component(
    "llm_playground.room_news", js=Path(__file__).with_name("room_news.js").read_text(encoding="utf-8")
)
_STYLE = f"<style>{Path(__file__).with_name('rooms.css').read_text(encoding='utf-8')}</style>"
_DRAWN, _SETTLED = "room.drawn", "room.settled"


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


@contextmanager
def attending(page: str) -> Iterator[None]:
    """Around a page's run: the bar of the room this browser is in, if any, and what the page does for the room."""
    try:
        who = rooms.member()
    except RoomsUnavailable as error:
        with st.bottom:
            st.caption(f":material/cloud_off: {error.title}. {error.hint}")
            st.session_state[_DRAWN] = None
            _listen(page)
        yield
        return
    if page != rooms.PAGE:  # which shows them where they belong
        rooms.refusals()
    if who is None:
        yield
        rooms.tell_browser()
        return
    if not who.leads:
        _notice_wandering(who, page)
        who = rooms.member() or who
    st.session_state[_DRAWN] = _stamp(who, page)
    with st.bottom:
        _bar(who, page)
        if not who.leads:
            _listen(page)
        rooms.tell_browser()  # before the page, which may wait for a model
    if who.room.place and who.room.place.page == page:
        _publish(who, page)  # a control was moved: the class need not wait for the instructor's own picture
    try:
        yield
    except PlaygroundError:
        _publish(who, page)
        raise
    _publish(who, page)
    st.session_state[_SETTLED] = st.session_state.get(rooms.SENT), _params()


def _bar(who: rooms.Member, page: str) -> None:
    room = who.room
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="roombar"):
        if who.leads:
            st.markdown(f":material/cast_for_education: You lead room **{codes.shown(room.code)}**", width="content")
            _listen(page)
        elif who.seat.following:
            st.markdown(f":material/visibility: **{who.seat.name}** · following", width="content")
            st.button("Look around alone", on_click=rooms.attempt, args=(rooms.follow, False), key="room.detach")
        else:
            st.markdown(f":material/explore: **{who.seat.name}** · on your own", width="content")
            st.button(
                "Follow again",
                type="primary",
                on_click=rooms.attempt,
                args=(rooms.follow, True),
                key="room.rejoin",
            )
        if page != rooms.PAGE:
            asked = room.question is not None and room.question.open and not who.leads
            label = "Answer the question" if asked else "Classroom"
            st.page_link(shell.page_object(site.BY_FILE["room.py"]), label=label, icon=":material/groups:")


def _stamp(who: rooms.Member, page: str) -> object:
    """What this person's page shows of the room: when it changes, the page runs again."""
    question = who.room.question
    if page != rooms.PAGE:
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
        who = rooms.member()
        if who and now - who.seat.seen > limits.ROOM_SEEN_S:
            seat_id = who.seat_id
            rooms.change(lambda room: classroom.seen(room, seat_id, now))
    except PlaygroundError:
        reached = False
    follows = who is not None and not who.leads and who.seat.following
    goes = _goes(who, page) if who and follows else None
    code = rooms.code()
    if code:
        line = news.address(codes.digest(code), who.seat_id if who else "", company=who is not None and who.leads)
        told = {"line": line.lstrip("/"), "follows": follows, "place": goes, "room": rooms.PAGE}
        _news(key="room.news", data=told, on_look_change=lambda: None)
    if not reached:
        if state[_DRAWN] is not None:
            st.rerun()  # to say so
        return
    if who and who.leads:
        st.caption(rooms.company(who.room))
    if goes:
        return
    if who is None or _stamp(who, page) != state[_DRAWN]:
        st.rerun()


def _goes(who: rooms.Member, page: str) -> news.Told | None:
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
    st.session_state[rooms.SENT] = sent._replace(arrived=there)
    return None if there else news.told(place, sent.attempt)


def _sent() -> _Sent | None:
    sent: _Sent | None = st.session_state.get(rooms.SENT)
    return sent


def _notice_wandering(who: rooms.Member, page: str) -> None:
    """A student who opens another page, or moves a control, looks around alone from then on."""
    state, sent, place, params = st.session_state, _sent(), who.room.place, _params()
    if not who.seat.following:
        return
    if place and (place.page, place.params) == (page, params):
        if sent is None or not sent.arrived or sent.version != place.version:
            state[rooms.SENT] = _Sent.to(place, arrived=True)
        return
    if sent is None:
        return
    if not sent.arrived:
        state[rooms.SENT] = sent._replace(arrived=page == sent.page)
        return
    settled, before = state.get(_SETTLED, (None, {}))  # of the run before this one
    moved = page != sent.page or (settled == sent and before != params)
    if moved and page != rooms.PAGE and not who.room.led_to(page, params, time.time()):
        rooms.attempt(rooms.follow, False)


def _publish(who: rooms.Member, page: str) -> None:
    """Where the instructor is now, for those who follow."""
    if not who.leads:
        return
    params = {} if page == rooms.PAGE else _params()
    place, now = who.room.place, time.time()
    if place is None or (place.page, place.params) != (page, params):
        rooms.attempt(_moved, page, params, now)


def _moved(page: str, params: dict[str, str], now: float) -> None:
    rooms.change(lambda room: classroom.moved(room, page, params, now))


def _params() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key not in (rooms.CODE, shell.BY_LINK)}
