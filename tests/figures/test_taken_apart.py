"""The figures of One attention weight, Does it matter? and Layer by layer: numbers, escapes, clicks, edges."""

import numpy as np
import pytest

from playground.core.ablation import Candidate
from playground.core.logit_lens import Reading
from playground.core.one_weight import Captured, row
from playground.figures import ablation, logit_lens, one_weight

HOSTILE = ["<s>", "<b>x", "<br>", "&amp;"]


def captured(tokens: int = 4, size: int = 5) -> Captured:
    rng = np.random.default_rng(tokens)
    q, k, v = rng.normal(size=(3, 1, tokens, size)).astype(np.float32)
    return Captured(q, k, v, np.full((1, tokens, tokens), 1 / tokens), q, size**-0.5, causal=True)


def test_a_cell_for_each_look_a_decoder_may_take() -> None:
    points = one_weight.pick_map(np.eye(4), HOSTILE, (2, 1), causal=True).data[-1]
    assert list(points.customdata) == [[t, s] for t in range(4) for s in range(t + 1)]
    assert points.text[0].startswith("&lt;s&gt; → &lt;s&gt;") and "<s>" not in "".join(points.text)
    assert len(one_weight.pick_map(np.eye(4), HOSTILE, (2, 1), causal=False).data[-1].customdata) == 16


@pytest.mark.parametrize(("tokens", "size"), [(1, 1), (4, 5)])
def test_terms_and_values_add_up(tokens: int, size: int) -> None:
    found = row(captured(tokens, size), 0, tokens - 1)
    q, k, products, running, _ = one_weight.terms(found, 0).data
    np.testing.assert_allclose(products.y, np.array(q.z[0]) * np.array(k.z[0]), atol=1e-3)
    np.testing.assert_allclose(running.y[-1], found.dots[0])
    z = np.array(one_weight.weighted_values(found, HOSTILE[:tokens]).data[0].z)
    np.testing.assert_allclose(z[:-1].sum(0), z[-1], atol=1e-4)


def test_before_and_after() -> None:
    listed = [Candidate(1, 0.5, 0.25), Candidate(2, 0.0, 0.125)]
    figure = ablation.before_after(listed, HOSTILE[:2])
    assert [tuple(bar.x) for bar in figure.data] == [(0.5, 0.0), (0.25, 0.125)]
    assert figure.layout.yaxis.ticktext == ("&lt;s&gt;", "&lt;b&gt;x")


def test_the_map_of_heads_carries_layer_and_head() -> None:
    kl = np.array([[0.0, 1e-5, 0.01], [2.0, 0.1, 1.0]])
    figure = ablation.head_map(kl, [HOSTILE[:3], HOSTILE[:3]], (1, 0))
    np.testing.assert_allclose(figure.data[0].z, [[-3, -3, -2], [0.301, -1, 0]], atol=1e-3)
    assert list(figure.data[-1].customdata[3:]) == [[1, 0], [1, 1], [1, 2]]
    assert "<br>" not in figure.data[-1].text


def test_a_point_with_no_effect_is_on_the_floor_but_says_zero() -> None:
    figure = ablation.against_attention([0.9, 0.1], [0.0, 0.5], HOSTILE[:2], named=[1], x_title="x", y_title="y")
    assert figure.data[0].y == (ablation.FLOOR_BITS, 0.5)
    assert figure.data[0].customdata[0][1] == 0 and figure.data[0].text == ("", "&lt;b&gt;x")


@pytest.mark.parametrize("positions", [1, 4, 20])
def test_the_grid_prints_words_where_they_fit(positions: int) -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, (3, positions, 2))
    p = rng.random((3, positions, 2))
    reading = Reading(ids, p, rng.random((3, positions)), np.zeros((3, positions), int), p[..., 0])
    labels = [HOSTILE[i % 4] for i in range(positions)]
    figure = logit_lens.grid(reading, labels, HOSTILE.__getitem__, positions - 1)
    words = [text for trace in figure.data if getattr(trace, "mode", "") == "text" for text in trace.text]
    assert len(words) == (3 * positions if positions <= logit_lens.WORDS_UP_TO else 0)
    assert not {"<s>", "<b>x", "<br>"} & set(words)
    assert list(figure.data[-1].customdata) == [place for _ in range(3) for place in range(positions)]
    rise = logit_lens.rise(reading, 0)
    np.testing.assert_array_equal(rise.data[0].y, [1, 1, 1])
