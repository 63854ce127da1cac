"""Every page on a real server: its title, real content, both themes, a phone's width, nothing asked of another host."""

from collections.abc import Callable

import pytest

from playground.ui import site
from tests.e2e.conftest import Tab

PAGES = pytest.mark.parametrize("info", site.PAGES, ids=lambda info: info.file)


@PAGES
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_shows_its_example(info: site.PageInfo, theme: str, new_page: Callable[..., Tab]) -> None:
    tab = new_page(theme=theme).open(info.url_path)
    assert tab.main.locator("h1").first.inner_text() == info.title
    assert tab.error_boxes() == []
