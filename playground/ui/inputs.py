"""Inputs whose state is in the URL.

Keys are concepts, not widgets: ``text``, ``model``, ``layer``, ``stage``. The same key on two pages is the same
concept, so a prompt typed on one page is there on the next, and a link carries it. Not by Streamlit's own binding:
a long text must stay out of the address, a choice should appear in it as its id, not as its label, and a link to the
page one is on must bring back the defaults it leaves out.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import streamlit as st

from playground import limits
from playground.core import text as core_text
from playground.ui import links, shell

T = TypeVar("T")


def _adopt(key: str, default: Any, read: Callable[[str], Any]) -> str | None:
    """Set the widget's state before it is drawn: from the address just opened, else what the person chose, else the
    default. Returns the address's text where it was refused.

    ``read`` turns the address's text into a value, or None when it is not one of ours. The address is read once a
    visit: later in a visit the widget leads, and a click may still carry the address of a moment ago.
    """
    refused = None
    state, visit = st.session_state, shell.visit()
    linked = st.query_params.get(key)
    value = read(_as_text(state[f"{key}.value"])) if state.get(f"{key}.own") else None  # perhaps from another page
    if state.get(f"{key}.visit") != visit.number:
        state[f"{key}.visit"] = visit.number
        if linked is not None or (visit.by_address and _fits_address(value)):  # no address can tell of a longer text
            value = None if linked is None else read(linked)
            refused = linked if value is None else None
            state[f"{key}.own"] = value is not None and value != default
    shown = default if value is None else value
    hidden = key not in visit.drawn or key not in state  # an error above it may have kept it off the screen
    if hidden or state[key] != shown:  # setting it anyway would undo what is being typed now
        state[key] = shown
    visit.drawing.add(key)
    if value is not None:
        state[f"{key}.value"] = value
    _to_url(key, default)
    return refused


def _to_url(key: str, default: Any) -> None:
    """Make the address say what the widget says: nothing for the default, nor for a text too long for a link."""
    value = st.session_state[key]
    wanted = None if value == default or not _fits_address(value) else _in_address(value)
    if wanted is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != wanted:
        st.query_params[key] = wanted


def _kept(key: str, default: Any) -> dict[str, Any]:
    """What a widget of ours needs to be kept by its key."""
    return {"key": key, "on_change": _chosen, "args": (key, default)}


def _chosen(key: str, default: Any) -> None:
    """Widget callback: the person changed it, so remember that and write the address."""
    state = st.session_state
    state[f"{key}.own"], state[f"{key}.value"] = state[key] != default, state[key]
    _to_url(key, default)


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _in_address(value: Any) -> str:
    return links.in_address(_as_text(value))


def _fits_address(value: Any) -> bool:
    return links.fits_address(_as_text(value))


def text(
    label: str,
    default: str,
    *,
    key: str = "text",
    max_characters: int = limits.PROMPT_CHARACTERS,
    height: int | Literal["content", "stretch"] = 100,
    help: str | None = None,
    end: bool = False,
) -> str:
    """A text area kept in ``?key=``; returns the cleaned text and shows what cleaning changed.

    Of a text that is too long the beginning is kept, or its ``end`` where the page asks what comes next.

    A text the person typed (or opened by a link) is carried to the next page with the same key; until then each
    page starts with its own ``default``.
    """
    _adopt(key, default, str)
    raw = st.text_area(label, height=height, help=help, **_kept(key, default))
    cleaned = core_text.clean(raw, min(max_characters, limits.current().text_characters), end=end)
    too_long = ("This text is too long for a link: the address leaves it out.",) if not _fits_address(raw) else ()
    shell.notices((*cleaned.notices, *too_long))
    return cleaned.text


def line(label: str, default: str, *, key: str, help: str | None = None, max_characters: int = 80) -> str:
    """A one-line text kept in ``?key=`` (a number such as ``7.5B``, a search); cleaned and cut like ``text``."""
    _adopt(key, default, str)
    raw = st.text_input(label, help=help, **_kept(key, default))
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
    slider: bool = False,
) -> T:
    """One of ``options``, kept in ``?key=`` as ``str(option)``; an unknown value falls back with a notice.

    A select box, unless asked to be a row of buttons or a slider over options that have an order.
    """
    fallback = options[0] if default is None else default
    by_name = {str(option): option for option in options}
    refused = _adopt(key, fallback, by_name.get)
    if refused is not None:
        shell.notices([f"“{refused[:60]}” is not a choice for {label}: showing {format_func(fallback)}."])
    shared: dict[str, Any] = {"format_func": format_func, "help": help, **_kept(key, fallback)}
    if segmented:
        picked: T = st.segmented_control(label, options, required=True, wrap=True, **shared)
    elif slider:
        picked = st.select_slider(label, options, **shared)
    else:
        picked = st.selectbox(label, options, **shared)
    return picked


def choices(
    label: str,
    options: Sequence[T],
    *,
    key: str,
    default: Sequence[T] | None = None,
    format_func: Callable[[Any], str] = str,
    help: str | None = None,
) -> list[T]:
    """Some of ``options`` in their own order, kept in ``?key=a,b``; never none: taking the last away brings back
    the default. Unknown names in a link are left out with a notice.
    """
    fallback = list(options if default is None else default)
    by_name = {str(option): option for option in options}

    def read(text: str) -> list[T] | None:
        names = text.split(",")
        return [option for name, option in by_name.items() if name in names] or None

    unknown = [name for name in st.query_params.get(key, "").split(",") if name and name not in by_name]
    if unknown and st.session_state.get(f"{key}.visit") != shell.visit().number:
        shell.notices([f"Not a choice for {label}, left out: {', '.join(unknown)[:60]}."])
    _adopt(key, fallback, read)
    picked: list[T] = st.pills(
        label, options, selection_mode="multi", wrap=True, format_func=format_func, help=help, **_kept(key, fallback)
    )
    return [option for option in options if option in picked]


def pick(key: str, value: Any) -> None:
    """Set an input from a callback (a click in a figure), as if the person had chosen the value there."""
    state = st.session_state
    state[key], state[f"{key}.own"], state[f"{key}.value"] = value, True, value


def picked(key: str, default: T, read: Callable[[str], T | None]) -> T:
    """A value chosen by a click in a figure of ours (``pick``), kept in ``?key=`` like an input; ``read`` turns the
    address's text into it, or None when it is not one.
    """
    refused = _adopt(key, default, read)
    if refused is not None:
        shell.notices([f"“{refused[:60]}” in this link is not a choice for {key.replace('_', ' ')}: it is left out."])
    value: T = st.session_state[key]
    return value


def slider(label: str, low: T, high: T, default: T, *, key: str, **more: Any) -> T:
    """A slider kept in ``?key=``; a linked value that is none of its own falls back with a notice."""

    def read(text: str) -> T | None:
        try:
            value: Any = type(default)(text)  # type: ignore[call-arg]
        except ValueError:
            return None
        return value if low <= value <= high else None  # false for NaN

    refused = _adopt(key, default, read)
    if refused is not None:
        shell.notices([f"“{refused[:60]}” is not a value for {label}, {low} to {high}: showing {default}."])
    value: T = st.slider(label, low, high, **_kept(key, default), **more)
    return value
