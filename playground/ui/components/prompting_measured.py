"""The measured effect of examples: the recorded curve, the button, the curve of this machine, and what it says."""

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
import streamlit as st

from playground.core import prompting as core
from playground.core import shots as arithmetic
from playground.core.prompting import Task
from playground.core.shots import Counted, Labelled, Written, percent
from playground.figures import shots as curves
from playground.figures.shots import Line, Point
from playground.lab import shots as lab
from playground.lab import shots_results
from playground.lab.shots_results import Job
from playground.models.lens import Lens
from playground.ui import downloads, resources, shell
from playground.ui.components.prompting import ORDERS, Asked, explained

_MINE = "prompting.measured"  # the jobs that this reader measured
_CHART: dict[str, Any] = {"width": "stretch", "config": {"displayModeBar": False}}


_INTRO = {
    "labels": "The same texts are asked with no example, with one, with two … A model this small is easily led: by the "
    "last example, by a label it likes, by the order. GPT-3 was, too "
    "([Zhao et al. 2021](https://arxiv.org/abs/2102.09690), [Lu et al. 2021](https://arxiv.org/abs/2104.08786)).",
    "text": "The same dialogues are summarised with no example, with one, with two … There is no label to count here, "
    "so two things are measured: how probable the model finds a reference summary, and how many words its "
    "own summary shares with that one (ROUGE). Twelve dialogues are few: the intervals are wide.",
}


def measured(lens: Lens, asked: Asked) -> None:
    """The curve for these parts: measured here, or as it was recorded; the button measures what is missing."""
    st.subheader("Do examples help? Measured", anchor=False)
    st.markdown(_INTRO[asked.task.kind])
    job, task = asked.job, asked.task
    found = shots_results.known(job)
    recorded = shots_results.recording(task.name)
    missing = [n for n in range(len(job.examples) + 1) if n not in found]
    live = bool(found)
    if not found:
        found = recorded.runs.get(job, {})
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Measure it here" if not live else f"Measure the other {len(missing)}" if missing else "Measure again"
        pressed = st.button(label, icon=":material/speed:", type="primary" if missing else "secondary", key="measure")
        st.caption(
            f"{len(task.items)} {task.input.lower()}s × {len(job.examples) + 1} prompts: {_usual(task)} on two busy "
            "cores. Stopping it, or changing an input, keeps what is finished."
        )
    if pressed:
        st.session_state.setdefault(_MINE, set()).add(job)
        with explained():
            found = _run(job, again=not missing, found=dict(shots_results.known(job)))
            live = True
    now = job in st.session_state.get(_MINE, ())
    if not found:
        asked, found = _as_shipped(asked)
        st.info(
            "Nothing is measured for this wording on this model yet: press the button. Until then you see the wording "
            "as shipped, on the default model.",
            icon=":material/speed:",
        )
    ordered = [found[n] for n in sorted(found)]
    where = (
        f"{lens.title} on this machine ({lens.dtype}){'' if now else ', earlier'}"
        if live
        else f"{recorded.date} on {recorded.machine.split(' · ')[0]}, {recorded.dtype}: the button measures it here"
    )
    badge: shell.Provenance = "measured" if live and now else "recorded"
    if task.kind == "text":
        _summaries(asked, [one for one in ordered if isinstance(one, Written)], badge, where)
    else:
        _accuracy(asked, [one for one in ordered if isinstance(one, Labelled)], badge, where)


def _as_shipped(asked: Asked) -> tuple[Asked, dict[int, Counted]]:
    """The recorded run nearest to what is asked: with the same order and template, where there is one."""
    runs = shots_results.recording(asked.task.name).runs
    job = shots_results.default_job(asked.task, asked.order, asked.chat)
    order = asked.order if job in runs else 0
    job = job if job in runs else shots_results.default_job(asked.task)
    return replace(asked, job=job, order=order), runs[job]


def _usual(task: Task) -> str:
    """How long the recorded run took."""
    run = shots_results.recording(task.name).runs[shots_results.default_job(task)]
    return f"it took {sum(one.seconds for one in run.values()):.0f} s"


def _run(job: Job, again: bool, found: dict[int, Counted]) -> dict[int, Counted]:
    bar_column, stop_column = st.columns([6, 1], vertical_alignment="center")
    bar, stop = bar_column.progress(0.0, text="Waiting for the model"), stop_column.empty()
    stop.button("Stop", icon=":material/stop:", key="prompting.stop_measuring", width="stretch")
    at: list[Any] = [0.0, "Waiting for the model"]
    started = time.monotonic()

    def waiting(_ahead: int, _waited_s: float) -> None:
        bar.progress(at[0], text=at[1])  # an st. call: where leaving the page stops the measurement

    for step in lab.measure(job, resources.session_id(), waiting, again=again):
        passed = time.monotonic() - started
        left = f" · {passed / step.share * (1 - step.share):.0f} s left" if step.share > 0.05 else ""
        at = [min(1.0, step.share), step.doing + left]
        bar.progress(*at)
        if step.result:
            found[step.result.shots] = step.result
    bar.empty()
    stop.empty()
    return found


