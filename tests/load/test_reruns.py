"""A short load: every reader gets the answer to its own question, and the collector settings are worth it."""

import pytest

from tests.load.reruns import AFTER, BEFORE, measure

pytestmark = [pytest.mark.load, pytest.mark.model]


def test_ten_readers_get_their_own_answers_and_the_collector_settings_pay(store_ready):
    before, after = (measure(case, sessions=10, reruns=4, think_s=1.0, ramp_s=1.0) for case in (BEFORE, AFTER))
    assert not before.errors and not after.errors
    assert after.reruns == before.reruns == 40
    # processor time, not wall time: the machine is shared. A full collection over torch's objects costs far more
    # than the page itself.
    assert before.cpu_s_per_rerun > 1.5 * after.cpu_s_per_rerun, (before, after)
