"""The Layer-by-layer page: the first choice after every layer, and one position's way to its answer."""

from typing import Any, NamedTuple

import streamlit as st

from playground import limits
from playground.core import logit_lens as core
from playground.core.heads import percent
from playground.figures import logit_lens as figures
from playground.models import logit_lens, logit_lens_code
from playground.models.lens import Lens
from playground.ui import downloads, inputs, shell, site

TOP, ORDINALS = 4, ("first", "second", "third", "fourth")  # tokens listed a layer
_CHART: dict[str, Any] = {"width": "stretch", "config": {"displayModeBar": False}}


class Asked(NamedTuple):
    """A text read through the lens, and the position chosen in it."""

    lens: Lens
    text: str
    labels: list[str]
    reading: core.Reading
    position: int


def ask(lens: Lens, text: str) -> Asked:
    """Run the model once and choose a position: the last one at first."""
    encoding = lens.encode(text, "template")
    ids, cut = lens.fit(encoding.ids, limits.LOGIT_LENS_TOKENS)
    shell.notices((*encoding.notices, *cut))
    reading = logit_lens.read(lens, ids)
    labels = [lens.token_label(i) for i in ids]
    last = len(ids) - 1
    position = inputs.choice(
        "What comes after",
        range(len(ids)),
        key="position",
        default=last,
        format_func=lambda place: f"{place}: {labels[place]}",
        help="The position whose prediction is followed through the layers. A column of the picture can be clicked.",
    )
    return Asked(lens, encoding.text, labels, reading, position)


def grid(asked: Asked) -> None:
    """Layers down, positions across."""

    def clicked() -> None:
        points = st.session_state["grid"].selection.points
        if points:
            inputs.pick("position", int(points[0]["customdata"]))

    st.plotly_chart(
        figures.grid(asked.reading, asked.labels, asked.lens.token_label, asked.position),
        key="grid",
        on_select=clicked,
        selection_mode="points",
        alt="The most probable next token after every layer (down) at every position (across)",
        **_CHART,
    )
    st.caption(
        "Each cell: the token that would come next if the model ended after that layer; its colour: how probable. "
        "Click a column to follow it."
        + ("" if len(asked.labels) <= figures.WORDS_UP_TO else " Too many columns to print the words: point at a cell.")
    )
    st.caption(
        "· is a space, ⟨U+…⟩ a character that can't be seen. The embedding's row has read nothing but that one token, "
        "and the lens was made for the last layer: a strong colour up there need not be a guess of the model."
    )
    shell.provenance(
        "measured",
        f"{asked.lens.title}, {asked.lens.dtype}: each layer's output through the model's **own final norm and "
        "unembedding** (the logit lens, nostalgebraist 2020). The last row is the model's real prediction, exactly.",
    )


def one_position(asked: Asked) -> None:
    """Rank, probability and entropy through the layers, and each layer's first choices."""
    reading, position = asked.reading, asked.position
    answer = asked.lens.token_label(reading.answer(position))
    settled = reading.settled(position)
    rank_before = int(reading.answer_rank[0, position]) + 1
    st.subheader("How the answer comes up", anchor=False)
    st.text(f"after {asked.labels[position]}: {answer}   {100 * reading.answer_probability[-1, position]:.1f} %")
    st.markdown(
        f"In the embedding it is number **{rank_before:,}** of {asked.lens.vocabulary_size:,}; it is first, and stays "
        f"first, from **{core.step_name(settled)}** on.{_leap(reading, position)}"
    )
    _cut_it(asked)
    picture, table = st.columns([2, 3], gap="large")
    with picture:
        st.plotly_chart(
            figures.rise(reading, position),
            key="rise",
            alt="Rank and probability of the final answer, and the entropy, after every layer",
            **_CHART,
        )
        st.caption("Rank 1 is on top. Entropy: how undecided the prediction is; 0 bits is certain.")
    with table:
        rows = _rows(asked)
        st.dataframe(
            rows,
            hide_index=True,
            key="choices",
            height=430,
            column_config={"answer's rank": st.column_config.NumberColumn(format="localized")},
        )
        downloads.offer("logit-lens", rows, key="choices.file")
    with st.expander("What the lens can't show", icon=":material/info:"):
        st.markdown(
            "A layer does not have to write in the terms the last layer uses: what looks like nonsense early on may be "
            "information in another direction, not ignorance. The **tuned lens** (Belrose et al. 2023, "
            "arXiv:2303.08112) learns a correction for every layer and finds answers earlier and more reliably. So "
            "read this picture one way: a layer where the answer *does* show holds it; one where it doesn't may too."
        )


def _cut_it(asked: Asked) -> None:
    """A link that takes the attention of the leap's layer out, on the same text: there the answer is the last token's.

    Nothing for another position, or where the leap is in no layer.
    """
    step = asked.reading.leap(asked.position)
    if step is None or step < 1 or asked.position != len(asked.labels) - 1:
        return
    layer = step - 1
    at = {"model": asked.lens.model_id, "text": asked.text, "cut": "attention", "layer": str(layer)}
    shell.link(
        site.BY_FILE["ablation.py"], f"Does it matter? Take layer {layer}'s attention out", at, ":material/content_cut:"
    )


def _leap(reading: core.Reading, position: int) -> str:
    step = reading.leap(position)
    if step is None:
        return ""
    before, after = (int(reading.answer_rank[at, position]) + 1 for at in (step - 1, step))
    return f" Its largest leap is in **{core.step_name(step)}**: from number {before:,} to {after:,}."


def _rows(asked: Asked) -> list[dict[str, object]]:
    reading, position = asked.reading, asked.position
    rows: list[dict[str, object]] = []
    for step in range(reading.steps):
        row: dict[str, object] = {
            "after": core.step_name(step),
            "answer's rank": int(reading.answer_rank[step, position]) + 1,
        }
        for place in range(TOP):
            token = asked.lens.token_label(int(reading.ids[step, position, place]))
            row[ORDINALS[place]] = f"{token}  {percent(float(reading.probabilities[step, position, place]))}"
        rows.append(row)
    return rows


def code(asked: Asked) -> str:
    """The lines that print the same."""
    return logit_lens_code.snippet(
        asked.lens.model_id, asked.lens.dtype, asked.text, asked.position, limits.LOGIT_LENS_TOKENS
    )
