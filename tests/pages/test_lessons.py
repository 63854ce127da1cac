"""The guided mode on the page: a step's state and text, the way on, wandering off and back; a lesson tried out."""

import re
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from playground import paths
from playground.ui import lesson_check, lessons, links, site
from tests.pages import opened

FOLDER = "LLM_PLAYGROUND_LESSONS"
OWN = """\
title: Two shares
summary: Own.
steps:
  - {page: zero, state: {gpus: "8", stage: "2"}, say: "First, **look**.", question: "Why?", answer: Because.}
  - {page: zero, title: More shares, show: Who keeps what, state: {gpus: "16"}, say: Second.}
  - {page: memory, state: {task: training}, say: Third.}
"""


@pytest.fixture(autouse=True)
def docked_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's harness does not see what is docked at the bottom: for these tests it stands above the page."""
    monkeypatch.setattr(lessons, "dock", lambda: st.container(key="lesson"))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "01-shares.yaml").write_text(OWN)
    (tmp_path / "broken.yaml").write_text("title: x\nsteps:\n  - {page: zeppelin, say: a}\n")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def ways(app: AppTest) -> dict[str, str]:
    """The links of the step's dock and of the page, by label."""
    return {link.proto.label: f"{link.proto.page}?{link.proto.query_string}" for link in app.get("page_link")}


def test_the_cards_are_there_own_first_and_the_broken_file_is_named(own: Path) -> None:
    app = opened.checked(opened.run("lessons.py"))
    said = opened.says(app)
    assert said.index("Two shares") < said.index("What a token is")
    assert [box.value.replace("\\", "") for box in app.warning] == [
        f"broken.yaml, line 3: there is no page 'zeppelin'; pages are {', '.join(sorted(lessons._PAGES))}"
    ]
    assert "lesson=shares.1" in ways(app)["Start: 3 steps"]
    (own / "broken.yaml").unlink()  # an author mends a file, and reloads the page
    assert not opened.run("lessons.py").warning


def test_a_link_is_a_lesson(own: Path) -> None:
    app = opened.checked(opened.run("zero.py", gpus="8", stage="2", lesson="shares.1"))
    assert "First, **look**." in opened.says(app) and "step 1 of 3" in opened.says(app)
    assert [e.label for e in app.expander if e.label == "Why?"]
    found = ways(app)
    assert "gpus=16" in found["Next"] and "lesson=shares.2" in found["Next"] and links.BY_LINK in found["Next"]
    assert "Back" not in found and "Back to the step" not in found
    last = ways(opened.run("memory.py", task="training", lesson="shares.3"))
    assert "Next" not in last and "lesson=shares.2" in last["Back"]
    assert "lesson=tokens.1" in last["Next lesson: What a token is"]
    assert "More lessons" in ways(opened.run("zero.py", lesson="sharding.6"))  # the very last


def test_wandering_off_keeps_the_step_in_sight_and_one_link_brings_it_back(own: Path) -> None:
    app = opened.run("zero.py", gpus="8", stage="2", lesson="shares.1")
    app.session_state["gpus"] = 4
    app.query_params["gpus"] = "4"  # what the widget's own callback writes
    app.run()
    back = ways(app)["Back to the step"]
    assert "gpus=8" in back and "stage=2" in back
    app.query_params.clear()  # the menu says nothing but the page
    app.switch_page(str(paths.PAGES / "memory.py")).run()
    assert "step 1 of 3" in opened.says(app) and "Back to the step" in ways(app)
    assert "You have left the step (**ZeRO**)." in opened.says(app)
    assert lesson_check.text_of(app.query_params["lesson"]) == "shares.1"
    assert not [label for label in ways(app) if label.startswith("Next: ")]  # the page's own way on
    app.button(key="lesson-leave").click().run()
    assert [label for label in ways(app) if label.startswith("Next: ")]
    assert "step 1 of 3" not in opened.says(app) and "lesson" not in app.query_params


def test_a_folded_step_is_one_line_until_the_next(own: Path) -> None:
    app = opened.run("zero.py", gpus="8", stage="2", lesson="shares.1")
    assert "Back to the step" not in ways(app) and "You have left" not in opened.says(app)
    app.button(key="lesson-fold").click().run()
    assert "First, **look**." not in opened.says(app) and "step 1 of 3" in opened.says(app)
    assert "Next" in ways(app) and not [e for e in app.expander if e.label == "Why?"]
    app.query_params["lesson"] = "shares.2"
    app.query_params[links.BY_LINK] = "1"
    app.run()
    assert "Second." in opened.says(app) and "step 2 of 3 · More shares" in opened.says(app)
    app.button(key="lesson-fold").click().run().button(key="lesson-fold").click().run()
    assert "Second." in opened.says(app)


