"""Rooms on both stores: seats, places, questions; nothing lost when many act at once; everything ends."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from playground import limits
from playground.classroom import door, polls, rooms
from playground.classroom.polls import Question, Token
from playground.classroom.room_store import NoRoom, RoomStore
from playground.errors import BadInput
from tests.classroom.conftest import Clock

Make = Callable[[], RoomStore]
QUESTION = Question(0, "vote", "The", "m", (Token(1, " cat"), Token(2, " dog")))


def opened(store: RoomStore, clock: Clock) -> door.Ticket:
    return door.open_room(store, "teacher", clock)[0]


def room_of(store: RoomStore, ticket: door.Ticket) -> rooms.Room:
    room = store.read(ticket.code)
    assert room is not None
    return room


def test_a_room_comes_back_from_the_store_as_it_was(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    _, seat = door.join(store, ticket.code, "phone", clock)
    sentence = rooms.Sentence("The", "m", (" cat",), (" dog",))

    def everything(room: rooms.Room) -> rooms.Room:
        room = rooms.moved(room, "sampling", {"text": "a<b>\u202e👩‍🚀", "t": "2"}, clock())
        room = rooms.asked(room, polls.answered(QUESTION, seat, -1, "cow"), sentence)
        assert room.question
        done = polls.counted(room.question, lambda text: Token(3, " cow"), lambda i: 0.25, QUESTION.options)
        return rooms.with_question(room, done)

    changed = store.change(ticket.code, everything)
    assert room_of(store, ticket) == changed
    assert changed.question and changed.question.winner == Token(3, " cow")
    assert rooms.from_json(rooms.to_json(changed)) == changed


def test_an_ended_sentence_stays_until_it_is_put_away(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    sentence = rooms.Sentence("The", "m", (" cat", " sat"), (" cat", " ran"))
    begun = store.change(ticket.code, lambda r: rooms.asked(r, QUESTION, sentence))
    ended = store.change(ticket.code, rooms.with_sentence_ended)
    assert ended.question is None and ended.sentence and ended.sentence.ended and ended.version > begun.version
    assert rooms.from_json(rooms.to_json(ended)) == ended
    assert ended.sentence.parted == 1
    assert rooms.Sentence("The", "m", (" cat",), (" cat",)).parted is None
    assert store.change(ticket.code, rooms.without_sentence).sentence is None
    store.change(ticket.code, lambda r: rooms.asked(r, QUESTION, rooms.Sentence("The", "m")))
    assert store.change(ticket.code, rooms.with_sentence_ended).sentence is None  # nothing was written


def test_a_place_counts_only_when_it_is_new(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    first = store.change(ticket.code, lambda r: rooms.moved(r, "zero", {"stage": "3"}, clock()))
    same = store.change(ticket.code, lambda r: rooms.moved(r, "zero", {"stage": "3"}, clock()))
    other = store.change(ticket.code, lambda r: rooms.moved(r, "zero", {}, clock()))
    assert (first.version, same.version, other.version) == (1, 1, 2)
    assert other.place == rooms.Place("zero", {}, 2, at=clock())
    assert other.passed == (first.place,)
    with pytest.raises(BadInput):
        store.change(ticket.code, lambda r: rooms.moved(r, "zero", {"text": "a" * 20_000}, clock()))
    assert room_of(store, ticket) == other


def test_who_comes_a_little_late_was_led_there(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    places = [{"gpus": str(gpus)} for gpus in range(20)]
    for params in places:
        room = store.change(ticket.code, lambda r, to=params: rooms.moved(r, "zero", to, clock()))
    led = [room.led_to("zero", params, clock()) for params in places]
    assert led == [False] * (19 - limits.ROOM_PASSED) + [True] * (1 + limits.ROOM_PASSED)
    assert not room.led_to("memory", places[-1], clock())
    clock.now += limits.ROOM_LATE_S
    assert [p for p in places if room.led_to("zero", p, clock())] == places[-1:]
    assert rooms.from_json(rooms.to_json(room)) == room


def test_the_secret_and_nothing_else_makes_the_instructor(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    student, seat = door.join(store, ticket.code, "phone", clock)
    room = room_of(store, ticket)
    leader = room.seat_of(ticket.secret)
    assert leader and room.seats[leader].role == "instructor"
    assert room.seat_of(student.secret) == seat
    assert room.seats[seat].role == "student"
    for wrong in ("", ticket.secret[:-1], ticket.secret + "x", ticket.code, room.seats[leader].secret_digest, leader):
        assert room.seat_of(wrong) is None
    assert ticket.secret not in rooms.to_json(room)
    assert student.secret not in rooms.to_json(room)


def test_coming_back_gives_the_same_seat_and_tells_nothing_to_strangers(make_store: Make, clock: Clock) -> None:
    store = make_store()
    ticket = opened(store, clock)
    student, seat = door.join(store, ticket.code, "phone", clock)
    again = door.come_back(make_store(), student)  # another process
    assert again and again[1] == seat and again[0].seats[seat].name == room_of(store, ticket).seats[seat].name
    assert door.come_back(store, student._replace(secret="guess")) is None
    assert door.come_back(store, student._replace(code="AAAABBBB")) is None
    kept = door.ticket(str(student))
    assert kept == student
    for nonsense in ("", ".", "abc", "MVBRG6PC.", "../../etc.x", "mvbrg6pc.x", "A" * 5_000):
        assert door.ticket(nonsense) is None


def test_joining_needs_the_code_and_trying_is_stopped(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    for _ in range(limits.ROOM_GUESSES):
        with pytest.raises(NoRoom):
            door.join(store, "ZZZZ ZZZZ", "guesser", clock)
    with pytest.raises(BadInput, match="Too many wrong codes"):
        door.join(store, ticket.code, "guesser", clock)  # even the right one: else the answer would tell
    assert not room_of(store, ticket).students
    door.join(store, ticket.code, "somebody else", clock)
    assert len(room_of(store, ticket).students) == 1


def test_trying_from_many_addresses_is_stopped_too(
    store: RoomStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROOM_GUESSES_IN_ALL", 30)
    ticket = opened(store, clock)
    refused = 0
    for number in range(60):
        try:
            door.join(store, "ZZZZ ZZZZ", f"address {number}", clock)
        except NoRoom:
            continue
        except BadInput:
            refused += 1
    assert refused == 30
    with pytest.raises(BadInput, match="Too many wrong codes"):
        door.join(store, ticket.code, "a student", clock)


def test_what_is_no_code_is_no_guess(store: RoomStore, clock: Clock) -> None:
    for typed, told in (
        (" ", "Type the code from the wall"),
        ("hello", "these characters: L O. Compare"),
        ("<script>", "this character: I. Compare"),
        ("MVBR G6P", "not a room's code"),
        ("MVBR G6P2" * 20, "not a room's code"),
        ("0000 0000", "this character: 0. Compare"),
    ):
        with pytest.raises(BadInput, match=told):
            door.join(store, typed, "typist", clock)
    assert store.counted("guesses of typist") == 0


def test_counts_end_with_their_time(make_store: Make, clock: Clock) -> None:
    store = make_store()
    assert [store.count("x", 0.2 if i == 0 else 99) for i in range(3)] == [1, 2, 3]
    assert make_store().counted("x") == 3
    clock.now += 0.3  # memory's clock
    threading.Event().wait(0.3)  # Redis's own
    assert store.counted("x") == 0
    assert store.count("x", 60) == 1


def test_an_idle_room_and_an_old_room_are_over(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    _, seat = door.join(store, ticket.code, "phone", clock)
    for _ in range(5):  # heard of again and again: not idle, but one day old enough
        clock.now += limits.ROOM_IDLE_S - 1
        store.change(ticket.code, lambda r: rooms.seen(r, seat, clock()))
    clock.now += limits.ROOM_IDLE_S - 1
    store.change(ticket.code, lambda r: rooms.seen(r, seat, clock()))
    clock.now = room_of(store, ticket).opened + limits.ROOM_LIFE_S
    assert store.read(ticket.code) is None
    with pytest.raises(NoRoom):
        store.change(ticket.code, lambda r: r)
    other = opened(store, clock)
    clock.now += limits.ROOM_IDLE_S
    assert store.read(other.code) is None


def test_a_student_leaves_and_the_instructor_ends_it(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    _, seat = door.join(store, ticket.code, "phone", clock)
    store.change(ticket.code, lambda r: rooms.asked(r, QUESTION))
    store.change(ticket.code, lambda r: rooms.answered(r, polls.answered(QUESTION, seat, 0, "")))
    left = store.change(ticket.code, lambda r: rooms.left(r, seat))
    assert not left.students and left.question and not left.question.answers
    store.remove(ticket.code)
    assert store.read(ticket.code) is None


def test_a_full_room_takes_nobody_until_a_seat_is_lost(
    store: RoomStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROOM_STUDENTS", 3)
    ticket = opened(store, clock)
    seats = [door.join(store, ticket.code, "phone", clock)[1] for _ in range(3)]
    with pytest.raises(BadInput, match="full"):
        door.join(store, ticket.code, "phone", clock)
    clock.now += limits.ROOM_SEAT_LOST_S
    for seat in seats[1:]:
        store.change(ticket.code, lambda r, s=seat: rooms.seen(r, s, clock()))
    _, new = door.join(store, ticket.code, "phone", clock)
    room = room_of(store, ticket)
    assert set(room.seats) >= {new, *seats[1:]} and seats[0] not in room.seats
    with pytest.raises(BadInput, match="no longer"):
        store.change(ticket.code, lambda r: rooms.seen(r, seats[0], clock()))


def test_rooms_are_capped(store: RoomStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROOMS", 3)
    monkeypatch.setattr(limits, "ROOMS_OPENED", 2)
    tickets = [door.open_room(store, "a", clock)[0] for _ in range(2)]
    with pytest.raises(BadInput, match="from your address"):
        door.open_room(store, "a", clock)
    door.open_room(store, "b", clock)
    with pytest.raises(BadInput, match="3 rooms"):
        door.open_room(store, "c", clock)
    store.remove(tickets[0].code)
    door.open_room(store, "d", clock)


def test_who_is_here(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    seats = [door.join(store, ticket.code, "phone", clock)[1] for _ in range(3)]
    clock.now += limits.ROOM_AWAY_S
    store.change(ticket.code, lambda r: rooms.following(r, seats[1], False, clock()))
    room = room_of(store, ticket)
    assert [seat.name for seat in room.here(clock())] == [room.seats[seats[1]].name]
    assert not room.seats[seats[1]].following
    assert room.version == 0  # nothing that a student's page shows


def test_thirty_answers_at_once_all_count(make_store: Make, clock: Clock) -> None:
    """Through four clients, as four processes would: a lost update would lose an answer."""
    store = make_store()
    ticket = opened(store, clock)
    seats = [door.join(store, ticket.code, "phone", clock)[1] for _ in range(30)]
    store.change(ticket.code, lambda r: rooms.asked(r, QUESTION))
    clients = [make_store() for _ in range(4)]
    failures: list[BaseException] = []
    start = threading.Barrier(len(seats))

    def answer(number: int, seat: str) -> None:
        def change(room: rooms.Room) -> rooms.Room:
            assert room.question
            return rooms.answered(room, polls.answered(room.question, seat, number % 2, ""))

        try:
            start.wait()
            clients[number % 4].change(ticket.code, change)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=answer, args=each) for each in enumerate(seats)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    question = room_of(store, ticket).question
    assert question and {seat: a.option for seat, a in question.answers.items()} == {
        seat: number % 2 for number, seat in enumerate(seats)
    }


def test_a_change_that_is_refused_changes_nothing(store: RoomStore, clock: Clock) -> None:
    ticket = opened(store, clock)
    before = room_of(store, ticket)

    def refuse(room: rooms.Room) -> rooms.Room:
        raise BadInput("No", "Never.")

    with pytest.raises(BadInput):
        store.change(ticket.code, refuse)
    assert room_of(store, ticket) == before
    store.change(ticket.code, lambda r: replace(r, touched=clock()))  # and the next one works


def test_questions_are_numbered_and_capped(store: RoomStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROOM_QUESTIONS", 2)
    ticket = opened(store, clock)
    asked = [store.change(ticket.code, lambda r: rooms.asked(r, QUESTION)) for _ in range(2)]
    assert [room.question.number for room in asked if room.question] == [1, 2]
    assert asked[1].version > asked[0].version
    with pytest.raises(BadInput):
        store.change(ticket.code, lambda r: rooms.asked(r, QUESTION))
