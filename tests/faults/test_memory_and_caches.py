"""A model that is busy, memory that is refused, caches that are cleared under a reader (rows 23, 33, 34)."""

import threading
from typing import Any

import numpy as np
import pytest
import streamlit as st
import torch

from playground.errors import ModelBusy, ModelUnavailable
from playground.models import lens, loading, worker
from tests.pages import opened

pytestmark = pytest.mark.model
MORE_THAN_THERE_IS = 2**50


def refused_by_torch(_model: Any, ids: tuple[int, ...]) -> np.ndarray:
    return torch.empty(MORE_THAN_THERE_IS * len(ids), dtype=torch.uint8).numpy()


def refused_by_numpy(_model: Any, ids: tuple[int, ...]) -> np.ndarray:
    return np.empty(MORE_THAN_THERE_IS * len(ids), np.uint8)


@pytest.mark.fault(33)
@pytest.mark.parametrize("function", [refused_by_torch, refused_by_numpy])
def test_fault_33_a_real_allocation_that_fails_is_explained_and_the_next_request_works(function: Any) -> None:
    with lens.open("minilm-l6", "test") as asked:
        ids = asked.encode("Too much for any machine", "template").ids
        with pytest.raises(ModelUnavailable, match="Not enough memory") as told:
            asked.ask(function, (ids,))
        assert "Shorten" in told.value.hint
        assert asked.hidden_states(ids).shape[1] == len(ids)


@pytest.mark.fault(23)
def test_fault_23_a_wait_beyond_its_deadline_is_said_and_inputs_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker is held by somebody else for longer than a request may wait."""
    page = opened.checked(opened.run("sampling.py"))
    submit = worker.Worker.submit
    monkeypatch.setattr(worker.Worker, "submit", lambda *a, **more: submit(*a, **more, deadline_s=0.2))
    with lens.open("smollm2-135m", "somebody") as theirs:
        hold, held = threading.Event(), threading.Event()
        blocking = submit(theirs._loaded.worker, lambda: held.set() or hold.wait(20), owner="somebody")
        assert held.wait(5)
        threading.Timer(1.0, hold.set).start()
        page.text_area(key="text").set_value("Nobody has time for this").run()
        blocking.wait()
    assert not page.exception
    assert "busy for too long" in page.error[0].proto.title and "inputs are kept" in page.error[0].value
    assert page.text_area(key="text").value == "Nobody has time for this"
    monkeypatch.undo()
    opened.checked(page.run())


@pytest.mark.fault(23)
def test_fault_23_the_deadline_is_a_polite_error_not_a_bug() -> None:
    with pytest.raises(ModelBusy) as told:
        clock = iter([0.0, *[99.0] * 10])
        late = worker.Worker("late", clock=lambda: next(clock))
        late.submit(lambda: 1, owner="a", deadline_s=1.0).wait()
    assert told.value.hint
    late.close()


@pytest.mark.fault(34)
def test_fault_34_caches_cleared_under_a_reader_cost_no_second_load(monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened.checked(opened.run("attention.py"))
    before = opened.figures(page)
    loads: list[str] = []
    real = loading.load
    monkeypatch.setattr(loading, "load", lambda entry, *more: loads.append(entry.id) or real(entry, *more))
    with lens.open("smollm2-135m", "reader") as used:
        model = used._loaded.model
        st.cache_data.clear()
        st.cache_resource.clear()
        opened.checked(page.run())
        assert used._loaded.model is model and used.next_logits(used.encode("Still here").ids).size
    assert not loads and opened.figures(page) == before
