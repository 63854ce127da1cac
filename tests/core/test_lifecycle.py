"""The lifecycle: prices follow from operations, lines cross where they say, and numbers no task has are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import lifecycle, parameters
from playground.core.architectures import architecture
from playground.core.gpus import gpu
from playground.core.lifecycle import Machine, Task
from playground.core.subject import subject
from playground.errors import BadInput

MACHINE = Machine(gpu("a100-80gb"), 0.4, 2.0)


def task(**changes: int) -> Task:
    shape = {"prompt": 64, "answer": 16, "shots": 8, "example": 128, "dataset": 3_000, "epochs": 3}
    return Task(**{**shape, "requests": 100_000, "months": 12, **changes})


def priced(model_id: str = "llama-3.1-8b", **changes: int) -> dict[str, lifecycle.Way]:
    return {way.name: way for way in lifecycle.ways(subject(model_id), task(**changes), MACHINE)}


def test_operations_are_2n_4n_6n() -> None:
    ways, n = priced(), 8_030_261_248
    assert ways["prompt"].request_flop == 2 * n * 80 and ways["few-shot"].request_flop == 2 * n * (80 + 1024)
    assert ways["lora"].once_flop == 4 * n * 3_000 * 128 * 3 and ways["fine-tune"].once_flop == 6 * n * 3_000 * 128 * 3
    assert ways["pre-train"].once_flop == 6 * n * 20 * n
    hours = ways["lora"].once_flop / (312e12 * 0.4 * 3600)
    assert ways["lora"].once_price == pytest.approx(2 * hours)


def test_adapters_need_less_memory_than_full_training() -> None:
    ways = priced()
    assert 16e9 < ways["lora"].once_memory < 25e9 < 128e9 < ways["fine-tune"].once_memory
    assert ways["prompt"].once_memory == ways["few-shot"].once_memory == 0
    assert ways["few-shot"].serving_memory > ways["prompt"].serving_memory


def test_only_active_experts_compute() -> None:
    active = parameters.active(architecture("mixtral-8x7b"))
    assert priced("mixtral-8x7b")["prompt"].request_flop == 2 * active * 80


@settings(deadline=None, max_examples=30)
@given(shots=st.integers(1, 100), example=st.integers(1, 4_096), dataset=st.integers(1, 10**6))
def test_lines_cross_at_the_break_even(shots: int, example: int, dataset: int) -> None:
    ways = priced("gpt2", shots=shots, example=example, dataset=dataset)
    at = lifecycle.break_even(ways["few-shot"], ways["lora"])
    assert at is not None
    assert ways["few-shot"].total(at) == pytest.approx(ways["lora"].total(at))
    assert ways["few-shot"].total(2 * at + 1) > ways["lora"].total(2 * at + 1)


def test_without_shots_training_never_pays() -> None:
    ways = priced(shots=0)
    assert lifecycle.break_even(ways["few-shot"], ways["lora"]) is None


@pytest.mark.parametrize("wrong", [{"prompt": 0}, {"shots": -1}, {"dataset": 0}, {"requests": 10**15}, {"epochs": 0}])
def test_numbers_no_task_has_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        priced(**wrong)


def test_a_bare_count_is_refused_with_a_way_out() -> None:
    with pytest.raises(BadInput, match="Choose a model"):
        lifecycle.ways(subject(count="7B"), task(), MACHINE)
