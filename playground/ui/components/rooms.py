"""The Classroom page for whoever is not leading: the way in, a question to try alone, and a student's view."""

from collections.abc import Callable, Sequence

import streamlit as st

from playground.classroom import codes, polls, rooms
from playground.classroom.polls import Question, Token
from playground.core import sampling
from playground.core.visible import visible
from playground.errors import BadInput
from playground.figures import rooms as figures
from playground.models.lens import Lens
from playground.ui import rooms as room
from playground.ui import shell

OPTIONS, CANDIDATES = 4, 5  # to choose from in a question, in a vote
LIKELIEST = 6  # of the model's tokens in the result
ASKED = "Which token comes next?"


def enter() -> None:
    """Join by code, or open a room of one's own."""
    linked = codes.cleaned(st.query_params.get(room.CODE, ""))
    join, open_own = st.columns([3, 2])
    with join.container(border=True, height="stretch"):
        st.subheader("Join a room", anchor=False)
        with st.form("room.door", border=False):
            st.text_input("Code on the wall", codes.shown(linked) if linked else "", max_chars=20, key="room.typed")
            st.form_submit_button(
                "Join", type="primary", width="stretch", key="room.join", on_click=room.attempt, args=(_join,)
            )
        st.caption(
            "You get a name such as “Brave Otter”, and nobody learns another. Your pages then move with the "
            "instructor's, until you look around alone. What you answer is shown to the class without your name."
        )
    with open_own.container(border=True, height="stretch"):
        st.subheader("Open a room", anchor=False)
        st.button("Open a room", width="stretch", key="room.open", on_click=room.attempt, args=(room.open_room,))
        st.caption(
            "You lead: the pages of all who join show what yours shows. Leading is tied to this browser, not to the "
            "code. An empty room ends by itself after two hours."
        )


def _join() -> None:
    room.join(st.session_state["room.typed"])


def alone(lens: Lens, prompt: str) -> None:
    """The question as a class would see it, for one person: choose, then see the model's probabilities."""
    question = predict(lens, prompt, choosing=True)
    st.html(figures.question(prompt, ASKED))
    chosen: int | None = st.session_state.get("room.alone", {}).get(prompt)
    _choices(question, chosen, "room.alone.option", lambda option: _guess(prompt, option))
    if chosen is None:
        st.caption("Choose one: then you see what the model finds likely.")
        return
    question = counted(polls.answered(question, "you", chosen, ""), lens)
    st.html(figures.result(shares(question), 1, who="You"))


def _guess(prompt: str, option: int) -> None:
    st.session_state["room.alone"] = {prompt: option}


def take_part(who: room.Member) -> None:
    """A student's view: the question, their answer, the result, the class's sentence; else how to wait."""
    question, sentence = who.room.question, who.room.sentence
    if sentence and not (question and question.open):
        st.html(figures.sentences(sentence.prompt, sentence.class_tokens, sentence.model_tokens))
    if question is None:
        st.subheader(f"You are in: {who.seat.name}", anchor=False)
        st.markdown(
            "Your pages move with the instructor's. Questions appear here. "
            "You may leave this page open, or look around alone with the button below."
        )
    elif question.open:
        _answer(who, question)
    else:
        show_result(question)
    st.button("Leave the room", key="room.leave", icon=":material/logout:", on_click=room.attempt, args=(room.leave,))


