"""A prompt is one text, built from parts: instruction, context, examples ("shots"), query.

With no example it is a zero-shot prompt, with one a one-shot, with more a few-shot prompt (Brown et al. 2020,
arXiv:2005.14165, section 2). Nothing in the model changes: the examples are only more text to read.

Left out: examples as turns of a chat. With a chat template the whole prompt is one user message here.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from playground import limits, paths
from playground.errors import BadInput

Part = Literal["instruction", "context", "examples", "query"]
BETWEEN = "\n\n"  # parts, and examples, stand one blank line apart
ORDERS = 4  # 0: as written; the others are shuffles with that seed


class Example(NamedTuple):
    """A text and its right answer; ``hard`` is the author's word for it."""

    answer: str
    text: str
    hard: bool = False


@dataclass(frozen=True)
class Task:
    """A small labelled set written for this project, and how its prompt is worded by default."""

    name: str
    title: str
    kind: Literal["labels", "text"]  # one of some labels, or a free text
    instruction: str
    input: str  # what stands before a text: "Review"
    output: str  # what stands before an answer: "Sentiment"
    labels: tuple[str, ...]
    shots: tuple[Example, ...]
    items: tuple[Example, ...]  # none of them is among the shots

    def block(self, text: str, answer: str | None = None) -> str:
        """A text as it stands in a prompt, with its answer, or ready for the model to give one.

        >>> tasks()["sentiment"].block("Good.", "Positive")
        'Review: Good.\\nSentiment: Positive'
        """
        gap = "\n" if "\n" in text else " "
        return f"{self.input}:{gap}{text}\n{self.output}:" + (f" {answer}" if answer is not None else "")

    def blocks(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The shots as they stand in a prompt, with these words for the task's labels (in the same order)."""
        words = dict(zip(self.labels, labels, strict=False))
        return tuple(self.block(shot.text, words.get(shot.answer, shot.answer)) for shot in self.shots)

    def truth(self) -> np.ndarray:
        """The right label of each item, as its place in ``labels``: int (item,)."""
        return np.array([self.labels.index(item.answer) for item in self.items])


@cache
def tasks() -> dict[str, Task]:
    """The tasks of ``assets/tasks``, by name.

    >>> {name: len(task.items) for name, task in tasks().items()}
    {'sentiment': 60, 'topics': 40, 'dialogues': 12}
    """
    return {name: _read(name) for name in ("sentiment", "topics", "dialogues")}


def _read(name: str) -> Task:
    found = tomllib.loads((paths.ASSETS / "tasks" / f"{name}.toml").read_text(encoding="utf-8"))
    if found["kind"] == "text":
        shots, items = ([Example(row["answer"], row["text"].strip()) for row in found[key]] for key in ("shot", "item"))
    else:
        shots = [Example(answer, text) for answer, text in found["shots"]]
        items = [Example(a, text, key == "hard") for key in ("items", "hard") for a, text in found[key]]
    words = {key: found[key] for key in ("title", "kind", "instruction", "input", "output")}
    return Task(name, **words, labels=tuple(found.get("labels", ())), shots=tuple(shots), items=tuple(items))


@dataclass(frozen=True)
class Parts:
    """What a prompt is built from; a blank part is left out. The query already ends with what the model completes."""

    instruction: str
    context: str
    examples: tuple[str, ...]
    query: str

    def pieces(self) -> Iterator[tuple[Part, str]]:
        """The prompt cut into its parts, in order: put together they are the prompt.

        Raises BadInput for a blank query.

        >>> list(Parts("Say hello.", " ", ("A\\nB",), "C:").pieces())
        [('instruction', 'Say hello.\\n\\n'), ('examples', 'A\\nB\\n\\n'), ('query', 'C:')]
        """
        if not self.query.strip():
            raise BadInput("There is no query", "Type the text that the model should answer for.")
        if self.instruction.strip():
            yield "instruction", self.instruction.strip() + BETWEEN
        if self.context.strip():
            yield "context", self.context.strip() + BETWEEN
        if self.examples:
            yield "examples", BETWEEN.join(self.examples) + BETWEEN
        yield "query", self.query

    @property
    def text(self) -> str:
        """The prompt."""
        return "".join(text for _, text in self.pieces())


def examples_in(text: str) -> tuple[str, ...]:
    r"""The examples of a text: blocks with a blank line between them, at most ``limits.SHOTS``.

    >>> examples_in("a\nb\n\n\n c \n")
    ('a\nb', 'c')
    """
    lines = "\n".join(line if line.strip() else "" for line in text.splitlines())
    return tuple(block.strip() for block in lines.split(BETWEEN) if block.strip())[: limits.SHOTS]


def labels_in(text: str) -> tuple[str, ...]:
    """The labels of a line, separated by commas. Raises BadInput for fewer than two, too many, or one twice.

    >>> labels_in("good, bad,")
    ('good', 'bad')
    """
    found = tuple(label.strip() for label in text.split(",") if label.strip())
    if not 2 <= len(found) <= limits.LABELS:
        raise BadInput(f"{len(found)} labels can't be compared", f"Write 2 to {limits.LABELS}, separated by commas.")
    twice = next((label for label in found if found.count(label) > 1), None)
    if twice is not None:
        raise BadInput(f"The label {twice[:40]!r} is there twice", "Give each label its own word.")
    return found


def ordered(examples: Sequence[str], order: int) -> tuple[str, ...]:
    """The examples as written for order 0, else shuffled with ``order`` as the seed: the same for everyone.

    >>> ordered("abcdef", 0) == tuple("abcdef"), sorted(ordered("abcdef", 1)) == list("abcdef")
    (True, True)
    """
    if order == 0:
        return tuple(examples)
    return tuple(examples[i] for i in np.random.default_rng(order).permutation(len(examples)))


def tokens_by_part(pieces: Sequence[tuple[Part, str]], starts: Sequence[int], offset: int) -> dict[str, int]:
    """How many tokens begin in each part, "template" being what lies outside all of them.

    ``starts`` are the tokens' first characters, ``offset`` where the first piece begins.

    >>> tokens_by_part([("instruction", "Hi. "), ("query", "Go:")], [0, 2, 4, 6, 8], offset=2)
    {'template': 1, 'instruction': 2, 'query': 2}
    """
    ends = offset + np.cumsum([len(text) for _, text in pieces])
    counts = {"template": 0} | {part: 0 for part, _ in pieces}
    for start in starts:
        place = int(np.searchsorted(ends, start, side="right"))
        inside = start >= offset and place < len(pieces)
        counts[pieces[place][0] if inside else "template"] += 1
    return counts