def scrolls(app: AppTest) -> list[str]:
    """What the page's script brings to the top."""
    return re.findall(r"window\.__bring\((\".*?\")\)", "".join(e.proto.body for e in app.get("html")))


def test_the_step_says_what_is_brought_to_the_top_once_and_only_on_its_page(own: Path) -> None:
    app = opened.run("zero.py", gpus="16", lesson="shares.2")
    assert scrolls(app) == ['"Who keeps what"']
    app.run()
    assert not scrolls(app)  # the reader works
    assert not scrolls(opened.run("memory.py", lesson="shares.2"))
    assert not scrolls(opened.run("zero.py", lesson="shares.1"))


def test_comforts_are_as_the_browser_kept_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload is a new session: the cookie tells it."""
    monkeypatch.setattr(type(st.context), "cookies", {links.COOKIE: "large"})
    scripts = "".join(e.proto.body for e in opened.run("zero.py").get("html"))
    assert 'dataset.present = "large"' in scripts and f'document.cookie = "{links.COOKIE}=large;' in scripts
    monkeypatch.setattr(type(st.context), "cookies", {links.COOKIE: '"</script>'})
    assert 'dataset.present = ""' in "".join(e.proto.body for e in opened.run("zero.py").get("html"))


@pytest.mark.parametrize(
    ("lesson", "said"),
    [
        ("zeppelin.1", "no lesson “zeppelin”"),
        ("shares.9", "“9” is no step of “Two shares”, which has 3"),
        ("shares.<b>", "is no step"),
        ("../../etc.1", "no lesson"),
    ],
)
def test_an_unknown_lesson_or_step_falls_back_with_a_notice(own: Path, lesson: str, said: str) -> None:
    app = opened.checked(opened.run("zero.py", lesson=lesson))
    assert said in opened.says(app)
    assert ("step 1 of 3" in opened.says(app)) == lesson.startswith("shares")


def test_a_lesson_is_tried_out_as_a_reader_opens_it(tmp_path: Path) -> None:
    """What the page does not take, what fails there, and what is not so: each with its line."""
    (tmp_path / "a.yaml").write_text(
        "title: a\n"
        "steps:\n"
        "  - {page: zero, state: {gpus: '8', gqus: '9'}, say: a}\n"
        "  - {page: zero, state: {gpus: '7.5'}, say: a}\n"
        "  - {page: zero, state: {params: nonsense}, say: a}\n"
        "  - page: zero\n"
        "    state: {gpus: '8', stage: '3'}\n"
        "    say: a\n"
        "    assert: [{fact: zero bytes per gpu, is: 15_000_000_000},\n"
        "             {fact: zero bytes per gpu, is: 16_000_000_000}]\n"
        "  - {page: zero, show: How much less, say: a}\n"
        "  - {page: zero, show: stages, say: a}\n"
        "  - {page: zero, show: gpus, say: a}\n"
        "  - {page: zero, show: How much more, say: a}\n"
    )
    (lesson,), _ = lessons.read_folder(tmp_path)
    said = [str(problem) for _, wrong in lesson_check.check(lesson) for problem in wrong]
    assert said[0] == "a.yaml, line 3: zero has no input 'gqus' in this state"
    assert said[1] == "a.yaml, line 4: zero does not take '7.5' for 'gpus': it shows '64'"
    assert said[2].startswith("a.yaml, line 5: zero: ") and "nonsense" in said[2]
    assert said[3].startswith("a.yaml, line 10: zero bytes per gpu") and said[3].endswith("it is 15,000,000,000")
    assert said[4] == "a.yaml, line 14: zero has no heading or element 'How much more' to show in this state"
    assert len(said) == 5


@pytest.mark.model
@pytest.mark.parametrize("lesson", lessons.read_folder(lessons.BUNDLED)[0], ids=lambda lesson: lesson.id)
def test_every_step_of_the_course_sets_its_page(lesson: lessons.Lesson) -> None:
    wrong = [
        f"{lesson.path.name}, line {step.line}: {what}" for step in lesson.steps for what in lesson_check.opened(step)
    ]
    assert not wrong


def test_the_example_of_a_lesson_is_one(tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(lessons.EXAMPLE)
    found, problems = lessons.read_folder(tmp_path)
    assert not problems and len(found[0].steps[0].assertions) == 2


@pytest.mark.model
@pytest.mark.parametrize("file", [info.file for info in site.COURSE])
def test_the_pages_a_text_can_be_taken_to_are_those_that_read_one(file: str) -> None:
    app = opened.run(file, text="Taken along.", **site.READ_TEXT.get(file, {}))
    drawn = app.session_state["page.visit"].drawn
    assert ("text" in drawn) == (file in site.READ_TEXT)
    if "text" in drawn:
        assert app.session_state["text"] == "Taken along."