def _answer(who: room.Member, question: Question) -> None:
    own = question.answers.get(who.seat_id)
    st.html(figures.question(question.prompt, asked_for(question)))

    def send(option: int, written: str = "") -> None:
        room.change(lambda r: rooms.answered(r, polls.answered(_asked(r), who.seat_id, option, written)))

    if question.options:
        chosen = own.option if own else None
        _choices(question, chosen, f"room.option{question.number}", lambda o: room.attempt(lambda: send(o)))
    if question.may_write:
        key = f"room.word{question.number}"
        label = "Or a word of your own" if question.options else "Your word"

        def write() -> None:
            room.attempt(lambda: send(-1, st.session_state[key]))

        with (
            st.form(f"room.form{question.number}", border=False),
            st.container(horizontal=True, vertical_alignment="bottom"),
        ):
            st.text_input(label, max_chars=40, key=key)
            st.form_submit_button("Send", type="primary" if not question.options else "secondary", on_click=write)
    if own:
        text = question.options[own.option].text if own.option >= 0 else own.text
        st.markdown(
            f":material/check_circle: Your answer: **{shell.escape_markdown(visible(text))}**. You may change it."
        )


def _asked(of: rooms.Room) -> Question:
    if of.question is None:
        raise BadInput("There is no question now", "Wait for the next one.")
    return of.question


def _choices(question: Question, chosen: int | None, key: str, choose: Callable[[int], None]) -> None:
    columns = st.columns(2 if len(question.options) == OPTIONS else 1) if question.options else []
    for number, token in enumerate(question.options):
        columns[number % len(columns)].button(
            f"**{shell.escape_markdown(visible(token.text))}**",
            key=f"{key}.{number}",
            width="stretch",
            type="primary" if number == chosen else "secondary",
            on_click=choose,
            args=(number,),
        )


def show_result(question: Question) -> None:
    """What the class said beside the model's probabilities, and who won a vote."""
    if question.kind == "predict":  # a sentence of the class stands above it, grown
        st.html(figures.question(question.prompt, asked_for(question)))
    voters = len(question.answers)
    winner = question.winner.text if question.winner else None
    st.html(figures.result(shares(question), voters, winner=winner))
    shell.provenance(
        "measured",
        f"{voters} {'answer' if voters == 1 else 'answers'}, each as its first token; the model's probabilities are "
        "softmax over its whole vocabulary."
        + (" Of tokens with equally many votes the one the model finds more probable wins." if winner else ""),
    )


def asked_for(question: Question) -> str:
    """The question in words."""
    return ASKED if question.kind == "predict" else "You are the model: vote for the next token."


def shares(question: Question) -> list[figures.Share]:
    """A counted question as its figure wants it."""
    return [figures.Share(*bar) for bar in question.bars]


# --- what the model brings ---


def predict(lens: Lens, prompt: str, *, choosing: bool) -> Question:
    """A question about this prompt: four likely tokens by alphabet, or a word of one's own."""
    options = sorted(likeliest(lens, prompt, OPTIONS), key=lambda token: token.text.lower()) if choosing else []
    return Question(0, "predict", prompt, lens.model_id, tuple(options), may_write=not choosing)


def vote(lens: Lens, text: str) -> Question:
    """The class's turn to append a token to this text."""
    return Question(0, "vote", text, lens.model_id, tuple(likeliest(lens, text, CANDIDATES)))


def counted(question: Question, lens: Lens) -> Question:
    """The question closed, with the model's probabilities."""
    probabilities = sampling.softmax(lens.next_logits(_ids(lens, question.prompt)))

    def token_of(text: str) -> Token:
        first = lens.encode(text).ids[0]
        return Token(int(first), lens.token_text(int(first)))

    return polls.counted(
        question, token_of, lambda i: float(probabilities[i]), likeliest(lens, question.prompt, LIKELIEST)
    )


def likeliest(lens: Lens, text: str, count: int) -> list[Token]:
    """The model's most probable next tokens that can be written and appended as text."""
    logits = lens.next_logits(_ids(lens, text))
    found: list[Token] = []
    for token_id in sampling.most_probable_first(logits):
        token = Token(int(token_id), lens.token_text(int(token_id)))
        if int(token_id) not in lens.stop_ids and token.text and "\ufffd" not in token.text:
            found.append(token)
        if len(found) == count:
            break
    return found


def _ids(lens: Lens, text: str) -> Sequence[int]:
    return lens.fit(lens.encode(text).ids)[0]
