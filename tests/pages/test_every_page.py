"""Every page, found by its file: it works with no input, under its own title, and survives what a link may carry."""

import pytest
from streamlit.testing.v1 import AppTest

from playground import paths
from playground.ui import site

FILES = sorted(path.name for path in paths.PAGES.glob("*.py"))
EVERY_PAGE = pytest.mark.parametrize("file", FILES)
TIMEOUT_S = 120  # the first page that needs the model loads it

pytestmark = pytest.mark.model


def opened(file: str, **params: str) -> AppTest:
    """The page inside the app, opened by a link with ``params``."""
    at = AppTest.from_file(str(paths.APP), default_timeout=TIMEOUT_S)
    for key, value in params.items():
        at.query_params[key] = value
    at.switch_page(str(paths.PAGES / file))
    return at.run()


def check(at: AppTest, file: str) -> None:
    assert not at.exception, [e.message for e in at.exception]
    assert [title.value for title in at.title] == [site.BY_FILE[file].title]


def test_the_site_names_every_page_once() -> None:
    assert sorted(info.file for info in site.PAGES) == FILES
    assert len({info.title for info in site.PAGES}) == len(FILES)


@EVERY_PAGE
def test_page_works_with_no_input(file: str) -> None:
    at = opened(file)
    check(at, file)
    assert not at.error, [e.value for e in at.error]
    at.run()  # and again, from its caches
    check(at, file)
    assert not at.error, [e.value for e in at.error]


@pytest.mark.parametrize("info", [i for i in site.PAGES if i.params], ids=lambda info: info.file)
def test_the_home_cards_example_opens(info: site.PageInfo) -> None:
    at = opened(info.file, **info.params)
    check(at, info.file)
    assert not at.error, [e.value for e in at.error]
    known = {key for key in info.params if key in at.session_state}
    assert known == set(info.params), f"{info.file} has no input for {set(info.params) - known}"


NONSENSE = {
    "text": "a\x00\u202e\uffff<script>",
    "model": "../../etc/passwd",
    "tokenizer": "https://example.org/x",
    "layer": "-1",
    "head": "9999999999999999999999",
    "value": "not a number",
    "dtype": "fp0",
    "params": "1e400",
    "gpus": "0",
    "stage": "nan",
    "context": "-5",
    "batch": "inf",
    "temperature": "nan",
    "top_k": "-1",
    "top_p": "1e309",
    "seed": "",
}


@pytest.mark.fault(19)
@EVERY_PAGE
def test_page_survives_a_link_full_of_nonsense(file: str) -> None:
    """It may say so in its box; it may not fail."""
    at = opened(file, **NONSENSE)
    check(at, file)
    assert not [e.value for e in at.error if "Something went wrong" in e.value + str(e.proto)]


@EVERY_PAGE
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty", marks=pytest.mark.fault(1)),
        pytest.param("  \n\t ", id="blank", marks=pytest.mark.fault(1)),
        pytest.param("👩‍🚀", id="emoji", marks=pytest.mark.fault(6)),
        pytest.param("a" * 9_000, id="long"),
    ],
)
def test_page_survives_any_text(file: str, text: str) -> None:
    at = opened(file, text=text)
    check(at, file)
    assert not [e.value for e in at.error if "Something went wrong" in e.value + str(e.proto)]
