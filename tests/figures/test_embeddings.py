"""Figures of embeddings and positions: what they draw is what they were given, and no text is markup."""

import itertools

import numpy as np
import pytest

from playground.core import positions
from playground.figures import embeddings as figures
from playground.figures import positions as position_figures

HOSTILE = ["<s>", "</script><img src=x>", "·a", "b"]


def test_neighbours_escape_their_names_and_mark_the_average() -> None:
    figure = figures.neighbours(HOSTILE, [0.9, 0.8, 0.7, -0.2], [False, True, False, False], 0.1)
    assert figure.layout.yaxis.ticktext[0] == "&lt;s&gt;"
    assert not any("<" in text for text in (*figure.layout.yaxis.ticktext, *figure.data[0].customdata))
    assert list(figure.data[0].x) == [0.9, 0.8, 0.7, -0.2] and figure.layout.xaxis.range[0] <= -0.2
    assert figure.layout.shapes[0].x0 == 0.1
    colours = figure.data[0].marker.color
    assert colours[1] != colours[0] == colours[2]


def test_a_similarity_matrix_prints_what_it_shows() -> None:
    cosines = np.array([[1.0, -0.1], [-0.1, 1.0]])
    figure = figures.similarity(HOSTILE[:2], cosines)
    printed = {(x, y): t for trace in figure.data[1:] for x, y, t in zip(trace.x, trace.y, trace.text, strict=True)}
    assert printed == {(0, 0): "1.00", (1, 1): "1.00", (0, 1): "-.10", (1, 0): "-.10"}
    assert "<img" not in figure.to_json()
    assert len(figures.similarity(list("abcdefghijklm"), np.eye(13)).data) == 1  # too many for numbers


@pytest.mark.parametrize("components", [2, 3])
def test_a_projection_names_its_axes_by_what_they_explain(components: int) -> None:
    points = np.random.default_rng(0).standard_normal((4, components))
    figure = figures.projection(HOSTILE, points, [0.5, 0.25, 0.125][:components])
    layout = figure.layout if components == 2 else figure.layout.scene
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("component 1: 50 %", "component 2: 25 %")
    assert not any("<" in text for text in figure.data[0].text)


def test_labels_are_put_where_they_do_not_meet() -> None:
    close = np.array([[0, 0], [0.02, 0.02], [0.04, 0], [1, 1]])
    lengths = [8, 8, 8, 8]
    chosen = figures.places(close, lengths)
    assert len(set(chosen[:3])) == 3
    assert figures.places(close, lengths) == chosen
    spread = np.array(list(itertools.product([0, 1], repeat=2)), float)
    assert set(figures.places(spread, [2] * 4)) == {"top center"}


def test_layer_curves_stand_on_the_baseline() -> None:
    steps = ["row of the table", "row + position", "layer 1", "layer 2"]
    curve, low, high = np.array([1.0, 0.9, 0.5, -0.3]), np.zeros(4), np.full(4, 0.2)
    figure = figures.layers(steps, [("A and B", curve)], np.full(4, 0.1), low, high)
    np.testing.assert_allclose(figure.data[-1].y, curve)
    assert figure.data[-1].name == "A and B" and figure.layout.yaxis.range[0] < -0.3
    assert list(figure.layout.xaxis.ticktext) == ["row", "+ pos.", "1", "2"]


def test_a_table_of_waves_is_drawn_as_it_is() -> None:
    waves = positions.sinusoids(8, 16)
    figure = position_figures.table(waves, "dimension", most=1.0)
    np.testing.assert_allclose(figure.data[0].z, waves, atol=1e-6)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-1, 1)
    signed = position_figures.pairs(np.array([[1.0, -0.5], [-0.5, 1.0]]), "cosine", low=-0.5, high=1.0, step=4)
    assert (signed.data[0].zmin, signed.data[0].dx) == (-1, 4)


def test_dials_show_the_angles() -> None:
    figure = position_figures.dials(np.array([0.0, np.pi / 2]))
    hands = figure.data[0]
    assert hands.x[1] - hands.x[0] == pytest.approx(0.42) and hands.y[1] == pytest.approx(hands.y[0])  # to the right
    assert hands.x[4] == pytest.approx(hands.x[3]) and hands.y[4] < hands.y[3]  # a quarter turn: up
    assert "90.0°" in figure.data[1].text[1]


def test_wavelengths_beyond_the_context_are_grey() -> None:
    figure = position_figures.waves(np.array([6.0, 60.0, 6_000.0]), 1_000)
    colours = figure.data[0].marker.color
    assert colours[0] == colours[1] != colours[2]


def test_a_mark_s_name_is_text() -> None:
    figure = position_figures.by_distance(np.arange(3), np.zeros(3), "q·k", mark=(1.0, 0.0, "<b>x</b>"))
    assert figure.data[-1].name == "&lt;b&gt;x&lt;/b&gt;"
