"""The heatmap and the overview hold the maps' own numbers, and labels that plotly does not eat."""

import html
import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core.tokens import Token
from playground.figures import attention as figures
from playground.figures import attention_heads, palette
from tests.core.test_attention import softmax_maps

EATEN = ["<s>", "<b>x", "a", "a", "<|im_start|>", "&amp;"]


def test_the_heatmap_holds_the_weights_and_leaves_the_mask_empty() -> None:
    weights = softmax_maps(1, 1, 1, 6, causal=True)[0, 0]
    z = figures.heatmap(weights, list("abcdef"), causal=True).data[0].z
    seen = np.tri(6, dtype=bool)
    assert np.isnan(z[~seen]).all()
    np.testing.assert_allclose(z[seen], weights[seen], atol=5e-5)
    both_ways = figures.heatmap(softmax_maps(1, 1, 1, 6, causal=False)[0, 0], list("abcdef")).data[0].z
    assert not np.isnan(both_ways).any()


def test_labels_survive_plotly() -> None:
    figure = figures.heatmap(np.full((6, 6), 1 / 6), EATEN)
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert list(axis.tickvals) == list(range(6))  # numbers: equal texts stay two columns
        assert [html.unescape(label) for label in axis.ticktext] == EATEN
        assert not any("<" in label for label in axis.ticktext)
    pointed = figure.data[0].text
    assert pointed[0][1] == "&lt;s&gt; → &lt;b&gt;x" and not any("<" in cell for row in pointed for cell in row)


@pytest.mark.parametrize(
    ("tokens", "printed"), [(1, True), (figures.VALUES_UP_TO, True), (figures.VALUES_UP_TO + 1, False)]
)
def test_weights_are_printed_where_there_is_room(tokens: int, printed: bool) -> None:
    weights = softmax_maps(2, 1, 1, tokens, causal=True)[0, 0]
    traces = figures.heatmap(weights, ["x"] * tokens, causal=True).data[1:]
    cells = {(y, x): text for trace in traces for x, y, text in zip(trace.x, trace.y, trace.text, strict=True)}
    expected = {(t, s): f"{weights[t, s]:.2f}".replace("0.", ".", 1) for t in range(tokens) for s in range(t + 1)}
    assert cells == (expected if printed else {})


def test_a_long_text_names_some_tokens_and_keeps_every_weight() -> None:
    figure = figures.heatmap(softmax_maps(3, 1, 1, 128, causal=False)[0, 0], [f"t{i}" for i in range(128)])
    axis = figure.layout.xaxis
    assert len(axis.tickvals) <= figures.TICKS
    assert [f"t{i}" for i in axis.tickvals] == list(axis.ticktext)
    assert figure.data[0].z.shape == (128, 128)
    assert len(figure.to_json()) < 1_000_000


def test_cross_attention_has_its_own_rows() -> None:
    figure = figures.heatmap(np.full((2, 3), 1 / 3), list("xyz"), list("ab"))
    assert (list(figure.layout.xaxis.ticktext), list(figure.layout.yaxis.ticktext)) == (list("xyz"), list("ab"))


def pooled_by_hand(weights: np.ndarray, cells: int) -> np.ndarray:
    edges = [int(k * len(weights) / cells) for k in range(cells)] + [len(weights)]
    return np.array(
        [[weights[edges[i] : edges[i + 1], edges[j] : edges[j + 1]].max() for j in range(cells)] for i in range(cells)]
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 100))
def test_a_thumbnail_keeps_the_largest_weight_of_each_block(tokens: int) -> None:
    maps = softmax_maps(4, 2, 3, tokens, causal=True)
    cells = min(tokens, figures.THUMBNAIL_CELLS)
    image = np.asarray(figures.overview(maps, [["x"] * 3] * 2, (0, 0)).data[0].z)
    assert image.shape == (2 * (cells + 1), 3 * (cells + 1))
    tile = image[cells + 1 : 2 * cells + 1, 2 * (cells + 1) : 3 * (cells + 1) - 1]  # layer 1, head 2
    expected = pooled_by_hand(maps[1, 2], cells)
    np.testing.assert_allclose((tile.astype(float) - 1) / 254, expected, atol=0.5 / 254 + 1e-6)
    assert (image[cells] == 0).all()  # the gap


