"""Shared by the tests of faults: a store of the test's own, and pages that search for components once."""

from pathlib import Path

import pytest

from playground.models import store
from tests.pages import conftest as _once  # noqa: F401


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, and no memory of failures."""
    monkeypatch.setenv("LLM_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(store, "_failures", {})
    return tmp_path / "home"
