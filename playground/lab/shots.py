"""The same items with 0, 1, 2 … examples in the prompt, answered by the real model: by label likelihood, or written.

The examples keep their order, so every prompt begins like the one before it and only the rest is read (``reading``).
Everything runs in small jobs on the model's own worker: other readers are served in between.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from playground import limits
from playground.core.chat import Message
from playground.core.prompting import Parts, Task, tasks
from playground.core.shots import Counted, Labelled, Written
from playground.core.tokens import Encoding
from playground.errors import BadInput, ModelBusy
from playground.lab import shots_results
from playground.lab.reading import Reader
from playground.lab.reading_sources import SourceReader
from playground.lab.shots_results import Job
from playground.models import chat
from playground.models import lens as lenses
from playground.models.catalogue import catalogue
from playground.models.worker import OnWait, quietly

T = TypeVar("T")
_ROWS = 12  # prompts in one job: others wait for it
NEUTRAL = "N/A"  # a query that says nothing (Zhao et al. 2021)
_one_at_a_time = threading.Lock()


class Step(NamedTuple):
    """Where the measurement is: ``share`` of it done, what is under way, and one number of shots once it is there."""

    share: float
    doing: str
    result: Counted | None = None


@dataclass(frozen=True)
class Scored:
    """A prompt's labels: each one's tokens, its log-likelihood after the prompt, whether its end is part of it."""

    ids: tuple[tuple[int, ...], ...]
    nats: np.ndarray  # (label,)
    with_end: bool


class Prompter:
    """One loaded model as the prompt lab asks it."""

    def __init__(self, loaded: Any, owner: str, on_wait: OnWait) -> None:
        self._loaded, self._owner, self._on_wait = loaded, owner, on_wait
        self._reader: Reader | SourceReader | None = None

    def encode(self, prompt: str, with_chat: bool) -> Encoding:
        """The prompt's tokens; with the chat template it is one user message and the assistant's answer is begun.

        Raises BadInput where the model has no template.
        """
        engine = self._loaded.engine
        if not with_chat:
            plain: Encoding = engine.encode(prompt, "plain")
            return plain
        if not has_template(self._loaded.entry.id):
            raise BadInput(f"{self._loaded.entry.title} has no chat template", "It never saw a chat: switch it off.")
        return chat.careful(engine, [Message("user", prompt)], True)

    def label_ids(self, labels: Sequence[str], with_chat: bool) -> tuple[tuple[tuple[int, ...], ...], bool]:
        """Each label's tokens as they would follow the prompt, and whether the end of the answer is among them.

        It is where one label's tokens begin another's: the shorter could never be the less likely one otherwise.
        """
        lead = "" if with_chat else " "
        found = [tuple(self._loaded.engine.encode(lead + label, "plain").ids) for label in labels]
        if not any(a == b[: len(a)] for a in found for b in found if a is not b):
            return tuple(found), False
        end = self._end(with_chat)
        return tuple(ids + end for ids in found), True

    def _end(self, with_chat: bool) -> tuple[int, ...]:
        engine = self._loaded.engine
        return tuple(engine.encode("<|im_end|>", "control").ids if with_chat else engine.encode("\n", "plain").ids)

    def check(self, ids: Sequence[int], room: int = 1) -> None:
        """Raises BadInput where the prompt and ``room`` more tokens are too many."""
        most = self.most_tokens
        if len(ids) + room > most:
            more = f", and the answer needs {room} more" if room else ""
            raise BadInput(
                f"The prompt has {len(ids):,} tokens{more}: this app reads {most:,}",
                "Leave out an example, or shorten a part.",
            )

    @property
    def most_tokens(self) -> int:
        """The longest input this server lets the model see."""
        return min(limits.current().model_tokens, self._loaded.entry.context_tokens or limits.LOCAL.model_tokens)

    def likelihoods(self, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]]) -> np.ndarray:
        """ln P(continuation | prompt) of each after each, by the worker: (prompt, continuation)."""
        for ids in prompts:
            self.check(ids, max(map(len, continuations)))
        return np.array(self._on_worker(lambda: self._read().likelihoods(prompts, continuations)))

    def write(self, prompts: Sequence[Sequence[int]], *, one_line: bool = True) -> Iterator[list[str]]:
        """What the model writes greedily after each prompt as it grows: its first line, or all of it."""
        for ids in prompts:
            self.check(ids, limits.ANSWER_TOKENS)
        writing = self._on_worker(lambda: self._read().writing(prompts))
        written: list[list[int]] = [[] for _ in prompts]
        over = [False for _ in prompts]
        for _ in range(limits.ANSWER_TOKENS):
            for place, token in enumerate(self._on_worker(writing.step)):
                begun = one_line and bool(self.text(written[place]).strip())
                over[place] = over[place] or self._ends(token, begun)
                if not over[place]:
                    written[place].append(token)
            if all(over):
                return
            yield [self.text(ids).strip() for ids in written]

    def _ends(self, token_id: int, one_line: bool) -> bool:
        stops = self._loaded.model.generation_config.eos_token_id
        over = token_id in (stops if isinstance(stops, list) else [stops])
        return over or (one_line and "\n" in self.text([token_id]))

    def text(self, ids: Sequence[int]) -> str:
        """The text these ids stand for."""
        return str(self._loaded.engine.decode(list(ids)))

    def _read(self) -> Reader | SourceReader:
        if self._reader is None:
            self._reader = self._new_reader()
        return self._reader

    def _new_reader(self) -> Reader | SourceReader:
        return Reader(self._loaded.model)

    def _on_worker(self, work: Callable[[], T]) -> T:
        handle = self._loaded.worker.submit(work, owner=self._owner, deadline_s=limits.SHOTS_WAIT_S)
        answer: T = handle.wait(self._on_wait, poll_s=0.05)
        return answer


class SourcePrompter(Prompter):
    """An encoder–decoder: the prompt is its source, a label the whole of its target, the end included."""

    def encode(self, prompt: str, with_chat: bool) -> Encoding:
        """The prompt's tokens as the encoder reads them, the end of the text last."""
        if with_chat:
            return super().encode(prompt, True)  # refused there
        source: Encoding = self._loaded.engine.encode(prompt, "template")
        return source

    def label_ids(self, labels: Sequence[str], with_chat: bool) -> tuple[tuple[tuple[int, ...], ...], bool]:
        """Each label's tokens as a whole target; its end always belongs to it, so there is nothing to tell."""
        return tuple(tuple(self._loaded.engine.encode(label, "template").ids) for label in labels), False

    def check(self, ids: Sequence[int], room: int = 1) -> None:
        """Raises BadInput where the prompt is too long; what the decoder writes needs no room beside it."""
        super().check(ids, 0)

    def _new_reader(self) -> SourceReader:
        return SourceReader(self._loaded.model)


