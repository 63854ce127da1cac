"""The lengths of what heads let through, and the text of random words, on the real models."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import transformers

from playground.core import attention, head_scores
from playground.errors import BadInput
from playground.models import lens, repeats, value_norms
from playground.models.lens import Lens

pytestmark = pytest.mark.model
TEXT = "The animal didn't cross the street"


@pytest.fixture(scope="module")
def decoder(store_ready: None) -> Iterator[Lens]:
    with lens.open("smollm2-135m", "test") as opened:
        yield opened


@pytest.fixture(scope="module")
def encoder(store_ready: None) -> Iterator[Lens]:
    with lens.open("minilm-l6", "test") as opened:
        yield opened


@pytest.fixture(params=["decoder", "encoder"])
def either(request: pytest.FixtureRequest) -> Lens:
    return request.getfixturevalue(request.param)


def by_hand(model: torch.nn.Module, ids: tuple[int, ...], values: str, output: str, layer: int) -> np.ndarray:
    """‖v W_O‖ of one layer, head by head: the value projection's own output, and slices of the output projection."""
    caught: list[torch.Tensor] = []
    hook = model.get_submodule(values).register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.inference_mode():
        model(torch.tensor([ids]))
    hook.remove()
    heads = model.config.num_attention_heads
    size = model.config.hidden_size // heads
    weight = model.get_submodule(output).weight.float().numpy()  # (out, in)
    value = caught[0][0].float().numpy()
    groups = value.shape[1] // size  # fewer value heads than heads: neighbours share one
    norms = []
    for head in range(heads):
        shared = head * groups // heads
        through = value[:, shared * size : (shared + 1) * size] @ weight[:, head * size : (head + 1) * size].T
        norms.append(np.linalg.norm(through, axis=1))
    return np.stack(norms)


@pytest.mark.parametrize(
    ("which", "values", "output"),
    [
        ("decoder", "model.layers.{}.self_attn.v_proj", "model.layers.{}.self_attn.o_proj"),
        ("encoder", "encoder.layer.{}.attention.self.value", "encoder.layer.{}.attention.output.dense"),
    ],
)
def test_lengths_are_those_of_the_models_own_modules(
    which: str, values: str, output: str, request: pytest.FixtureRequest
) -> None:
    opened: Lens = request.getfixturevalue(which)
    ids = opened.encode(TEXT, "template").ids
    found = value_norms.of_text(opened, ids)
    assert found.shape == (opened.layers, opened.heads, len(ids))
    for layer in (0, opened.layers - 1):
        expected = by_hand(opened._loaded.model, ids, values.format(layer), output.format(layer), layer)
        np.testing.assert_allclose(found[layer], expected, rtol=1e-4 if opened.dtype == "fp32" else 0.05)


def test_gpt2_keeps_its_projection_the_other_way_round() -> None:
    config = transformers.GPT2Config(n_layer=2, n_head=4, n_embd=32, vocab_size=50, n_positions=16)
    model = transformers.GPT2LMHeadModel(config).eval()
    ids = [3, 1, 4, 1, 5]
    found = value_norms.value_norms(model, ids)
    caught: list[torch.Tensor] = []
    model.transformer.h[1].attn.c_attn.register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.inference_mode():
        model(torch.tensor([ids]))
    value = caught[0][0, :, 64:].numpy()
    weight = model.transformer.h[1].attn.c_proj.weight.detach().numpy()
    for head in range(4):
        part = slice(8 * head, 8 * head + 8)
        np.testing.assert_allclose(found[1, head], np.linalg.norm(value[:, part] @ weight[part], axis=1), rtol=1e-4)


def test_the_models_attention_comes_back(decoder: Lens) -> None:
    before = decoder._loaded.model.config._attn_implementation
    value_norms.of_text(decoder, decoder.encode("something else").ids)
    assert decoder._loaded.model.config._attn_implementation == before


@pytest.mark.parametrize("ids", [(), (10**9,), (1,) * 3_000])
def test_what_a_model_cannot_take_in_is_refused(decoder: Lens, ids: tuple[int, ...]) -> None:
    with pytest.raises(BadInput):
        value_norms.of_text(decoder, ids)


def test_the_first_tokens_value_is_short(decoder: Lens) -> None:
    """What the page says of sinks: in most heads the first token's value is less than half as long as the others'."""
    norms = value_norms.of_text(decoder, decoder.encode("The animal didn't cross the street because it was tired.").ids)
    assert (norms[:, :, 0] < 0.5 * np.median(norms[:, :, 1:], axis=-1)).mean() > 0.7


@pytest.mark.parametrize(("words", "seed"), [(8, 0), (40, 0), (60, 7)])
def test_random_words_are_one_token_each_and_said_twice(either: Lens, words: int, seed: int) -> None:
    text = repeats.twice(either, words, seed)
    encoding = either.encode(text, "template")
    ids = [token.id for token in encoding.tokens if not token.added]
    assert ids[:words] == ids[words:] and len(set(ids)) == words and len(ids) == 2 * words
    assert repeats.twice(either, words, seed) == text != repeats.twice(either, words, seed + 1)


def on_random_words(opened: Lens) -> attention.Scores:
    ids = opened.encode(repeats.twice(opened, 40, 0), "template").ids
    return attention.scores(opened.attentions(ids), ids)


def test_the_decoder_has_an_induction_head_a_previous_token_head_and_many_sinks(decoder: Lens) -> None:
    """The pinned model's real figures, measured on 2026-11-22 in fp32: 0.906, 0.903, 131 of 270."""
    found = on_random_words(decoder)
    assert head_scores.best(found, "on_repeat") == (18, 6)
    assert found.on_repeat[18, 6] == pytest.approx(0.906, abs=0.02)
    assert found.on_previous.max() == pytest.approx(0.903, abs=0.02) and found.on_previous[16, 0] > 0.88
    assert abs(head_scores.sinks(found) - 131) <= 5
    layers = (found.on_first > 0.5).sum(1)  # what the page's second experiment says
    assert not layers[[0, 1, 10, 11]].any() and (layers[3:10] >= 6).all()
    assert np.nanmax(found.on_previous[10:12]) > 0.5  # what they do instead


def test_the_encoder_does_not_copy(encoder: Lens) -> None:
    found = on_random_words(encoder)
    assert np.nanmax(found.on_repeat) < 0.05
    assert head_scores.best(found, "on_previous") == (0, 2) and found.on_previous[0, 2] > 0.97
