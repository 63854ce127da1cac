"""Inputs whose state is in the URL.

Keys are concepts, not widgets: ``text``, ``model``, ``layer``, ``stage``. The same key on two pages is the same
concept, so a prompt typed on one page is there on the next, and a link carries it. Sliders and numbers use
Streamlit's own binding; texts and choices are kept here, because a long text must stay out of the address and a
choice should appear in it as its id, not as its label.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from playground import limits
from playground.core import text as core_text
from playground.ui import shell

T = TypeVar("T")
URL_CHARACTERS = 2_000  # a longer text stays on the page but out of the address: servers refuse longer requests


def _adopt(key: str, default: Any, read: Callable[[str], Any]) -> None:
    """Set the widget's state before it is drawn: from a new link, else what the person chose, else the default.

    ``read`` turns the address's text into a value, or None when it is not one of ours.
    """
    state = st.session_state
    linked = st.query_params.get(key)
    if linked is not None and linked != state.get(f"{key}.link"):  # a link was opened, or the browser went back
        value = read(linked)
        state[key], state[f"{key}.own"] = (default, False) if value is None else (value, True)
    elif not state.get(f"{key}.own"):
        state[key] = default
    else:  # chosen earlier, perhaps on another page whose widget is gone
        kept = read(str(state[f"{key}.value"]))
        state[key] = default if kept is None else kept
        _to_url(key, default)
    state[f"{key}.link"] = st.query_params.get(key)
    state[f"{key}.value"] = state[key]


def _to_url(key: str, default: Any) -> None:
    value = st.session_state[key]
    shown = str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if value == default or len(shown) > URL_CHARACTERS:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != shown:
        st.query_params[key] = shown


def _chosen(key: str, default: Any) -> None:
    """Widget callback: the person changed it, so remember that and write the address."""
    state = st.session_state
    state[f"{key}.own"], state[f"{key}.value"] = True, state[key]
    _to_url(key, default)
    state[f"{key}.link"] = st.query_params.get(key)


def text(
    label: str,
    default: str,
    *,
    key: str = "text",
    max_characters: int = limits.PROMPT_CHARACTERS,
    height: int | str = 100,
    help: str | None = None,
) -> str:
    """A text area kept in ``?key=``; returns the cleaned text and shows what cleaning changed.

    A text the person typed (or opened by a link) is carried to the next page with the same key; until then each
    page starts with its own ``default``.
    """
    _adopt(key, default, str)
    raw = st.text_area(label, key=key, height=height, help=help, on_change=_chosen, args=(key, default))
    cleaned = core_text.clean(raw, max_characters)
    too_long = ("This text is too long for a link: the address leaves it out.",) if len(raw) > URL_CHARACTERS else ()
    shell.notices((*cleaned.notices, *too_long))
    return cleaned.text


def line(label: str, default: str, *, key: str, help: str | None = None, max_characters: int = 80) -> str:
    """A one-line text kept in ``?key=`` (a number such as ``7.5B``, a search); cleaned and cut like ``text``."""
    _adopt(key, default, str)
    raw = st.text_input(label, key=key, help=help, on_change=_chosen, args=(key, default))
    cleaned = core_text.clean(raw, max_characters)
    shell.notices(cleaned.notices)
    return cleaned.text


def choice(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    default: T | None = None,
    format_func: Callable[[Any], str] = str,
    help: str | None = None,
    segmented: bool = False,
) -> T:
    """One of ``options``, kept in ``?key=`` as ``str(option)``; an unknown value falls back with a notice."""
    fallback = options[0] if default is None else default
    by_name = {str(option): option for option in options}
    linked = st.query_params.get(key)
    if linked is not None and linked not in by_name and linked != st.session_state.get(f"{key}.link"):
        shell.notices([f"“{linked[:60]}” is not a choice for {label}: showing {format_func(fallback)}."])
    _adopt(key, fallback, by_name.get)
    shared: dict[str, Any] = {
        "key": key,
        "format_func": format_func,
        "help": help,
        "on_change": _chosen,
        "args": (key, fallback),
    }
    if segmented:
        picked: T = st.segmented_control(label, options, required=True, **shared)
    else:
        picked = st.selectbox(label, options, **shared)
    return picked


def slider(label: str, low: Any, high: Any, default: Any, *, key: str, **more: Any) -> Any:
    """A slider bound to ``?key=``; Streamlit ignores a value outside the range, core checks again."""
    return st.slider(label, low, high, default, key=key, bind="query-params", **more)