def test_every_head_can_be_pointed_at() -> None:
    captions = [[f"layer {i} head {j} <b>" for j in range(3)] for i in range(2)]
    figure = figures.overview(softmax_maps(5, 2, 3, 4, causal=False), captions, (1, 2))
    points = figure.data[-1]
    assert [(int(y), int(x)) for y, x in zip(points.y, points.x, strict=True)] == [
        tuple(pair) for pair in points.customdata
    ]
    assert [html.unescape(t) for t in points.text] == [c for row in captions for c in row]
    assert not any("<" in text for text in points.text)
    (frame,) = figure.layout.shapes
    assert frame.x0 == 1.5 and frame.y0 == 0.5 and frame.x1 < 2.5 and frame.y1 < 1.5


def test_the_whole_default_model_fits_in_one_small_figure() -> None:
    figure = figures.overview(softmax_maps(6, 30, 9, 128, causal=True), [["x"] * 9] * 30, (0, 0))
    assert len(figure.to_json()) < 500_000


def test_labels_show_what_is_invisible() -> None:
    tokens = [Token(1, " cat", b" cat", 0, 4, 0, 4), Token(2, "\ufffd", b"\xf0\x9f", 4, 5, 4, 6)]
    assert figures.labels(tokens) == ["·cat", "⟨F0 9F⟩"]


@given(st.text(max_size=60))
def test_a_short_label_is_a_prefix_that_fits(label: str) -> None:
    def columns(text: str) -> int:
        return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

    cut = figures.short(label)
    if columns(label) <= figures.LABEL_WIDTH:
        assert cut == label
    else:
        assert cut.endswith("…") and label.startswith(cut[:-1])
        assert figures.LABEL_WIDTH - 1 <= columns(cut) <= figures.LABEL_WIDTH


def test_the_ink_is_streamlits_own_placeholder() -> None:
    from streamlit.elements.lib import streamlit_plotly_theme

    assert palette.INK == streamlit_plotly_theme.GRAY_90
    spec = json.loads(figures.heatmap(np.array([[1.0]]), ["a"]).to_json())
    assert "font" not in spec["layout"]  # the theme's


def test_a_map_of_later_tokens_keeps_their_positions() -> None:
    figure = figures.heatmap(softmax_maps(1, 1, 1, 4, causal=True)[0, 0], list("bcde"), causal=True, first=1)
    assert list(figure.layout.xaxis.tickvals) == [1, 2, 3, 4] == list(figure.layout.yaxis.tickvals)
    assert (figure.data[0].x0, figure.data[0].y0) == (1, 1)
    printed = {(y, x) for trace in figure.data[1:] for x, y in zip(trace.x, trace.y, strict=True)}
    assert printed == {(t, s) for t in range(1, 5) for s in range(1, t + 1)}


def test_the_file_has_every_cell_with_both_tokens() -> None:
    tokens = [Token(7, text, text.encode(), i, i + 1, i, i + 1) for i, text in enumerate("abc")]
    rows = figures.cells(np.array([[0.25, 0.75], [np.nan, np.nan]]), tokens[1:], (1, 2))
    assert rows[1] == {"from_position": 1, "from": "b", "to_position": 2, "to": "c", "weight": 0.75}
    assert [row["weight"] for row in rows] == [0.25, 0.75, None, None]


def test_the_map_of_scores_frames_the_chosen_head() -> None:
    values = np.array([[0.1, 0.2, np.nan], [0.4, 0.5, 0.6]])
    figure = attention_heads.scores_map(values, [["<b>"] * 3] * 2, (1, 2), 1.0)
    np.testing.assert_allclose(figure.data[0].z, values.T)
    frame = figure.layout.shapes[0]
    assert ((frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2) == (1, 2)
    points = figure.data[-1]
    assert [list(place) for place in points.customdata] == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert set(points.text) == {"&lt;b&gt;"}
