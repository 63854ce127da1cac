"""The Classroom page: alone, and as instructor and students, whose sessions share this process's rooms."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from playground import limits, paths
from playground.classroom import codes, door, room_store
from playground.classroom.room_store import RoomsUnavailable
from playground.models import lens as lenses
from playground.ui import rooms
from playground.ui.components import rooms as asking
from tests.pages import opened

pytestmark = pytest.mark.model


@pytest.fixture(autouse=True)
def _own_store() -> Iterator[None]:
    room_store.shared_store.cache_clear()
    yield
    room_store.shared_store.cache_clear()


def button(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception, [e.message for e in app.exception]


def leading(**params: str) -> tuple[AppTest, str]:
    leader = opened.run("room.py", **params)
    button(leader, "room.open")
    code = opened.html(leader).split("<div class='lp-code'>")[1].split("<")[0]
    return leader, code


def with_ticket(ticket: str, file: str = "zero.py") -> AppTest:
    """A page in the browser that holds this ticket, as its cookie brings it."""
    app = AppTest.from_file(str(paths.APP), default_timeout=240)
    app.session_state["room.ticket"] = ticket
    app.switch_page(str(paths.PAGES / file))
    return app.run()


def leading_elsewhere() -> tuple[AppTest, str]:
    """An instructor on a page that needs no model."""
    ticket, _ = door.open_room(room_store.shared_store(), "a teacher")
    return with_ticket(str(ticket)), ticket.code


def joined(code: str) -> AppTest:
    """A student, on the Classroom page."""
    ticket, _ = door.join(room_store.shared_store(), code, "a student")
    return opened.checked(with_ticket(str(ticket), "room.py"))


def secret_of(app: AppTest) -> str:
    return str(app.session_state["room.ticket"]).partition(".")[2]


def shown(app: AppTest) -> str:
    return opened.html(app) + opened.says(app) + str([b.label for b in app.button])


def test_alone_one_guesses_and_sees_the_model() -> None:
    app = opened.checked(opened.run("room.py"))
    assert "lp-result" not in opened.html(app).replace("lp-result{", "")
    options = [b for b in app.button if b.key.startswith("room.alone")]
    assert {"\\·Paris" in b.label or "·Paris" in b.label for b in options} == {True, False}
    next(b for b in options if "Paris" in b.label).click().run()
    result = opened.html(opened.checked(app))
    assert "<div class='lp-result'>" in result
    assert "77 %" in result  # SmolLM2 135M: p(" Paris") = 0.77
    assert "your choice" in result.partition("·Paris")[2].partition("lp-row")[0]
    assert "The class" not in result
    # Six of its 49,152 tokens are listed; what the six leave out is the rest.
    assert "The other 49,146 tokens share" in opened.says(app)
    app.session_state["page.visit"].number += 1  # as a ready question does, opened again
    assert "<div class='lp-result'>" not in opened.html(opened.checked(app.run()))


def test_the_ready_questions_are_as_said() -> None:
    app = opened.run("room.py", text="The opposite of hot is cold. The opposite of up is")
    button(app, "room.alone.option.0")
    assert "94 %" in opened.html(app) and "at some 94 %" in opened.says(app)
    app = opened.run("room.py", text="My favourite thing is")
    button(app, "room.alone.option.0")
    assert len(_percents(app)) == 6 and max(_percents(app)) < 10


def _percents(app: Any) -> list[float]:
    return [float(p) for p in re.findall(r"<span>([\d.]+) %</span>", opened.html(app))]


def test_choices_keep_their_order_where_columns_stack() -> None:
    app = opened.checked(opened.run("room.py"))
    labels = [b.label for b in app.button if b.key.startswith("room.alone")]
    assert [label[0] for label in labels] == list("ABCD")  # as drawn, which is how a phone stacks them
    assert [label[2:].lower() for label in labels] == sorted(label[2:].lower() for label in labels)


def test_without_a_prompt_nothing_is_asked() -> None:
    app = opened.run("room.py", text="")
    app.text_area(key="text").set_value("").run()
    assert [e.proto.title for e in app.error] == ["The prompt is empty"] or "prompt is empty" in str(app.error[0].proto)
    assert not [b for b in app.button if b.key.startswith("room.alone")]
    button(app, "room.open")
    assert app.button(key="room.ask").disabled and "prompt is empty" in str(app.error[0].proto)


def test_a_class_predicts_then_sees() -> None:
    leader, code = leading(text="The capital of France is")
    assert any(link.proto.label.startswith("**A pattern**") for link in leader.get("page_link"))
    students = [joined(code) for _ in range(3)]
    assert len({opened.says(s).split("Your name here: ")[1].partition("\n")[0] for s in students}) == 3
    assert all(f"You have joined room {code}" in [h.value for h in s.subheader] for s in students)
    button(leader, "room.ask")
    for student, word in zip(students, ("Paris", "Paris", "London"), strict=True):
        student.run()
        choices = {b.label[2:].strip("*\\·"): b for b in student.button if b.key.startswith("room.option")}
        assert len(choices) == 4
        choices[word].click().run()
        assert f"Your answer: **·{word}**" in opened.says(student)
        assert "<div class='lp-result'>" not in opened.html(student)
    leader.run()
    assert "London" in opened.html(leader)  # as a choice; who chose it, and how many, is hidden
    assert "67 %" not in shown(leader)
    button(leader, "room.reveal")
    for person in (leader, *students):
        person.run()
        result = opened.html(opened.checked(person))
        assert "67 % · 2" in result and "33 % · 1" in result and "77 %" in result
        assert result.count("not offered") == 2  # six are likely, four could be chosen
    assert ["your choice" in opened.html(person) for person in (leader, *students)] == [False, True, True, True]
    assert "You chose **·Paris**, like 2 of 3." in opened.says(students[0])
    assert "You chose **·London**, the only one of 3." in opened.says(students[2])


def test_a_long_answer_is_refused_and_an_unanswered_question_is_the_models() -> None:
    leader, code = leading(by="writing")
    student = joined(code)
    button(leader, "room.ask")
    field = next(t for t in student.run().text_input if t.key.startswith("room.word"))
    written = "a word and many more words that nobody needs"
    field.set_value(written)
    next(b for b in student.button if "Send" in b.label).click().run()
    assert "one word is enough" in student.error[0].value and "At most 40 characters" in student.error[0].value
    assert next(t for t in student.text_input if t.key.startswith("room.word")).value == written
    button(leader, "room.reveal")
    for person in (leader, student.run()):
        assert "Nobody answered. This is what the model finds likely." in opened.says(person)
        assert ">The class<" not in opened.html(person)


def test_the_class_is_the_model_and_its_words_stay_text() -> None:
    leader, code = leading(task="write", text="The capital of France is")
    students = [joined(code) for _ in range(2)]
    button(leader, "room.ask")
    for student in students:
        student.run()
        field = next(t for t in student.text_input if t.key.startswith("room.word"))
        field.set_value("<img src=x>")
        next(b for b in student.button if "Send" in b.label).click().run()
        assert not student.error
    button(leader, "room.reveal")
    for person in (leader, *students):
        html = opened.html(opened.checked(person.run()))
        assert "<img src=x" not in html
        assert "The class</div><div class='lp-prompt'>The capital of France is<span" in html
        assert (
            "The model alone</div><div class='lp-prompt'>The capital of France is<span" in html and "> Paris<" in html
        )
    button(leader, "room.vote")
    question = opened.html(opened.checked(leader.run()))
    assert "lp-gap" in question and "France is&lt;" in question  # goes on after what was chosen
    button(leader, "room.withdraw")
    button(leader, "room.ended")
    for person in (leader, students[0].run()):
        assert "The class and the model parted at token 1: the class chose **<**, the model **·Paris**" in opened.says(
            person
        )
    button(leader, "room.fresh")
    assert "lp-line'" not in opened.html(students[0].run()) + opened.html(leader)


@pytest.mark.parametrize("kind", ["predict", "vote"])
def test_the_order_of_what_a_class_may_choose_does_not_tell_what_the_model_prefers(kind: str) -> None:
    text = "The capital of France is"
    with lenses.open("smollm2-135m", owner="test") as lens:
        question = asking.vote(lens, text) if kind == "vote" else asking.predict(lens, text, choosing=True)
        likely = asking.likeliest(lens, text, len(question.options))
    words = [token.text.strip().lower() for token in question.options]
    assert words == sorted(words) and set(question.options) == set(likely) and list(question.options) != likely


def test_only_the_secret_leads() -> None:
    leader, code = leading()
    student = joined(code)
    assert secret_of(leader) != secret_of(student)
    assert not [b for b in student.button if b.key in ("room.ask", "room.end", "room.reveal")]
    assert secret_of(leader) not in str(leader.query_params) + str(student.query_params)
    visible = opened.html(leader) + opened.says(leader)
    assert secret_of(leader) not in visible
    stranger = with_ticket(f"{code.replace(' ', '')}.{'A' * 22}", "room.py")
    assert [e.value for e in stranger.error] and "room.ask" not in [b.key for b in stranger.button]


def test_a_reload_is_the_same_person() -> None:
    leader, code = leading_elsewhere()
    student = joined(code)
    name = next(m.value for m in student.markdown if "following" in m.value)
    again = with_ticket(student.session_state["room.ticket"])
    assert name in [m.value for m in again.markdown]
    again = with_ticket(leader.session_state["room.ticket"])
    assert f"**{codes.shown(code)}**" in " ".join(m.value for m in again.markdown)


def test_a_student_joins_by_the_link_and_by_typing() -> None:
    code = leading_elsewhere()[1]
    for student in (opened.run("room.py", code=code), opened.run("room.py")):
        if not student.query_params:
            student.text_input(key="room.typed").set_value(codes.shown(code).lower())
        button(student, "room.join")
        assert any("· following" in m.value for m in opened.checked(student).markdown)


def test_codes_can_not_be_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROOM_GUESSES", 3)
    monkeypatch.setattr(rooms, "client", lambda: "one address")  # the harness has none
    code = leading_elsewhere()[1]
    guesser = opened.run("room.py")
    for turn in range(limits.ROOM_GUESSES + 1):
        guesser.text_input(key="room.typed").set_value("ZZZZ ZZZZ")
        button(guesser, "room.join")
        wanted = "no room" if turn < limits.ROOM_GUESSES else "Too many wrong codes"
        assert wanted in str(guesser.error[0].proto), turn
    late = opened.run("room.py", code=code)
    button(late, "room.join")
    assert "Too many wrong codes" in str(late.error[0].proto)


def test_what_can_not_be_a_code_is_said_and_kept() -> None:
    typist = opened.run("room.py")
    for typed, told in (("", "Type the code from the wall"), ("WN8W 5HR1 and much more than twenty", "character")):
        typist.text_input(key="room.typed").set_value(typed)
        button(typist, "room.join")
        assert told in str(typist.error[0].proto) and typist.text_input(key="room.typed").value == typed


def test_detached_and_back() -> None:
    leader, code = leading_elsewhere()
    student = joined(code)
    button(student, "room.detach")
    assert any("on your own" in m.value for m in student.markdown)
    leader.run()
    assert any("1 here · 0 following" in c.value for c in leader.caption)
    button(student, "room.rejoin")
    assert any("· following" in m.value for m in student.markdown)


def test_the_room_ends_for_all() -> None:
    leader, code = leading()
    student = joined(code)
    button(leader, "room.end")
    student.run()
    assert "has ended" in str(student.error[0].proto)
    assert [b for b in student.button if b.key == "room.join"]


def test_rooms_out_of_reach_leave_the_pages_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    student = joined(leading_elsewhere()[1])

    def gone(code: str) -> None:
        raise RoomsUnavailable("The rooms can't be reached just now", "This page works on; we keep trying.")

    monkeypatch.setattr(room_store.shared_store(), "read", gone)
    student.switch_page(str(paths.PAGES / "zero.py"))
    student.run()
    assert [t.value for t in opened.checked(student).title] == ["ZeRO"]
    assert any("can't be reached" in c.value for c in student.caption)
    monkeypatch.undo()
    student.run()
    assert not any("can't be reached" in c.value for c in student.caption)


def sent_to(app: AppTest) -> dict[str, Any]:
    """Where the browser is told to go to be with the instructor, or nothing."""
    (line,) = [e.proto for e in app.get("bidi_component") if "room_news" in e.proto.component_name]
    told = json.loads(line.json)
    assert told["follows"] or not told["place"]
    return told["place"] or {"to": "", "mark": 0}


def test_a_following_page_is_sent_where_the_instructor_is() -> None:
    leader, code = leading_elsewhere()
    student = joined(code)
    first = sent_to(student.run())
    assert first["to"] == "zero"
    leader.query_params["text"] = hostile = "a</script><script>alert(1)</script>"
    leader.switch_page(str(paths.PAGES / "tokenization.py"))
    leader.run()
    then = sent_to(student.run())
    assert then["to"].startswith("tokenization?text=a%3C%2Fscript%3E") and then["mark"] > first["mark"]
    assert hostile not in str(then)
    assert sent_to(student.run()) == then  # said until it has come, with the mark that keeps it from going twice

    student.switch_page(str(paths.PAGES / "tokenization.py"))  # as the browser then does
    student.query_params["text"] = hostile
    student.run()
    assert any("· following" in m.value for m in student.markdown)
    student.switch_page(str(paths.PAGES / "zero.py"))  # a page of one's own
    student.run()
    assert any("on your own" in m.value for m in student.markdown)
    leader.switch_page(str(paths.PAGES / "formats.py"))
    leader.run()
    assert not sent_to(student.run())["to"]
    button(student, "room.rejoin")
    assert sent_to(student)["to"].startswith("formats")


def test_a_follower_who_moves_a_control_is_on_their_own() -> None:
    code = leading_elsewhere()[1]
    student = joined(code)
    student.switch_page(str(paths.PAGES / "zero.py"))  # as the browser does when it is sent there
    student.run()
    student.run()  # nothing touched
    assert any("· following" in m.value for m in student.markdown)
    student.text_input(key="params").input("1B").run()
    assert any("on your own" in m.value for m in student.markdown)
    assert student.text_input(key="params").value == "1B"
    button(student, "room.rejoin")
    assert sent_to(student)["to"] == "zero"


def test_who_comes_late_to_a_place_goes_on_following() -> None:
    """The browser is told by the line, and may ask for a place that the instructor has just left."""
    leader, code = leading_elsewhere()
    student = joined(code)
    for page in ("formats.py", "memory.py"):
        leader.switch_page(str(paths.PAGES / page))
        leader.run()
    student.switch_page(str(paths.PAGES / "memory.py"))
    student.run()  # has come
    for page in ("formats.py", "scaling.py"):
        leader.switch_page(str(paths.PAGES / page))
        leader.run()
    student.switch_page(str(paths.PAGES / "formats.py"))
    student.run()
    assert any("· following" in m.value for m in student.markdown)
    assert sent_to(student)["to"].startswith("scaling")
    for page in ("scaling.py", "positions.py"):  # come at last; then where the instructor never was
        student.switch_page(str(paths.PAGES / page))
        student.run()
    assert any("on your own" in m.value for m in student.markdown)
