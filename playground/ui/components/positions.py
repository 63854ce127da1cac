"""The Positions page's three views: waves that are added, rotations of queries and keys, learned rows."""

import math

import numpy as np
import streamlit as st

from playground import limits
from playground.core import embeddings, heads, positions
from playground.figures import positions as figures
from playground.figures.attention import labels
from playground.figures.formula import formula
from playground.models import positions_code
from playground.models.lens import Lens
from playground.ui import downloads, inputs, resources, shell

DECODER, ENCODER = "smollm2-135m", "minilm-l6"
TEXT = "The animal didn't cross the street because it was too tired."
QUERY, KEY = " it", " animal"
SIZES, ROWS = (64, 128, 256, 512), (32, 64, 128, 256, limits.POSITIONS_DRAWN)
FARTHEST = 128  # positions between query and key on the curve
NEAR = 48  # distances on the curve of learned rows
STEP = 4  # every fourth learned position is drawn against every fourth
OWN, ONES = "the head's own query and key", "all ones"


def _draw(figure: object, key: str, alt: str) -> None:
    st.plotly_chart(figure, width="stretch", config={"displayModeBar": False}, key=key, alt=alt)


def sinusoidal() -> str:
    """The sinusoids of 2017; returns the code that gives the same."""
    size_column, rows_column = st.columns(2)
    with size_column:
        size = inputs.choice("Dimensions (d_model)", SIZES, key="d_model", default=512, slider=True)
    with rows_column:
        rows = inputs.choice("Positions", ROWS, key="positions", default=128, slider=True)
    waves = positions.sinusoids(rows, size)
    _draw(figures.table(waves, "dimension", most=1.0), "waves", "A row for each position: its sines and cosines")
    st.html(formula(f"PE(p, 2i) = sin(p / 10000^(2i/{size}));  PE(p, 2i+1) = cos(p / 10000^(2i/{size}))"))
    shell.provenance(
        "computed",
        "[Attention Is All You Need](https://arxiv.org/abs/1706.03762), §3.5. Left: waves a few positions long; right: "
        f"so slow that they hardly move; the longest takes {positions.wavelengths(size)[-1]:,.0f} positions. A row is "
        "added to the token's embedding.",
    )
    products = waves @ waves.T
    distances = np.arange(rows)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("The dot product knows the distance", anchor=False)
        every = max(1, rows // 32)
        dots = [
            (f"from position {p}", distances[: rows - p : every], products[p, p::every])
            for p in (0, rows // 4, rows // 2)
        ]
        curve = positions.dot_by_distance(distances, size)
        _draw(figures.by_distance(distances, curve, "dot product", dots=dots), "dots", "Dot product over distance")
        st.html(formula("PE(p) · PE(p + Δ) = Σ cos(Δ·ω), since sin a·sin b + cos a·cos b = cos(a − b)"))
        shell.provenance(
            "computed", "the line from this formula, the marks from the rows themselves: all on one curve."
        )
    with right:
        st.subheader("Every pair of positions", anchor=False)
        chart = figures.pairs(products, "dot product", low=float(products.min()), high=size / 2)
        _draw(chart, "products", "The dot product of every two positions")
        shell.provenance(
            "computed", "each diagonal has one colour: the same distance, the same product, wherever it is."
        )
    return positions_code.sinusoidal(rows, size)


def rotary() -> str:
    """RoPE as the default model uses it; returns the code that gives the same."""
    lens = resources.lens(DECODER)
    rope = lens.rotary
    angle = positions.frequencies(rope.head_dimensions, rope.theta)
    lengths = positions.wavelengths(rope.head_dimensions, rope.theta)
    st.markdown(
        f"Nothing is added: before a head compares its query with a key, each of the **{len(angle)} pairs** of their "
        f"{rope.head_dimensions} dimensions is *turned* by an angle that grows with the position."
    )
    st.html(formula(f"pair i turns by  position × {rope.theta:,.0f}^(−2i/{rope.head_dimensions})  radians"))
    dials, waves = st.columns(2, gap="large")
    with dials:
        st.subheader("How far each pair has turned", anchor=False)
        position = inputs.slider("Position", 0, 256, 8, key="position")
        _draw(figures.dials(position * angle), "dials", "Each pair of dimensions as a clock hand")
        shell.provenance(
            "computed",
            "[RoFormer](https://arxiv.org/abs/2104.09864), §3.2.2, with this model's base and size. The paper pairs "
            f"neighbours, 2i with 2i + 1; this model's file pairs i with i + {len(angle)}: the same rotation, with the "
            "dimensions in another order.",
        )
    with waves:
        st.subheader("Positions in one turn", anchor=False)
        _draw(figures.waves(lengths, rope.positions), "lengths", "How many positions each pair needs for one turn")
        slow = int((lengths > rope.positions).sum())
        shell.provenance(
            "computed",
            f"θ = {rope.theta:,.0f}, from the config of {lens.title}. Grey: the {slow} pairs that never get round in "
            f"the {rope.positions:,} positions it was made for: they turn so little that position counts for little.",
        )
    st.subheader("A head's score, by distance", anchor=False)
    return _score(lens)


def _score(lens: Lens) -> str:
    rope = lens.rotary
    text_column, vectors_column = st.columns([3, 2])
    with text_column:
        text = inputs.text("Text", TEXT, height=68)
    with vectors_column:
        vectors = inputs.choice("Compare", (OWN, ONES), key="vectors", segmented=True)
    tokens, cut = heads.first_tokens(lens.encode(text, "template").tokens, limits.HEATMAP_TOKENS)
    shell.notices(cut)
    ids = [token.id for token in tokens]
    first_layer, first_head = heads.first_look(lens.model_id, lens.layers)
    columns = st.columns(4)
    with columns[0]:
        layer = inputs.choice("Layer (from 0)", range(lens.layers), key="layer", default=first_layer, slider=True)
    with columns[1]:
        head = inputs.choice("Head (from 0)", range(lens.heads), key="head", default=first_head, slider=True)
    queries_HTd, keys_HTd = lens.queries_keys(ids, layer)
    names = labels(tokens)
    texts = [token.text for token in tokens]
    with columns[2]:
        query = _position("Query (from)", names, "query", texts.index(QUERY) if QUERY in texts else len(tokens) - 1)
    with columns[3]:
        key = _position("Key (to)", names, "key", texts.index(KEY) if KEY in texts else 0)
    own = vectors == OWN
    flat = np.full(rope.head_dimensions, rope.head_dimensions**-0.25)  # scores 1 at distance 0
    q, k = (queries_HTd[head, query], keys_HTd[head, key]) if own else (flat, flat)
    distances = np.arange(min(0, query - key), FARTHEST + 1)
    curve = positions.scores_by_distance(q, k, distances, rope.theta)
    here = float(positions.scores_by_distance(q, k, np.array([query - key]), rope.theta)[0])
    place = f"{names[query]} at {query}, {names[key]} at {key}"
    mark = (query - key, here, f"in this text: {place}" if own else f"as far apart as {place}")
    _draw(
        figures.by_distance(
            distances,
            curve,
            "q·k/√d",
            mark=mark,
            name="were the key so far before",
            across="positions from key to query",
        ),
        "scores",
        "The head's score over the distance between query and key",
    )
    what = (
        f"layer {layer}, head {head} of {lens.title}: the query and key of these tokens, taken before they are turned"
    )
    flat_note = (
        "a query and key of all ones: what the rotation alone does, a slow decline with ripples (RoFormer, §3.4.3)"
    )
    shell.provenance("measured" if own else "computed", what if own else flat_note)
    _shifted(q, k, query, key, rope.theta)
    _file("scores-by-distance", distances, curve, "score")
    return positions_code.rotary(
        lens.model_id, lens.dtype, text, layer, head, query, key, limits.HEATMAP_TOKENS, own=own
    )


def _file(name: str, distances: np.ndarray, values: np.ndarray, what: str) -> None:
    rows = [{"distance": int(d), what: round(float(v), 6)} for d, v in zip(distances, values, strict=True)]
    downloads.offer(name, rows, key=name)


def _position(label: str, names: list[str], key: str, default: int) -> int:
    """One of the text's tokens, kept in the address by its place."""
    return inputs.choice(label, range(len(names)), key=key, default=default, format_func=lambda t: f"{t}: {names[t]}")


def _shifted(q: np.ndarray, k: np.ndarray, query: int, key: int, theta: float) -> None:
    """The same query and key, both further along: turned differently, scoring the same."""
    shift = inputs.slider("Move both along by", 0, 1_000, 100, key="shift")
    for column, by in zip(st.columns(2), (0, shift), strict=True):
        turned_q = positions.rotate(q, np.array(query + by), theta)
        turned_k = positions.rotate(k, np.array(key + by), theta)
        score = float(turned_q @ turned_k) / math.sqrt(len(k))
        column.metric(f"Query at {query + by}, key at {key + by}", f"{score:.6f}")
    st.caption("Both are turned by other angles, but by the same difference: the score depends on the distance alone.")


def learned() -> str:
    """The encoder's learned rows; returns the code that gives the same."""
    lens = resources.lens(ENCODER)
    rows = lens.position_rows()
    count, size = rows.shape
    most = float(np.quantile(np.abs(rows), 0.99))
    _draw(figures.table(rows, "dimension", most=most), "rows", "The learned row of each position")
    shell.provenance(
        "measured",
        f"{lens.title}: {count} rows of {size} numbers, learned like any weight and added to the token's row. There is "
        f"no row {count}: a longer text can't be read. Beyond ±{most:.2f}, one value in a hundred, the colour stays.",
    )
    cosines = embeddings.cosine_matrix(rows)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("By distance: no clean rule", anchor=False)
        distances = np.arange(NEAR)
        mean = np.array([np.diagonal(cosines, d).mean() for d in distances])
        dots = [(f"from position {p}", distances, cosines[p, p : p + NEAR]) for p in (0, 64, 256)]
        chart = figures.by_distance(distances, mean, "cosine", dots=dots, name="average of all such pairs")
        _draw(chart, "by_distance", "Cosine of two positions over their distance")
        lengths = np.linalg.norm(rows, axis=1)
        shell.provenance(
            "measured",
            "no formula made these: close neighbours are alike, then every position has ways of its own. Row 0 is "
            f"always [CLS]'s: {lengths[0]:.2f} long, the others {lengths[1:].mean():.2f} on average, and like none of "
            "them.",
        )
    with right:
        st.subheader("Every pair of positions", anchor=False)
        chart = figures.pairs(cosines[::STEP, ::STEP], "cosine", low=float(cosines.min()), high=1.0, step=STEP)
        _draw(chart, "cosines", "The cosine of every two positions")
        shell.provenance(
            "measured",
            f"every {STEP}th position. The blue diagonal: neighbours are alike, though nothing but training said so.",
        )
    _file("cosine-by-distance", distances, mean, "mean_cosine")
    return positions_code.learned(lens.model_id)
