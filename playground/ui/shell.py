"""What every page shares: settings, navigation, header, notices, sources, "try this", and how errors look."""

import logging
import uuid
from collections.abc import Iterable
from typing import Literal

import streamlit as st

from playground import limits, paths
from playground.errors import PlaygroundError
from playground.ui import resources, site

log = logging.getLogger("playground")

Provenance = Literal["measured", "computed", "rule of thumb"]
_BADGES: dict[Provenance, tuple[str, Literal["green", "blue", "orange"], str]] = {
    "measured": (":material/speed:", "green", "Measured on this machine, now."),
    "computed": (":material/function:", "blue", "Computed from a formula; its source is named."),
    "rule of thumb": (":material/straighten:", "orange", "A round number for orientation; the exact one differs."),
}


def serve() -> None:
    """The whole app for one rerun: settings, warm-up, navigation, then the page behind the error box."""
    st.set_page_config(
        page_title="LLM Playground",
        page_icon=str(paths.ASSETS / "logo.svg"),  # a :material: favicon would be fetched from a font host
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.logo(str(paths.ASSETS / "logo.svg"), size="large")
    resources.warm_up()
    page = st.navigation(_pages_by_section(), position="sidebar")
    try:
        page.run()
    except PlaygroundError as error:
        show_error(error)
    except Exception as error:  # Streamlit's own stop and rerun are BaseException and pass through
        if type(error).__module__.startswith("streamlit."):
            raise
        mark = uuid.uuid4().hex[:8]
        log.exception("page %s failed [%s]", page.title, mark)
        show_error(
            PlaygroundError(
                f"Something went wrong on this page (mark {mark})",
                "The details are in the server's log under that mark. Reload the page, or change the last input.",
            )
        )


def _pages_by_section() -> dict[str, list[st.Page]]:
    sections: dict[str, list[st.Page]] = {}
    for info in site.PAGES:
        sections.setdefault(info.section, []).append(page_object(info))
    return sections


def page_object(info: site.PageInfo) -> st.Page:
    """The Streamlit page for one row of the site."""
    return st.Page(
        paths.PAGES / info.file,
        title=info.title,
        icon=info.icon,
        url_path=info.url_path or None,
        default=not info.url_path,
    )


def header(file: str, lede: str) -> None:
    """The page's title and its one-paragraph introduction; ``file`` is the page's ``__file__``."""
    info = site.BY_FILE[file.replace("\\", "/").rsplit("/", 1)[-1]]
    st.title(info.title, anchor=False)
    st.markdown(lede)


def show_error(error: PlaygroundError) -> None:
    """What is wrong, and what to do, in a box; never a traceback."""
    st.error(escape_markdown(error.hint) or "Change the input and try again.", title=escape_markdown(error.title))


def notices(texts: Iterable[str]) -> None:
    """What was changed on the way in (a text cut, a surrogate replaced), one line each."""
    for text in texts:
        st.caption(f":material/info: {escape_markdown(text)}")


def provenance(kind: Provenance, text: str) -> None:
    """Where a figure's numbers come from: the badge, and the source in a few words (Markdown of ours)."""
    icon, colour, help_text = _BADGES[kind]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(kind, icon=icon, color=colour, help=help_text)
        st.caption(text)


def code(snippet: str, label: str = "Show the code") -> None:
    """The few lines that give the same number without this project, folded away."""
    with st.expander(label, icon=":material/code:"):
        st.code(snippet.strip(), language="python")


def try_this(file: str, *experiments: tuple[str, dict[str, str], str]) -> None:
    """One-click experiments on this page: (label, the inputs it sets, what to look for)."""
    info = site.BY_FILE[file.replace("\\", "/").rsplit("/", 1)[-1]]
    st.subheader("Try this", anchor=False)
    for column, (label, params, look_for) in zip(st.columns(len(experiments)), experiments, strict=True):
        with column.container(border=True, height="stretch"):
            st.page_link(paths.PAGES / info.file, label=f"**{label}**", icon=":material/play_arrow:", query_params=params)
            st.caption(look_for)


def escape_markdown(text: str) -> str:
    r"""User or model text made safe inside our own Markdown: every ASCII punctuation mark escaped.

    >>> escape_markdown("![x](y) $1")
    '\\!\\[x\\]\\(y\\) \\$1'
    """
    return "".join(f"\\{c}" if c.isascii() and not c.isalnum() and not c.isspace() else c for c in text)


def profile() -> limits.Profile:
    """The caps this server runs under."""
    return limits.current()
