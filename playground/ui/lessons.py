"""The guided mode: a lesson's step docked below the page, the page in the step's state, the way on and back.

The lesson and its step are in the address, so a link is a lesson. A learner may change anything or go elsewhere: the
step stays in sight until the lesson is left, and one click brings its state back.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from playground import paths
from playground.classroom import lessons
from playground.classroom.lessons import Lesson, Problem, Step
from playground.ui import links, shell, site

FOLDER_VARIABLE = "LLM_PLAYGROUND_LESSONS"  # a person's own lessons; `run --lessons FOLDER` sets it
BUNDLED = paths.ASSETS / "lessons"
LESSON = "lesson"  # in the address: ?lesson=tokens.3 is the third step of “tokens”

EXAMPLE = """
title: How sure is it?
summary: One question, two prompts.
steps:
  - page: sampling                            # the page's address
    state: {text: The capital of France is}   # what the address would say after the question mark
    say: >-
      The model gives “Paris” about three quarters. The rest is shared by 49,151 other tokens.
    question: Will it always answer “Paris”?
    answer: No. Roughly one draw in four is another token.
    assert:                                   # optional: what must be true there
      - {fact: top token, is: " Paris"}
      - {fact: probability, token: " Paris", between: [0.6, 0.9]}
"""

_PAGES = {info.url_path: info for info in site.PAGES if info.url_path}


@dataclass(frozen=True)
class Guide:
    """Where a reader is: a lesson, and its step counted from 1."""

    lesson: Lesson
    number: int

    @property
    def step(self) -> Step:
        """The step."""
        return self.lesson.steps[self.number - 1]

    @property
    def mark(self) -> str:
        """How the address says it."""
        return f"{self.lesson.id}.{self.number}"


@dataclass(frozen=True)
class Shown:
    """What the page's address said when the step had set it."""

    guide: Guide
    page: str
    params: Mapping[str, str]


def known() -> tuple[tuple[Lesson, ...], tuple[Problem, ...]]:
    """All lessons, a person's own first, and what is wrong with the files that are none. Read again when changed."""
    own = os.environ.get(FOLDER_VARIABLE)
    folders = (*([Path(own).expanduser()] if own else []), BUNDLED)
    return _read(folders, tuple(_stamp(folder) for folder in folders))


def read_folder(folder: Path) -> tuple[tuple[Lesson, ...], tuple[Problem, ...]]:
    """The lessons of one folder, and its problems; a number in front of a file's name is for their order only."""
    found, problems = lessons.read_folder(folder, _PAGES)
    return tuple(replace(lesson, id=_short(lesson.id)) for lesson in found), problems


def _short(name: str) -> str:
    return re.sub(r"^\d+[-_ ]+", "", name).replace(".", "-")


@cache
def _read(folders: tuple[Path, ...], _: tuple[Any, ...]) -> tuple[tuple[Lesson, ...], tuple[Problem, ...]]:
    by_id: dict[str, Lesson] = {}
    problems: list[Problem] = []
    for folder in folders:
        found, wrong = read_folder(folder)
        problems += wrong
        for lesson in found:
            by_id.setdefault(lesson.id, lesson)
    return tuple(by_id.values()), tuple(problems)


def _stamp(folder: Path) -> tuple[Any, ...]:
    if not folder.is_dir():
        return ()
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.iterdir()))


def step_link(guide: Guide, label: str, icon: str | None = None, **more: Any) -> None:
    """A link to the step: its page in its state, guided."""
    params = {**guide.step.state, LESSON: guide.mark}
    links.link(_PAGES[guide.step.page], label, params, icon, **more)


@contextmanager
def guided(page: str) -> Iterator[None]:
    """Around a page's run: the lesson's step below it, where there is one."""
    guide = _current()
    if guide is None:
        yield
        return
    st.query_params[LESSON] = guide.mark
    with dock():
        _panel(guide, page, _wandered(guide, page))
    first = not shell.visit().complete
    yield
    if first and (shell.visit().by_address or shell.visit().number == 1):
        st.session_state["lesson.shown"] = Shown(guide, page, _params())


def dock() -> Any:
    """Where a step's text stands: below the page and always in sight, on a phone too."""
    return st.bottom.container(key="lesson")


def _current() -> Guide | None:
    """The step the reader is at: from the address just opened, else the one they are in."""
    state, visit = st.session_state, shell.visit()
    if state.get("lesson.visit") != visit.number:
        state["lesson.visit"] = visit.number
        linked = st.query_params.get(LESSON)
        if linked is not None:
            state["lesson.guide"] = guide = _find(linked)
            visit.target = guide.step.show if guide and guide.step.page == visit.page else ""
        elif visit.by_history:  # back to before the lesson
            state.pop("lesson.guide", None)
    current: Guide | None = state.get("lesson.guide")
    return current


