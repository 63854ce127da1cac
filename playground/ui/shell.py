"""What every page shares: header, notices, sources, "try this", and how errors look."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from playground import limits
from playground.errors import PlaygroundError
from playground.ui import ahead, links, site
from playground.ui.links import BY_LINK, link, page_object

__all__ = ["BY_LINK", "link", "page_object"]  # of the addresses' own module; pages find them here

# A link on the same page leaves the reader where it was clicked, far below what it changed.
_TO_THE_TOP = """document.querySelector('[data-testid="stMain"]')?.scrollTo({top: 0, behavior: "smooth"});"""
_SCRIPTS = "\n".join(
    (
        *(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("history.js", "present.js")),
        ahead.script(),
    )
)

Provenance = Literal["measured", "recorded", "computed", "rule of thumb"]
_BADGES: dict[Provenance, str] = {  # what each says of a figure stands on the home page
    "measured": ":green-badge[:material/speed: measured]",
    "recorded": ":gray-badge[:material/history: recorded]",
    "computed": ":blue-badge[:material/function: computed]",
    "rule of thumb": ":orange-badge[:material/straighten: rule of thumb]",
}


@dataclass
class Visit:
    """One opening of a page: by the menu, a link, the browser's buttons, or a new tab. Reruns belong to it."""

    number: int = 0
    page: str = ""
    by_address: bool = False  # by the browser's buttons or a link of ours: what the address leaves out is the default
    by_history: bool = False  # by the browser's buttons
    complete: bool = False  # whether a run of it has come to its end
    drawn: set[str] = field(default_factory=set)  # keys of the inputs on the screen since the last complete run
    drawing: set[str] = field(default_factory=set)  # those of this run so far
    target: str = ""  # what a lesson's step wants at the top of the screen: a heading, or the key of an element


@contextmanager
def visiting(page: str) -> Iterator[None]:
    """Around the page's run: note whether it opens a page, and which inputs are on the screen when it is complete."""
    context = get_script_run_ctx()
    by_history = context is not None and context.is_history_navigation
    by_link = st.query_params.pop(BY_LINK, None) is not None
    current = visit()
    if by_history or by_link or page != current.page or not current.number:
        current = st.session_state["page.visit"] = Visit(current.number + 1, page, by_history or by_link, by_history)
    current.drawing = set()
    yield
    opened = not current.complete
    scripts = _SCRIPTS if opened else ""  # once a visit: they stay in the browser, and a rerun need not carry them
    current.drawn, current.complete = current.drawing, True
    # Last, so that no element of the page moves to another place and is built anew; the number makes it run again.
    scroll = f"window.__bring({_as_script(current.target)});" if current.target and opened else ""
    script = f"{scripts}{links.mark()}{scroll or (_TO_THE_TOP if by_link else '')} // {current.number}\n"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


def _as_script(text: str) -> str:
    """A text as JavaScript, which no text can end: ``</script>`` is written without its <."""
    return json.dumps(text).replace("<", "\\u003c")


def visit() -> Visit:
    """The visit this run belongs to."""
    current: Visit = st.session_state.get("page.visit", Visit())
    return current


def header(file: str, lede: str) -> None:
    """The page's title and its one-paragraph introduction; ``file`` is the page's ``__file__``.

    Beside the title: the text taken elsewhere, a link to what is shown, the presenter's comforts.
    """
    info = site.BY_FILE[file.replace("\\", "/").rsplit("/", 1)[-1]]
    with st.container(horizontal=True, vertical_alignment="center", key="page.head"):
        st.title(info.title, anchor=False)
        links.tools(info)
    st.markdown(lede)


def ways_in() -> None:
    """The pages that lead through the others: lessons, and a class together."""
    with _grid("ways"):
        for info in site.PAGES:
            if not info.section and info.url_path:
                st.page_link(
                    page_object(info), label=_two_lines(info.title, info.summary), icon=info.icon, width="stretch"
                )


def cards(pages: Sequence[site.PageInfo]) -> None:
    """A card a page, section by section: what one sees there, the page itself, and its ready example."""
    for section, group in groupby(pages, key=lambda info: info.section):
        st.subheader(section, anchor=False)
        with _grid(section):
            for info in group:
                with st.container(border=True, height="stretch"):
                    st.page_link(
                        page_object(info), label=_two_lines(info.title, info.summary), icon=info.icon, width="stretch"
                    )
                    link(info, info.example, info.params, ":material/play_arrow:")


def show_error(error: PlaygroundError) -> None:
    """What is wrong, and what to do, in a box; never a traceback."""
    st.error(escape_markdown(error.hint) or "Change the input and try again.", title=escape_markdown(error.title))


def notices(texts: Iterable[str]) -> None:
    """What was changed on the way in (a text cut, a surrogate replaced), one line each."""
    for text in texts:
        st.caption(f":material/info: {escape_markdown(text)}")


def provenance(kind: Provenance, text: str) -> None:
    """Where a figure's numbers come from: the badge, and the source in a few words (Markdown of ours)."""
    st.caption(f"{_BADGES[kind]} {text[:1].upper()}{text[1:]}")


def code(snippet: str, label: str = "Show the code", language: str = "python") -> None:
    """The few lines that give the same number without this project, folded away."""
    with st.expander(label, icon=":material/code:"):
        st.code(snippet.strip(), language=language)


def try_this(file: str, *experiments: tuple[str, dict[str, str], str]) -> None:
    """One-click experiments on this page: (label, the inputs it sets, what to look for)."""
    info = site.BY_FILE[file.replace("\\", "/").rsplit("/", 1)[-1]]
    st.subheader("Try this", anchor=False)
    with _grid("try"):
        for label, params, look_for in experiments:
            link(info, _two_lines(label, look_for), params, ":material/play_arrow:", width="stretch")
    following = site.after(info)
    if following and st.session_state.get("lesson.guide") is None:  # a lesson has its own way on
        st.page_link(page_object(following), label=f"Next: {following.title}", icon=":material/arrow_forward:")


def _grid(name: str) -> Any:
    """Cards side by side, as many as there is room for (``present.css``). One block, and one element a card: a page
    is as fast as it has few of them.
    """
    return st.container(key=f"cards.{name}")


def _two_lines(title: str, text: str) -> str:
    """A link's label: the whole card is what one clicks."""
    return f"**{title}**  \n:small[{text}]"


def escape_markdown(text: str) -> str:
    r"""User or model text made safe inside our own Markdown: every ASCII punctuation mark escaped.

    Streamlit links a bare address however it is escaped; an invisible word joiner (U+2060) keeps it text.

    >>> escape_markdown("![x](y) $1")
    '\\!\\[x\\]\\(y\\) \\$1'
    >>> escape_markdown("http://a")
    'http\\:\u2060\\/\\/a'
    """
    unlinked = re.sub(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", "\u2060", text, flags=re.IGNORECASE)
    return "".join(f"\\{c}" if c.isascii() and not c.isalnum() and not c.isspace() else c for c in unlinked)


def profile() -> limits.Profile:
    """The caps this server runs under."""
    return limits.current()