def _accuracy(asked: Asked, found: Sequence[Labelled], badge: shell.Provenance, where: str) -> None:
    task, truth_I = asked.task, asked.task.truth()
    total = len(truth_I)
    rights = [(one.shots, one.right(truth_I)) for one in found]
    points = [Point(shots, right / total, *arithmetic.wilson(right, total)) for shots, right in rights]
    others = _other_orders(asked)
    calibrated = [(one.shots, one.right(truth_I, calibrated=True) / total) for one in found]
    left, right_column = st.columns(2, gap="large")
    with left:
        st.markdown("**How often it is right**")
        st.plotly_chart(
            curves.accuracy(points, arithmetic.majority(truth_I), calibrated, others, asked.shots),
            key="accuracy",
            alt="Accuracy against the number of examples, with 95 % intervals",
            **_CHART,
        )
    with right_column:
        st.markdown("**What it answers**")
        st.plotly_chart(
            curves.said(
                asked.job.labels,
                [(one.shots, one.said().tolist()) for one in found],
                np.bincount(truth_I, minlength=len(task.labels)).tolist(),
            ),
            key="said",
            alt="How often each label is answered, for every number of examples, beside how often it is right",
            **_CHART,
        )
    shell.provenance(
        badge,
        f"{where}. {total} {task.input.lower()}s, none of them an example; the answer is the label with the highest "
        f"ln P. {sum(one.seconds for one in found):.0f} s for all. Bars: 95 % Wilson intervals. **Calibrated**: each "
        "label's ln P less what it gets for the query “N/A” ([arXiv:2102.09690](https://arxiv.org/abs/2102.09690)).",
    )
    st.markdown(" ".join(_findings(asked, found, points, others)))
    _items(asked, found)


def _other_orders(asked: Asked) -> list[Line]:
    """The curves of the same examples in other orders, where they are known."""
    as_written = _unshuffled(asked.job.examples, asked.order)
    truth_I, recorded, lines = asked.task.truth(), shots_results.recording(asked.task.name), []
    for order in range(core.ORDERS):
        if order == asked.order:
            continue
        job = replace(asked.job, examples=core.ordered(as_written, order))
        found = shots_results.known(job) or recorded.runs.get(job, {})
        points = [
            (n, one.right(truth_I) / len(truth_I)) for n, one in sorted(found.items()) if isinstance(one, Labelled)
        ]
        if points:
            lines.append(Line(ORDERS[order], points))
    return lines


def _unshuffled(examples: Sequence[str], order: int) -> tuple[str, ...]:
    places = core.ordered([str(i) for i in range(len(examples))], order)
    return tuple(example for _, example in sorted(zip(map(int, places), examples, strict=True)))


def _findings(asked: Asked, found: Sequence[Labelled], points: Sequence[Point], others: Sequence[Line]) -> list[str]:
    """What the curve says, in sentences made of its numbers."""
    first, last, best = points[0], points[-1], max(points, key=lambda p: p.value)
    said = [f"With {_examples(first.shots)} it is right {percent(first.value)} of the time."]
    if best.value > first.value:
        clear = best.low > first.high
        said.append(
            f"Best with {_examples(best.shots)}, {percent(best.value)}: "
            + ("clear of the first, their intervals do not overlap." if clear else "but the two intervals overlap.")
        )
    if last is not first and last is not best:
        worse = last.high < best.low
        same = last.low <= first.high and first.low <= last.high
        said.append(
            f"With {_examples(last.shots)} {percent(last.value)}"
            + (", clearly less than the best" if worse else "")
            + (": this set is too small to tell it from the first." if same else ".")
        )
    total, labels = len(asked.task.items), asked.job.labels
    leaning = max(found, key=lambda one: int(one.said().max()))
    label = labels[int(leaning.said().argmax())]
    said.append(
        f"Its leaning is strongest with {_examples(leaning.shots)}: **{shell.escape_markdown(label)}** "
        f"{int(leaning.said().max())} times out of {total}"
    )
    shown = asked.job.examples[leaning.shots - 1] if leaning.shots else ""
    ends = next((each for each in labels if shown.endswith(f" {each}")), "")
    said[-1] += f"; the last example before the query says {shell.escape_markdown(ends)}." if ends else "."
    all_used = len(asked.job.examples)
    ends_at = [value for line in others for shots, value in line.points if shots == all_used > 1]
    if ends_at and last.shots == all_used:
        low, high = min(last.value, *ends_at), max(last.value, *ends_at)
        said.append(
            f"The *same* {all_used} examples in {len(ends_at) + 1} orders: {percent(low)} to {percent(high)}. Nothing "
            "but their order differs there."
        )
    return said


