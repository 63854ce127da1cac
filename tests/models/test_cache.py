"""The shared model cache: one load for all, evicted by bytes but never in use, failures remembered."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from playground.errors import ModelUnavailable
from playground.models.cache import ModelCache
from playground.models.catalogue import catalogue

ENTRY = catalogue()["smollm2-135m"]
OTHER = catalogue()["minilm-l6"]
THIRD = replace(OTHER, id="third")


class Loads:
    """A loader that counts, can be held, and can fail."""

    def __init__(self, sizes=None, hold=None):
        self.sizes, self.hold, self.seen, self.closed, self.fail = sizes or {}, hold, [], [], False
        self.at_once, self.most_at_once = 0, 0

    def __call__(self, entry, progress):
        self.seen.append(entry.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        progress("halfway", 1, 2)
        if self.hold:
            self.hold.wait(5)
        self.at_once -= 1
        if self.fail:
            raise ModelUnavailable("no luck", "try later")
        worker = SimpleNamespace(close=lambda: self.closed.append(entry.id))
        return SimpleNamespace(entry=entry, weight_bytes=self.sizes.get(entry.id, 1), worker=worker)


@pytest.mark.fault(35)
def test_thirty_sessions_load_once_and_all_see_progress():
    loads = Loads(hold=threading.Event())
    cache, seen, got = ModelCache(loads, 100), [], []

    def session(n):
        def watch(stage, done, total):
            seen.append((n, stage, done, total))
            if len({who for who, *_ in seen}) == 30:
                loads.hold.set()

        with cache.lease(ENTRY, str(n), watch, poll_s=0.01) as model:
            got.append(model)

    threads = [threading.Thread(target=session, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert loads.seen == [ENTRY.id]
    assert len(got) == 30 and all(model is got[0] for model in got)
    assert (0, "halfway", 1, 2) in seen
    assert cache.usage()[0].readers == {str(n) for n in range(30)}


@pytest.mark.fault(34)
def test_the_least_recently_used_goes_but_never_one_in_use():
    now = [0.0]
    loads = Loads(sizes={ENTRY.id: 6, OTHER.id: 6, "third": 6})
    cache = ModelCache(loads, 12, clock=lambda: now[0])
    for entry in (ENTRY, OTHER):
        now[0] += 1
        with cache.lease(entry, "a"):
            pass
    with cache.lease(ENTRY, "a"):  # in use, and the older of the two loads
        now[0] += 1
        with cache.lease(THIRD, "b"):
            pass
        assert loads.closed == [OTHER.id]
    assert {u.entry.id for u in cache.usage()} == {ENTRY.id, "third"}


def test_a_model_over_the_budget_alone_is_kept():
    loads = Loads(sizes={ENTRY.id: 100})
    cache = ModelCache(loads, 12)
    with cache.lease(ENTRY, "a"):
        pass
    assert not loads.closed


@pytest.mark.fault(30)
def test_a_failure_is_remembered_for_a_while():
    now = [0.0]
    loads = Loads()
    loads.fail = True
    cache = ModelCache(loads, 12, clock=lambda: now[0], failure_s=30)
    for _ in range(5):
        with pytest.raises(ModelUnavailable, match="no luck"), cache.lease(ENTRY, "a"):
            pass
    assert len(loads.seen) == 1
    now[0], loads.fail = 31, False
    with cache.lease(ENTRY, "a"):
        pass
    assert len(loads.seen) == 2


def test_a_librarys_exception_becomes_a_sentence():
    def broken(_entry, _progress):
        raise KeyError("layers.7")

    with (
        pytest.raises(ModelUnavailable, match=r"could not be loaded.*layers\.7"),
        ModelCache(broken, 1).lease(ENTRY, "a"),
    ):
        pass


def test_two_models_never_load_at_once():
    loads = Loads(hold=threading.Event())
    cache = ModelCache(loads, 100)

    def use(entry):
        with cache.lease(entry, entry.id, poll_s=0.01):
            pass

    threads = [threading.Thread(target=use, args=(e,)) for e in (ENTRY, OTHER)]
    for thread in threads:
        thread.start()
    loads.hold.set()
    for thread in threads:
        thread.join(5)
    assert sorted(loads.seen) == sorted([ENTRY.id, OTHER.id])
    assert loads.most_at_once == 1


def test_someone_who_leaves_does_not_waste_the_load():
    loads = Loads(hold=threading.Event())
    cache = ModelCache(loads, 100)

    class Stop(BaseException):
        pass

    def leave(*_):
        raise Stop

    with pytest.raises(Stop), cache.lease(ENTRY, "a", leave, poll_s=0.01):
        pass
    loads.hold.set()
    with cache.lease(ENTRY, "b"):
        pass
    assert loads.seen == [ENTRY.id]
    assert cache.usage()[0].leases == 0
