"""The page, run by Streamlit's own test harness: the same ids as the engines, links, switches and bad input."""

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from playground import paths
from playground.models import engines

pytestmark = pytest.mark.model


@pytest.fixture
def page() -> Callable[..., AppTest]:
    def opened(**parameters: str) -> AppTest:
        app = AppTest.from_file(str(paths.APP), default_timeout=120)
        for key, value in parameters.items():
            app.query_params[key] = value
        app.switch_page(str(paths.PAGES / "tokenization.py"))
        return checked(app.run())

    return opened


def checked(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def html(app: AppTest, name: str) -> str:
    """The HTML element with this class."""
    return next(e.proto.body for e in app.get("html") if f"<div class='{name}'" in e.proto.body)


def frame(app: AppTest, column: str) -> list:
    return next(list(e.value[column]) for e in app.dataframe if column in e.value)


def test_it_works_with_no_input(page: Callable[..., AppTest]) -> None:
    app = page()
    text = app.text_area(key="text").value
    assert [m.value for m in app.metric] == [str(len(text)), str(len(text.encode())), str(len(text.split()))]
    expected = [len(engines.load(tokenizer_id).encode(text).ids) for tokenizer_id in engines.TOKENIZERS]
    assert frame(app, "tokens") == expected
    assert frame(app, "tokenizer") == [info.title for info in engines.TOKENIZERS.values()]
    for count in expected:
        assert f"<strong>{count} tokens</strong>" in html(app, "lp-cards")
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    assert [label.split()[0] for label in bars["text"]] == [str(count) for count in expected]
    assert tuple(frame(app, "id")) == engines.load("gpt2").encode(text).ids


def test_a_link_is_the_whole_state(page: Callable[..., AppTest]) -> None:
    app = page(text="a<|endoftext|>", tokenizers="gpt2,mistral", special="control", view="ids", tokenizer="mistral")
    assert frame(app, "tokenizer") == ["GPT-2", "Mistral v1"]
    assert ">50256<" in html(app, "lp-cards")
    assert "never read from a text" in html(app, "lp-cards")
    assert tuple(frame(app, "id")) == engines.load("mistral").encode("a<|endoftext|>").ids
    assert "sentencepiece" in app.code[0].value


def test_switches_change_what_is_shown(page: Callable[..., AppTest]) -> None:
    app = page(text="👍<|endoftext|>", tokenizers="gpt2")
    assert frame(app, "tokens") == [9]
    assert "<code>91</code>" not in html(app, "lp-cards")
    assert "<code>F0 9F 91</code>" in html(app, "lp-cards")
    app.segmented_control(key="special").set_value("control")
    checked(app.run())
    assert frame(app, "tokens") == [3]
    app.segmented_control(key="view").set_value("ids")
    checked(app.run())
    assert "<code>F0 9F 91</code>" not in html(app, "lp-cards")
    assert ">41840<" in html(app, "lp-cards")


def test_choosing_other_tokenizers_keeps_a_valid_closer_look(page: Callable[..., AppTest]) -> None:
    app = page(text="Hi", tokenizer="bert")
    assert app.selectbox(key="tokenizer").value == "bert"
    app.get("button_group")[0].set_value(["gpt2", "o200k"])
    checked(app.run())
    assert frame(app, "tokenizer") == ["GPT-2", "o200k (GPT-4o)"]
    assert app.selectbox(key="tokenizer").value == "gpt2"
    app.get("button_group")[0].set_value([])
    checked(app.run())
    assert len(frame(app, "tokenizer")) == len(engines.TOKENIZERS)


def test_names_in_a_link_that_are_not_ours_are_left_out_with_a_notice(page: Callable[..., AppTest]) -> None:
    app = page(tokenizers="gpt2,llama,$x$")
    assert frame(app, "tokenizer") == ["GPT-2"]
    assert any("llama" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\u202eabc", "Z͑ͫ̓a̐́l̋̍go" * 200, "</style><script>alert(1)</script>"],
    ids=["empty", "space", "nul", "bidi", "zalgo", "script"],
)
def test_bad_input_is_shown_not_raised(page: Callable[..., AppTest], text: str) -> None:
    app = page(tokenizers="gpt2,bert,mistral,smollm2")
    app.text_area(key="text").set_value(text)
    checked(app.run())
    for tokenizer_id in ("bert", "mistral", "smollm2"):
        app.selectbox(key="tokenizer").set_value(tokenizer_id)
        checked(app.run())
    assert "<script" not in html(app, "lp-cards").lower()
    assert len(frame(app, "tokens")) == 4


@pytest.mark.parametrize("text", ["a" * 200_000, "The quick brown fox. " * 50_000], ids=["200k a", "1 MB"])
def test_a_paste_too_long_is_cut_with_a_notice(page: Callable[..., AppTest], text: str) -> None:
    app = page()
    app.text_area(key="text").set_value(text)
    checked(app.run())
    assert any("first 100,000 of" in caption.value.replace("\\", "") for caption in app.caption)
    assert app.metric[0].value == "100,000"
    drawn = html(app, "lp-cards")
    assert drawn.count("title='token ") <= 2_000
    assert " more</em>" in drawn
