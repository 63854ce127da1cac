"""The prompt lab: a prompt from its parts, what the model prefers after it, and what it writes."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from playground.core import prompting as core
from playground.core import shots as arithmetic
from playground.core.prompting import Example, Parts, Task, tasks
from playground.errors import BadInput, PlaygroundError
from playground.figures import prompting as figures
from playground.lab import shots as lab
from playground.lab.shots_results import Job
from playground.limits import ANSWER_TOKENS, SHOTS
from playground.models.catalogue import catalogue
from playground.models.lens import Lens
from playground.ui import inputs, resources, shell

_ANSWER = "prompting.answer"
ORDERS = ("as written", "shuffled, seed 1", "shuffled, seed 2", "shuffled, seed 3")


@dataclass(frozen=True)
class Asked:
    """Everything chosen on the page."""

    task: Task
    parts: Parts
    job: Job  # what a measurement with these parts is
    query: str
    order: int

    @property
    def shots(self) -> int:
        """Examples in the prompt."""
        return len(self.parts.examples)

    @property
    def chat(self) -> bool:
        """Whether the chat template is on."""
        return self.job.chat

    @property
    def known(self) -> Example | None:
        """The item of the set that the query is, if it is one."""
        return next((item for item in self.task.items if item.text == self.query), None)

    @property
    def compared(self) -> tuple[str, ...]:
        """The answers whose likelihood is looked at: the labels, or the reference summary."""
        return self.job.labels or ((self.known.answer,) if self.known else ())


def model_choice() -> str:
    """The models that answer a prompt: those that go on with it, and those that read it whole, as FLAN-T5 does."""
    return resources.model_choice(("decoder", "encoder-decoder"), leave_out=("date-t5",))  # it knows dates only


def chosen() -> tuple[Task, int, bool]:
    """The task, the number of examples, whether the chat template is on."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        name = inputs.choice(
            "Task", list(tasks()), key="exercise", format_func=lambda n: tasks()[n].output, segmented=True
        )
        shots = inputs.choice(
            "Examples in the prompt (shots)", range(SHOTS + 1), key="shots", default=2, segmented=True
        )
        chat = inputs.choice(
            "Chat template",
            ("off", "on"),
            key="chat",
            segmented=True,
            help="On: the prompt becomes one user message, and the assistant's answer is begun.",
        )
    for key in [
        key for key in st.query_params if key.endswith(tuple(f"_{other}" for other in tasks() if other != name))
    ]:
        del st.query_params[key]  # what was edited for another task comes back with it
    return tasks()[name], shots, chat == "on"


def ask(lens: Lens, task: Task, shots: int, chat: bool, more: Any) -> Asked:
    """The prompt's parts, each editable: instruction and query here, the others folded away in ``more``."""
    instruction = inputs.text("Instruction", task.instruction, key=f"instruction_{task.name}", height=68)
    query = inputs.text(
        f"Query: the {task.input.lower()}", _first(task), key=f"query_{task.name}", height=_height(task)
    )
    folded = more.expander(
        "Context and examples" if task.kind == "text" else "Labels, context, examples", icon=":material/edit_note:"
    )
    labels = _labels(task, folded)
    with folded:
        context = inputs.text("Context (may stay empty)", "", key=f"context_{task.name}", height=68)
        written = inputs.text(
            "The examples, with an empty line between them",
            core.BETWEEN.join(task.blocks(labels)),
            key=f"examples_{task.name}",
            height=260,
        )
        order = inputs.choice(
            "Their order", range(core.ORDERS), key="order", format_func=ORDERS.__getitem__, segmented=True
        )
    examples = core.ordered(core.examples_in(written), order)
    if shots > len(examples):
        shell.notices([f"Only {len(examples)} examples are written: using those."])
    ready = task.block(query) if query.strip() else ""
    parts = Parts(instruction, context, examples[:shots], ready)
    job = Job(lens.model_id, task.name, instruction, context, examples, labels, chat)
    return Asked(task, parts, job, query, order)


def _first(task: Task) -> str:
    return next((item for item in task.items if item.hard), task.items[0]).text


def _height(task: Task) -> int:
    return 130 if task.kind == "text" else 68


def _next(task: Task, query: str) -> None:
    """The item after the one shown, or the first."""
    texts = [item.text for item in task.items]
    place = texts.index(query) + 1 if query in texts else 0
    inputs.pick(f"query_{task.name}", texts[place % len(texts)])


