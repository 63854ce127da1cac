"""The same cuts, lens and capture on GPT-2's family, whose modules have other names: a small random one."""

import numpy as np
import pytest
import torch
import transformers

from playground.core import one_weight
from playground.core.ablation import Cut
from playground.models import ablation, attention_capture, logit_lens

IDS = [3, 14, 15, 9, 26]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = transformers.GPT2Config(n_layer=3, n_head=4, n_embd=32, vocab_size=60, n_positions=32)
    config._attn_implementation = "eager"
    return transformers.GPT2LMHeadModel(config).eval()


def plain(model, **more) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.tensor([IDS]), **more).logits[0].numpy()


def test_a_head_by_c_projs_input(model) -> None:
    def overwrite(_module, args):
        changed = args[0].clone()
        changed[..., 8:16] = 0
        return (changed,)

    hook = model.transformer.h[1].attn.c_proj.register_forward_pre_hook(overwrite)
    expected = plain(model)[-1]
    hook.remove()
    before, after = ablation.before_after(model, IDS, (Cut("heads", (1,), (1,)),))
    np.testing.assert_allclose(before, plain(model)[-1], atol=1e-5)
    np.testing.assert_allclose(after, expected, atol=1e-5)
    assert np.abs(after - before).max() > 1e-4


def test_an_mlp_and_an_edge(model) -> None:
    hook = model.transformer.h[2].mlp.register_forward_hook(lambda module, given, out: torch.zeros_like(out))
    expected = plain(model)[-1]
    hook.remove()
    rows = ablation.before_after(model, IDS, (Cut("mlp", (2,)), Cut("edge", (2,), (0, 1, 2, 3), "mask", 4, 1)))
    np.testing.assert_allclose(rows[1], expected, atol=1e-5)
    mask = torch.triu(torch.full((5, 5), float("-inf")), 1)[None, None]
    mask[..., 4, 1] = float("-inf")
    hook = model.transformer.h[2].attn.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {**kwargs, "attention_mask": mask}), with_kwargs=True
    )
    expected = plain(model)[-1]
    hook.remove()
    np.testing.assert_allclose(rows[2], expected, atol=1e-5)
    assert np.abs(rows[2] - rows[0]).max() > 1e-5


def test_the_lens_ends_in_the_models_own_logits(model) -> None:
    with torch.inference_mode():
        steps = [logits.numpy() for logits in logit_lens.step_logits(model, IDS)][::-1]
        states = model(torch.tensor([IDS]), output_hidden_states=True).hidden_states
        first = model.lm_head(model.transformer.ln_f(states[0]))[0].numpy()
    assert len(steps) == 4
    np.testing.assert_array_equal(steps[-1], plain(model))
    np.testing.assert_allclose(steps[0], first, atol=1e-5)


def test_captured_attention(model) -> None:
    with torch.inference_mode():
        maps = model(torch.tensor([IDS]), output_attentions=True).attentions
    for packed, expected in zip(attention_capture.captured(model, IDS, range(3)), maps, strict=True):
        found = attention_capture.unpacked(packed, causal=True)
        np.testing.assert_allclose(found.weights, expected[0].numpy(), atol=1e-7)
        assert max(one_weight.largest_error(found)) <= 1e-5
