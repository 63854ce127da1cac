"""What heads do: the text they are scored on, the best head for each behaviour, all heads as a map and as a table."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from playground import limits
from playground.core import attention, head_scores, heads
from playground.core.attention import Scores
from playground.core.head_scores import MEASURES, Measure
from playground.figures import attention as maps_figures
from playground.figures import attention_heads as figures
from playground.models import attention_code, repeats
from playground.models.lens import Lens
from playground.ui import downloads, inputs, shell, site

SOURCES = {"words": "random words, said twice", "text": "your text"}
EXAMPLE = "The cat sat on the mat because the cat sat on the mat before. Then the cat sat on the rug."
CARDS = 3  # a row
TABLE_PX = 380
SEEDS = range(100)
JOB = "What at least half of its attention does, else over how many tokens it is spread (2 to the entropy)."
JOB_RULE = (
    "*Mostly* names induction first wherever it is at least half, even beside a larger share: a head that copies, "
    "with nothing to copy yet, looks at the first token."
)


@dataclass(frozen=True)
class Scored:
    """A text and every head's maps and scores on it."""

    lens: Lens
    text: str
    labels: list[str]
    maps_LHTS: np.ndarray
    scores: Scores

    @property
    def names(self) -> list[list[str]]:
        """Every head's label."""
        return heads.labels(self.scores)

    def link(self, layer: int, head: int, label: str) -> None:
        """A link that shows this head on this text, on the Attention page."""
        at = {"model": self.lens.model_id, "text": self.text, "layer": str(layer), "head": str(head)}
        shell.link(site.BY_FILE["attention.py"], label, at, ":material/hub:")


def scored(lens: Lens) -> Scored:
    """The text that is chosen, and every head's scores on it."""
    source = inputs.choice(
        "Scored on", list(SOURCES), key="scored", format_func=SOURCES.__getitem__, segmented=True,
        help="Random words have no meaning to guess by: in the second half only copying helps.",
    )  # fmt: skip
    if source == "words":
        words_column, seed_column = st.columns(2)
        with words_column:
            words = inputs.choice(
                "Words",
                range(limits.REPEATED_WORDS_MIN, limits.REPEATED_WORDS + 1),
                key="repeat",
                default=limits.REPEATED_WORDS_DEFAULT,
                slider=True,
                help="Different words of the vocabulary, each one token; then the same again.",
            )
        with seed_column:
            seed = inputs.choice("Seed", SEEDS, key="draw", slider=True, help="Which words are drawn.")
        text = repeats.twice(lens, words, seed)
        with st.expander("The text", icon=":material/notes:"):
            st.text(text)
    else:
        text = inputs.text("Text", EXAMPLE, height=68)
    encoding = lens.encode(text, "template")
    tokens, cut = heads.first_tokens(encoding.tokens, limits.HEATMAP_TOKENS)
    shell.notices((*encoding.notices, *cut))
    ids = [token.id for token in tokens]
    maps_LHTS = attention.checked(lens.attentions(ids))
    return Scored(lens, text, maps_figures.labels(tokens), maps_LHTS, attention.scores(maps_LHTS, ids))


def findings(seen: Scored) -> None:
    """How many heads are sinks, and for each behaviour the head that shows it best, one click away."""
    total = seen.scores.on_first.size
    sinks = head_scores.sinks(seen.scores)
    if len(seen.labels) > 1:
        st.markdown(
            f"**{sinks:,} of {total:,} heads** leave more than half of their attention on the first token: attention "
            "sinks."
        )
        if seen.lens.kind == "encoder":
            st.caption("An encoder's first token is a mark that stands before every text ([CLS]), not a word of yours.")
    for row in range(0, len(MEASURES), CARDS):
        for column, measure in zip(st.columns(CARDS), MEASURES[row : row + CARDS], strict=False):
            with column.container(border=True, height="stretch"):
                _card(seen, measure)


def _card(seen: Scored, measure: Measure) -> None:
    place = head_scores.best(seen.scores, measure.key)
    if place is None or len(seen.labels) < 2:
        st.markdown(f"**{measure.title}**")
        st.caption(f"This text can't show it: it takes {measure.needs}.")
        return
    value = head_scores.shown(float(getattr(seen.scores, measure.key)[place]), measure.key)
    st.markdown(f"**{measure.title}** {value}")
    seen.link(*place, f"Layer {place[0]}, head {place[1]}")
    sink = measure.key == "distance_tokens" and seen.scores.on_first[place] > heads.MOSTLY
    st.caption(
        f"The head that most {measure.meaning}."
        + (" It is a sink: the first token is far away from nearly all others." if sink else "")
    )


