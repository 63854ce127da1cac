"""A process's first two visitors, arriving at the same moment, share one set of models."""

import threading
import time
from functools import cache

import pytest

from playground.models import lens


@pytest.mark.fault(35)
def test_first_callers_get_the_same_models(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    @cache
    def slow() -> object:
        time.sleep(0.05)  # importing torch takes longer
        made.append(object())
        return made[-1]

    monkeypatch.setattr(lens, "_shared", slow)
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(lens.shared())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert got == made * 8
