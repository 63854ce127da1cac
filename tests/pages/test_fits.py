"""What fits my card: both tasks, answers that fit, and cards too small."""

from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from playground.core.gpus import gpu
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import cache_format
from playground.core.subject import subject
from playground.core.weight_formats import weight_format
from tests.pages.opened import run

page = partial(run, "fits.py")


def metric(app: AppTest, label: str) -> str:
    return str(next(m.value for m in app.metric if m.label == label))


def test_the_longest_context_fits_and_one_more_does_not() -> None:
    app = page()
    assert not app.exception and not app.error
    tokens, usable = int(metric(app, "Longest context").replace(",", "")), gpu("rtx-4090").usable_bytes
    bf16, half = weight_format("bf16"), cache_format("bf16")
    for extra, fits in ((0, True), (1, False)):
        need = inference_memory(subject("llama-3.1-8b"), bf16, half, tokens + extra)
        assert (need.total <= usable) is fits


def test_nothing_fits_on_a_small_card_but_a_format_does() -> None:
    app = page(card="rtx-4060")
    assert not app.exception and metric(app, "Longest context") == "none fits"
    assert metric(app, "Best weights that fit") not in ("none", "BF16")


@pytest.mark.parametrize("model", ["mistral-7b-v0.1", "deepseek-v3", "bert-base-uncased", "flan-t5-base", "gpt2"])
@pytest.mark.parametrize("task", ["inference", "training"])
def test_every_kind_of_model(model: str, task: str) -> None:
    app = page(model=model, task=task, card="a100-80gb")
    assert not app.exception and not app.error


def test_which_recipes_train() -> None:
    app = page(task="training", model="llama-2-7b", recompute="full")
    table = app.dataframe[0].value
    fits = dict(zip(table["recipe"], table["fits"], strict=True))
    assert fits["QLoRA"] and not fits["Mixed precision (ZeRO paper)"]


def test_what_is_asked_above_is_what_is_answered_below() -> None:
    app = page(task="training", recompute="none", sequence="4096")
    captions = " ".join(caption.value for caption in app.caption)
    assert captions.count("every activation kept") == 2 and captions.count("4,096 tokens") == 2
    assert "double quantization" in captions and "4\\.127 bits" in captions


def test_the_box_counts_in_gib() -> None:
    assert any("24 GiB = 25.77 GB" in caption.value and "23.64 GiB" in caption.value for caption in page().caption)


def test_a_bare_count_and_nonsense() -> None:
    for params in ({"params": "7.5B"}, {"params": "7.5B", "task": "training"}, {"card": "abacus", "context": "3"}):
        app = page(**params)
        assert not app.exception and not app.error
    assert page(params="0").error
