"""The worker: fair, bounded, cancellable, one answer for equal questions, rows stepped together."""

import threading
import time

import pytest

from playground import limits
from playground.errors import Cancelled, ModelBusy
from playground.models.worker import Together, Worker


class Gate:
    """A job that holds the worker until released, so that a test can arrange the queue behind it."""

    def __init__(self, worker):
        self._entered, self._open = threading.Event(), threading.Event()
        self.handle = worker.submit(self._hold, owner="gate")
        assert self._entered.wait(5)

    def _hold(self):
        self._entered.set()
        self._open.wait(10)

    def release(self):
        self._open.set()


@pytest.fixture
def worker():
    made = Worker("test", queue_length=8)
    yield made
    made.close()


@pytest.mark.fault(22)
def test_owners_take_turns(worker):
    gate, served = Gate(worker), []
    handles = [worker.submit(lambda n=n: served.append(f"a{n}"), owner="a") for n in range(3)]
    handles += [worker.submit(lambda: served.append("b0"), owner="b")]
    assert [h.ahead for h in handles] == [1, 3, 4, 2]
    gate.release()
    for handle in handles:
        handle.wait()
    assert served == ["a0", "b0", "a1", "a2"]


def test_equal_questions_are_one_job(worker):
    gate, calls = Gate(worker), []
    handles = [worker.submit(lambda: calls.append(1) or 42, owner=str(n), key="same") for n in range(30)]
    gate.release()
    assert [h.wait() for h in handles] == [42] * 30
    assert len(calls) == 1


@pytest.mark.fault(22)
def test_a_full_queue_refuses_politely(worker):
    gate = Gate(worker)
    for n in range(8):
        worker.submit(lambda: None, owner=str(n))
    with pytest.raises(ModelBusy, match="8 requests are waiting"):
        worker.submit(lambda: None, owner="late")
    gate.release()


def test_a_shared_job_is_dropped_when_its_last_claim_is_cancelled(worker):
    gate, ran = Gate(worker), []
    first, second = (worker.submit(lambda: ran.append(1), owner=o, key="k") for o in "xy")
    first.cancel()
    assert worker.load[0] == 1
    second.cancel()
    second.cancel()  # twice is once
    assert worker.load[0] == 0
    gate.release()
    gate.handle.wait()
    assert not ran
    assert worker.submit(lambda: "again", owner="x", key="k").wait() == "again"


@pytest.mark.fault(21)
def test_leaving_the_wait_cancels(worker):
    gate, ran = Gate(worker), []

    class Stop(BaseException):
        """As Streamlit stops a script."""

    def stop(_ahead, _waited_s):
        raise Stop

    with pytest.raises(Stop):
        worker.submit(lambda: ran.append(1), owner="a").wait(stop, poll_s=0.01)
    gate.release()
    gate.handle.wait()
    worker.submit(lambda: None, owner="b").wait()
    assert not ran


@pytest.mark.fault(23)
def test_a_deadline_ends_a_wait():
    now = [0.0]
    worker = Worker("clock", clock=lambda: now[0])
    gate = Gate(worker)
    handle = worker.submit(lambda: "late", owner="a", deadline_s=10)
    now[0] = 11
    gate.release()
    with pytest.raises(ModelBusy, match="too long"):
        handle.wait()
    worker.close()


@pytest.mark.fault(24)
def test_an_exception_reaches_its_asker_and_the_worker_lives_on(worker):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        worker.submit(fail, owner="a").wait()
    assert worker.submit(lambda: 1, owner="a").wait() == 1


def test_closing_ends_every_wait(worker):
    gate = Gate(worker)
    handle = worker.submit(lambda: 1, owner="a")
    worker.close()
    gate.release()
    with pytest.raises(Cancelled):
        handle.wait()
    with pytest.raises(Cancelled):
        worker.submit(lambda: 1, owner="a")


def counting(batches):
    def step(states):
        batches.append(len(states))
        results = []
        for state in states:
            state["n"] += 1
            results.append((state["n"], state["n"] >= state["until"]))
        time.sleep(0.002)
        return results

    return step


def test_rows_step_together_and_a_job_is_served_between_steps():
    batches = []
    worker = Worker("rows", counting(batches))
    rows = [worker.start_row({"n": 0, "until": 20}, owner=str(n)) for n in range(3)]
    assert worker.submit(lambda: "served", owner="x").wait() == "served"
    assert sum(batches) < 60  # it did not wait for the rows to end
    assert [list(row.items()) for row in rows] == [list(range(1, 21))] * 3
    assert max(batches) == 3
    worker.close()


@pytest.mark.fault(21)
def test_leaving_a_row_stops_it_within_a_step():
    state = {"n": 0, "until": 10_000}
    worker = Worker("rows", counting([]))
    items = worker.start_row(state, owner="a").items()
    assert next(items) == 1
    items.close()
    time.sleep(0.02)
    stopped_at = state["n"]
    time.sleep(0.05)
    assert state["n"] == stopped_at < 10_000
    assert worker.load == (0, 0)
    worker.close()


@pytest.mark.fault(24)
def test_one_rows_failure_is_not_the_others():
    def step(states):
        return [(ValueError("bad row") if s == "bad" else ("ok", True)) for s in states]

    worker = Worker("rows", step)
    good, bad = worker.start_row("good", owner="a"), worker.start_row("bad", owner="b")
    assert list(good.items()) == ["ok"]
    with pytest.raises(ValueError, match="bad row"):
        list(bad.items())
    worker.close()


def asked(worker, owner, argument, run, size=1):
    return worker.submit(
        lambda: run([argument])[0], owner=owner, key=argument, together=Together("doubled", run, argument, size)
    )


def test_different_questions_of_one_kind_share_a_run(worker):
    gate, runs = Gate(worker), []

    def doubled(arguments):
        runs.append(list(arguments))
        return [2 * n for n in arguments]

    handles = [asked(worker, f"reader {n}", n, doubled) for n in range(5)]
    other = worker.submit(lambda: "alone", owner="another")
    again = asked(worker, "reader 0", 99, doubled)  # one reader's second question comes last
    gate.release()
    assert [h.wait() for h in handles] == [0, 2, 4, 6, 8]
    assert (other.wait(), again.wait()) == ("alone", 198)
    assert runs == [[0, 1, 2, 3, 4, 99]]


def test_a_shared_run_takes_no_more_than_allowed(worker, monkeypatch):
    monkeypatch.setattr(limits, "TOKENS_TOGETHER", 10)
    gate, runs = Gate(worker), []
    handles = [asked(worker, str(n), n, lambda some: runs.append(len(some)) or some, size=4) for n in range(5)]
    gate.release()
    assert [h.wait() for h in handles] == list(range(5))
    assert runs == [2, 2, 1]


def test_a_question_that_fails_does_not_spoil_the_run_of_others(worker):
    gate = Gate(worker)

    def inverse(arguments):
        return [1 / n for n in arguments]

    handles = [asked(worker, str(n), n, inverse) for n in (1, 0, 2)]
    gate.release()
    assert (handles[0].wait(), handles[2].wait()) == (1, 0.5)
    with pytest.raises(ZeroDivisionError):
        handles[1].wait()
