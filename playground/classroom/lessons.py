"""Lessons: a YAML file is a title and steps; a step is a page, its state, two sentences, perhaps a question.

A broken file is told with its line and what is wrong there; the others are read all the same. Every scalar is taken
as it is written (``layer: 16`` is the text "16", as in an address), so YAML's own ideas of ``no`` don't matter.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from playground import limits
from playground.classroom.assertions import FACTS, Assertion

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Step:
    """One stop: the page in this state, what to look at, and what is asserted about it."""

    page: str  # its address below the root
    state: dict[str, str]
    say: str
    question: str
    answer: str
    assertions: tuple[Assertion, ...]
    line: int
    title: str = ""  # two or three words
    show: str = ""  # what the page is scrolled to: one of its headings, or the key of an input or figure


@dataclass(frozen=True)
class Lesson:
    """A lesson; its id is the file's name without the ending."""

    id: str
    title: str
    summary: str
    steps: tuple[Step, ...]
    path: Path


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file, and where."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path.name}, line {self.line}: {self.what}"


class _Wrong(Exception):
    def __init__(self, node: yaml.Node | int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = (node if isinstance(node, int) else node.start_mark.line + 1), what


def read_folder(folder: Path, pages: Collection[str]) -> tuple[tuple[Lesson, ...], tuple[Problem, ...]]:
    """The folder's lessons in the order of their file names, and what is wrong with the files that are none.

    ``pages`` are the addresses a step may name.
    """
    if not folder.is_dir():
        return (), (Problem(folder, 0, "there is no such folder"),)
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    problems = [Problem(path, 0, f"only {limits.LESSONS} lessons are read") for path in files[limits.LESSONS :]]
    lessons: list[Lesson] = []
    for path in files[: limits.LESSONS]:
        try:
            lessons.append(read(path, pages))
        except _Wrong as wrong:
            problems.append(Problem(path, wrong.line, wrong.what))
    return tuple(lessons), tuple(problems)


def read(path: Path, pages: Collection[str]) -> Lesson:
    """One lesson. What is wrong with it is raised with its line (``read_folder`` collects that)."""
    root = _mapping(_parsed(path), "A lesson", ("title", "steps"), ("summary",))
    steps = tuple(_step(node, pages) for node in _items(root["steps"], "steps", limits.LESSON_STEPS))
    return Lesson(path.stem, _text(root["title"]), _text(root["summary"]) if "summary" in root else "", steps, path)


def _parsed(path: Path) -> yaml.Node:
    try:
        if path.stat().st_size > limits.LESSON_BYTES:
            raise _Wrong(1, f"a lesson has at most {limits.LESSON_BYTES:,} bytes")
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Wrong(mark.line + 1 if mark else 1, f"no YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise _Wrong(1, f"can't be read: {' '.join(str(error).split())[:200]}") from error
    if root is None:
        raise _Wrong(1, "the file is empty")
    return root


def _step(node: yaml.Node, pages: Collection[str]) -> Step:
    parts = _mapping(node, "A step", ("page", "say"), ("title", "show", "state", "question", "answer", "assert"))
    page = _text(parts["page"])
    if page not in pages:
        raise _Wrong(parts["page"], f"there is no page {page!r}; pages are {', '.join(sorted(pages))}")
    state = {key: _text(value) for key, value in _pairs(parts["state"], "state")} if "state" in parts else {}
    if ("question" in parts) != ("answer" in parts):
        raise _Wrong(node, "a question needs an answer, and an answer its question")
    checks = _items(parts["assert"], "assert", limits.LESSON_STEPS) if "assert" in parts else ()
    return Step(
        page,
        state,
        _text(parts["say"]),
        _text(parts["question"]) if "question" in parts else "",
        _text(parts["answer"]) if "answer" in parts else "",
        tuple(_assertion(each, state) for each in checks),
        node.start_mark.line + 1,
        *(_text(parts[name]) if name in parts else "" for name in ("title", "show")),
    )


def _assertion(node: yaml.Node, state: dict[str, str]) -> Assertion:
    parts = dict(_pairs(node, "An assertion"))
    if "fact" not in parts:
        raise _Wrong(node, "an assertion names its fact")
    name = _text(parts.pop("fact"))
    if name not in FACTS:
        raise _Wrong(node, f"there is no fact {name!r}; facts are {', '.join(FACTS)}")
    known = FACTS[name]
    wanted = {key: parts.pop(key) for key in ("is", "between") if key in parts}
    if len(wanted) != 1 or (known.text and "between" in wanted):
        raise _Wrong(node, f"{name!r} needs `is`" + ("" if known.text else ", or `between`: a value or two numbers"))
    for key, value in parts.items():
        if key not in (*known.needs, *known.may):
            raise _Wrong(value, f"{name!r} takes {', '.join((*known.needs, *known.may))}, not {key!r}")
    given = {key: value for key, value in state.items() if key in (*known.needs, *known.may)}
    given |= {key: _text(value) for key, value in parts.items()}
    missing = [key for key in known.needs if key not in given]
    if missing:
        raise _Wrong(node, f"{name!r} needs {', '.join(missing)}, in the assertion or in the step's state")
    arguments, line = tuple(given.items()), node.start_mark.line + 1
    if "between" in wanted:
        ends = [_number(end) for end in _items(wanted["between"], "between", 2)]
        if len(ends) != 2 or not ends[0] <= ends[1]:
            raise _Wrong(wanted["between"], "`between` has two numbers, the smaller first")
        return Assertion(name, arguments, None, ends[0], ends[1], line)
    return Assertion(name, arguments, _text(wanted["is"]) if known.text else _number(wanted["is"]), line=line)


def _pairs(node: yaml.Node, what: str) -> Iterator[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _Wrong(node, f"{what} is made of `name: value` lines")
    seen: set[str] = set()
    for key, value in node.value:
        name = _text(key)
        if name in seen:
            raise _Wrong(key, f"{name!r} is here twice")
        seen.add(name)
        yield name, value


def _mapping(node: yaml.Node, what: str, needs: tuple[str, ...], may: tuple[str, ...]) -> dict[str, yaml.Node]:
    parts: dict[str, yaml.Node] = {}
    for name, value in _pairs(node, what):
        if name not in (*needs, *may):
            raise _Wrong(value, f"{what} has {', '.join((*needs, *may))}, no {name!r}")
        parts[name] = value
    missing = [name for name in needs if name not in parts]
    if missing:
        raise _Wrong(node, f"{what} needs {', '.join(missing)}")
    return parts


def _items(node: yaml.Node, what: str, most: int) -> tuple[yaml.Node, ...]:
    if not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= most:
        raise _Wrong(node, f"{what} is a list of 1 to {most} items, each beginning with a dash")
    return tuple(node.value)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _Wrong(node, "a text is expected here")
    value = str(node.value)
    if len(value) > limits.LESSON_TEXT:
        raise _Wrong(node, f"a text has at most {limits.LESSON_TEXT:,} characters")
    return value if node.style in ("'", '"', "|") else value.strip()


def _number(node: yaml.Node) -> float:
    try:
        return float(_text(node).replace("_", "").replace(",", ""))
    except ValueError as error:
        raise _Wrong(node, f"{_text(node)!r} is no number") from error
