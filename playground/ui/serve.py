"""The whole app for one rerun: settings, warm-up, navigation, then the page behind the error box."""

import logging
import traceback
import uuid
from pathlib import Path

import streamlit as st

from playground import limits, paths
from playground.errors import PlaygroundError
from playground.figures import palette
from playground.ui import lessons, resources, shell, site
from playground.ui.attending import attending

# Streamlit keeps a third of a phone's first screen empty above the title.
_STYLE = f"""<style>
[data-testid='stMainBlockContainer'] {{ padding-top: 3.25rem; padding-bottom: 4rem }}
:root {{ --laser: {palette.ORANGE} }}
{Path(__file__).with_name("present.css").read_text(encoding="utf-8")}</style>"""

log = logging.getLogger("playground")


def serve() -> None:
    """Run the app once. What a page raises is shown as a box with a hint, never as a traceback."""
    st.set_page_config(
        page_title="LLM Playground",
        page_icon=str(paths.ASSETS / "logo.svg"),  # a :material: favicon would be fetched from a font host
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.logo(str(paths.ASSETS / "logo.svg"), size="large")
    st.html(_STYLE)
    page = st.navigation(_pages_by_section(), position="sidebar", expanded=True)
    try:
        with (
            shell.visiting(page.url_path),
            attending(page.url_path),
            resources.request(),
            lessons.guided(page.url_path),
        ):
            page.run()
    except PlaygroundError as error:
        shell.show_error(error)
    except Exception as error:  # Streamlit's own stop and rerun are BaseException and pass through
        mark = uuid.uuid4().hex[:8]
        _report(page.title, mark, error)
        shell.show_error(
            PlaygroundError(
                f"Something went wrong on this page (mark {mark})",
                "The details are in the server's log under that mark. Reload the page, or change the last input.",
            )
        )
    resources.warm_up()  # last: the first page shares the interpreter with nothing


def _report(title: str, mark: str, error: Exception) -> None:
    """To the log. On a shared server without the error's own words, which may quote what a visitor typed."""
    if limits.current() is limits.LOCAL:
        log.error("page %s failed [%s]", title, mark, exc_info=error)
        return
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("page %s failed [%s]: %s\n%s", title, mark, type(error).__name__, frames)


def _pages_by_section() -> dict[str, list[st.Page]]:
    sections: dict[str, list[st.Page]] = {}
    for info in site.PAGES:
        sections.setdefault(info.section, []).append(shell.page_object(info))
    return sections
