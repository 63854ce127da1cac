"""The arithmetic of a weight against the models' own, in fp32: every layer and head of both default models."""

import threading

import numpy as np
import pytest
import torch

from playground.core import one_weight
from playground.errors import BadInput
from playground.models import attention_capture, lens, loading, store
from playground.models.catalogue import catalogue

pytestmark = pytest.mark.model
TEXT = "The animal didn't cross the street because it was too tired."


def bare(model_id: str, dtype: str) -> tuple[torch.nn.Module, tuple[int, ...]]:
    entry = catalogue()[model_id]
    with lens.open(model_id, "test") as opened:
        ids = opened.encode(TEXT, "template").ids
    return loading._from_folder(entry, store.ensure(model_id), dtype), ids


@pytest.mark.parametrize(("model_id", "causal", "layers"), [("smollm2-135m", True, 30), ("minilm-l6", False, 6)])
def test_every_weight_of_every_layer_and_head_in_fp32(model_id: str, causal: bool, layers: int) -> None:
    model, ids = bare(model_id, "fp32")
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        maps = [m[0].numpy() for m in model(torch.tensor([list(ids)]), output_attentions=True).attentions]
    assert len(maps) == layers
    for packed, expected in zip(attention_capture.captured(model, ids, range(layers)), maps, strict=True):
        found = attention_capture.unpacked(packed, causal=causal)
        np.testing.assert_array_equal(found.weights, expected)  # what is compared with is the model's own
        for head in range(len(expected)):
            for query in range(len(ids)):
                row = one_weight.row(found, head, query)
                assert np.abs(row.weights - expected[head, query]).max() <= 1e-5
                assert row.output_error <= 1e-4
    assert model.config._attn_implementation == "eager"


def test_queries_and_keys_are_those_after_rope() -> None:
    """Rotated here by hand: pairs (i, i + d/2) by position · θ^(−2i/d), RoFormer (arXiv:2104.09864)."""
    model, ids = bare("smollm2-135m", "fp32")
    found = attention_capture.unpacked(attention_capture.captured(model, ids, [5])[0], causal=True)
    block = model.model.layers[5]
    caught: list[torch.Tensor] = []
    hook = block.self_attn.k_proj.register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.inference_mode():
        model(torch.tensor([list(ids)]))
    hook.remove()
    plain = caught[0][0].numpy().astype(float).reshape(len(ids), 3, 64)
    theta = float(model.config.rope_parameters["rope_theta"])
    angle = np.arange(len(ids))[:, None] * theta ** (-np.arange(32) / 32)
    first, second = plain[..., :32], plain[..., 32:]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    turned = np.concatenate([first * cos - second * sin, second * cos + first * sin], -1)
    np.testing.assert_allclose(found.keys, turned.transpose(1, 0, 2), atol=1e-4)
    assert np.abs(found.keys - plain.transpose(1, 0, 2)).max() > 0.1  # and RoPE did turn them


def test_bf16_is_the_models_own_too() -> None:
    """There the model's weights have 8 significant bits: the exact ones differ, visibly but little."""
    model, ids = bare("smollm2-135m", "bf16")
    found = attention_capture.unpacked(attention_capture.captured(model, ids, [13])[0], causal=True)
    errors = one_weight.largest_error(found)
    assert 1e-5 < errors[0] < 0.05
    assert found.queries.dtype == np.float32


def test_two_models_at_once_do_not_see_each_others_calls() -> None:
    """Each runs on its own worker; the registered function is one for the whole process."""
    with lens.open("smollm2-135m", "a") as decoder, lens.open("minilm-l6", "b") as encoder:
        asked = {one: one.encode("Two at once, please", "template").ids for one in (decoder, encoder)}
        got: dict[tuple[str, int], one_weight.Captured] = {}

        def ask(one: lens.Lens, layer: int) -> None:
            got[one.model_id, layer] = attention_capture.of_layer(one, asked[one], layer)

        threads = [threading.Thread(target=ask, args=(one, layer)) for one in asked for layer in (0, 2, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        for one in asked:
            maps = one.attentions(asked[one])
            for layer in (0, 2, 4):
                np.testing.assert_array_equal(got[one.model_id, layer].weights, maps[layer])
                assert not got[one.model_id, layer].queries.flags.writeable  # shared answers can't be changed
        assert decoder._loaded.model.config._attn_implementation == "sdpa"


def test_what_is_not_there_is_refused() -> None:
    with lens.open("minilm-l6", "test") as opened:
        ids = opened.encode("x", "template").ids
        with pytest.raises(BadInput, match="no layer 6"):
            attention_capture.of_layer(opened, ids, 6)
        with pytest.raises(BadInput, match="no token"):
            attention_capture.of_layer(opened, (), 0)
        found = attention_capture.of_layer(opened, ids, 0)
        with pytest.raises(BadInput, match="no head 12"):
            one_weight.row(found, 12, 0)
        with pytest.raises(BadInput, match="no token 3"):
            one_weight.row(found, 0, 3)
