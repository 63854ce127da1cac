"""Label scores with a shared prefix against whole forward passes; what a run gives, remembers and refuses."""

import contextlib
from dataclasses import replace

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import limits
from playground.core.prompting import tasks
from playground.errors import BadInput
from playground.lab import shots, shots_results
from playground.lab.reading import Reader
from playground.models import store

VOCABULARY = 97
TOKEN = st.integers(0, VOCABULARY - 1)
IDS = st.lists(TOKEN, min_size=1, max_size=12)


def tiny(kind: str):
    """A random model of two layers: what is tested is the bookkeeping, not what it knows."""
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(vocab_size=VOCABULARY, n_positions=64, n_embd=16, n_layer=2, n_head=2)
        return transformers.GPT2LMHeadModel(config).eval()
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return transformers.LlamaForCausalLM(config).eval()


def brute_force(model, ids, continuation) -> float:
    """One whole forward pass without a cache."""
    whole = torch.tensor([[*ids, *continuation]])
    with torch.inference_mode():
        logs = model(whole, use_cache=False).logits[0].float().log_softmax(-1)
    return float(sum(logs[len(ids) - 1 + i, token] for i, token in enumerate(continuation)))


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def model(request):
    return tiny(request.param)


@settings(max_examples=25)
@given(
    calls=st.lists(
        st.tuples(st.lists(IDS, min_size=1, max_size=4), st.lists(st.lists(TOKEN, min_size=1, max_size=4), min_size=1)),
        max_size=4,
    ),
    begin=st.lists(TOKEN, max_size=8),
)
def test_sharing_never_changes_a_likelihood(model, calls, begin) -> None:
    """Prompts with or without a common beginning, of any lengths, in any succession."""
    reader = Reader(model)
    for ends, continuations in calls:
        prompts = [begin + end for end in ends]
        found = reader.likelihoods(prompts, continuations)
        for prompt, row in zip(prompts, found, strict=True):
            assert row == pytest.approx([brute_force(model, prompt, c) for c in continuations], abs=1e-4)


def test_a_shared_beginning_is_read_once(model) -> None:
    reader, begin = Reader(model), list(range(40))
    reader.likelihoods([[*begin, 50, 51], [*begin, 52, 53]], [[1], [2]])
    assert reader.read_tokens == 40 + 2 * 2
    reader.likelihoods([[*begin, 60, 61, 62]], [[1], [2]])
    assert reader.read_tokens == 44 + 3


@settings(max_examples=10)
@given(prompts=st.lists(IDS, min_size=1, max_size=4))
def test_rows_written_together_are_what_each_would_write_alone(model, prompts) -> None:
    reader = Reader(model)
    writing = reader.writing(prompts)
    steps = [writing.step() for _ in range(5)]
    for row, prompt in enumerate(prompts):
        ids = list(prompt)
        for tokens in steps:
            with torch.inference_mode():
                logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
            assert float(logits[tokens[row]]) == pytest.approx(float(logits.max()), abs=1e-4)
            ids.append(tokens[row])
    again = brute_force(model, prompts[0], [1])
    assert reader.likelihoods(prompts[:1], [[1]])[0] == pytest.approx([again], abs=1e-4)


@pytest.fixture(scope="module")
def sentiment():
    return shots_results.default_job(tasks()["sentiment"])


@pytest.mark.model
def test_the_default_models_scores_are_transformers_own(store_ready, sentiment) -> None:
    """A two-token label and a one-token label after a real few-shot prompt, in FP32."""
    folder = store.ensure(sentiment.model)
    bare = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    with shots.prompter(sentiment.model) as asked:
        prompt = f"{sentiment.examples[0]}\n\nReview: Not bad at all.\nSentiment:"
        ids = asked.encode(prompt, False).ids
        labels, with_end = asked.label_ids(("Positive", "rather unfriendly"), False)
        live = asked.likelihoods([ids], labels)[0].tolist()
    assert list(ids) == tokenizer(prompt, add_special_tokens=False).input_ids and not with_end
    assert [len(label) for label in labels] == [1, len(tokenizer(" rather unfriendly").input_ids)]
    wanted = [brute_force(bare, ids, label) for label in labels]
    assert Reader(bare).likelihoods([ids], labels)[0] == pytest.approx(wanted, abs=2e-3)
    assert live == pytest.approx(wanted, abs=0.4)  # as loaded: perhaps in BF16