def all_heads(seen: Scored) -> None:
    """One score of every head as a map, and the chosen head's own map beside it."""
    picture, one = st.columns([3, 2], gap="large")
    with picture:
        key = inputs.choice(
            "Score", [measure.key for measure in MEASURES], key="score", format_func=lambda k: _measure(k).title
        )
    place = _chosen(seen, key)
    values_LH: np.ndarray = getattr(seen.scores, key)
    with picture:
        _scores_map(seen, key, values_LH, place)
    with one:
        layer, head = place
        score = heads.of(seen.scores, layer, head)
        st.markdown(f"**Layer {layer}, head {head}** {heads.label(score)}.")
        st.plotly_chart(
            maps_figures.heatmap(
                seen.maps_LHTS[layer, head], seen.labels, causal=seen.lens.kind == "decoder", small=True
            ),
            width="stretch",
            config={"displayModeBar": False},
            key="chosen_map",
            alt="How much each token (row) looks at each other one (column)",
        )
        seen.link(layer, head, "Open it on the Attention page")
    _table(seen, key)


def _measure(key: str) -> Measure:
    return head_scores.BY_KEY[key]


def _chosen(seen: Scored, key: str) -> tuple[int, int]:
    """(layer, head): the one clicked last, else the one with the highest score."""
    layers, count = seen.scores.on_first.shape

    def read(text: str) -> str | None:
        layer, _, head = text.partition(".")
        known = layer.isdecimal() and head.isdecimal() and int(layer) < layers and int(head) < count
        return f"{int(layer)}.{int(head)}" if known else None

    best = head_scores.best(seen.scores, key) or (0, 0)
    layer, _, head = inputs.picked("chosen", f"{best[0]}.{best[1]}", read).partition(".")
    return int(layer), int(head)


def _scores_map(seen: Scored, key: str, values_LH: np.ndarray, place: tuple[int, int]) -> None:
    if math.isnan(values_LH[place]):
        st.caption(f"No score: it takes {_measure(key).needs}.")

    def clicked() -> None:
        points = st.session_state["scores"].selection.points
        if points:
            inputs.pick("chosen", "{}.{}".format(*points[0]["customdata"]))

    highest = 1.0 if _measure(key).is_share else float(np.nanmax(values_LH)) or 1.0
    shown = [
        [f"{head_scores.shown(None if math.isnan(value) else float(value), key)}: {name}" for value, name in pair]
        for pair in (zip(values, names, strict=True) for values, names in zip(values_LH, seen.names, strict=True))
    ]
    st.plotly_chart(
        figures.scores_map(values_LH, shown, place, highest),
        width="stretch",
        config={"displayModeBar": False},
        key="scores",
        on_select=clicked,
        selection_mode="points",
        alt=f"{_measure(key).title} of every head: layers across, heads down",
    )
    st.caption("Layers across, heads down; the stronger the colour, the higher the score. Click a head to see its map.")


def _table(seen: Scored, key: str) -> None:
    """All heads, the highest score first; a click on a row chooses the head."""
    ranked = head_scores.ranked(seen.scores, key)
    rows = [
        {"layer": row.layer, "head": row.head, "job": heads.short_label(row.score), **row.score._asdict()}
        for row in ranked
    ]

    def clicked() -> None:
        found = st.session_state["heads_table"].selection.rows
        if found:
            inputs.pick("chosen", f"{ranked[found[0]].layer}.{ranked[found[0]].head}")

    st.dataframe(
        rows,
        hide_index=True,
        height=TABLE_PX,
        column_order=("layer", "head", "job", *(measure.key for measure in MEASURES)),
        column_config={
            "layer": st.column_config.NumberColumn("Layer", width=55),
            "head": st.column_config.NumberColumn("Head", width=55),
            "job": st.column_config.TextColumn("Mostly", width=135, help=JOB),
            **{measure.key: _share_column(measure) for measure in MEASURES if measure.is_share},
            "entropy_bits": st.column_config.NumberColumn("Entropy", format="%.2f", width=75, help="In bits."),
            "distance_tokens": st.column_config.NumberColumn("Distance", format="%.1f", width=75, help="In tokens."),
        },
        key="heads_table",
        on_select=clicked,
        selection_mode="single-row",
    )
    st.caption(f"Click a column's name to sort by it, a row to see that head's map above. {JOB_RULE}")
    st.caption(head_scores.ROWS)
    downloads.offer("heads", rows, key="save_heads")


def _share_column(measure: Measure) -> Any:
    return st.column_config.ProgressColumn(
        measure.short, format="percent", min_value=0.0, max_value=1.0, width=95, help=f"{measure.title}, mean share."
    )


def code(seen: Scored) -> str:
    """The few lines that give the same scores."""
    return attention_code.heads(seen.lens.model_id, seen.lens.dtype, seen.text, limits.HEATMAP_TOKENS)
