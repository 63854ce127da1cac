"""Addresses: links to our pages in a state, the address of what is on the screen, and taking a text to another page."""

from copy import copy
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from playground import paths
from playground.figures import qr
from playground.ui import site

BY_LINK = "opened"  # the mark of our own links in the address; taken out as soon as it is seen
URL_CHARACTERS = 6_000  # as written in the address, where 你 takes nine; servers and proxies refuse much longer lines
LARGE, LASER = "present.large", "present.laser"  # the presenter's comforts, kept in the session
COOKIE = "playground-present"  # and until the browser is closed, so that a reload loses nothing

_FILE = Path(__file__)
_copy = st.components.v2.component(
    "llm_playground.copy_link",
    html='<button type="button"></button><span role="status"></span>',
    js=_FILE.with_name("copy_link.js").read_text(encoding="utf-8"),
    css=_FILE.with_name("copy_link.css").read_text(encoding="utf-8"),
)


def page_object(info: site.PageInfo) -> st.Page:
    """The Streamlit page for one row of the site: a copy, for Streamlit notes in it what is of one run."""
    return copy(_page(info.file, get_script_run_ctx() is not None))


@cache
def _page(file: str, _in_app: bool) -> st.Page:
    """Made once: each new one looks its file up on the disk, and a run needs half a hundred."""
    info = site.BY_FILE[file]
    return st.Page(
        paths.PAGES / info.file,
        title=info.title,
        icon=info.icon,
        url_path=info.url_path or None,
        default=not info.url_path,
    )


def link(info: site.PageInfo, label: str, params: dict[str, str], icon: str | None = None, **more: Any) -> None:
    """A link to a page of ours in the state ``params``, also to the page one is on.

    Streamlit shows a link to the same page the new state but leaves the browser's address as it was; the mark
    tells ``shell.visiting``, and taking it out again makes Streamlit write the address.
    """
    st.page_link(page_object(info), label=label, icon=icon, query_params={**params, BY_LINK: "1"}, **more)


def in_address(value: str) -> str:
    """The text as an address can carry it: a lone surrogate becomes U+FFFD."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fits_address(value: str) -> bool:
    """Whether a link can carry this text."""
    return len(value) <= URL_CHARACTERS and len(quote_plus(in_address(value))) <= URL_CHARACTERS


def here() -> str:
    """The address of what is on the screen, as others can open it."""
    query = urlencode({key: value for key, value in st.query_params.items() if key != BY_LINK})
    return (st.context.url or "") + (f"?{query}" if query else "")


@st.fragment
def tools(info: site.PageInfo) -> None:
    """Beside a page's title: take its text elsewhere, share the page, present it.

    A fragment, and nothing in it is computed before it is opened: the page pays nothing for it.
    """
    with st.container(horizontal=True, horizontal_alignment="right", width="content", gap="small", key="page.tools"):
        if info.file in site.READ_TEXT:
            taking = st.popover(
                "Take this text to",
                icon=":material/output:",
                type="tertiary",
                key="take.text",
                on_change="rerun",
                help="Open another page with the text that is typed here.",
            )
            if taking.open:
                with taking:
                    _elsewhere(info)
        sharing = st.popover(
            "Share",
            icon=":material/ios_share:",
            type="tertiary",
            key="share",
            on_change="rerun",
            help="Copy a link or show a QR code of exactly this; make it readable from the back row.",
        )
        if sharing.open:
            with sharing:
                _share()
                _present()


def _elsewhere(info: site.PageInfo) -> None:
    text = st.session_state.get("text", "")
    carried = {"text": in_address(text)} if fits_address(text) else {}  # a longer one goes with the session
    st.caption("The other pages that read a text. What else is set there stays as you left it.")
    for other in site.PAGES:
        if other.file in site.READ_TEXT and other is not info:
            params = carried | site.READ_TEXT[other.file]
            st.page_link(page_object(other), label=other.title, icon=other.icon, query_params=params)


def _share() -> None:
    st.markdown("**A link to exactly this**")
    _copy(key="copy.link")
    address = here()
    code = qr.picture(address, "QR code of this page's address")
    if code and urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1"):
        st.caption("Only this computer can open it: the app listens here alone.")
    if code is None:
        st.caption("This address is too long for a QR code that a phone can read: it carries a long text. Copy it.")
    else:
        st.html(code)


def _present() -> None:
    st.markdown("**For the back row**")
    for label, key, help_text in (
        ("Large type", LARGE, "Texts, numbers and controls a third larger, on every page and after a reload."),
        ("Show what I touch", LASER, "A ring around the control that was moved last; it fades after three seconds."),
    ):
        st.session_state[key] = st.toggle(label, _is_on(key), key=f"{key}.toggle", help=help_text)
    # From here, without a rerun of the page; each later visit sets it again.
    st.html(f"<script>{mark()}</script>", unsafe_allow_javascript=True)


def mark() -> str:
    """The script that tells the document what is on, for the presenter's style and script (see ``present.css``)."""
    on = " ".join(key.split(".")[1] for key in (LARGE, LASER) if _is_on(key))
    kept = f'document.cookie = "{COOKIE}={on.replace(" ", "+")}; path=/; SameSite=Lax";'
    return f'document.documentElement.dataset.present = "{on}";{kept}'


def _is_on(key: str) -> bool:
    """Whether a comfort is on: in this session, else as the browser has kept it from the one before a reload."""
    if key not in st.session_state:
        st.session_state[key] = key.split(".")[1] in st.context.cookies.get(COOKIE, "").split("+")
    return bool(st.session_state[key])
