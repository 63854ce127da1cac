"""A room: who is in it, where the instructor is, the question, the class's sentence. Plain data and its changes.

Every change is a function from a room to a new room, so that any store can apply it as one step. ``version`` counts
what the students' pages depend on; who is here, and who answered, changes without it.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

from playground import limits
from playground.classroom import codes, names
from playground.classroom.polls import Answer, Bar, Question, Token
from playground.errors import BadInput

Role = Literal["instructor", "student"]


@dataclass(frozen=True)
class Seat:
    """One person's place: the server knows them by the digest of their secret."""

    name: str
    role: Role
    secret_digest: str
    following: bool = True
    seen: float = 0.0  # when their page was last heard of


@dataclass(frozen=True)
class Place:
    """A page of ours and its state, as the address would say it."""

    page: str = ""
    params: dict[str, str] = field(default_factory=dict)
    version: int = 0  # which move of the instructor this is
    at: float = 0.0  # when they moved on to it

    @property
    def address(self) -> str:
        """As a link says it, below the app's root.

        >>> Place("sampling", {"text": "a b"}).address, Place("").address
        ('sampling?text=a+b', '')
        """
        return f"{self.page}?{urlencode(self.params)}" if self.params else self.page


@dataclass(frozen=True)
class Sentence:
    """What the class wrote token by token, and what the model writes alone."""

    prompt: str
    model: str = ""
    class_tokens: tuple[str, ...] = ()
    model_tokens: tuple[str, ...] = ()
    ended: bool = False  # it is looked at once more, and does not go on

    @property
    def parted(self) -> int | None:
        """The first place where the class and the model chose differently; None where they wrote the same."""
        pairs = enumerate(zip(self.class_tokens, self.model_tokens, strict=False))
        return next((place for place, (ours, its) in pairs if ours != its), None)

    @property
    def text(self) -> str:
        """The class's sentence so far."""
        return self.prompt + "".join(self.class_tokens)


@dataclass(frozen=True)
class Room:
    """All of it."""

    code: str
    opened: float
    touched: float
    version: int = 0
    seats: dict[str, Seat] = field(default_factory=dict)
    place: Place | None = None
    passed: tuple[Place, ...] = ()  # where the instructor was just before
    question: Question | None = None
    sentence: Sentence | None = None
    questions: int = 0

    @property
    def students(self) -> list[Seat]:
        """Everybody but the instructor, by name."""
        return sorted((s for s in self.seats.values() if s.role == "student"), key=lambda seat: seat.name)

    def here(self, now: float) -> list[Seat]:
        """The students whose page is open now."""
        return [seat for seat in self.students if now - seat.seen < limits.ROOM_AWAY_S]

    @property
    def news(self) -> tuple[object, ...]:
        """What students' pages depend on."""
        asked = (self.question.number, self.question.open) if self.question else None
        return self.place.version if self.place else 0, asked, self.sentence

    def company(self, now: float) -> tuple[object, ...]:
        """What the instructor's page depends on besides: who is here and follows, how many have answered."""
        here = tuple((seat.name, seat.following) for seat in self.here(now))
        return here, len(self.students), len(self.question.answers) if self.question else 0

    def led_to(self, page: str, params: dict[str, str], now: float) -> bool:
        """Whether the instructor is there, or was a moment ago: a student's browser may come late."""
        places = (self.place, *(p for p in self.passed if now - p.at < limits.ROOM_LATE_S))
        return any(p is not None and (p.page, p.params) == (page, params) for p in places)

    def over(self, now: float) -> bool:
        """Whether it has ended: nobody was in it for two hours, or it is half a day old."""
        return now - self.touched >= limits.ROOM_IDLE_S or now - self.opened >= limits.ROOM_LIFE_S

    def lifetime_s(self, now: float) -> float:
        """Seconds until it ends if nothing more happens."""
        return max(0.0, min(self.touched + limits.ROOM_IDLE_S, self.opened + limits.ROOM_LIFE_S) - now)

    def seat_of(self, secret: str) -> str | None:
        """Whose secret this is: the seat's id; every seat is compared, whichever it is."""
        found = [seat_id for seat_id, seat in self.seats.items() if codes.matches(secret, seat.secret_digest)]
        return found[0] if found else None


def new_room(code: str, secret: str, now: float) -> tuple[Room, str]:
    """A room with its instructor, whose seat's id comes with it."""
    seat_id = secrets.token_hex(8)
    leader = Seat("Instructor", "instructor", codes.digest(secret), following=False, seen=now)
    return Room(code, now, now, seats={seat_id: leader}), seat_id


