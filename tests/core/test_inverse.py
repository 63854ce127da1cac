"""The inverse questions against the forward calculation: the answer fits, the next one does not. And adapters."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.core import inverse, kv_cache, lora, parameters, weight_formats
from playground.core.architectures import architecture, catalogue
from playground.core.gpus import gpus
from playground.core.subject import BATCH_MAX, TOKENS_MAX, subject
from playground.core.weight_formats import bytes_for_elements
from playground.errors import BadInput

MODELS, CARDS = st.sampled_from(sorted(catalogue())), st.sampled_from(gpus())
BF16 = weight_formats.weight_format("bf16")


def serving(model_id: str = "llama-3.1-8b", context: int = 8192, batch: int = 1, **changes: object) -> inverse.Serving:
    asked = inverse.Serving(subject(model_id), BF16, kv_cache.cache_format("bf16"), context, batch, 2**30)
    return replace(asked, **changes)


@settings(deadline=None)
@given(model_id=MODELS, card=CARDS, batch=st.integers(1, 512), form=st.sampled_from(weight_formats.WEIGHT_FORMATS))
def test_the_longest_context_fits_and_the_next_does_not(
    model_id: str, card: object, batch: int, form: weight_formats.WeightFormat
) -> None:
    asked, usable = serving(model_id, batch=batch, weights=form), card.usable_bytes  # type: ignore[attr-defined]
    tokens = asked.longest_context(usable)
    if tokens is None:
        assert asked.need(context=1).total > usable
        return
    assert asked.need(context=tokens).total <= usable
    if tokens < TOKENS_MAX:
        assert asked.need(context=tokens + 1).total > usable


@settings(deadline=None)
@given(model_id=MODELS, card=CARDS, context=st.integers(1, 200_000))
def test_the_largest_batch_fits_and_the_next_does_not(model_id: str, card: object, context: int) -> None:
    asked, usable = serving(model_id, context=context), card.usable_bytes  # type: ignore[attr-defined]
    texts = asked.largest_batch(usable)
    if texts is None:
        assert asked.need(batch=1).total > usable
        return
    assert asked.need(batch=texts).total <= usable
    if texts < BATCH_MAX:
        assert asked.need(batch=texts + 1).total > usable


@settings(deadline=None, max_examples=30)
@given(model_id=MODELS, card=CARDS)
def test_the_best_format_fits_and_no_better_one_does(model_id: str, card: object) -> None:
    asked, usable = serving(model_id), card.usable_bytes  # type: ignore[attr-defined]
    best = asked.best_format(usable)
    bits = {f.name: asked.need(weights=f) for f in inverse.REAL_FORMATS}
    for need in bits.values():
        if best is None or need.bits_per_weight > bits[best.name].bits_per_weight:
            assert need.total > usable
    assert best is None or bits[best.name].total <= usable


@given(usable=st.integers(10**9, 10**13), form=st.sampled_from(weight_formats.WEIGHT_FORMATS))
def test_the_most_parameters_in_closed_form(usable: int, form: weight_formats.WeightFormat) -> None:
    asked = serving(weights=form, overhead=0)
    most = asked.largest_count(usable)
    assert most is not None
    assert bytes_for_elements(most, form.bits) <= usable < bytes_for_elements(most + 1, form.bits)


@settings(deadline=None, max_examples=30)
@given(
    model_id=MODELS,
    card=CARDS,
    recipe=st.sampled_from(["mixed", "fp32", "bf16", "lora", "qlora"]),
    recompute=st.sampled_from(["none", "selective", "full"]),
)
def test_training_answers_fit_and_the_next_do_not(model_id: str, card: object, recipe: str, recompute: str) -> None:
    asked, usable = inverse.Training(subject(model_id), recipe, 1, 512, recompute, 2**30), card.usable_bytes  # type: ignore[attr-defined]
    for name, found in (("batch", asked.largest_batch(usable)), ("sequence", asked.longest_sequence(usable))):
        if found is None:
            assert asked.need(**{name: 1}).total > usable
        else:
            assert asked.need(**{name: found}).total <= usable < asked.need(**{name: found + 1}).total


def test_largest_models_come_first_and_fit() -> None:
    usable = next(card.usable_bytes for card in gpus() if card.id == "rtx-4090")
    found = serving().largest_models(usable)
    assert found and all(need.total <= usable for _, need in found)
    assert [about.parameters for about, _ in found] == sorted((about.parameters for about, _ in found), reverse=True)
    left_out = set(catalogue()) - {about.model.id for about, _ in found if about.model}
    assert all(serving(model_id).need().total > usable for model_id in left_out)


def test_a_full_window_needs_no_more() -> None:
    usable = next(card.usable_bytes for card in gpus() if card.id == "a100-80gb")
    assert serving("mistral-7b-v0.1").longest_context(usable) == TOKENS_MAX
    assert serving("llama-3.1-8b").longest_context(usable) < TOKENS_MAX


def test_the_frontier_falls() -> None:
    usable = next(card.usable_bytes for card in gpus() if card.id == "a100-80gb")
    points = inverse.frontier(serving(), usable, (1, 2, 4, 8, 16, 10**6))
    assert [tokens for _, tokens in points] == sorted((tokens for _, tokens in points), reverse=True)
    assert len(points) == 5


def test_nothing_fits_is_none() -> None:
    assert inverse.largest(lambda _: False, 1, 10) is None
    assert serving("llama-3.1-405b").longest_context(10**9) is None
    assert serving("llama-3.1-405b").best_format(10**9) is None


@pytest.mark.parametrize("rank", [1, 8, 64])
def test_adapters_count_as_peft_counts_them(rank: int) -> None:
    """Llama 2 7B, q and v: 32 layers x 2 matrices x r (4096 + 4096), PEFT's print_trainable_parameters."""
    assert lora.adapter_parameters(architecture("llama-2-7b"), rank, "attention") == 32 * 2 * rank * 8192
    assert lora.adapter_parameters(architecture("llama-3.1-8b"), rank, "attention") == 32 * rank * (8192 + 4096 + 1024)


def test_adapters_need_less() -> None:
    about = subject("llama-3.1-8b")
    small, smaller = (lora.lora_memory(about, name, 16) for name in ("lora", "qlora"))
    assert smaller.weights < small.weights < 2.2 * about.parameters
    assert small.states < 3 * about.parameters and smaller.states < about.parameters
    assert small.activations == smaller.activations > 0
    assert parameters.count(architecture("llama-3.1-8b")) > 100 * small.trainable


@pytest.mark.parametrize(
    ("model_id", "changes"),
    [
        ("gpt2", {"recipe_name": "dora"}),
        ("gpt2", {"rank": 0}),
        ("gpt2", {"rank": 10**6}),
        ("gpt2", {"targets": "none"}),
        (None, {}),
    ],
)
def test_adapters_that_are_none_are_refused(model_id: str | None, changes: dict[str, object]) -> None:
    about = subject(model_id) if model_id else subject(count="7B")
    with pytest.raises(BadInput):
        lora.lora_memory(about, **{"recipe_name": "lora", **changes})  # type: ignore[arg-type]
