"""Label scores of an encoder–decoder against one whole forward pass each, and its greedy targets against generate."""

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.lab.reading_sources import SourceReader

VOCABULARY, END = 61, 1
TOKEN = st.integers(2, VOCABULARY - 1)
IDS = st.lists(TOKEN, min_size=1, max_size=9)


@pytest.fixture(scope="module", params=["tied", "untied"])
def model(request):
    """T5 1.0 ties its output head to the embedding (and scales before it), FLAN-T5 does not."""
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=VOCABULARY,
        d_model=16,
        d_kv=8,
        d_ff=24,
        num_layers=3,
        num_decoder_layers=2,
        num_heads=2,
        tie_word_embeddings=request.param == "tied",
        feed_forward_proj="relu" if request.param == "tied" else "gated-gelu",
    )
    config.decoder_start_token_id = 0
    made = transformers.T5ForConditionalGeneration(config).eval()
    for parameter in made.parameters():
        parameter.data *= 2
    return made


def brute_force(model, source, target) -> float:
    """The loss transformers computes for this one pair, without any batch: a mean over the target's tokens."""
    with torch.inference_mode():
        loss = model(input_ids=torch.tensor([source]), labels=torch.tensor([target])).loss
    return -float(loss) * len(target)


@settings(max_examples=30)
@given(prompts=st.lists(IDS, min_size=1, max_size=4), continuations=st.lists(IDS, min_size=1, max_size=4))
def test_padding_and_sharing_never_change_a_likelihood(model, prompts, continuations) -> None:
    found = SourceReader(model).likelihoods(prompts, continuations)
    for prompt, row in zip(prompts, found, strict=True):
        assert row == pytest.approx([brute_force(model, prompt, c) for c in continuations], abs=2e-3, rel=1e-4)


def test_each_prompt_is_read_once_whatever_the_number_of_labels(model) -> None:
    read = []
    hook = model.encoder.register_forward_hook(lambda _m, _a, out: read.append(len(out.last_hidden_state)))
    reader = SourceReader(model)
    reader.likelihoods([[5, 6, 7], [8, 9]], [[4, END], [5, 6, END], [7, END]])
    hook.remove()
    assert read == [2] and reader.read_tokens == 2 * 3


@settings(max_examples=10)
@given(prompts=st.lists(IDS, min_size=1, max_size=4))
def test_targets_written_together_are_what_each_would_be_alone(model, prompts) -> None:
    writing = SourceReader(model).writing(prompts)
    steps = [writing.step() for _ in range(6)]
    for row, prompt in enumerate(prompts):
        ids = [0]
        for tokens in steps:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([ids])).logits[0, -1]
            assert float(logits[tokens[row]]) == pytest.approx(float(logits.max()), abs=2e-3)
            ids.append(tokens[row])
