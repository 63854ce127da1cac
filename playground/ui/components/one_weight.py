"""The One-attention-weight page: which cell, and its arithmetic in three steps with every number shown."""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from playground import limits
from playground.core import attention, heads, one_weight
from playground.errors import BadInput
from playground.figures import attention as attention_figures
from playground.figures import one_weight as figures
from playground.models import attention_capture, one_weight_code
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components.layer_head import layer_and_head

_CHART: dict[str, Any] = {"width": "stretch", "config": {"displayModeBar": False}}
NUMBERS = "The numbers, to check by hand"


class Asked(NamedTuple):
    """One cell of one head's map, and all that was captured around it."""

    lens: Lens
    text: str
    labels: list[str]
    layer: int
    head: int
    row: one_weight.Row
    key: int
    captured: one_weight.Captured

    @property
    def pair(self) -> str:
        """The two tokens, as they are shown."""
        return f"{self.labels[self.row.query]} → {self.labels[self.key]}"


def ask(lens: Lens, text: str, first: tuple[int, int] | None = None) -> Asked:
    """Layer, head, query and key from the inputs; the pair can also be clicked in the map.

    ``first`` is the pair to start with, the head's strongest look by default.
    """
    encoding = lens.encode(text, "template")
    tokens, cut = heads.first_tokens(encoding.tokens, limits.WEIGHED_TOKENS)
    shell.notices((*encoding.notices, *cut))
    layer, head = layer_and_head(lens, heads.first_look(lens.model_id, lens.layers))
    captured = attention_capture.of_layer(lens, [token.id for token in tokens], layer)
    labels = attention_figures.labels(tokens)
    query, key = _pair(captured.weights[head], labels, first, causal=captured.causal)
    return Asked(lens, encoding.text, labels, layer, head, one_weight.row(captured, head, query), key, captured)


def _pair(
    weights_TS: np.ndarray, labels: Sequence[str], first: tuple[int, int] | None, *, causal: bool
) -> tuple[int, int]:
    last = len(labels) - 1
    link = attention.strongest(weights_TS)
    start = first or (link[:2] if link else (last, last))
    query_column, key_column = st.columns(2)

    def name(place: int) -> str:
        return f"{place}: {labels[place]}"

    with query_column:
        query = inputs.choice("From (the query)", range(last + 1), key="query", default=start[0], format_func=name)
    seen = range(query + 1) if causal else range(last + 1)
    strongest = start[1] if query == start[0] else int(weights_TS[query].argmax())
    with key_column:
        key = inputs.choice("To (the key)", seen, key="key", default=strongest, format_func=name)
    return query, key


def picked_cell(asked: Asked) -> None:
    """The head's map, to click a cell in, beside the chosen cell's two numbers: ours and the model's."""

    def clicked() -> None:
        points = st.session_state["cells"].selection.points
        if points:
            for name, value in zip(("query", "key"), points[0]["customdata"], strict=True):
                inputs.pick(name, value)

    picture, numbers = st.columns([3, 2], gap="large", vertical_alignment="center")
    row, key = asked.row, asked.key
    with picture:
        st.plotly_chart(
            figures.pick_map(
                asked.captured.weights[asked.head], asked.labels, (row.query, key), causal=asked.captured.causal
            ),
            key="cells",
            on_select=clicked,
            selection_mode="points",
            alt="The head's attention map; click a cell to choose it",
            **_CHART,
        )
        st.caption("Rows look, columns are looked at. Click a cell to take it apart.")
    with numbers:
        st.caption("The chosen cell")
        st.text(asked.pair)
        side_by_side = st.container(horizontal=True)
        side_by_side.metric("Recomputed here", f"{row.weights[key]:.6f}")
        side_by_side.metric("The model's own", f"{row.model_weights[key]:.6f}")
        st.markdown(f"Largest difference in this row: **{_small(row.weight_error)}**")
        worst, _ = one_weight.largest_error(asked.captured)
        st.caption(
            f"In all {len(asked.captured.queries)} heads of this layer, every row: {_small(worst)}. "
            + _about_format(asked.lens.dtype)
        )


