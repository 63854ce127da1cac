"""Each test of sharding has a temporary folder of its own for its jobs; none may leave anything there."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_folder_left(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if "sharding" not in request.path.name:
        yield
        return
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(jobs))
    yield
    assert list(jobs.iterdir()) == []
