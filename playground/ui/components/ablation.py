"""The Does-it-matter page: what is taken out of the model, and the next token before and after."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from playground import limits
from playground.core import ablation
from playground.core.ablation import Cut, Effect
from playground.core.heads import percent
from playground.figures import ablation as figures
from playground.models import ablation as cuts
from playground.models import ablation_code
from playground.models.lens import Lens
from playground.ui import inputs, shell
from playground.ui.components.layer_head import layer_and_head

FIRST_LOOK = {"smollm2-135m": (23, 4)}  # in the example: the head that fetches Paris
PARTS = {
    "head": "one head",
    "heads": "several heads",
    "attention": "a layer's attention",
    "mlp": "a layer's MLP",
    "edge": "one look",
}
METHODS: dict[ablation.Method, str] = {
    "zero": "to zero",
    "mean": "to its mean",
    "mask": "mask it",
    "drop": "drop it",
}
METHOD_HELP = (
    "What stands in for the part's output. **To zero**: nothing, which the model may never have met. **To its mean**: "
    "the average of its output over this text's tokens, so that only what differs from token to token is lost."
)
EDGE_HELP = (
    "**Mask it**: its score becomes −∞ before the softmax, so the row's other weights grow until they sum to 1 again. "
    "**Drop it**: its weight becomes 0 after the softmax and the others stay: only what came along this edge is gone."
)
SPANS = {"head": "in this head", "layer": "in all heads of the layer", "model": "in all layers"}
SHOWN = 10  # next tokens
STRONG, WEAK = 0.5, 0.2  # attention
LITTLE, MUCH = 0.01, 0.1  # bits
CHART: dict[str, Any] = {"width": "stretch", "config": {"displayModeBar": False}}


class Asked(NamedTuple):
    """The text as the model gets it, and how its tokens read."""

    lens: Lens
    text: str
    ids: tuple[int, ...]
    labels: list[str]

    def name(self, position: int) -> str:
        """A token of the text with its place."""
        return f"{position}: {self.labels[position]}"


def ask(lens: Lens, text: str) -> Asked:
    """The last tokens of the text; notices say what was left out."""
    encoding = lens.encode(text, "template")
    ids, cut = lens.fit(encoding.ids, limits.ABLATED_TOKENS)
    shell.notices((*encoding.notices, *cut))
    return Asked(lens, encoding.text, cuts.checked(lens, ids), [lens.token_label(i) for i in ids])


def one_cut(asked: Asked) -> str:
    """What to take out, and what that does to the next token; returns the code that does the same."""
    cut = _cut_inputs(asked)
    logits = cuts.one(asked.lens, asked.ids, cut)
    found = ablation.effect(logits[0], logits[1])
    listed = ablation.candidates(logits[0], logits[1], SHOWN)
    picture, reading = st.columns([3, 2], gap="large")
    with picture:
        st.plotly_chart(
            figures.before_after(listed, [asked.lens.token_label(c.id) for c in listed]),
            key="before_after",
            alt="Probability of the next tokens before and after the cut",
            **CHART,
        )
        shell.provenance(
            "measured",
            f"{asked.lens.title}, {asked.lens.dtype} on {asked.lens.device}: softmax over all "
            f"{asked.lens.vocabulary_size:,} tokens, with and without the part in one batch.",
        )
    with reading:
        _reading(asked, cut, found)
    return ablation_code.snippet(asked.lens.model_id, asked.lens.dtype, asked.text, cut, limits.ABLATED_TOKENS)


def _cut_inputs(asked: Asked) -> Cut:
    lens = asked.lens
    part_column, method_column = st.columns([5, 2], gap="medium")
    with part_column:
        part = inputs.choice("Take out", list(PARTS), key="cut", format_func=PARTS.__getitem__, segmented=True)
    with method_column:
        method = method_input(("mask", "drop") if part == "edge" else ("zero", "mean"))
    layer, head = layer_and_head(lens, first_look(lens), head=part in ("head", "edge"))
    if part == "edge":
        return _edge_inputs(asked, layer, head, method)
    if part == "heads":
        chosen = inputs.choices("Heads", range(lens.heads), key="heads", default=sorted({0, first_look(lens)[1]}))
        return Cut("heads", (layer,), tuple(chosen), method)
    kind: ablation.Part = "heads" if part == "head" else "attention" if part == "attention" else "mlp"
    return Cut(kind, (layer,), (head,) if part == "head" else (), method)


def method_input(names: Sequence[ablation.Method]) -> ablation.Method:
    """How a part is taken out, or an edge cut."""
    helped = EDGE_HELP if "mask" in names else METHOD_HELP
    label = "How" if "mask" in names else "Set its output"
    chosen: ablation.Method = inputs.choice(
        label, list(names), key="method", format_func=METHODS.__getitem__, segmented=True, help=helped
    )
    return chosen


def _edge_inputs(asked: Asked, layer: int, head: int, method: ablation.Method) -> Cut:
    last = len(asked.ids) - 1
    query_column, key_column, span_column = st.columns(3)
    with query_column:
        query = inputs.choice("From (the query)", range(last + 1), key="query", default=last, format_func=asked.name)
    with key_column:
        key = inputs.choice(
            "To (the key)", range(query + 1), key="key", default=max(query - 1, 0), format_func=asked.name
        )
    with span_column:
        span = inputs.choice("Where", list(SPANS), key="span", format_func=SPANS.__getitem__)
    layers = tuple(range(asked.lens.layers)) if span == "model" else (layer,)
    heads = (head,) if span == "head" else tuple(range(asked.lens.heads))
    return Cut("edge", layers, heads, method, query, key)


def _reading(asked: Asked, cut: Cut, found: Effect) -> None:
    name = asked.lens.token_label
    st.metric(
        "The prediction moved by",
        f"{found.kl_bits:.4f} bits",
        help="How far the probabilities of all possible next tokens moved, as one number (the Kullback–Leibler "
        "divergence, Σ p·log₂(p/q); p before, q after). 0: nothing changed. 1: what the model would have said is, on "
        "average, half as likely as it was. 2: a quarter.",
    )
    st.caption("The first choice as it is")
    st.text(f"{name(found.answer.id)}   {change(found.answer)}")
    if found.flipped:
        st.caption("The first choice now")
        st.text(f"{name(found.winner.id)}   {change(found.winner)}")
    if found.moved.id not in (found.answer.id, found.winner.id if found.flipped else -1):
        st.caption("Moved most")
        st.text(f"{name(found.moved.id)}   {change(found.moved)}")
    elif not found.flipped:
        st.caption("It is still the first choice" + (", and no other token moved more." if found.kl_bits else "."))
    _looks(asked, cut, found)


def _looks(asked: Asked, cut: Cut, found: Effect) -> None:
    """What the heads in question attend to, and a warning where that and the effect disagree."""
    if cut.part not in ("heads", "edge") or len(cut.heads) != 1 or len(cut.layers) != 1:
        return
    looking = cut.query if cut.part == "edge" else len(asked.ids) - 1
    if looking == 0:  # it has no choice: a look at itself says nothing of the head
        return
    row = asked.lens.attentions(asked.ids, cut.layers)[0, cut.heads[0], looking]
    key = cut.key if cut.part == "edge" else int(row.argmax())
    st.caption("Its attention there" if cut.part == "edge" else "Where it looks most, from the last token")
    st.text(f"{asked.name(key)}   {percent(float(row[key]))}")
    strong, weak = float(row[key]) >= STRONG, float(row[key]) < WEAK
    if strong and found.kl_bits < LITTLE:
        st.warning(
            "Half of the attention or more is here, and without it the prediction hardly moves.",
            title="Looks hard, matters little",
            icon=":material/visibility:",
        )
    elif weak and found.kl_bits > MUCH:
        st.warning(
            "Little attention is here, and yet the prediction needs it.",
            title="Looks at little, matters much",
            icon=":material/visibility_off:",
        )


def first_look(lens: Lens) -> tuple[int, int]:
    """The head to start with."""
    return FIRST_LOOK.get(lens.model_id, (lens.layers // 2, 0))


def change(one: ablation.Candidate) -> str:
    """A token's probability before and after."""
    return f"{100 * one.before:.1f} % → {100 * one.after:.1f} %"