def dot_product(asked: Asked) -> None:
    """Step 1: q·k, term by term."""
    row, key, group = asked.row, asked.key, asked.captured.group
    st.subheader("1 · Query times key", anchor=False)
    shared = (
        f" Query head {asked.head} uses key and value head {row.key_head}, as {group - 1} other query heads do "
        "(grouped-query attention)."
        if group > 1
        else ""
    )
    turned = " Both are taken after their rotation by position (RoPE)." if _has_rope(asked.lens) else ""
    st.markdown(
        f"The token that looks has a **query** q, the one looked at a **key** k, {len(row.q)} numbers each.{turned} "
        "Multiply them pair by pair and add up. A pair adds much to **q·k** where both numbers are large and of the "
        f"same sign, and takes away where their signs differ.{shared}"
    )
    st.plotly_chart(
        figures.terms(row, key),
        key="terms",
        alt="Query, key, their products, and the running sum of the products",
        **_CHART,
    )
    st.caption("Blue: above 0. Orange: below 0. Each strip is coloured by its own largest number; point at one for it.")
    with st.expander(NUMBERS, icon=":material/table_rows:"):
        products = row.products(key)
        st.dataframe(
            {
                "dimension": np.arange(len(row.q)),
                "q": row.q,
                "k": row.k[key],
                "q × k": products,
                "sum so far": np.cumsum(products),
            },
            hide_index=True,
            key="terms.table",
            column_config={
                name: st.column_config.NumberColumn(format="%.4f") for name in ("q", "k", "q × k", "sum so far")
            },
        )


def softmax(asked: Asked) -> None:
    """Step 2: ÷ √d, mask, softmax over the row."""
    row, key = asked.row, asked.key
    st.subheader("2 · Scale, mask, share out", anchor=False)
    top = f"{row.highest:.4f}" if row.highest >= 0 else f"({row.highest:.4f})"
    st.latex(
        rf"\text{{score}} = \frac{{q\cdot k}}{{\sqrt{{d}}}} = \frac{{{row.dots[key]:.4f}}}{{{row.root_d:.4f}}} "
        rf"= {row.scores[key]:.4f}"
    )
    if row.allowed[key]:
        st.latex(
            rf"e^{{\,\text{{score}} - \text{{highest}}}} = e^{{{row.scores[key]:.4f} - {top}}} = {row.exps[key]:.6f}"
        )
    st.latex(
        rf"\begin{{aligned}}\text{{weight}} &= \frac{{{row.exps[key]:.6f}}}{{\text{{sum of the row}}}} \\[4pt] "
        rf"&= \frac{{{row.exps[key]:.6f}}}{{{row.total:.6f}}} = {row.weights[key]:.6f}\end{{aligned}}"
    )
    masked = int((~row.allowed).sum())
    mask = (
        f"The {masked} later tokens are **masked**: their score becomes −∞ and e to that is 0."
        if masked
        else "No token is **masked** in this row."
    )
    st.markdown(
        f"Dividing by √d = √{len(row.q)} keeps the scores from growing with the length of the vectors. {mask} The "
        f"**softmax** turns the scores into shares of 1; taking the row's largest score off each ({row.highest:.2f}) "
        "changes no share and keeps e from overflowing."
    )
    st.dataframe(
        _row_table(asked),
        hide_index=True,
        key="row.table",
        height="content",
        column_config={
            "weight": st.column_config.ProgressColumn("weight", min_value=0.0, max_value=1.0, format="%.6f"),
            **{
                name: st.column_config.NumberColumn(format=shown)
                for name, shown in (("q·k", "%.3f"), ("÷ √d", "%.4f"), ("e^(…)", "%.6f"), ("the model's", "%.6f"))
            },
        },
    )
    shell.provenance(
        "computed",
        "formula: softmax(QKᵀ/√d)·V, Vaswani et al. 2017 (arXiv:1706.03762, section 3.2.1), in 64 bits from the "
        f"model's own q, k and v; “the model's” is what {asked.lens.title}'s forward pass had, in {asked.lens.dtype}.",
    )