def seated(room: Room, secret: str, now: float) -> tuple[Room, str]:
    """The room with one more student, under a new name; BadInput when it is full."""
    seats = room.seats
    if len(room.students) >= limits.ROOM_STUDENTS:
        longest_away = min((s.seen, i) for i, s in seats.items() if s.role == "student")
        if now - longest_away[0] < limits.ROOM_SEAT_LOST_S:
            raise BadInput(
                f"This room is full: {limits.ROOM_STUDENTS} students are in it", "Look at the page with a neighbour."
            )
        seats = {i: s for i, s in seats.items() if i != longest_away[1]}
    seat_id = secrets.token_hex(8)
    name = names.new_name({seat.name for seat in seats.values()})
    student = Seat(name, "student", codes.digest(secret), seen=now)
    return replace(room, seats=seats | {seat_id: student}, touched=now), seat_id


def seen(room: Room, seat_id: str, now: float) -> Room:
    """This person's page is open."""
    return _with_seat(room, seat_id, now)


def following(room: Room, seat_id: str, follows: bool, now: float) -> Room:
    """This person follows, or looks around alone."""
    return _with_seat(room, seat_id, now, following=follows)


def left(room: Room, seat_id: str) -> Room:
    """The room without this student; an answer of theirs goes too while the question is open."""
    question = room.question
    if question and question.open:
        question = replace(question, answers={i: a for i, a in question.answers.items() if i != seat_id})
    return replace(room, seats={i: s for i, s in room.seats.items() if i != seat_id}, question=question)


def moved(room: Room, page: str, params: dict[str, str], now: float) -> Room:
    """The instructor is at this page in this state; the same room if that is nothing new."""
    if sum(map(len, (*params, *params.values()))) > limits.ROOM_PLACE_CHARACTERS:
        raise BadInput("The state of this page is too long to be followed", "Shorten the text.")
    if room.place and (room.place.page, room.place.params) == (page, params):
        return room
    version = room.version + 1
    left = (*room.passed, room.place)[-limits.ROOM_PASSED :] if room.place else ()
    return replace(room, place=Place(page, params, version, now), passed=left, version=version, touched=now)


def asked(room: Room, question: Question, sentence: Sentence | None = None) -> Room:
    """A new question in place of the last one; a vote grows ``sentence``."""
    if room.questions >= limits.ROOM_QUESTIONS:
        raise BadInput("This room has had its questions", "Open a new room.")
    number = room.questions + 1
    return replace(
        room,
        question=replace(question, number=number),
        questions=number,
        sentence=sentence if sentence is not None else room.sentence,
        version=room.version + 1,
    )


def with_question(room: Room, question: Question | None, sentence: Sentence | None = None) -> Room:
    """The question counted, or put away (None); with the sentence as it now stands."""
    kept = sentence if sentence is not None else room.sentence
    return replace(room, question=question, sentence=kept, version=room.version + 1)


def with_sentence_ended(room: Room) -> Room:
    """The class writes no more of its sentence; what was written stays to be looked at."""
    if room.sentence is None or not room.sentence.class_tokens:
        return without_sentence(room)
    return replace(room, question=None, sentence=replace(room.sentence, ended=True), version=room.version + 1)


def without_sentence(room: Room) -> Room:
    """The class begins a new sentence."""
    return replace(room, question=None, sentence=None, version=room.version + 1)


def answered(room: Room, question: Question) -> Room:
    """An answer came in; only the instructor's page shows that, and it looks by itself."""
    return replace(room, question=question)


def _with_seat(room: Room, seat_id: str, now: float, **changes: Any) -> Room:
    if seat_id not in room.seats:
        raise BadInput("You are no longer in this room", "Join it again with its code.")
    seat = replace(room.seats[seat_id], seen=now, **changes)
    return replace(room, seats=room.seats | {seat_id: seat}, touched=now)


# --- as text, for a store that keeps text ---


def to_json(room: Room) -> str:
    """The room as JSON; ``from_json`` gives an equal one back."""
    return json.dumps(asdict(room), ensure_ascii=True, separators=(",", ":"))


def from_json(text: str | bytes) -> Room:
    """A room from ``to_json``."""
    kept: dict[str, Any] = json.loads(text)
    place, question, sentence = kept["place"], kept["question"], kept["sentence"]
    if question:
        question["options"] = tuple(Token(*token) for token in question["options"])
        question["answers"] = {seat: Answer(*answer) for seat, answer in question["answers"].items()}
        question["bars"] = tuple(Bar(*bar) for bar in question["bars"])
        question["winner"] = Token(*question["winner"]) if question["winner"] else None
    if sentence:
        sentence = {name: tuple(v) if isinstance(v, list) else v for name, v in sentence.items()}
    return Room(
        **{
            **kept,
            "seats": {i: Seat(**seat) for i, seat in kept["seats"].items()},
            "place": Place(**place) if place else None,
            "passed": tuple(Place(**each) for each in kept["passed"]),
            "question": Question(**question) if question else None,
            "sentence": Sentence(**sentence) if sentence else None,
        }
    )