@pytest.mark.model
def test_labels_that_begin_alike_are_scored_with_their_end(store_ready, sentiment) -> None:
    with shots.prompter(sentiment.model) as asked:
        apart, with_end = asked.label_ids(("good", "good enough"), False)
        assert with_end and asked.text(apart[0]) == " good\n" and asked.text(apart[1]) == " good enough\n"
        assert not asked.label_ids(("good", "bad"), True)[1]


@pytest.fixture
def three_reviews(monkeypatch, sentiment):
    """The first three reviews only."""
    task = tasks()["sentiment"]
    monkeypatch.setitem(tasks(), "sentiment", replace(task, items=task.items[:3]))


@pytest.mark.model
def test_a_run_remembers_each_number_of_shots(store_ready, sentiment, three_reviews, tmp_path, monkeypatch) -> None:
    with shots.prompter(sentiment.model) as asked:
        monkeypatch.setattr(shots_results, "folder", lambda: tmp_path)
        monkeypatch.setattr(shots, "prompter", lambda *_: contextlib.nullcontext(asked))
        job = replace(sentiment, examples=sentiment.examples[:2])
        steps = shots.measure(job)
        first = next(step.result for step in steps if step.result)
        steps.close()  # stopped after the first: that one is kept, and nobody has to wait
        assert list(shots_results.known(job).values()) == [first] and first.shots == 0 and len(first.nats) == 3
        rest = [step.result for step in shots.measure(job) if step.result]
        assert [one.shots for one in rest] == [0, 1, 2] and rest[0] == first
        assert [one.prompt_tokens for one in rest] == sorted(one.prompt_tokens for one in rest)
        shares = [step.share for step in shots.measure(job, again=True)]
        assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
        next(tmp_path.glob("*.json")).write_text('{"shots": 0, "nats": []}')
        assert len(shots_results.known(job)) == 2  # a file of another shape is no result


@pytest.mark.model
def test_where_the_window_is_full_the_curve_ends(store_ready, sentiment, three_reviews, tmp_path, monkeypatch) -> None:
    with shots.prompter(sentiment.model) as asked:
        monkeypatch.setattr(shots_results, "folder", lambda: tmp_path)
        monkeypatch.setattr(shots, "prompter", lambda *_: contextlib.nullcontext(asked))
        monkeypatch.setattr(shots.Prompter, "most_tokens", property(lambda _: 70))
        assert [step.result.shots for step in shots.measure(sentiment) if step.result] == [0, 1]
        monkeypatch.setattr(shots.Prompter, "most_tokens", property(lambda _: 10))
        with pytest.raises(BadInput, match="this app reads 10"):
            list(shots.measure(sentiment, again=True))
        with pytest.raises(BadInput, match="3 labels for a set with 2"):
            list(shots.measure(replace(sentiment, labels=("a", "b", "c"))))


@pytest.mark.parametrize("name", tasks())
def test_the_recording_is_of_the_shipped_tasks(name: str) -> None:
    """A changed text, label or example needs a new recording."""
    task, recorded = tasks()[name], shots_results.recording(name)
    assert shots_results.default_job(task) in recorded.runs
    for job, run in recorded.runs.items():
        assert job.instruction == task.instruction and sorted(job.examples) == sorted(task.blocks(task.labels))
        assert sorted(run) == list(range(limits.SHOTS + 1))
        assert all(len(one.nats) == len(task.items) for one in run.values())
