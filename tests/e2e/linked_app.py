"""A small app for test_deep_links.py: two pages that share inputs, links that set them, and one page without any."""

import time

import streamlit as st

from playground.ui import inputs, shell

LONG = "A long text. " * 600


def _page(name: str, default: str, models: list[str]) -> None:
    st.caption(f"This is {name}.")
    text = inputs.text("Text", default)
    model = inputs.choice("Model", models, key="model")
    stage = inputs.choice("Stage", [0, 1, 2, 3], key="stage", default=2, segmented=True)
    value = inputs.line("Value", "pi", key="value")
    level = inputs.slider("Level", 0, 10, 3, key="level")
    st.code(repr({"text": text, "model": model, "stage": stage, "value": value, "level": level}), language=None)
    st.button("Rerun")


def first() -> None:
    """Page one, where the links are."""
    _page("first", "first example", ["small", "large"])
    st.page_link(
        FIRST,
        label="Experiment",
        query_params={"text": "an experiment", "stage": "3", "level": "7", shell.BY_LINK: "1"},
    )
    st.page_link(SECOND, label="Elsewhere", query_params={"text": "elsewhere", "model": "huge"})


def second() -> None:
    """Page two knows one model more and another example."""
    _page("second", "second example", ["small", "large", "huge"])


def slow() -> None:
    """Takes a moment to answer, so that a click can cross the address on its way."""
    text = inputs.text("Text", "slow example")
    st.button("Rerun")
    time.sleep(0.3)
    st.code(repr({"text": text}), language=None)


def bare() -> None:
    """No inputs."""
    st.title("Bare")
    st.page_link(SECOND, label="A card", query_params={"text": "from a card"})


FIRST, SECOND, BARE = st.Page(first, default=True), st.Page(second), st.Page(bare)
page = st.navigation([FIRST, SECOND, BARE, st.Page(slow)])
with shell.visiting(page.url_path):
    page.run()
