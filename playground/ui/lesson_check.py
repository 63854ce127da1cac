"""A lesson tried out: every step opened as a reader would open it, every assertion asked of the model."""

from collections.abc import Iterator
from typing import Any

from playground import paths
from playground.classroom import assertions
from playground.classroom.lessons import Lesson, Problem, Step
from playground.errors import PlaygroundError
from playground.lab import facts
from playground.ui import site

OPENING_S = 240.0  # the first step loads the model


def check(lesson: Lesson) -> Iterator[tuple[Step, tuple[Problem, ...]]]:
    """Each step, and what is wrong with it: a state the page does not take, an error there, a fact that is not so."""
    for step in lesson.steps:
        wrong = [*(Problem(lesson.path, step.line, what) for what in opened(step)), *_facts(lesson, step)]
        yield step, tuple(wrong)


def _facts(lesson: Lesson, step: Step) -> Iterator[Problem]:
    for assertion in step.assertions:
        try:
            outcome = assertions.evaluate(assertion, facts.KNOWN)
        except (PlaygroundError, ValueError) as error:  # a value that is no number, a layer there is not
            yield Problem(lesson.path, assertion.line, f"{assertion}: {error}")
            continue
        if not outcome.holds:
            yield Problem(lesson.path, assertion.line, f"{assertion}, but it is {_short(outcome.found)}")


def _short(value: float | str) -> str:
    return repr(value) if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def opened(step: Step) -> tuple[str, ...]:
    """What a page says against a step's state, in Streamlit's own test harness: refused, unknown, or an error."""
    from streamlit.testing.v1 import AppTest

    app: Any = AppTest.from_file(str(paths.APP), default_timeout=OPENING_S)
    for key, value in step.state.items():
        app.query_params[key] = value
    app.switch_page(str(paths.PAGES / next(info.file for info in site.PAGES if info.url_path == step.page)))
    app.run()
    if app.error:
        said = " ".join(f"{box.proto.title}. {box.value}" for box in app.error).replace("\\", "")
        return (f"{step.page}: {said}",)
    drawn = app.session_state["page.visit"].drawn
    shown = {key: text_of(value) for key, value in app.query_params.items()}
    found = []
    for key, value in step.state.items():
        if key not in drawn and key not in app.session_state:
            found.append(f"{step.page} has no input {key!r} in this state")
        elif key in app.session_state and shown.get(key) != value and _text(app.session_state[key]) != value:
            found.append(f"{step.page} does not take {value!r} for {key!r}: it shows {_text(app.session_state[key])!r}")
        elif key not in app.session_state and shown.get(key) != value:
            found.append(f"{step.page} does not take {value!r} for {key!r}")
    if step.show and step.show not in drawn and not any(_is(element, step.show) for element in _elements(app.main)):
        found.append(f"{step.page} has no heading or element {step.show!r} to show in this state")
    return tuple(found)


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from _elements(child)


def _is(element: Any, name: str) -> bool:
    """Whether it is the heading of that text, or has that key."""
    if element.type in ("header", "subheader"):
        return bool(element.value == name)
    return str(getattr(element.proto, "id", "")).endswith(f"-{name}")


def text_of(parameter: str | list[str]) -> str:
    """A parameter of the harness's address: a list once a script has written it."""
    return parameter if isinstance(parameter, str) else parameter[0]


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