def _row_table(asked: Asked) -> list[dict[str, object]]:
    row = asked.row
    return [
        {
            "key": f"{place}: {label}" + (" ◂" if place == asked.key else ""),
            "q·k": float(row.dots[place]),
            "÷ √d": float(row.scores[place]),
            "mask": "" if row.allowed[place] else "−∞",
            "e^(…)": float(row.exps[place]),
            "weight": float(row.weights[place]),
            "the model's": float(row.model_weights[place]),
            "difference": _small(abs(float(row.weights[place] - row.model_weights[place]))),
        }
        for place, label in enumerate(asked.labels)
    ]


def values(asked: Asked) -> None:
    """Step 3: the weighted sum of values."""
    row = asked.row
    st.subheader("3 · Times the values", anchor=False)
    lengths = np.linalg.norm(row.v, axis=1)
    parts = row.weights * lengths
    seen = np.flatnonzero(row.allowed)
    st.markdown(
        "Each token that is looked at also has a **value** v. The head's output is the sum of weight × v, and *that* "
        "is all the next step gets: a large weight on a tiny value brings next to nothing."
    )
    most = int(seen[parts[seen].argmax()])
    heaviest = int(seen[row.weights[seen].argmax()])

    def product(place: int) -> str:
        return (
            f"{asked.labels[place]}   {row.weights[place]:.3f} × a value of length {lengths[place]:.2f} = "
            f"{parts[place]:.3f}"
        )

    st.caption("Largest weight" if most != heaviest else "Largest weight, and what brings the most")
    st.text(product(heaviest))
    if most != heaviest:
        st.caption("Brings the most")
        st.text(product(most))
    st.dataframe(
        [
            {
                "key": f"{place}: {asked.labels[place]}",
                "weight": float(row.weights[place]),
                "length of its value": float(lengths[place]),
                "weight × length": float(parts[place]),
            }
            for place in seen
        ],
        hide_index=True,
        key="lengths",
        height="content",
        column_config={
            "weight": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f"),
            "length of its value": st.column_config.ProgressColumn(
                min_value=0.0, max_value=float(lengths[seen].max()) or 1.0, format="%.2f"
            ),
            "weight × length": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    st.caption(
        f"The values in this row are {lengths[seen].min():.2f} to {lengths[seen].max():.2f} long. Below, each is "
        "multiplied by its weight; the colours are stretched to the largest number in the picture, however small."
    )
    st.plotly_chart(
        figures.weighted_values(row, asked.labels),
        key="values",
        alt="Each token's weight times its value, and their sum",
        **_CHART,
    )
    shell.provenance(
        "computed",
        f"the sum differs from the output that the model's head had by at most {_small(row.output_error)}; its largest "
        f"number is {float(np.abs(row.output).max()):.3f}.",
    )


def code(asked: Asked) -> str:
    """The lines that give the same row."""
    return one_weight_code.snippet(
        asked.lens.model_id,
        asked.lens.dtype,
        asked.text,
        asked.layer,
        asked.head,
        asked.row.query,
        causal=asked.captured.causal,
        limit=limits.WEIGHED_TOKENS,
    )


def _has_rope(lens: Lens) -> bool:
    with contextlib.suppress(BadInput):  # what a model without it answers
        return bool(lens.rotary)
    return False


def _about_format(dtype: str) -> str:
    if dtype == "fp32":
        return "The model adds in 32 bits, this page in 64."
    return (
        f"The model runs in {dtype} here, where a weight has 8 significant bits and every step rounds; this page "
        "takes its q, k and v and adds in 64 bits. In fp32 the difference is below 0.00001."
    )


def _small(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}" if value < 1e-3 else f"{value:.4f}"