def _find(linked: str) -> Guide | None:
    name, _, number = linked.partition(".")
    lesson = next((each for each in known()[0] if each.id == name), None)
    if lesson is None:
        shell.notices([f"There is no lesson “{name[:60]}” here: the page Lessons has those there are."])
        st.query_params.pop(LESSON, None)
        return None
    if number and (not re.fullmatch("[0-9]{1,3}", number) or not 1 <= int(number) <= len(lesson.steps)):
        shell.notices([f"“{number[:20]}” is no step of “{lesson.title}”, which has {len(lesson.steps)}."])
        number = ""
    return Guide(lesson, int(number or 1))


def _params() -> dict[str, str]:
    return {key: value for key, value in st.query_params.items() if key not in (LESSON, links.BY_LINK)}


def _wandered(guide: Guide, page: str) -> bool:
    """Whether the screen shows something else than the step set."""
    if page != guide.step.page:
        return True
    params = _params()
    shown: Shown | None = st.session_state.get("lesson.shown")
    if shell.visit().complete and shown is not None and shown.guide == guide and shown.page == page:
        return dict(shown.params) != params
    return any(key in params and params[key] != value for key, value in guide.step.state.items())


def _panel(guide: Guide, page: str, wandered: bool) -> None:
    st.progress(guide.number / len(guide.lesson.steps))
    folded = _head(guide)
    if folded:
        return
    step, left = guide.step, page != guide.step.page
    if wandered:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lesson-off"):
            if left:
                st.markdown(f"You have left the step (**{_PAGES[step.page].title}**).", width="content")
            step_link(guide, "Back to the step", ":material/replay:", width="content")
    with st.container(gap="small", key="lesson-left" if left else "lesson-text"):
        st.markdown(step.say)
        if step.question:
            with st.expander(step.question, icon=":material/help:"):
                st.markdown(step.answer)


def _head(guide: Guide) -> bool:
    """One line: where one is, back and on at places that never move, fold, leave. Returns whether it is folded."""
    state, lesson, step = st.session_state, guide.lesson, guide.step
    folded = state.get("lesson.folded") == guide.mark  # the next step's text is unfolded again
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lesson-head"):
        title = f" · {shell.escape_markdown(step.title)}" if step.title else ""
        st.markdown(f"**{shell.escape_markdown(lesson.title)}** · step {guide.number} of {len(lesson.steps)}{title}")
        with st.container(width="content", key="lesson-back"):
            if guide.number > 1:
                before = replace(guide, number=guide.number - 1)
                step_link(before, "Back", ":material/arrow_back:", help="Key: P or ←", width="content")
        with st.container(width="content", key="lesson-next"):
            _on(guide)
        st.button(
            "",
            icon=":material/expand_less:" if folded else ":material/expand_more:",
            type="tertiary",
            key="lesson-fold",
            on_click=_fold,
            args=("" if folded else guide.mark,),
            help="Show the step's text" if folded else "Fold the step's text away",
        )
        st.button(
            "", icon=":material/close:", type="tertiary", key="lesson-leave", on_click=_leave, help="Leave the lesson"
        )
    return folded


def _on(guide: Guide) -> None:
    """The way on: the next step, after the last one the next lesson, after the last lesson all of them."""
    if guide.number < len(guide.lesson.steps):
        after = replace(guide, number=guide.number + 1)
        step_link(after, "Next", ":material/arrow_forward:", help="Key: N or →", width="content")
        return
    found = known()[0]
    place = next((i for i, each in enumerate(found) if each.id == guide.lesson.id), len(found))
    if place + 1 < len(found):
        following = found[place + 1]
        label = f"Next lesson: {shell.escape_markdown(following.title)}"
        step_link(Guide(following, 1), label, ":material/school:", help="Key: N or →", width="content")
    else:
        info = site.BY_FILE["lessons.py"]
        st.page_link(links.page_object(info), label="More lessons", icon=info.icon, width="content")


def _fold(mark: str) -> None:
    st.session_state["lesson.folded"] = mark


def _leave() -> None:
    st.session_state.pop("lesson.guide", None)
    st.query_params.pop(LESSON, None)


def cards() -> None:
    """Every lesson: what it is about, where it starts, its steps; and what is wrong with the files that are none."""
    found, problems = known()
    for row in range(0, len(found), 2):
        for column, lesson in zip(st.columns(2), found[row : row + 2], strict=False):
            with column.container(border=True, height="stretch"):
                _card(lesson)
    for problem in problems:
        st.warning(shell.escape_markdown(str(problem)), icon=":material/warning:")


def _card(lesson: Lesson) -> None:
    st.markdown(f"**{shell.escape_markdown(lesson.title)}**")
    st.markdown(lesson.summary)
    step_link(Guide(lesson, 1), f"Start: {len(lesson.steps)} steps", ":material/play_arrow:")
    with st.expander("Begin at a step"):
        for number, step in enumerate(lesson.steps, 1):
            step_link(
                Guide(lesson, number), f"{number} · {shell.escape_markdown(step.title) or _PAGES[step.page].title}"
            )
