"""Texts written by models: the KV cache, links, seeds and beam search against transformers."""

import contextlib
import io
from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from playground import limits
from playground.core import repetition
from playground.core.beam_search import BeamSearch
from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput
from playground.lab import generating
from playground.models import forward
from playground.models import lens as lenses
from playground.models.generation_code import snippet

PROMPT = "The best way to learn is"
STOP = 1


@pytest.fixture(scope="module")
def tiny():
    """A random two-layer model: its beams differ from greedy at once, and its stop token comes often."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=40, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, eos_token_id=STOP, bos_token_id=None, pad_token_id=0, initializer_range=0.6,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def decoder(store_ready):
    with lenses.open("smollm2-135m", owner="test") as lens:
        yield lens


def by_hand(model, prompt, beams, new_tokens, penalty):
    search = BeamSearch(beams, new_tokens, frozenset([STOP]), penalty)
    batch = forward.Beams([list(prompt)])
    while not search.done:
        batch.rows = search.advance(forward.beam_step(model, batch))
        batch.pending = [[token] for token in search.tokens]
    return search


@settings(max_examples=40)
@given(
    prompt=st.lists(st.integers(2, 39), min_size=1, max_size=6),
    beams=st.integers(2, 5),
    new_tokens=st.integers(1, 10),
    penalty=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)
def test_beam_search_is_transformers_own(tiny, prompt, beams, new_tokens, penalty):
    search = by_hand(tiny, prompt, beams, new_tokens, penalty)
    with torch.inference_mode():
        out = tiny.generate(
            torch.tensor([prompt]), num_beams=beams, max_new_tokens=new_tokens, do_sample=False, length_penalty=penalty,
            num_return_sequences=beams, return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
    scores = [search.candidates[n].score for n in search.finished]
    theirs = [score for score in out.sequences_scores.tolist() if score > -1e8]
    assert scores == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    best = list(search.text(search.best()))
    assert out.sequences[0, len(prompt) :].tolist()[: len(best)] == best


@pytest.mark.model
def test_beam_search_on_the_real_model_is_transformers_own(decoder):
    ids = decoder.encode(PROMPT).ids
    *_, found = decoder.beam_search(ids, 3, 8, 1.0)
    model = decoder._loaded.model
    with torch.inference_mode():
        out = model.generate(
            torch.tensor([list(ids)], device=model.device), num_beams=3, max_new_tokens=8, do_sample=False,
            num_return_sequences=3, return_dict_in_generate=True, output_scores=True, pad_token_id=2,
        )  # fmt: skip
    exact = decoder.dtype == "fp32"  # bf16 rounds a batch and a single row differently
    assert [found.candidates[n].score for n in found.finished] == pytest.approx(
        out.sequences_scores.tolist(), abs=1e-3 if exact else 0.05
    )
    if exact:
        ours = [list(found.text(n)) for n in found.finished]
        assert ours == out.sequences[:, len(ids) :].tolist()


@pytest.mark.model
def test_the_kv_cache_changes_nothing(decoder):
    ids = decoder.encode(PROMPT).ids
    steps = list(decoder.generate(ids, SamplingSettings(), 10, seed=3))
    without = decoder.follow(ids, [step.id for step in steps], SamplingSettings())
    tolerance = 1e-4 if decoder.dtype == "fp32" else 0.05
    for cached, whole in zip(steps, without, strict=True):
        assert (whole.id, whole.number) == (cached.id, None)
        assert whole.probability == pytest.approx(cached.probability, abs=tolerance)
        assert [a.probability for a in whole.alternatives] == pytest.approx(
            [a.probability for a in cached.alternatives], abs=tolerance
        )


@pytest.mark.fault(37)
@pytest.mark.model
def test_the_same_seed_is_the_same_text_in_any_session(decoder):
    ids = decoder.encode(PROMPT).ids
    *_, first = generating.write(decoder, ids, SamplingSettings(top_p=0.9), 8, 5)
    with lenses.open("smollm2-135m", owner="another session") as other:
        assert tuple(step.id for step in other.generate(ids, SamplingSettings(top_p=0.9), 8, 5)) == first.ids
        (again,) = generating.write(other, ids, SamplingSettings(top_p=0.9), 8, 5)
    assert (again.ids, again.remembered, first.remembered) == (first.ids, True, False)
    assert len(first.ids) == 8 and first.tokens_per_second > 0
    *_, differs = generating.write(decoder, ids, SamplingSettings(top_p=0.9), 8, 6)
    assert differs.ids != first.ids


@pytest.mark.fault(21)
@pytest.mark.model
def test_leaving_stops_the_model_within_one_token(decoder, monkeypatch):
    stepped = []
    real = forward._step
    monkeypatch.setattr(forward, "_step", lambda *a: stepped.append(1) or real(*a))
    written = generating.write(decoder, decoder.encode("Leaving early").ids, SamplingSettings(), 60, 0)
    list(islice(written, 3))
    written.close()
    decoder.next_logits(decoder.encode("Something else").ids)  # served between two steps
    reached = len(stepped)
    assert decoder.generating == 0 or reached < 60
    decoder.next_logits(decoder.encode("And another").ids)
    assert len(stepped) <= reached + 1 <= 6
    (*_, whole) = generating.write(decoder, decoder.encode("Leaving early").ids, SamplingSettings(), 4, 0)
    assert not whole.remembered  # what was left early is not taken for a finished text


@pytest.mark.model
def test_what_the_page_asks_people_to_try_is_there_to_see(decoder):
    hello = decoder.encode("Hello, how are you?").ids
    lengths = []
    for penalty in (0.0, 1.0, 2.0):
        *_, found = decoder.beam_search(hello, 4, 20, penalty)
        lengths.append(len(found.text(found.best())))
    assert lengths[0] == 1 and lengths == sorted(lengths) and lengths[2] == 20
    counting = decoder.encode("One two three one two three one two").ids
    steps = list(decoder.generate(counting, SamplingSettings(temperature=0), 60))
    found = repetition.loop([step.id for step in steps])
    assert found.period == 1 and found.times > 10
    assert steps[-1].probability > steps[found.start].probability


@pytest.mark.model
def test_what_can_not_be_searched_is_refused(decoder):
    ids = decoder.encode(PROMPT).ids
    for beams, new_tokens in ((0, 5), (limits.BEAMS + 1, 5), (2, 0), (2, 10**6)):
        with pytest.raises(BadInput):
            next(decoder.beam_search(ids, beams, new_tokens))
    with pytest.raises(BadInput):
        next(decoder.beam_search((), 2, 5))
    with pytest.raises(BadInput):
        decoder.follow(ids, [10**9], SamplingSettings())


@pytest.mark.model
def test_the_shown_code_writes_the_same_texts(decoder):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(snippet(decoder.model_id, decoder.dtype, PROMPT, 6), {})
    own, greedy, beam = printed.getvalue().splitlines()
    ids = decoder.encode(PROMPT).ids
    text = decoder.decode([step.id for step in decoder.generate(ids, SamplingSettings(temperature=0), 6)])
    *_, found = decoder.beam_search(ids, 4, 6)
    assert own == repr(text) and greedy == f"1 {text!r}"
    if decoder.dtype == "fp32":
        assert beam == f"4 {decoder.decode(found.text(found.best()))!r}"
