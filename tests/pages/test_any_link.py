"""Every page under links that nobody would write: its own keys with values of any kind, strange keys, a key twice.

``LLM_PLAYGROUND_LINKS=200`` tries as many for each page, new ones every time; the default is few and always the same.
"""

import functools
import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from playground import paths
from playground.models import store
from playground.models.catalogue import catalogue
from playground.ui import inputs, links, site

pytestmark = [pytest.mark.model, pytest.mark.fault(8, 19)]
ASKED = int(os.environ.get("LLM_PLAYGROUND_LINKS", "0"))
A_FEW = 10

# Numbers at the edges of what a page computes with, and texts at the edges of what it draws.
NUMBERS = (
    *("0", "-1", "1", "2", "3", "7", "64", "4096", "4097", "1e15", "1e16", "1e308", "1e309", "-inf", "nan", "0.1"),
    *("1e-400", "99999999999999999999", "9" * 400, "१२", "１２", "1_000", " 8 ", "+5", "0x10", "7.5B", "7,5", "½"),
)
TEXTS = (
    *("", " ", "\n\n", "a", "\x00", "\ufffd", "\u202eabc", "\u200d", "e\u0301\u0317" * 30, "👩‍🚀👩‍🚀", "مرحبا", "का"),
    *("<script>alert(1)</script>", "$x$ :red[y] **z**", "![x](http://127.0.0.1:9/x)", "../../etc/passwd", "%00%2e%2e"),
    *(
        "<|endoftext|><|im_end|>",
        "{{ 7*7 }}",
        "(a+)+$",
        "[",
        "\\",
        ",",
        ",,,",
        "a,b",
        "None",
        "True",
        "{}",
        "a" * 5_000,
    ),
)
STRANGE_KEYS = ("", "x y", "page.visit", "text.own", "text.value", "embed", "__proto__", "lesson", "code")


def opened(file: str, params: dict[str, list[str]]) -> AppTest:
    """The page under that link, in a session of its own."""
    app = AppTest.from_file(str(paths.APP), default_timeout=240)
    for key, values in params.items():
        app.query_params[key] = values
    app.switch_page(str(paths.PAGES / file))
    return app.run()


@functools.cache
def known(file: str) -> dict[str, list[str]]:
    """The page's keys, and values of theirs: what its inputs offer, and what its own experiments set."""
    found: dict[str, dict[str, None]] = {}

    def note(key: str, *values: object) -> None:
        here = (str(v) for v in values if str(v) not in catalogue().entries or store.present(str(v)))
        found.setdefault(key, {}).update(dict.fromkeys(here))  # nothing that would be downloaded first

    def noting(name: str) -> Callable[..., Any]:
        real = getattr(inputs, name)

        def noted(label: str, *args: Any, key: str = "text", **more: Any) -> Any:
            note(key, *(args[0] if name.startswith("choice") else args))
            return real(label, *args, key=key, **more)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for name in ("text", "line", "choice", "choices", "slider"):
            patch.setattr(inputs, name, noting(name))
        app = opened(file, site.BY_FILE[file].params and {k: [v] for k, v in site.BY_FILE[file].params.items()})
        told = [dict(parse_qsl(link.proto.query_string)) for link in app.get("page_link")]
        own = [params for params in told if params.pop(links.BY_LINK, None)] if file != "home.py" else []
        for params in own:
            for key, value in params.items():
                note(key, value)
            opened(file, {key: [value] for key, value in params.items()})
    return {key: list(values) for key, values in sorted(found.items())}


def a_link(file: str) -> st.SearchStrategy[dict[str, list[str]]]:
    """What the page itself might write, but for one or two of its keys; now and then a key that is none."""
    own = known(file)
    strange = st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]))
    usual = st.fixed_dictionaries(
        {}, optional={key: st.lists(st.sampled_from(values), min_size=1, max_size=1) for key, values in own.items()}
    )
    twice = st.lists(strange, min_size=1, max_size=2)
    odd = st.dictionaries(st.sampled_from(sorted(own) or STRANGE_KEYS), twice, max_size=2)
    others = st.dictionaries(st.sampled_from(STRANGE_KEYS), twice, max_size=1)
    return st.builds(lambda a, b, c: a | b | c, others, usual, odd)


@pytest.mark.parametrize("file", sorted(site.BY_FILE))
def test_any_link_is_survived(file: str) -> None:
    @settings(
        max_examples=ASKED or A_FEW,
        derandomize=not ASKED,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(a_link(file))
    @example({})
    def survives(params: dict[str, list[str]]) -> None:
        app = opened(file, params)
        assert not app.exception, [e.message for e in app.exception]
        boxes = [str(e.proto) for e in app.error]
        assert not any("Something went wrong" in box for box in boxes), boxes
        assert [title.value for title in app.title] == [site.BY_FILE[file].title]
        assert all(_writable(chart.proto.spec) for chart in app.get("plotly_chart"))

    survives()


def _writable(spec: str) -> bool:
    """No whole number beyond 64 bits: where orjson is installed plotly writes with it, and it refuses them."""
    return all(abs(number) < 2**63 for number in _whole_numbers(json.loads(spec)))


def _whole_numbers(value: object) -> list[int]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _whole_numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _whole_numbers(inner)]
    return [value] if isinstance(value, int) else []
