"""The comparison of tests/bench/sampling.py: the same numbers by a Streamlit slider and a plotly chart."""

import plotly.graph_objects as go
import streamlit as st

from playground.core import sampling
from tests.e2e.sampling_app import logits


def main() -> None:
    """One slider, one chart of the twenty most probable tokens, before and after."""
    values = logits()
    temperature = st.slider("Temperature", 0.0, 5.0, 1.0, 0.01)
    distribution = sampling.adjust(values, sampling.SamplingSettings(temperature))
    top = sampling.most_probable_first(values)[:20]
    bars = [
        go.Bar(name=name, y=[str(i) for i in top], x=shares[top], orientation="h")
        for name, shares in (("before", distribution.probability), ("after", distribution.adjusted))
    ]
    st.plotly_chart(go.Figure(bars), key="chart")


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    main()
