"""A real step against the formulas: to the byte."""

import pytest

from playground.errors import BadInput, ModelBusy

memory_measured = pytest.importorskip("playground.lab.memory_measured")


@pytest.mark.model
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_predicted_equals_measured(store_ready: None, dtype: str) -> None:
    steps = list(memory_measured.measure(1, 32, dtype))
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert all(check.difference == 0 for check in steps[-1].result if "as loaded" in check.what)
    checks = {check.what.split(" (")[0]: check for check in steps[-1].result}
    saved = checks.pop("Saved for backward")
    peak = checks.pop("CUDA peak of the whole step", None)
    assert len(checks) >= 5 and all(check.difference == 0 for check in checks.values()), checks
    if peak is None:  # a GPU's kernels keep other things
        assert saved.difference == 0, saved


@pytest.mark.model
def test_other_loaded_models_are_checked_too(store_ready: None) -> None:
    from playground.models import lens as lenses

    with lenses.open("minilm-l6", "test"):
        *_, last = memory_measured.measure(1, 32, "fp32")
    (minilm,) = [check for check in last.result if "MiniLM" in check.what]
    assert minilm.predicted == minilm.measured > 4 * 22_000_000


@pytest.mark.parametrize("asked", [(3, 32, "fp32"), (1, 33, "fp32"), (1, 32, "fp8"), (10**9, 32, "fp32")])
def test_steps_that_are_not_offered_are_refused(asked: tuple[int, int, str]) -> None:
    with pytest.raises(BadInput):
        list(memory_measured.measure(*asked))


def test_a_second_reader_waits_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_measured, "_WAIT_S", 0.1)
    monkeypatch.setattr(memory_measured, "_POLL_S", 0.05)
    with memory_measured._one_at_a_time:
        doing = []
        with pytest.raises(ModelBusy):
            for step in memory_measured.measure(1, 32, "fp32"):
                doing.append(step.doing)
    assert any("waiting" in text for text in doing)
