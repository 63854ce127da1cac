"""Texts that share their passes: each is what it is alone, and what transformers writes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from playground.core.sampling_settings import SamplingSettings
from playground.models import batch, decoding, forward, loading, store
from playground.models.catalogue import catalogue

VOCABULARY, NEW = 40, 24
LLAMA = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.4, "max_position_embeddings": 256,
    "bos_token_id": None, "eos_token_id": None,
}  # fmt: skip
MAKERS = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**LLAMA)),
    "llama3 angles": lambda: LlamaForCausalLM(
        LlamaConfig(
            **LLAMA,
            rope_parameters={
                "rope_type": "llama3", "rope_theta": 10_000.0, "factor": 4.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
            },
        )
    ),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**LLAMA)),
    "gpt2": lambda: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY, n_embd=32, n_layer=3, n_head=4, n_positions=256, initializer_range=0.4,
            bos_token_id=None, eos_token_id=None,
        )
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=MAKERS)
def model(request):
    torch.manual_seed(0)
    made = MAKERS[request.param]().eval()
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):  # zeros at first: a forgotten bias would not be seen
            torch.nn.init.normal_(parameter, std=0.2)
    return made


def row(ids, new_tokens=NEW, guesses=0, seed=0, **settings_given):
    chosen = SamplingSettings(**{"temperature": 0.0, **settings_given})
    return forward.Generation(list(ids), chosen, new_tokens, seed, frozenset(), guesses=guesses)


def written(model, rows):
    """Every row's tokens, stepping together until each has ended."""
    texts, live = {id(r): [] for r in rows}, list(rows)
    while live:
        for r, (step, finished) in zip(list(live), forward.step_rows(model, live), strict=True):
            texts[id(r)].append(step.id)
            if finished:
                live.remove(r)
    return [texts[id(r)] for r in rows]


def theirs(model, ids, new_tokens=NEW):
    with torch.inference_mode():
        prompt = torch.tensor([ids])
        seen = torch.ones_like(prompt)  # else token 0 is taken for padding
        out = model.generate(prompt, attention_mask=seen, do_sample=False, max_new_tokens=new_tokens, pad_token_id=0)
    return out[0, len(ids) :].tolist()


PROMPTS = [[5], [1, 2, 3], list(range(20)), [7] * 70, [3, 9, 3, 9, 3, 9]]


def test_a_text_alone_is_transformers_own_with_and_without_guesses(model):
    assert decoding.of(model) is not None
    for ids in PROMPTS:
        expected = theirs(model, ids)
        assert written(model, [row(ids)]) == written(model, [row(ids, guesses=7)]) == [expected]


@pytest.mark.fault(26)
def test_texts_written_together_are_what_each_is_alone(model):
    rows = [row(ids, new_tokens=6 + 3 * n, guesses=3 * (n % 2)) for n, ids in enumerate(PROMPTS)]
    assert written(model, rows) == [theirs(model, ids, 6 + 3 * n) for n, ids in enumerate(PROMPTS)]


def test_logits_of_a_shared_pass_are_the_models(model):
    pieces = [decoding.Piece(ids, decoding.Memory()) for ids in PROMPTS]
    decoder = decoding.of(model)
    with torch.inference_mode():
        first = decoder.logits(pieces, [1] * len(pieces))
        more = decoder.logits([decoding.Piece([8, 11, 2], p.memory) for p in pieces], [3] * len(pieces))
        for ids, one, three in zip(PROMPTS, first, more, strict=True):
            whole = model(torch.tensor([[*ids, 8, 11, 2]])).logits[0]
            assert torch.allclose(one[0], whole[len(ids) - 1], atol=1e-4)
            assert torch.allclose(three, whole[-3:], atol=1e-4)


QUESTIONS = (
    "One, two, three, four, five,", "The capital of France is", "2 + 2 =", "Once upon a", "A B C D E F",
    "The sun rises in the east and sets in the",
)  # fmt: skip