def _examples(count: int) -> str:
    return "no example" if count == 0 else "1 example" if count == 1 else f"{count} examples"


def _items(asked: Asked, found: Sequence[Labelled]) -> None:
    one = next((each for each in found if each.shots == asked.shots), found[-1])
    labels, answers, task = asked.job.labels, one.answers(), asked.task
    rows = []
    for item, truth, given, nats_L in zip(task.items, task.truth(), answers, one.by_item, strict=True):
        lead = float(nats_L[given] - np.delete(nats_L, given).max())
        right = "right" if truth == given else "wrong"
        rows.append(
            {
                "item": item.text,
                "truth": labels[truth],
                "answer": labels[given],
                "is": right,
                "lead": lead,
                "hard": item.hard,
            }
        )
    with st.expander(f"Every {task.input.lower()}, with {_examples(one.shots)}", icon=":material/table:"):
        st.dataframe(
            rows,
            hide_index=True,
            key="items",
            column_config={
                "item": st.column_config.TextColumn(task.input, width="large"),
                "truth": st.column_config.TextColumn("Right answer"),
                "answer": st.column_config.TextColumn("Its answer"),
                "is": st.column_config.TextColumn(""),
                "lead": st.column_config.NumberColumn("Lead, nats", format="%.2f"),
                "hard": st.column_config.CheckboxColumn("Hard", help="Irony, negation, or words of another label."),
            },
        )
        downloads.offer(f"shots-{task.name}-{one.shots}", rows, key="items.file")


def _summaries(asked: Asked, found: Sequence[Written], badge: shell.Provenance, where: str) -> None:
    references = [item.answer for item in asked.task.items]
    surprise: list[Point] = []
    first: list[Point] = []
    longest: list[Point] = []
    for one in found:
        for values, points in zip((one.per_token(), *one.rouge(references)), (surprise, first, longest), strict=True):
            points.append(Point(one.shots, fmean(values), *arithmetic.bootstrap(values)))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**How probable it finds the reference summary**")
        st.plotly_chart(
            curves.likelihood(surprise, asked.shots),
            key="likelihood",
            alt="ln P a token of the reference summaries against the number of examples, with 95 % intervals",
            **_CHART,
        )
    with right:
        st.markdown("**How near its own summary comes**")
        st.plotly_chart(
            curves.rouge(first, longest, asked.shots),
            key="rouge",
            alt="ROUGE of the model's own summaries against the number of examples, with 95 % intervals",
            **_CHART,
        )
    shell.provenance(
        badge,
        f"{where}. {len(references)} dialogues, none of them an example; {sum(one.seconds for one in found):.0f} s for "
        "all. First: ln P a token of the reference summary after the prompt. Then: words it shares with the first line "
        "that the model writes (greedily), F1 (ROUGE-1; in the same order: ROUGE-L, "
        "[Lin 2004](https://aclanthology.org/W04-1013/)). Intervals: 95 % bootstrap over the dialogues. ROUGE counts "
        "words: a wrong summary with the right names scores well. Read some.",
    )
    one = next((each for each in found if each.shots == asked.shots), found[-1])
    rows: list[dict[str, Any]] = [
        {"dialogue": item.text, "reference": item.answer, "written": text, "rouge_1": r1, "rouge_l": rl, "nats": nats}
        for item, text, r1, rl, nats in zip(
            asked.task.items, one.outputs, *one.rouge(references), one.per_token(), strict=True
        )
    ]
    st.markdown(f"**Its summaries, with {_examples(one.shots)}**")
    st.table(  # its heads with a hyphen where no line breaks
        [
            {
                "ROUGE\u20111": f"{row['rouge_1']:.2f}",
                "ROUGE\u2011L": f"{row['rouge_l']:.2f}",
                "ln P a token": f"{row['nats']:.2f}".replace("-", "−"),
                "The reference": shell.escape_markdown(row["reference"]),
                "The model's own": shell.escape_markdown(row["written"]),
            }
            for row in rows
        ],
        hide_index=True,
    )
    downloads.offer(f"shots-{asked.task.name}-{one.shots}", rows, key="summaries.file")