def has_template(model_id: str) -> bool:
    """Whether this model was trained with a chat template that is known here."""
    return model_id == chat.MODEL


@contextlib.contextmanager
def prompter(model_id: str, owner: str = "cli", on_wait: OnWait = quietly) -> Iterator[Prompter]:
    """The model as the prompt lab asks it, loaded while the ``with`` lasts. Raises BadInput for an encoder."""
    entry = catalogue()[model_id]
    if entry.kind not in _PROMPTERS:
        raise BadInput(f"{entry.title} predicts no next token", "It is an encoder: choose a decoder model.")
    with lenses.shared()[0].lease(entry, owner) as loaded:
        yield _PROMPTERS[entry.kind](loaded, owner, on_wait)


_PROMPTERS: dict[str, type[Prompter]] = {"decoder": Prompter, "encoder-decoder": SourcePrompter}


def score(asked: Prompter, model_id: str, ids: Sequence[int], labels: Sequence[str], with_chat: bool) -> Scored:
    """Each label's log-likelihood after the prompt; asked again, or by another session, it is not computed again."""
    found, with_end = asked.label_ids(labels, with_chat)
    _, results = lenses.shared()
    key = (catalogue()[model_id].pin, "label likelihoods", tuple(ids), found)
    nats_L = results.get(key)
    if nats_L is None:
        nats_L = asked.likelihoods([ids], found)[0]
        results.put(key, nats_L)
    return Scored(found, nats_L, with_end)