@pytest.mark.model
@pytest.mark.fault(26)
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_prompts_that_arrive_together_get_what_each_gets_alone_from_the_default_model(store_ready, monkeypatch, dtype):
    entry = catalogue()["smollm2-135m"]
    model = loading._from_folder(entry, store.ensure(entry.id), dtype)
    texts = [loading.own.of(entry).encode(text).ids for text in QUESTIONS]
    passes, real = [], decoding.Decoder.logits
    monkeypatch.setattr(decoding.Decoder, "logits", lambda *a: passes.append(len(a[1])) or real(*a))
    together = forward.next_logits_of_each(model, texts)
    assert passes == [len(QUESTIONS)] and len({len(ids) for ids in texts}) > 3  # of several lengths, in one pass
    for ids, found in zip(texts, together, strict=True):
        alone = forward.next_logits(model, ids)  # transformers' own
        assert found.argmax() == alone.argmax()
        if dtype == "fp32":
            assert abs(found - alone).max() < 1e-4


@settings(max_examples=15)
@given(
    starts=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9), st.integers(0, 3)), min_size=2, max_size=5),
    top_p=st.sampled_from([1.0, 0.8]),
    guesses=st.sampled_from([0, 7]),
)
def test_rows_that_join_late_and_leave_early_draw_what_they_draw_alone(starts, top_p, guesses):
    torch.manual_seed(1)
    tiny = MAKERS["llama"]().eval()

    def begun(n):
        _, length, seed = starts[n]
        return row(range(n, n + length), 4 + 2 * length, guesses, seed, temperature=1.0, top_p=top_p)

    alone = [written(tiny, [begun(n)])[0] for n in range(len(starts))]
    rows, texts, step = [begun(n) for n in range(len(starts))], [[] for _ in starts], 0
    while any(r.new_tokens > 0 or r.ahead for r in rows):
        live = [n for n, r in enumerate(rows) if starts[n][0] <= step and (r.new_tokens > 0 or r.ahead)]
        if live:
            for n, (drawn, _) in zip(live, forward.step_rows(tiny, [rows[n] for n in live]), strict=True):
                texts[n].append(drawn.id)
        step += 1
    assert texts == alone


def test_guesses_save_passes_where_a_text_repeats_itself(monkeypatch):
    torch.manual_seed(0)
    # small weights: the next token is nearly a function of the last one, so a greedy text ends in a loop
    model = LlamaForCausalLM(LlamaConfig(**LLAMA | {"initializer_range": 0.02})).eval()
    passes = []
    real = decoding.Decoder.logits
    monkeypatch.setattr(decoding.Decoder, "logits", lambda *a: passes.append(1) or real(*a))
    (text,) = written(model, [row([4, 5], new_tokens=120)])
    assert len(passes) == 120
    passes.clear()
    assert written(model, [row([4, 5], new_tokens=120, guesses=7)]) == [text]
    assert len(passes) < 80


def test_thirty_readers_cost_the_passes_of_one(model, monkeypatch):
    passes = []
    real = decoding.Decoder.logits
    monkeypatch.setattr(decoding.Decoder, "logits", lambda *a: passes.append(len(a[1])) or real(*a))
    written(model, [row([n, 2, 3], new_tokens=20) for n in range(1, 31)])
    assert passes == [10, 10, 10] + [30] * 19  # three prompts' passes hold 30 tokens each


def test_one_texts_failure_is_not_the_others(model):
    good, bad = row([1, 2], new_tokens=3), row([VOCABULARY + 5], new_tokens=3)
    (step, _), failed = forward.step_rows(model, [good, bad])
    assert step.id == theirs(model, [1, 2], 3)[0]
    assert isinstance(failed, IndexError)


def test_passes_stay_small_and_take_texts_in_their_order():
    sizes = [1, 20, 11, 40, 1, 31, 1]
    cut = list(batch._passes(sizes))
    assert [sizes[s] for s in cut] == [[1, 20, 11], [40], [1, 31], [1]]


def test_a_model_of_another_build_runs_as_transformers_has_it():
    torch.manual_seed(0)
    dynamic = LLAMA | {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 2.0}}
    other = LlamaForCausalLM(LlamaConfig(**dynamic)).eval()
    assert decoding.of(other) is None
    assert written(other, [row([1, 2, 3]), row([9])]) == [theirs(other, [1, 2, 3]), theirs(other, [9])]
