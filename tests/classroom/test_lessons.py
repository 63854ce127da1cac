"""Lessons as files: what is read, and how a broken one is told, with its line, while the others load."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from playground import limits, paths
from playground.classroom import assertions, lessons
from playground.classroom.assertions import FACTS, Assertion
from playground.errors import BadInput
from playground.lab import facts
from playground.models import device

PAGES = {"sampling", "zero"}
GOOD = """\
title: How sure is it?
summary: Two prompts.
steps:
  - page: sampling
    state: {text: "A b", layer: 16, on: no}
    say: Look here.
    question: Sure?
    answer: No.
    assert:
      - {fact: top token, is: " Paris"}
      - {fact: probability, token: " Paris", between: [0.6, 9e-1]}
      - {fact: token count, text: x, is: 1_000}
  - {page: zero, title: Two, show: Who keeps what, say: And here.}
"""


def read(tmp_path: Path, **files: str) -> tuple[tuple[lessons.Lesson, ...], list[str]]:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    found, problems = lessons.read_folder(tmp_path, PAGES)
    return found, [str(problem) for problem in problems]


def test_a_lesson_is_read_as_it_is_written(tmp_path: Path) -> None:
    (lesson,), problems = read(tmp_path, sure=GOOD)
    assert not problems
    assert (lesson.id, lesson.title, [step.page for step in lesson.steps]) == (
        "sure",
        "How sure is it?",
        ["sampling", "zero"],
    )
    first, second = lesson.steps
    assert first.state == {"text": "A b", "layer": "16", "on": "no"}  # not 16 and False, as YAML would have it
    assert (first.question, first.answer, first.line, second.line) == ("Sure?", "No.", 4, 13)
    assert (first.title, first.show, second.title, second.show) == ("", "", "Two", "Who keeps what")
    top, probable, counted = first.assertions
    assert top == Assertion("top token", (("text", "A b"),), " Paris", line=10)  # the text is the step's
    assert dict(probable.arguments) == {"text": "A b", "token": " Paris"}
    assert (probable.low, probable.high, probable.line) == (0.6, 0.9, 11)
    assert (dict(counted.arguments), counted.value) == ({"text": "x"}, 1000)  # or its own


BROKEN = {
    "the file is empty": ("", 1),
    "'title' is here twice": ("title: 1\ntitle: 2", 2),
    "A lesson needs title": ("steps: []", 1),
    "no 'colour'": (GOOD.replace("summary", "colour"), 2),
    "there is no page 'smapling'; pages are sampling, zero": (GOOD.replace("page: sampling", "page: smapling"), 4),
    "no 'sate'": (GOOD.replace("state:", "sate:"), 5),
    "a question needs an answer": (GOOD.replace("    answer: No.\n", ""), 4),
    "there is no fact 'top tokens'": (GOOD.replace("fact: top token,", "fact: top tokens,"), 10),
    "'top token' needs `is`": (GOOD.replace('is: " Paris"', "between: [1, 2]"), 10),
    "'probability' needs token": (GOOD.replace('token: " Paris", ', ""), 11),
    "the smaller first": (GOOD.replace("[0.6, 9e-1]", "[0.9, 0.6]"), 11),
    "'many' is no number": (GOOD.replace("1_000", "many"), 12),
    "takes text, tokenizer, not 'model'": (GOOD.replace("text: x", "model: x"), 12),
    "steps is a list": ("title: a\nsteps: {page: zero}", 2),
    "state is made of `name: value` lines": (GOOD.replace('{text: "A b", layer: 16, on: no}', "text"), 5),
    "a text is expected here": (GOOD.replace("Look here.", "[Look, here]"), 6),
    "no YAML": (GOOD.replace("Two prompts.", "{Two"), 3),
    "a lesson has at most": ("x" * (limits.LESSON_BYTES + 1), 1),
    "a text has at most": (GOOD.replace("Look here.", "x" * (limits.LESSON_TEXT + 1)), 6),
    "can't be read": ("title: \x07", 1),
}


@pytest.mark.parametrize(("what", "text", "line"), [(what, *rest) for what, rest in BROKEN.items()], ids=list(BROKEN))
def test_a_broken_file_is_told_with_its_line_and_the_others_load(
    tmp_path: Path, what: str, text: str, line: int
) -> None:
    found, problems = read(tmp_path, a_good=GOOD, broken=text, z_good=GOOD)
    assert [lesson.id for lesson in found] == ["a_good", "z_good"]
    assert len(problems) == 1
    assert problems[0].startswith(f"broken.yaml, line {line}: ") and what in problems[0]


def test_yaml_of_another_kind_is_no_lesson(tmp_path: Path) -> None:
    """No object is made of a file: a tag is only text, an alias is only what it names."""
    _, problems = read(tmp_path, a="!!python/object/apply:os.system [echo]", b="title: &a x\nsteps: *b")
    assert problems == [
        "a.yaml, line 1: A lesson is made of `name: value` lines",
        "b.yaml, line 2: no YAML: found undefined alias 'b'",
    ]


def test_bytes_that_are_no_text_and_a_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"title: \xff\xfe")
    assert "can't be read" in str(lessons.read_folder(tmp_path, PAGES)[1][0])
    assert "no such folder" in str(lessons.read_folder(tmp_path / "none", PAGES)[1][0])


def test_every_fact_is_known_and_takes_what_it_says() -> None:
    assert set(FACTS) == set(facts.KNOWN)
    for name, fact in FACTS.items():
        taken = inspect.signature(facts.KNOWN[name]).parameters
        needed = {key.rstrip("_") for key, one in taken.items() if one.default is one.empty}
        assert needed == set(fact.needs), name
        assert {key.rstrip("_") for key in taken} == {*fact.needs, *fact.may}, name


def test_an_assertion_fails_where_the_fact_is_another() -> None:
    know = {"probability": lambda text, token: 0.77, "top token": lambda text: " Paris"}
    given = (("text", "a"), ("token", "b"))
    assert assertions.evaluate(Assertion("probability", given, None, 0.6, 0.9), know).holds
    assert not assertions.evaluate(Assertion("probability", given, None, 0.78, 0.9), know).holds
    assert not assertions.evaluate(Assertion("top token", given[:1], "Paris"), know).holds  # its space belongs to it
    with pytest.raises(BadInput):
        assertions.evaluate(Assertion("entropy", (), 1.0), know)


SHIPPED, PROBLEMS = lessons.read_folder(
    paths.ASSETS / "lessons", {path.stem for path in paths.PAGES.glob("*.py")} - {"home"}
)


def test_the_course_has_its_lessons() -> None:
    assert not PROBLEMS
    assert len(SHIPPED) >= 6
    for lesson in SHIPPED:
        assert 4 <= len(lesson.steps) <= 7, lesson.id
        for step in lesson.steps:
            assert step.title, f"{lesson.path.name}, line {step.line} has no title"
            assert step.assertions, f"{lesson.path.name}, line {step.line} asserts nothing"
            assert step.say.count(". ") <= 2, (
                f"{lesson.path.name}, line {step.line}: two sentences, or three short ones"
            )


@pytest.mark.model
@pytest.mark.parametrize("lesson", SHIPPED, ids=lambda lesson: lesson.id)
def test_every_assertion_holds_on_the_model(lesson: lessons.Lesson) -> None:
    for step in lesson.steps:
        for assertion in step.assertions:
            outcome = assertions.evaluate(assertion, facts.KNOWN)
            assert outcome.holds, f"{lesson.path.name}, line {assertion.line}: {assertion}, found {outcome.found!r}"


@pytest.mark.model
def test_the_figures_that_lessons_round_are_these_in_fp32() -> None:
    """Where a lesson's bounds leave room for both formats, fp32 is held to its own."""
    animal = "The animal didn't cross the street because it was too tired."
    assert 0.745 <= facts.attention(animal, from_=" it", to=" animal", layer="13", head="8") <= 0.753
    assert 1270 <= facts.kept_tokens("My favourite thing is", p="0.9") <= 1330
    assert 13200 <= facts.kept_tokens("The capital of France is", p="0.9", t="2") <= 13430
    assert 0.69 <= facts.probability("The capital of Japan is", token=" Tokyo") <= 0.71


@pytest.mark.model
def test_every_assertion_holds_in_a_gpus_format_too() -> None:
    """What a lesson says is also true of bf16, in which a GPU computes."""
    again = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-k", "every_assertion_holds_on_the_model", __file__]
    done = subprocess.run(again, env=os.environ | {device.DTYPE_VARIABLE: "bf16"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2_000:]
    assert f"{len(SHIPPED)} passed" in done.stdout


def test_recorded_answers_are_counted() -> None:
    """Every review is answered with one of the two labels; who always says one label is right half of the time."""
    said = [facts.times_said("sentiment", "0", label) for label in ("Positive", "Negative")]
    assert sum(said) == 60 and abs(facts.accuracy("sentiment", "0") - 0.5) <= min(said) / 60
    with pytest.raises(BadInput, match="no label 'Maybe'"):
        facts.times_said("sentiment", "0", "Maybe")


@pytest.mark.model
def test_attention_names_the_tokens_there_are() -> None:
    with pytest.raises(BadInput, match="no token ' dog'"):
        facts.attention("The cat sat.", from_=" dog", to="The", layer="0", head="0")
    with pytest.raises(BadInput, match=r"is \d tokens"):
        facts.probability("The cat sat.", token=" unhappiness is")
