"""Plotly charts, each made once for the same inputs: plotly checks every property it is given, and that takes ten
times as long as sending the finished figure. Readers of a room look at the same few settings.
"""

import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from playground import limits


def draw(make: Callable[..., go.Figure], *arguments: Any, key: str, alt: str) -> None:
    """``make(*arguments)`` as a chart. ``make`` is a pure function of a module, the arguments are plain data."""
    st.plotly_chart(
        _made(make, pickle.dumps(arguments)), width="stretch", config={"displayModeBar": False}, key=key, alt=alt
    )


@lru_cache(maxsize=limits.FIGURES_KEPT)
def _made(make: Callable[..., go.Figure], arguments: bytes) -> "_Finished":
    """Kept by the arguments' bytes: lists and dicts have no hash, and what is kept is out of anybody's reach."""
    return _Finished(make(*pickle.loads(arguments)))


class _Finished(go.Figure):
    """A checked figure as the plain data that is sent; Streamlit takes it as it is."""

    def __init__(self, figure: go.Figure) -> None:
        self.__dict__["_sent"] = figure.to_dict()  # past plotly's own bookkeeping, of which nothing is needed

    def to_dict(self) -> dict[str, Any]:
        return {**self._sent, "data": [{**trace} for trace in self._sent["data"]]}
