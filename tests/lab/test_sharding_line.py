"""One measurement at a time: places in line, stopping, readers that leave, a full line."""

import time

import pytest

from playground import limits
from playground.errors import Cancelled, ModelBusy
from playground.lab.sharding import job
from playground.lab.sharding.line import Line, Ticket


def spec() -> job.Spec:
    return job.spec(1, ["ddp"], "tiny")


def wait(ticket: Ticket, line: Line, within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not ticket.done.wait(0.05):
        line.find(ticket.id)
        assert time.monotonic() < end


def test_places_in_line_and_one_at_a_time() -> None:
    line = Line()
    first, second, third = (line.submit(spec()) for _ in range(3))
    while first.progress is None:
        time.sleep(0.02)
    assert [line.ahead(ticket) for ticket in (first, second, third)] == [0, 1, 2]
    assert second.progress is None
    third.cancelled = True
    wait(second, line)
    wait(third, line)
    assert first.result is not None and second.result is not None
    assert isinstance(third.wrong, Cancelled) and third.result is None


def test_stopping_the_running_one_keeps_the_line_going() -> None:
    line = Line()
    first, second = line.submit(job.spec(2)), line.submit(spec())
    while first.progress is None:
        time.sleep(0.02)
    assert first.job is not None
    folder = first.job.folder
    began, first.cancelled = time.monotonic(), True
    assert first.done.wait(5)
    assert time.monotonic() - began < 1.0 and not folder.exists()
    wait(second, line)
    assert second.wrong is None and second.result is not None


def test_a_reader_who_leaves_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHARDING_ABANDONED_S", 0.5)
    line = Line()
    ticket = line.submit(job.spec(2))
    assert ticket.done.wait(10)
    assert isinstance(ticket.wrong, Cancelled) and "left" in ticket.wrong.hint


@pytest.mark.fault(22)
def test_a_full_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHARDING_QUEUE", 2)
    line = Line()
    tickets = [line.submit(spec())]
    while tickets[0].progress is None:
        time.sleep(0.02)
    tickets += [line.submit(spec()) for _ in range(2)]
    with pytest.raises(ModelBusy):
        line.submit(spec())
    for ticket in tickets:
        ticket.cancelled = True
    assert all(ticket.done.wait(5) for ticket in tickets)
