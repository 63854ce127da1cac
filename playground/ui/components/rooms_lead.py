"""The Classroom page for the instructor: the code on the wall, who is here, and what the class is asked."""

import time
from collections.abc import Callable

import streamlit as st

from playground import limits
from playground.classroom import codes, rooms
from playground.classroom.polls import Question
from playground.classroom.rooms import Room, Sentence
from playground.figures import rooms as figures
from playground.models.lens import Lens
from playground.ui import inputs, resources
from playground.ui import rooms as room
from playground.ui.components import rooms as parts

TASKS = {"predict": "predicts the next token", "write": "is the model"}
WAYS = {"choosing": "choosing one of four", "writing": "writing a word"}


def wall(who: room.Member) -> None:
    """How to join: in full until there is a question, then folded away."""
    address = _root() + rooms.Place(room.PAGE, {room.CODE: who.room.code}).address
    folded = who.room.question is not None or who.room.sentence is not None
    with st.expander("How to join", expanded=not folded, icon=":material/qr_code:", key=f"room.wall.{folded}"):
        st.html(figures.join_card(address, codes.shown(who.room.code)))
        if "//localhost" in address or "//127." in address:
            st.caption(
                ":material/info: This address works on this computer only. For a class, serve the app on one that the "
                "others can reach."
            )


def _root() -> str:
    """The app's own address, as this browser knows it."""
    return str(st.context.url or "").partition("?")[0].rpartition("/")[0] + "/"


def now(who: room.Member) -> None:
    """The class's sentence, and the question that is open or was counted last."""
    question, sentence = who.room.question, who.room.sentence
    if sentence and not (question and question.open):
        parts.show_sentence(sentence)
    if question is not None and question.open:
        _running(who.room, question)
    elif question is not None:
        parts.show_result(question)
    if sentence and not (question and question.open):
        _go_on(sentence)
    elif question is not None and not question.open:
        st.button("Clear the result", key="room.clear", on_click=room.attempt, args=(_withdraw,))


def free(who: room.Member) -> bool:
    """Whether a new question may be asked now."""
    return who.room.sentence is None and (who.room.question is None or not who.room.question.open)


def how() -> tuple[str, str]:
    """What the class does, and how it answers."""
    task_column, by_column = st.columns(2)
    with task_column:
        task = inputs.choice("The class", list(TASKS), key="task", format_func=TASKS.__getitem__, segmented=True)
    with by_column:
        if task == "write":
            return task, "choosing"
        by = inputs.choice("They answer", list(WAYS), key="by", format_func=WAYS.__getitem__, segmented=True)
    return task, by


def ask(lens: Lens, prompt: str, task: str, by: str) -> None:
    """Begin: a question, or a sentence of the class."""
    label = "Let the class write" if task == "write" else "Ask the class"
    if not st.button(label, type="primary", key="room.ask", disabled=not prompt):
        return
    if task == "write":
        _do(lambda: _vote(lens, Sentence(prompt, lens.model_id)))
    else:
        _do(lambda: _ask(parts.predict(lens, prompt, choosing=by == "choosing")))


def end() -> None:
    """End the room, asked once more."""
    with st.popover("End the room", icon=":material/logout:"):
        st.markdown("The room ends for everybody in it, and its answers are gone.")
        st.button("Yes, end it for all", type="primary", key="room.end", on_click=room.attempt, args=(room.leave,))


def people(who: room.Member) -> None:
    """Who is here."""
    st.markdown(f":material/groups: **{room.company(who.room)}**")
    here = {seat.name for seat in who.room.here(time.time())}
    if who.room.students:
        st.html(figures.people([(s.name, s.name in here, s.following) for s in who.room.students]))
    else:
        st.caption("Nobody has joined yet.")


def _running(of: Room, question: Question) -> None:
    st.html(figures.question(question.prompt, parts.asked_for(question)))
    if question.options:
        st.html(figures.options([token.text for token in question.options]))
        parts.explain_spaces(question)
    _answers(of, question)
    with st.container(horizontal=True):
        if st.button("Show the result", type="primary", key="room.reveal"):
            lens = resources.lens(question.model)
            _do(lambda: _reveal(lens))
        st.button("Withdraw the question", key="room.withdraw", on_click=room.attempt, args=(_withdraw,))


def _answers(of: Room, question: Question) -> None:
    """How many have answered; what they answered stays hidden until the result."""
    here, answers = len(of.here(time.time())), len(question.answers)
    st.progress(min(1.0, answers / here) if here else 0.0, text=f"{answers} of {max(here, answers)} have answered")


def _go_on(sentence: Sentence) -> None:
    if sentence.ended:
        st.button("Clear", key="room.fresh", on_click=room.attempt, args=(_fresh,))
        return
    with st.container(horizontal=True):
        if len(sentence.class_tokens) < limits.CLASS_WORDS:
            if st.button("Vote on the next token", type="primary", key="room.vote"):
                lens = resources.lens(sentence.model)
                _do(lambda: _vote(lens, sentence))
        else:
            st.caption(f"A sentence of the class has at most {limits.CLASS_WORDS} tokens.")
        st.button("End this sentence", key="room.ended", on_click=room.attempt, args=(_end_sentence,))


def _do(act: Callable[[], None]) -> None:
    """What needs the model is done in the run itself, where its progress can be shown; then the page runs again."""
    room.attempt(act)
    st.rerun()


def _still_here() -> room.Member:
    who = room.member()
    if who is None:
        st.rerun()
    return who


def _ask(question: Question) -> None:
    room.change(lambda r: rooms.asked(r, question))


def _vote(lens: Lens, sentence: Sentence) -> None:
    question = parts.vote(lens, sentence.text)
    room.change(lambda r: rooms.asked(r, question, sentence))


def _withdraw() -> None:
    room.change(lambda r: rooms.with_question(r, None))


def _end_sentence() -> None:
    room.change(rooms.with_sentence_ended)


def _fresh() -> None:
    room.change(rooms.without_sentence)


def _reveal(lens: Lens) -> None:
    """Count the answers as they are at this moment; a vote's winner is appended, and the model writes on alone."""
    sentence = _still_here().room.sentence
    alone = parts.likeliest(lens, sentence.prompt + "".join(sentence.model_tokens), 1)[0].text if sentence else ""

    def count(r: Room) -> Room:
        if r.question is None or not r.question.open:
            return r
        question, grown = parts.counted(r.question, lens), r.sentence
        if grown and question.winner:
            both = (*grown.class_tokens, question.winner.text), (*grown.model_tokens, alone)
            grown = Sentence(grown.prompt, grown.model, *both)
        return rooms.with_question(r, question, grown)

    room.change(count)
