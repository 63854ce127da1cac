"""The logit lens against transformers' own hidden states and unembedding."""

import numpy as np
import pytest
import torch

from playground.errors import BadInput
from playground.models import lens, loading, logit_lens, store
from playground.models.catalogue import catalogue

pytestmark = pytest.mark.model
TEXT = "The capital of France is"


@pytest.fixture(scope="module")
def model(store_ready):
    return loading._from_folder(catalogue()["smollm2-135m"], store.ensure("smollm2-135m"), "fp32")


@pytest.fixture(scope="module")
def decoder(store_ready):
    with lens.open("smollm2-135m", "test") as opened:
        yield opened


@pytest.fixture(scope="module")
def ids(decoder):
    return decoder.encode(TEXT, "template").ids


@pytest.fixture(scope="module")
def steps(model, ids):
    with torch.inference_mode():
        return [logits.numpy() for logits in logit_lens.step_logits(model, ids)][::-1]


def test_the_last_step_is_the_models_own_prediction_exactly(model, ids, steps) -> None:
    with torch.inference_mode():
        own = model(torch.tensor([list(ids)])).logits[0].numpy()
    np.testing.assert_array_equal(steps[-1], own)


def test_every_step_by_hidden_states_norm_and_lm_head(model, ids, steps) -> None:
    with torch.inference_mode():
        states = model(torch.tensor([list(ids)]), output_hidden_states=True).hidden_states
        assert len(states) == len(steps) == 31
        for state, ours in zip(states[:-1], steps[:-1], strict=True):  # the last one is normalised already
            np.testing.assert_allclose(ours, model.lm_head(model.model.norm(state))[0].numpy(), atol=1e-4)
        np.testing.assert_allclose(steps[-1], model.lm_head(states[-1])[0].numpy(), atol=1e-4)


def test_the_reading_is_those_logits_reduced(decoder, model, ids, steps) -> None:
    reading = logit_lens.logit_lens.unpacked(logit_lens.read_packed(model, ids), logit_lens.TOP)
    assert reading.ids.shape == (31, len(ids), logit_lens.TOP)
    for step, logits in enumerate(steps):
        p = torch.softmax(torch.tensor(logits).double(), -1).numpy()
        for position in range(len(ids)):
            answer = int(steps[-1][position].argmax())
            order = np.argsort(-logits[position], kind="stable")
            assert reading.ids[step, position, 0] == order[0]
            assert set(reading.ids[step, position]) == set(order[: logit_lens.TOP])
            assert reading.answer_rank[step, position] == int(np.flatnonzero(order == answer)[0])
            assert reading.answer_probability[step, position] == pytest.approx(p[position, answer], rel=1e-9)
            bits = -(p[position] * np.log2(np.maximum(p[position], 1e-300))).sum()
            assert reading.entropy_bits[step, position] == pytest.approx(bits, abs=1e-6)
    np.testing.assert_allclose(
        reading.probabilities[..., 0],
        [[torch.softmax(torch.tensor(row).double(), -1).max() for row in s] for s in steps],
    )


def test_through_the_worker_and_what_is_refused(decoder, ids) -> None:
    reading = logit_lens.read(decoder, ids)
    assert decoder.token_text(reading.answer(len(ids) - 1)) == " Paris"
    assert reading.answer_rank[-1].tolist() == [0] * len(ids)
    assert 0 < reading.settled(len(ids) - 1) <= 30
    assert not any(block._forward_pre_hooks for block in decoder._loaded.model.model.layers)
    with pytest.raises(BadInput, match="tokens are more"):
        logit_lens.read(decoder, [5] * 49)
    with pytest.raises(BadInput, match="no token 5"):
        reading.check(5)
    with lens.open("minilm-l6", "test") as encoder, pytest.raises(BadInput, match="no next token"):
        logit_lens.read(encoder, (101, 102))
    assert logit_lens.read(decoder, ids[:1]).positions == 1
