"""A plotly figure written down as the data that is sent, without plotly's check of every property.

Plotly takes 10 ms to build and check what a calculator draws, ten times as long as the answer itself takes to compute.
Here the same calls only write; ``data`` and ``layout`` are plotly's own objects, checked, for whoever asks. Everything
must be written out as plotly stores it (``title={"text": …}``): the tests compare the two.
"""

from typing import Any

import plotly.graph_objects as go


class Figure:
    """The part of ``go.Figure`` that the calculators use.

    >>> figure = Figure()
    >>> figure.add_bar(x=[0, 1], y=[3, 4])
    >>> figure.update_layout(height=300, xaxis={"title": {"text": "GPUs"}})
    >>> figure.data[0].y, figure.layout.xaxis.title.text
    ((3, 4), 'GPUs')
    """

    def __init__(self) -> None:
        self._data: list[dict[str, Any]] = []
        self._layout: dict[str, Any] = {}

    def add_bar(self, **trace: Any) -> None:
        """One more bar trace."""
        self._data.append({**trace, "type": "bar"})

    def add_scatter(self, **trace: Any) -> None:
        """One more trace of points or lines."""
        self._data.append({**trace, "type": "scatter"})

    def add_annotation(self, **annotation: Any) -> None:
        """One more text."""
        self._layout.setdefault("annotations", []).append(annotation)

    def add_vline(self, x: float, **shape: Any) -> None:
        """A line from the plot's foot to its top."""
        line = {**shape, "type": "line", "x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        self._layout.setdefault("shapes", []).append(line)

    def add_hline(self, y: float, **shape: Any) -> None:
        """A line from the plot's left to its right."""
        line = {**shape, "type": "line", "y0": y, "y1": y, "yref": "y", "x0": 0, "x1": 1, "xref": "x domain"}
        self._layout.setdefault("shapes", []).append(line)

    def update_layout(self, **layout: Any) -> None:
        """More of the layout; what was said of the same property before is replaced."""
        self._layout.update(layout)

    def to_dict(self) -> dict[str, Any]:
        """What is sent."""
        return {"data": self._data, "layout": self._layout}

    @property
    def data(self) -> tuple[Any, ...]:
        """The traces as plotly's objects. Raises ValueError for what plotly does not know."""
        return tuple(go.Figure(self.to_dict()).data)

    @property
    def layout(self) -> go.Layout:
        """The layout as plotly's object. Raises ValueError for what plotly does not know."""
        return go.Figure(self.to_dict()).layout
