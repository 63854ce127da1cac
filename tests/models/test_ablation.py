"""Cuts against the same thing done otherwise: hooks on o_proj's input, a 4-D attention mask of our own."""

import numpy as np
import pytest
import torch

from playground.core.ablation import Cut
from playground.errors import BadInput
from playground.models import ablation, lens, loading, store
from playground.models.catalogue import catalogue

pytestmark = pytest.mark.model
TEXT = "The capital of France is"


@pytest.fixture(scope="module")
def model(store_ready):
    found = loading._from_folder(catalogue()["smollm2-135m"], store.ensure("smollm2-135m"), "fp32")
    found.set_attn_implementation("eager")
    return found


@pytest.fixture(scope="module")
def decoder(store_ready):
    with lens.open("smollm2-135m", "test") as opened:
        yield opened


@pytest.fixture(scope="module")
def ids(decoder):
    return decoder.encode(TEXT, "template").ids


def plain(model, ids, **more) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.tensor([list(ids)]), **more).logits[0, -1].numpy()


def hook_count(model) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def by_o_proj(model, ids, layer: int, heads: tuple[int, ...], mean: bool) -> np.ndarray:
    """Brute force: the heads' columns of o_proj's input overwritten."""

    def overwrite(_module, args):
        changed = args[0].clone()
        for head in heads:
            columns = slice(64 * head, 64 * head + 64)
            changed[..., columns] = changed[..., columns].mean(1, keepdim=True) if mean else 0
        return (changed,)

    hook = model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(overwrite)
    try:
        return plain(model, ids)
    finally:
        hook.remove()


def by_mask(model, ids, layer: int, query: int, key: int) -> np.ndarray:
    """Brute force: one layer is given a 4-D mask of our own."""
    tokens = len(ids)
    mask = torch.triu(torch.full((tokens, tokens), float("-inf")), 1)[None, None]
    mask[..., query, key] = float("-inf")

    def own_mask(_module, args, kwargs):
        return args, {**kwargs, "attention_mask": mask}

    hook = model.model.layers[layer].self_attn.register_forward_pre_hook(own_mask, with_kwargs=True)
    try:
        return plain(model, ids)
    finally:
        hook.remove()


@pytest.mark.parametrize(
    ("layer", "heads", "method"),
    [(0, (4,), "zero"), (23, (4,), "zero"), (12, (0,), "mean"), (1, (4, 5), "mean"), (29, tuple(range(9)), "zero")],
)
def test_heads_by_brute_force(model, ids, layer, heads, method) -> None:
    before, after = ablation.before_after(model, ids, (Cut("heads", (layer,), heads, method),))
    np.testing.assert_allclose(before, plain(model, ids), atol=2e-4)
    np.testing.assert_allclose(after, by_o_proj(model, ids, layer, heads, method == "mean"), atol=2e-4)
    assert np.abs(after - before).max() > 1e-2


def test_a_layers_attention_is_all_its_heads(model, ids) -> None:
    whole, heads = ablation.before_after(model, ids, (Cut("attention", (7,)), Cut("heads", (7,), tuple(range(9)))))[1:]
    np.testing.assert_allclose(whole, heads, atol=1e-5)
    np.testing.assert_allclose(whole, by_o_proj(model, ids, 7, tuple(range(9)), False), atol=2e-4)


@pytest.mark.parametrize("method", ["zero", "mean"])
def test_a_layers_mlp_by_brute_force(model, ids, method) -> None:
    def overwrite(_module, _args, output):
        return output.mean(1, keepdim=True).expand_as(output) if method == "mean" else torch.zeros_like(output)

    hook = model.model.layers[3].mlp.register_forward_hook(overwrite)
    expected = plain(model, ids)
    hook.remove()
    _, after = ablation.before_after(model, ids, (Cut("mlp", (3,), (), method),))
    np.testing.assert_allclose(after, expected, atol=2e-4)


def test_a_masked_edge_is_a_mask_made_by_hand(model, ids) -> None:
    everywhere = tuple(range(9))
    _, after = ablation.before_after(model, ids, (Cut("edge", (23,), everywhere, "mask", query=4, key=3),))
    np.testing.assert_allclose(after, by_mask(model, ids, 23, 4, 3), atol=2e-4)
    assert np.abs(after - plain(model, ids)).max() > 1e-2