def _labels(task: Task, folded: Any) -> tuple[str, ...]:
    if task.kind == "text":
        return ()
    with folded:
        written = inputs.line("Labels", ", ".join(task.labels), key=f"labels_{task.name}", help="Separated by commas.")
    try:  # what is wrong is said where nothing folds it away
        return core.labels_in(written)
    except BadInput as error:
        shell.show_error(error)
        return task.labels


def prompt(lens: Lens, asked: Asked) -> tuple[int, ...]:
    """The one text that the parts become, and its tokens in the window; returns the ids, none where they don't fit."""
    with explained(), lab.prompter(lens.model_id, resources.session_id()) as prompter:
        pieces = list(asked.parts.pieces())
        encoding = prompter.encode(asked.parts.text, asked.chat)
        begin = max(0, encoding.text.find(asked.parts.text))
        end = begin + len(asked.parts.text)
        st.html(figures.prompt(pieces, encoding.text[:begin], encoding.text[end:]))
        counts = core.tokens_by_part(pieces, [token.start for token in encoding.tokens], begin)
        window = max(prompter.most_tokens, catalogue()[lens.model_id].context_tokens)
        st.html(figures.window(counts, window))
        if window > prompter.most_tokens:
            st.caption(
                f"The model's window is {window:,} tokens; this app reads at most {prompter.most_tokens:,} of them."
            )
        prompter.check(encoding.ids, ANSWER_TOKENS)
        return encoding.ids
    return ()


@contextlib.contextmanager
def explained() -> Any:
    """What is wrong here is said here: the rest of the page still works."""
    try:
        yield
    except PlaygroundError as error:
        shell.show_error(error)


def likelihoods(lens: Lens, asked: Asked, ids: Sequence[int]) -> None:
    """What each label (or the reference summary) gets after the prompt."""
    title = "How probable it finds the reference summary" if asked.task.kind == "text" else "Which label it prefers"
    st.subheader(title, anchor=False)
    if not ids:
        st.caption("There is no prompt to read yet.")
        return
    known, words = asked.known, asked.compared
    with explained(), lab.prompter(lens.model_id, resources.session_id()) as prompter:
        if not words:
            st.caption("Your own dialogue has no reference summary to compare with.")
            return
        scored = lab.score(prompter, lens.model_id, ids, words, asked.chat)
        tokens = [tuple(lens.token_label(i) for i in label) for label in scored.ids]
        if asked.task.kind == "text":
            _reference(lens, words[0], tokens[0], float(scored.nats[0]))
            return
        share = arithmetic.softmax(scored.nats)
        rows = [figures.Label(*row) for row in zip(words, tokens, scored.nats.tolist(), share.tolist(), strict=True)]
        right = dict(zip(asked.task.labels, words, strict=False)).get(known.answer, "") if known else ""
        bars, meaning = st.columns(2, gap="large")
        bars.html(figures.labels(rows, right))
        with meaning:
            _preferred(lens, words, scored)


def _preferred(lens: Lens, words: Sequence[str], scored: lab.Scored) -> None:
    best, nats = arithmetic.lead(scored.nats)
    together = arithmetic.percent(float(np.exp(scored.nats).sum()), 1)
    st.markdown(
        f"It prefers **{shell.escape_markdown(words[best])}** by {nats:.2f} nats: odds of {_odds(nats)} to 1 over the "
        f"next. All labels together have {together} of the whole vocabulary's probability."
    )
    if scored.with_end:
        shell.notices(["One label begins another: each is scored with the end of the answer, or the shorter wins."])
    role = "as the whole answer, its end included" if _reads_source(lens) else "as the next words"
    shell.provenance(
        "measured",
        f"{_where(lens)}. P: how probable the label is {role}, among all texts. ln P: the sum over the "
        "label's tokens, so a longer label pays for its length. The bars: if only these labels were allowed (softmax).",
    )


def _reads_source(lens: Lens) -> bool:
    return lens.kind == "encoder-decoder"


def _where(lens: Lens) -> str:
    return f"{lens.title}, {lens.dtype} on {lens.device}"


def _odds(nats: float) -> str:
    return f"{np.exp(nats):,.1f}" if nats < 12 else "more than 100,000"


