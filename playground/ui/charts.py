"""Plotly charts, each made once for the same inputs: readers of a room look at the same few settings."""

import pickle
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st

from playground import limits
from playground.figures import plain


def draw(make: Callable[..., go.Figure | plain.Figure], *arguments: Any, key: str, alt: str) -> None:
    """``make(*arguments)`` as a chart. ``make`` is a pure function of a module, the arguments are plain data."""
    st.plotly_chart(
        _made(make, pickle.dumps(arguments)), width="stretch", config={"displayModeBar": False}, key=key, alt=alt
    )


@lru_cache(maxsize=limits.FIGURES_KEPT)
def _made(make: Callable[..., go.Figure | plain.Figure], arguments: bytes) -> "_Finished":
    """Kept by the arguments' bytes: lists and dicts have no hash, and what is kept is out of anybody's reach."""
    return _Finished(make(*pickle.loads(arguments)))


@cache
def _template(name: str) -> dict[str, Any]:
    """What go.Figure gives each figure: Streamlit's browser side finds its theme there."""
    return dict(pio.templates[name].to_plotly_json())


class _Finished(go.Figure):
    """A figure as the plain data that is sent; Streamlit takes it as it is, and its template as plotly's default."""

    def __init__(self, figure: go.Figure | plain.Figure) -> None:
        sent = figure.to_dict()
        layout = {"template": _template(pio.templates.default), **sent["layout"]}
        self.__dict__["_sent"] = {**sent, "layout": layout}  # past plotly's own bookkeeping, of which nothing is needed

    def to_dict(self) -> dict[str, Any]:
        return {**self._sent, "data": [{**trace} for trace in self._sent["data"]]}
