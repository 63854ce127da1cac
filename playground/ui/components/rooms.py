"""The Classroom page for whoever is not leading: the way in, a question to try alone, and a student's view."""

from collections.abc import Callable, Sequence

import streamlit as st

from playground.classroom import codes, polls, rooms
from playground.classroom.polls import Answer, Question, Token
from playground.classroom.room_store import RoomsUnavailable
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
SPACE = "· is a space: it belongs to the token."
LEDE = (
    "One person leads, and every page in the room follows. Ask the class what comes next, *then* show what the model "
    "finds likely; or let the class be the model, a vote for each token."
)
LEDE_INSIDE = (
    "You are in a class together: guess which token comes next, *then* see what the model finds likely; or be the "
    "model, all of you, a vote for each token."
)


def lede() -> str:
    """What the page says to whoever is here."""
    try:
        who = room.member()
    except RoomsUnavailable:  # said below the title
        return LEDE
    return LEDE_INSIDE if who and not who.leads else LEDE


def enter() -> None:
    """Join by code, or open a room of one's own."""
    linked = codes.cleaned(st.query_params.get(room.CODE, ""))
    join, open_own = st.columns([3, 2])
    with join.container(border=True, height="stretch"):
        st.subheader("Join a room", anchor=False)
        with st.form("room.door", border=False):
            st.text_input("Code on the wall", codes.shown(linked) if linked else "", key="room.typed")
            st.form_submit_button(
                "Join", type="primary", width="stretch", key="room.join", on_click=room.attempt, args=(_join,)
            )
        st.caption(
            "You get a made-up name such as “Brave Otter”; nobody learns your real one. Your pages then move with the "
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


def has_prompt(prompt: str) -> bool:
    """Whether there is something to go on from; says so where there is not."""
    if not prompt:
        shell.show_error(BadInput("The prompt is empty", "Type how the text begins."))
    return bool(prompt)


def alone(lens: Lens, prompt: str) -> None:
    """The question as a class would see it, for one person: choose, then see the model's probabilities."""
    question = predict(lens, prompt, choosing=True)
    st.html(figures.question(prompt, ASKED))
    asked = (shell.visit().number, lens.model_id, prompt)  # a ready question is asked anew each time it is opened
    chosen: int | None = st.session_state.get("room.alone", {}).get(asked)
    _choices(question, chosen, "room.alone.option", lambda option: _guess(asked, option))
    if chosen is None:
        st.caption("Choose one: then you see what the model finds likely.")
        return
    question = counted(question, lens)
    st.html(figures.result(shares(question), 0, mine=question.options[chosen].text))
    shell.provenance("measured", f"{_PROBABILITIES} {_rest(question)}")


def _guess(asked: tuple[int, str, str], option: int) -> None:
    st.session_state["room.alone"] = {asked: option}


def take_part(who: room.Member) -> None:
    """A student's view: the question, their answer, the result, the class's sentence; else how to wait."""
    question, sentence = who.room.question, who.room.sentence
    if sentence and not (question and question.open):
        show_sentence(sentence)
    if question and question.open:
        _answer(who, question)
    elif question:
        show_result(question, who.seat_id)
    elif not sentence:
        st.subheader(f"You have joined room {codes.shown(who.room.code)}", anchor=False)
        st.markdown(f"Your name here: **{who.seat.name}**")
        st.markdown(
            "When the instructor opens a page, it opens here too. Questions appear on this page: when the instructor "
            "comes back to it, so do you."
            if who.seat.following
            else "You look around alone. When a question is asked, the foot of each page has a link to it."
        )
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
            st.text_input(label, key=key)
            st.form_submit_button("Send", type="primary" if not question.options else "secondary", on_click=write)
    if own:
        text = visible(question.options[own.option].text) if own.option >= 0 else own.text
        st.markdown(f":material/check_circle: Your answer: **{shell.escape_markdown(text)}**. You may change it.")


def _asked(of: rooms.Room) -> Question:
    if of.question is None:
        raise BadInput("There is no question now", "Wait for the next one.")
    return of.question


def _choices(question: Question, chosen: int | None, key: str, choose: Callable[[int], None]) -> None:
    across = 2 if len(question.options) == OPTIONS else 1
    for number, token in enumerate(question.options):
        if number % across == 0:  # row by row: on a phone, where columns stack, the order stays
            columns = st.columns(across)
        columns[number % across].button(
            f"{figures.letter(number)}\u2003**{shell.escape_markdown(visible(token.text))}**",
            key=f"{key}.{number}",
            width="stretch",
            type="primary" if number == chosen else "secondary",
            on_click=choose,
            args=(number,),
        )
    explain_spaces(question)


def explain_spaces(question: Question) -> None:
    """What the dot in a choice is, where there is one."""
    if any(" " in token.text for token in question.options):
        st.caption(SPACE)


def show_result(question: Question, seat_id: str = "") -> None:
    """What the class said beside the model's probabilities, who won a vote, and what this person had said."""
    if question.kind == "predict":  # a sentence of the class stands above it, grown
        st.html(figures.question(question.prompt, asked_for(question)))
    voters, own = len(question.answers), question.answers.get(seat_id)
    if not voters:
        st.markdown("Nobody answered. This is what the model finds likely.")
    elif own:
        st.markdown(f":material/check_circle: {_own(question, own)}")
    winner = question.winner.text if question.winner else None
    st.html(figures.result(shares(question), voters, winner=winner, mine=own.token if own else None))
    answers = f"{voters} {'answer' if voters == 1 else 'answers'}, each counted as its first token. " if voters else ""
    tie = " Of tokens with equally many votes the one the model finds more probable wins." if winner else ""
    shell.provenance("measured", f"{answers}{_PROBABILITIES} {_rest(question)} {SPACE}{tie}")


_PROBABILITIES = "The model's probabilities are softmax over its whole vocabulary."


def _rest(question: Question) -> str:
    """What the listed probabilities leave out."""
    if not question.vocabulary:  # counted by an earlier version of ours
        return ""
    left = max(0.0, 1 - sum(bar.probability for bar in question.bars))
    share = f"{100 * left:.0f}\u00a0%" if left >= 0.0095 else "less than 1\u00a0%"
    return f"The other {question.vocabulary - len(question.bars):,} tokens share {share}."


def _own(question: Question, own: Answer) -> str:
    """This person's answer, and how many gave the same."""
    token, same, voters = shell.escape_markdown(visible(own.token)), question.votes(own.token), len(question.answers)
    if own.token.strip() in ("", own.text) or own.option >= 0:
        said = f"You chose **{token}**"
    else:
        said = f"You wrote “{shell.escape_markdown(own.text)}”, counted as its first token **{token}**"
    if voters == 1:
        return f"{said}."
    return f"{said}, like {same} of {voters}." if same > 1 else f"{said}, the only one of {voters}."


def show_sentence(sentence: rooms.Sentence) -> None:
    """What the class wrote above what the model writes alone; at its end, where they parted."""
    st.html(figures.sentences(sentence.prompt, sentence.class_tokens, sentence.model_tokens))
    if not sentence.ended:
        return
    place = sentence.parted
    if place is None:
        st.markdown("The class and the model wrote the same.")
    else:
        ours, its = (
            shell.escape_markdown(visible(tokens[place])) for tokens in (sentence.class_tokens, sentence.model_tokens)
        )
        st.markdown(
            f"The class and the model parted at token {place + 1}: the class chose **{ours}**, the model **{its}**. "
            f"{SPACE}"
        )


def asked_for(question: Question) -> str:
    """The question in words."""
    return ASKED if question.kind == "predict" else "You are the model: vote for the next token."


def shares(question: Question) -> list[figures.Share]:
    """A counted question as its figure wants it."""
    return [figures.Share(*bar, question.offered(bar.text), question.longer(bar.text)) for bar in question.bars]


# --- what the model brings ---


def predict(lens: Lens, prompt: str, *, choosing: bool) -> Question:
    """A question about this prompt: four likely tokens by alphabet, or a word of one's own."""
    options = _by_alphabet(likeliest(lens, prompt, OPTIONS)) if choosing else ()
    return Question(0, "predict", prompt, lens.model_id, options, may_write=not choosing)


def vote(lens: Lens, text: str) -> Question:
    """The class's turn to append a token to this text: likely ones by alphabet."""
    return Question(0, "vote", text, lens.model_id, _by_alphabet(likeliest(lens, text, CANDIDATES)))


def _by_alphabet(tokens: list[Token]) -> tuple[Token, ...]:
    """An order that does not tell what the model prefers."""
    return tuple(sorted(tokens, key=lambda token: (token.text.strip().lower(), token.text)))


def counted(question: Question, lens: Lens) -> Question:
    """The question closed, with the model's probabilities."""
    probabilities = sampling.softmax(lens.next_logits(_ids(lens, question.prompt)))

    def token_of(text: str) -> Token:
        first = lens.encode(text).ids[0]
        return Token(int(first), lens.token_text(int(first)))

    likely = likeliest(lens, question.prompt, LIKELIEST)
    return polls.counted(question, token_of, lambda i: float(probabilities[i]), likely, len(probabilities))


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