def _reference(lens: Lens, words: str, tokens: Sequence[str], nats: float) -> None:
    summary, meaning = st.columns(2, gap="large")
    with summary:
        st.html(figures.answer(words))
        st.caption("This dialogue's summary in the set: the reference")
    with meaning:
        each = arithmetic.percent(float(np.exp(nats / len(tokens))))
        st.markdown(
            f"As an answer to this prompt: ln P = {nats:.1f} nats, **ln P a token = {nats / len(tokens):.2f}** "
            f"({len(tokens)} tokens).".replace("-", "−")
            + f" So each of its tokens had a probability of {each}, in the geometric mean."
        )
        shell.provenance("measured", f"{_where(lens)}. ln P: the sum over the summary's tokens.")


def answer(lens: Lens, asked: Asked, ids: Sequence[int]) -> None:
    """The button and what the model writes: the most probable token each time."""
    state, mine = st.session_state, (lens.model_id, tuple(ids))
    with st.container(horizontal=True):
        pressed = st.button("Run the prompt", type="primary", icon=":material/play_arrow:", disabled=not ids, key="run")
        st.button(
            "Another one from the set",
            icon=":material/shuffle:",
            on_click=_next,
            args=(asked.task, asked.query),
            key="another",
        )
        stop = st.empty()
    slot = st.empty()
    if pressed and ids:
        state.pop(_ANSWER, None)
        # Any press ends this run where it draws next; the loop is left, and with it the model's work.
        stop.button("Stop", icon=":material/stop:", key="prompting.stop")
        with explained(), lab.prompter(lens.model_id, resources.session_id(), _drawing(slot)) as prompter:
            text = ""
            for (text,) in prompter.write([ids], one_line=False):
                slot.html(figures.answer(text))
            state[_ANSWER] = (*mine, text)
        stop.empty()
    kept = state.get(_ANSWER)
    if kept and kept[:2] == mine:
        slot.html(figures.answer(kept[2]))
        shell.provenance(
            "measured",
            f"greedy, at most {ANSWER_TOKENS} tokens. "
            + (
                "The encoder has read the prompt once; the decoder writes until it writes the end."
                if _reads_source(lens)
                else "A program would keep the first line; the rest shows that the model goes on with the pattern of "
                "your prompt."
            ),
        )
    elif not pressed:
        writes = "reads the prompt and writes an answer" if _reads_source(lens) else "writes on from the prompt"
        slot.caption(f"Not run yet: the model {writes}, the most probable token each time.")


def _drawing(slot: Any) -> Any:
    def waiting(_ahead: int, waited_s: float) -> None:
        if waited_s > 0.5:
            slot.caption(f"The model reads the prompt… {waited_s:.0f} s")

    return waiting


def snippet(lens: Lens, asked: Asked, ids: Sequence[int]) -> str:
    """The lines that give each label's ln P without this project's code."""
    with contextlib.suppress(PlaygroundError), lab.prompter(lens.model_id, resources.session_id()) as prompter:
        words = asked.compared or (asked.task.items[0].answer,)
        found, _ = prompter.label_ids(words, asked.chat)
        labels = "\n".join(f"    {word!r}: {list(label)}," for word, label in zip(words, found, strict=True))
        code = _SOURCE_CODE if _reads_source(lens) else _CODE
        return code.format(model_id=lens.model_id, dtype=_TORCH[lens.dtype], prompt=list(ids), labels=labels)
    return ""


_TORCH = {"bf16": "bfloat16", "fp32": "float32"}
_CODE = """
import torch
from transformers import AutoModelForCausalLM
from playground.models import store  # only to find the folder

model = AutoModelForCausalLM.from_pretrained(store.ensure("{model_id}"), dtype=torch.{dtype})
prompt = {prompt}
labels = {{
{labels}
}}
for word, ids in labels.items():
    with torch.inference_mode():
        hidden = model.base_model(torch.tensor([prompt + ids])).last_hidden_state[0]
        logs = torch.log_softmax(hidden.float() @ model.lm_head.weight.float().T, -1)
    print(word, float(sum(logs[len(prompt) - 1 + i, token] for i, token in enumerate(ids))))
"""
_SOURCE_CODE = """
import torch
from transformers import AutoModelForSeq2SeqLM
from playground.models import store  # only to find the folder

model = AutoModelForSeq2SeqLM.from_pretrained(store.ensure("{model_id}"), dtype=torch.{dtype})
prompt = {prompt}
labels = {{
{labels}
}}
for word, ids in labels.items():
    with torch.inference_mode():
        loss = model(input_ids=torch.tensor([prompt]), labels=torch.tensor([ids])).loss  # a mean over the tokens
    print(word, -float(loss) * len(ids))
"""