def test_a_dropped_edge_takes_its_weight_times_value_away(model, ids) -> None:
    """Brute force: w·v of that edge subtracted from o_proj's input, w and v from the map and v_proj."""
    layer, head, query, key = 23, 4, 4, 3
    caught: list[torch.Tensor] = []
    hook = model.model.layers[layer].self_attn.v_proj.register_forward_hook(lambda *call: caught.append(call[2]))
    with torch.inference_mode():
        weights = model(torch.tensor([list(ids)]), output_attentions=True).attentions[layer][0, head, query, key]
    hook.remove()
    shared = head // 3  # three query heads share a value head
    value = caught[0][0, key, 64 * shared : 64 * shared + 64]

    def overwrite(_module, args):
        changed = args[0].clone()
        changed[0, query, 64 * head : 64 * head + 64] -= weights * value
        return (changed,)

    hook = model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(overwrite)
    expected = plain(model, ids)
    hook.remove()
    _, after = ablation.before_after(model, ids, (Cut("edge", (layer,), (head,), "drop", query, key),))
    np.testing.assert_allclose(after, expected, atol=2e-4)


def test_a_batch_of_cuts_is_each_cut_alone(model, ids) -> None:
    cuts = (
        Cut("heads", (2,), (1,)),
        Cut("heads", (20,), (3, 5), "mean"),
        Cut("mlp", (9,)),
        Cut("attention", (0, 4), (), "mean"),
        Cut("edge", (6,), (0, 8), "mask", 3, 1),
        Cut("edge", (6, 7), (2,), "drop", 4, 0),
    )
    together = ablation.before_after(model, ids, cuts)
    for row, cut in enumerate(cuts, start=1):
        before, alone = ablation.before_after(model, ids, (cut,))
        np.testing.assert_allclose(together[row], alone, atol=2e-4)
        np.testing.assert_allclose(together[0], before, atol=2e-4)


def test_the_shared_model_is_as_it_was(decoder, ids) -> None:
    inside = decoder._loaded.model
    decoder.hidden_states(ids)  # transformers puts hooks of its own in, once
    before, hooks = decoder.next_logits(ids).copy(), hook_count(inside)
    found = ablation.one(decoder, ids, Cut("mlp", (0,)))
    assert inside.config._attn_implementation == "sdpa"
    assert hook_count(inside) == hooks
    with torch.inference_mode():  # asked again of the model itself, not of the answers kept
        again = inside(torch.tensor([list(ids)], device=inside.device), logits_to_keep=1).logits[0, -1].float().cpu()
    np.testing.assert_array_equal(again.numpy(), before)
    tolerance = 1e-3 if decoder.dtype == "fp32" else 0.5
    assert np.abs(found[0] - before).max() < tolerance


def test_every_head_of_a_layer_is_one_request_and_the_same_as_alone(decoder, ids) -> None:
    rows = ablation.many(decoder, ids, [Cut("heads", (23,), (head,)) for head in range(9)])
    logits = ablation.one(decoder, ids, Cut("heads", (23,), (4,)))
    from playground.core import ablation as core

    alone = core.effect(*logits)
    assert rows[4].kl_bits == pytest.approx(alone.kl_bits, rel=1e-2)
    assert (rows[4].answer.id, rows[4].winner.id) == (alone.answer.id, alone.winner.id)


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (Cut("heads", (30,), (0,)), "no layer 30"),
        (Cut("heads", (0,), (9,)), "no head 9"),
        (Cut("heads", (0,)), "Nothing to take out"),
        (Cut("edge", (0,), (0,), "mask", 1, 2), "does not look"),
        (Cut("edge", (0,), (0,), "mask", 0, 0), "nothing but itself"),
        (Cut("mlp", (0,), (), "mask"), "no way to cut"),
    ],
)
def test_what_can_not_be_cut_is_refused(decoder, ids, cut, says) -> None:
    with pytest.raises(BadInput, match=says):
        ablation.one(decoder, ids, cut)


def test_encoders_and_long_texts_are_refused(decoder) -> None:
    with lens.open("minilm-l6", "test") as encoder, pytest.raises(BadInput, match="no next token"):
        ablation.one(encoder, (101, 102), Cut("mlp", (0,)))
    with pytest.raises(BadInput, match="tokens are more"):
        ablation.one(decoder, [5] * 65, Cut("mlp", (0,)))


def test_one_token_is_enough(decoder) -> None:
    logits = ablation.one(decoder, (504,), Cut("heads", (0,), (0,)))
    assert logits.shape == (2, 49_152) and np.isfinite(logits).all()
