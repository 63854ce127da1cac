"""Scaling figures draw the numbers they are given, and name no colour of the page's text."""

import numpy as np
import pytest

from playground.core import chinchilla, power_laws, trained
from playground.core.scaling import Budget, budget_of_model
from playground.figures import scaling_history, scaling_loss, scaling_models, scaling_tables


def test_the_surface_holds_the_losses_and_the_best_point() -> None:
    law, budget = chinchilla.EPOCH, budget_of_model("70B", "1.4T")
    figure = scaling_loss.loss_surface(law, budget, trained.trained_models())
    contour = figure.data[0]
    row, column = 40, 50
    assert contour.z[row][column] == pytest.approx(law.loss(contour.x[column], contour.y[row]))
    stars = [trace for trace in figure.data[1:] if trace.marker.symbol == "star"]
    assert (stars[0].x[0], stars[0].y[0]) == pytest.approx(law.optimum(budget.flop))
    line = next(trace for trace in figure.data[1:] if trace.line.dash == "dash")
    assert np.allclose(np.array(line.x) * np.array(line.y) * 6, budget.flop)
    assert any(trace.name == "yours" for trace in figure.data)


def test_each_iso_flop_curve_is_lowest_at_the_best_size() -> None:
    law = chinchilla.UNROUNDED
    figure = scaling_loss.iso_flop_curves(law, Budget(1e22))
    for trace in figure.data[:-1]:
        assert min(trace.y) == pytest.approx(trace.y[len(trace.y) // 2], abs=1e-9)
    assert list(figure.data[-1].x) == pytest.approx([law.optimum(1e22 * 10.0**step)[0] for step in (-2, -1, 0, 1, 2)])


def test_every_model_is_a_dot_with_its_verdict() -> None:
    models = trained.trained_models()
    figure = scaling_models.real_models(models, chinchilla.LOSSES, Budget(1e23))
    dots = next(trace for trace in figure.data if trace.name == "real models")
    assert list(dots.y) == [model.tokens_per_parameter for model in models]
    assert sum("under-trained" in text for text in dots.hovertemplate) >= 8


def test_power_laws_are_straight_on_log_axes() -> None:
    figure = scaling_history.power_laws(power_laws.LAWS)
    for trace in figure.data:
        slopes = np.diff(np.log(trace.y)) / np.diff(np.log(trace.x))
        assert np.allclose(slopes, slopes[0])
    assert {axis.type for axis in figure.select_yaxes()} == {axis.type for axis in figure.select_xaxes()} == {"log"}


def test_the_mix_and_the_tables() -> None:
    assert [bar.x[0] for bar in scaling_history.data_mix(trained.bloomberg_data()).data] == [
        298,
        38,
        14,
        9,
        5,
        184,
        138,
        24,
    ]
    assert scaling_tables.published(trained.chinchilla_tables()).count("*</b>") == 1
    table = scaling_tables.splits(chinchilla.allocations(5.76e23))
    assert "40.36B" in table and "32.19B" in table and "69.28B" in table
