"""Each token's loss, against transformers' own training loss on the same text."""

import numpy as np
import pytest
import torch
import transformers

from playground.errors import BadInput
from playground.models import lens as lenses
from playground.models import token_losses


@pytest.mark.parametrize("length", [2, 5, 130, 300])
def test_the_mean_is_the_loss_transformers_trains_with(length: int) -> None:
    """More than one block of positions from 130 on."""
    torch.manual_seed(length)
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.LlamaConfig(vocab_size=61, bos_token_id=1, eos_token_id=2, **shape)
    model = transformers.LlamaForCausalLM(config).eval()
    ids = torch.randint(0, 61, (1, length))
    found = token_losses.losses(model, ids[0].tolist())
    with torch.inference_mode():
        out = model(ids, labels=ids)
    assert found.shape == (4, length - 1)
    assert found[0].mean() == pytest.approx(float(out.loss), rel=1e-5)
    logits = out.logits[0, :-1].double()
    own = logits.gather(1, ids[0, 1:, None])
    np.testing.assert_array_equal(found[1], (logits > own).sum(1))
    np.testing.assert_array_equal(found[2], logits.argmax(1))
    np.testing.assert_allclose(found[3], logits.softmax(1).max(1).values, rtol=1e-4)


def test_one_token_has_no_loss() -> None:
    config = transformers.GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=20, bos_token_id=1, eos_token_id=2)
    assert token_losses.losses(transformers.GPT2LMHeadModel(config).eval(), [4]).shape == (4, 0)


@pytest.mark.model
def test_the_default_model_finds_paris_likely_and_an_encoder_is_refused() -> None:
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode("The capital of France is Paris").ids
        found = token_losses.of(lens, ids)
        logits = lens.next_logits(ids[:-1]).astype(float)
        expected = np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[ids[-1]]
        assert found.nats[-1] == pytest.approx(expected, abs=1e-3 if lens.dtype == "fp32" else 0.05)
        assert found.rank[-1] == 0 and found.best[-1] == ids[-1]
    with lenses.open("minilm-l6") as lens, pytest.raises(BadInput, match="no next token"):
        token_losses.of(lens, [101, 102])
