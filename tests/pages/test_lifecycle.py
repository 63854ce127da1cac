"""The Lifecycle page: its example, links, every kind of model, and the code it shows."""

from functools import partial

import pytest

from playground.ui.components import lifecycle
from tests.pages.opened import html, run
from tests.pages.test_memory_code import run_snippet

page = partial(run, "lifecycle.py")


def test_the_example_prices_every_way() -> None:
    app = page()
    assert not app.exception and not app.error
    shown = html(app)
    assert all(title.split(" (")[0] in shown for title in ("Prompt", "Few-shot", "Fine-tune with LoRA", "Pre-train"))
    assert "✓" in shown and len(app.metric) == 3 and app.metric[0].value == "2,250"


def test_who_is_beaten_is_named() -> None:
    app = page()
    assert any("Against 8 examples with every request" in text.value for text in app.markdown)
    assert "11 a parameter" in " ".join(text.value for text in app.markdown)
    assert "1 × 128 tokens" in html(app)


def test_the_code_gives_the_pages_number() -> None:
    assert "after 2,250 requests" in run_snippet(lifecycle.SNIPPET)[0]


def test_more_than_the_models_context_is_said() -> None:
    app = page(model="gpt2", shots="64", example_tokens="4096")
    assert not app.exception and any("was trained for" in caption.value for caption in app.caption)


@pytest.mark.parametrize("model", ["mixtral-8x7b", "bert-base-uncased", "flan-t5-base", "deepseek-v3"])
def test_every_kind_of_model(model: str) -> None:
    app = page(model=model)
    assert not app.exception and not app.error


def test_a_bare_count_and_nonsense() -> None:
    assert "Choose a model" in page(params="7B").error[0].value
    app = page(requests="-5", shots="nan", dataset="0", card="abacus")
    assert not app.exception and not app.error
