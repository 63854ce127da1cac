"""A chart is the figure it was made of, made once for the same inputs."""

import json
from collections.abc import Sequence

import plotly.graph_objects as go
import plotly.io
import pytest

from playground.core.zero import plans
from playground.figures import zero
from playground.ui import charts

MADE: list[tuple[Sequence[float], str]] = []


def bars(sizes: Sequence[float], name: str) -> go.Figure:
    """A figure that leaves a trace of being made."""
    MADE.append((tuple(sizes), name))
    return go.Figure(go.Bar(y=list(sizes), name=name)).update_layout(height=123)


def test_the_same_inputs_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    MADE.clear()
    shown = []
    monkeypatch.setattr(charts.st, "plotly_chart", lambda figure, **_: shown.append(figure))
    for sizes in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0]):
        charts.draw(bars, sizes, "a", key="one", alt="Bars")
    assert MADE == [((1.0, 2.0), "a"), ((1.0, 3.0), "a")]
    first, again, other = (plotly.io.to_json(figure, validate=False) for figure in shown)
    assert first == again != other
    assert first == plotly.io.to_json(bars([1.0, 2.0], "a"), validate=False)


def test_what_is_kept_is_the_figure() -> None:
    made = zero.stages(plans(7_500_000_000, 64), 1)
    kept, drawn = charts._Finished(made), go.Figure(made.to_dict())
    before = kept.to_dict()
    for figure in (kept, charts._Finished(made)):
        sent, plotlys = (json.loads(plotly.io.to_json(each, validate=False)) for each in (figure, drawn))
        assert sent == plotlys
    kept.to_dict()["data"][0]["uid"] = kept.to_dict()["layout"] = None
    assert kept.to_dict() == before
    assert "template" not in made.to_dict()["layout"]
