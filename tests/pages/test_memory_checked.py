"""Memory, checked: other calculators' answers at once, a measurement at the press of a button."""

from functools import partial

import pytest

from tests.pages.opened import html, run

page = partial(run, "memory_checked.py")


def test_the_others_answer_at_once() -> None:
    app = page(model="llama-2-7b", context="4096")
    assert not app.exception and not app.error
    shown = html(app)
    assert "accelerate" in shown and "DeepSpeed" in shown and "EleutherAI" in shown
    assert "1.00 GiB" in shown and "2.00 GiB" in shown  # the cookbook's cache, and the true one
    assert "takes the largest phase instead of the sum" in shown


@pytest.mark.parametrize("model", ["gpt2", "bert-base-uncased", "deepseek-v3", "flan-t5-base", "gpt-oss-20b"])
def test_every_kind_of_model(model: str) -> None:
    app = page(model=model)
    assert not app.exception and not app.error


def test_a_bare_count_is_explained() -> None:
    app = page(params="7B")
    assert not app.exception and any("shape too" in caption.value for caption in app.caption)


@pytest.mark.model
def test_measured_at_the_press_of_a_button(store_ready: None) -> None:
    app = page(layers="1", tokens_measured="32")
    app.button(key="memory_checked.go").click().run()
    assert not app.exception and not app.error
    shown = html(app)
    assert shown.count("✓ to the byte") >= 6 and "the last norm" in shown