def measure(job: Job, owner: str = "cli", on_wait: OnWait = quietly, *, again: bool = False) -> Iterator[Step]:
    """The job with 0, 1, 2 … examples, step by step; leaving the loop stops it, and keeps what was finished.

    What was measured before on this machine is answered from the store unless asked for ``again``. Where the prompt
    outgrows the window it ends before that. Raises BadInput for labels that do not fit the task, or where not even the
    prompt without examples fits; ModelBusy when others measure for too long.
    """
    task = tasks()[job.task]
    if len(job.labels) != len(task.labels):
        raise BadInput(
            f"{len(job.labels)} labels for a set with {len(task.labels)}",
            f"Write a word for each of: {', '.join(task.labels)}. The examples must use the same words.",
        )
    found = {} if again else shots_results.known(job)
    for one in found.values():
        yield Step(0.0, "measured before", one)
    missing = [shots for shots in range(len(job.examples) + 1) if shots not in found]
    if not missing:
        return
    yield from _waited()
    try:
        with prompter(job.model, owner, on_wait) as asked:
            for place, shots in enumerate(missing):
                share = place / len(missing)
                try:
                    for within, result in _one(asked, job, task, shots):
                        if result is not None:
                            shots_results.remember(job, result)  # first: whoever gets it may leave
                        yield Step(
                            share + within / len(missing), f"With {shots} of {len(job.examples)} examples", result
                        )
                except BadInput:
                    if shots == 0:
                        raise
                    return  # the window is full
    finally:
        _one_at_a_time.release()


def _waited() -> Iterator[Step]:
    started = time.monotonic()
    while not _one_at_a_time.acquire(timeout=0.2):
        if time.monotonic() - started > limits.SHOTS_WAIT_S:
            raise ModelBusy("Another reader is still measuring", "Try again in a minute.")
        yield Step(0.0, "Waiting: another reader is measuring")


def _one(asked: Prompter, job: Job, task: Task, shots: int) -> Iterator[tuple[float, Counted | None]]:
    """One number of shots on every item."""
    prompts = [asked.encode(_prompt(job, task, shots, item.text), job.chat).ids for item in task.items]
    longest = max(map(len, prompts))
    started = time.perf_counter()
    if task.kind == "labels":
        labels, _ = asked.label_ids(job.labels, job.chat)
        prompts.append(asked.encode(_prompt(job, task, shots, NEUTRAL), job.chat).ids)
        rows: list[tuple[float, ...]] = []
        for start in range(0, len(prompts), _ROWS):
            rows += _rounded(asked.likelihoods(prompts[start : start + _ROWS], labels))
            yield len(rows) / (len(prompts) + 1), None
        yield 1.0, Labelled(shots, tuple(rows[:-1]), rows[-1], longest, _since(started))
        return
    references = [asked.label_ids((item.answer,), job.chat)[0][0] for item in task.items]
    nats = []
    for place, (ids, reference) in enumerate(zip(prompts, references, strict=True), start=1):
        nats.append(float(asked.likelihoods([ids], [reference])[0, 0]))
        yield 0.5 * place / len(prompts), None
    outputs = [""] * len(prompts)
    for place, so_far in enumerate(asked.write(prompts)):
        outputs = so_far
        yield 0.5 + 0.5 * place / limits.ANSWER_TOKENS, None
    counts = tuple(map(len, references))
    yield 1.0, Written(shots, _rounded([nats])[0], counts, tuple(outputs), longest, _since(started))


def _prompt(job: Job, task: Task, shots: int, text: str) -> str:
    return Parts(job.instruction, job.context, job.examples[:shots], task.block(text)).text


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 2)


def _rounded(rows: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 5) for value in row) for row in rows)
