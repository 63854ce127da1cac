"""The page, run by Streamlit's own test harness: the same ids as the engines, links, switches and bad input."""

import json
import time

import pytest
from streamlit.testing.v1 import AppTest

from playground.models import engines
from playground.ui.components.tokenization import DEFAULT
from tests.pages.opened import checked, html_of, run

pytestmark = pytest.mark.model

LONGEST_RERUN_S = 5.0  # half a second on a quiet machine; see tests/bench/tokenizing.py
BITS = ("that say what it is", "of the character")


def page(**params: str) -> AppTest:
    return checked(run("tokenization.py", **params))


def frame(app: AppTest, column: str) -> list:
    return next(list(e.value[column]) for e in app.dataframe if column in e.value)


def told(app: AppTest, name: str) -> dict:
    """What Python told a component of ours, by a word in its data."""
    data = (json.loads(component.proto.json) for component in app.get("bidi_component"))
    return next(one for one in data if name in one)


def test_it_works_with_no_input() -> None:
    app = page()
    text = app.text_area(key="text").value
    assert [m.value for m in app.metric] == [str(len(text)), str(len(text.encode())), str(len(text.split()))]
    expected = [len(engines.load(tokenizer_id).encode(text).ids) for tokenizer_id in DEFAULT]
    assert frame(app, "tokens") == expected
    assert frame(app, "share of context") == [count / 8192 for count in expected]
    assert frame(app, "tokenizer") == [engines.TOKENIZERS[tokenizer_id].title for tokenizer_id in DEFAULT]
    for count in expected:
        assert f"<strong>{count} tokens</strong>" in html_of(app, "lp-cards")
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    assert [label.split()[0] for label in bars["text"]] == [str(count) for count in expected]
    drawn = [token["id"] for block in told(app, "blocks")["blocks"] for token in block["tokens"]]
    assert tuple(drawn) == engines.load("gpt2").encode(text).ids
    assert told(app, "frames")["frames"][0]["say"].startswith("Merge 1: o + n → on.")


def test_a_link_is_the_whole_state() -> None:
    app = page(
        text="a<|endoftext|>",
        tokenizers="gpt2,mistral",
        special="control",
        view="ids",
        tokenizer="mistral",
        step="ids",
        token="3",
        context="512",
    )
    assert frame(app, "tokenizer") == ["GPT-2", "Mistral v1"]
    assert ">50256<" in html_of(app, "lp-cards")
    assert "never read from a text" in html_of(app, "lp-cards")
    encoding = engines.load("mistral").encode("a<|endoftext|>")
    assert tuple(frame(app, "id")) == encoding.ids
    assert "sentencepiece" in app.code[0].value
    assert told(app, "blocks")["token"] == 3
    assert any(f"id **{encoding.ids[3]:,}**" in m.value for m in app.markdown)
    assert frame(app, "share of context") == [2 / 512, len(encoding.ids) / 512]


@pytest.mark.parametrize("tokenizer", engines.TOKENIZERS)
def test_each_stage_of_each_tokenizer(tokenizer: str) -> None:
    text = "Café unhappiness 👩‍🚀 1234"
    app = page(text=text, tokenizers=tokenizer, tokenizer=tokenizer)
    engine = engines.load(tokenizer)
    stages = engine.stages(text)
    for step in ("normalized", "pre-tokens", "pieces", "ids", "bytes"):
        app.segmented_control(key="step").set_value(step)
        checked(app.run())
        if step == "normalized":
            assert any("<del>" in e.proto.body for e in app.get("html")) == (stages.normalized != text)
        elif step == "pre-tokens":
            chips = next(e.proto.body for e in app.get("html") if "</style><div class='lp-chips'" in e.proto.body)
            assert chips.count("title='character") == len(stages.pre_tokens)
            assert chips.count("class='lp-s'") == 1
            assert "▁" not in chips  # a space is · here as on the cards
            assert (stages.rule in [code.value for code in app.code]) == stages.is_regex
        elif step == "pieces" and tokenizer == "jurassic2":
            assert "lp-lattice" in html_of(app, "lp-lattice")
        elif step == "pieces":
            assert told(app, "frames")["frames"][-1]["did"] == "done"
        elif step == "ids":
            assert tuple(frame(app, "id")) == engine.encode(text).ids
            assert [b.label for b in app.get("download_button")] == ["All tokens as CSV", "All tokens as JSON"]
        else:
            assert all(len(a + b) == 8 for a, b in zip(*(frame(app, f"bits {n}") for n in BITS), strict=True))


def test_a_picked_token_leads_the_stages() -> None:
    app = page(text="Hi 😀", tokenizers="gpt2", token="2", step="bytes")
    assert any("no whole character" in m.value for m in app.markdown)
    assert any("not valid UTF-8" in caption.value for caption in app.caption)
    checked(app := page(text="Hi 😀", tokenizers="gpt2", token="999"))
    assert told(app, "blocks")["token"] == 1  # no such token: the first of a stretch that was cut
    app = page(text="Stop<|endoftext|>", tokenizers="gpt2", token="1", special="control")
    assert any("not built from parts" in m.value for m in app.markdown)


def test_switches_change_what_is_shown() -> None:
    app = page(text="👍<|endoftext|>", tokenizers="gpt2")
    assert frame(app, "tokens") == [9]
    assert "<code>91</code>" not in html_of(app, "lp-cards")
    assert "<code>F0 9F 91</code>" in html_of(app, "lp-cards")
    app.segmented_control(key="special").set_value("control")
    checked(app.run())
    assert frame(app, "tokens") == [3]
    app.segmented_control(key="view").set_value("ids")
    checked(app.run())
    assert "<code>F0 9F 91</code>" not in html_of(app, "lp-cards")
    assert ">41840<" in html_of(app, "lp-cards")


def test_choosing_other_tokenizers_keeps_a_valid_closer_look() -> None:
    app = page(text="Hi", tokenizer="bert")
    assert app.selectbox(key="tokenizer").value == "bert"
    app.get("button_group")[0].set_value(["gpt2", "o200k"])
    checked(app.run())
    assert frame(app, "tokenizer") == ["GPT-2", "o200k (GPT-4o)"]
    assert app.selectbox(key="tokenizer").value == "gpt2"
    app.get("button_group")[0].set_value([])
    checked(app.run())
    assert len(frame(app, "tokenizer")) == len(DEFAULT)


@pytest.mark.fault(19)
def test_names_in_a_link_that_are_not_ours_are_left_out_with_a_notice() -> None:
    app = page(tokenizers="gpt2,llama,$x$")
    assert frame(app, "tokenizer") == ["GPT-2"]
    assert any("llama" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    "text",
    [" ", "\x00", "\u202eabc", "Z͑ͫ̓a̐́l̋̍go" * 200, "</style><script>alert(1)</script>"],
    ids=["space", "nul", "bidi", "zalgo", "script"],
)
def test_bad_input_is_shown_not_raised(text: str) -> None:
    app = page(tokenizers="gpt2,bert,mistral,smollm2")
    app.text_area(key="text").set_value(text)
    checked(app.run())
    for tokenizer_id in ("bert", "mistral", "smollm2"):
        app.selectbox(key="tokenizer").set_value(tokenizer_id)
        for step in ("normalized", "pre-tokens", "pieces", "bytes"):
            app.segmented_control(key="step").set_value(step)
            checked(app.run())
    assert "<script" not in html_of(app, "lp-cards").lower()
    assert len(frame(app, "tokens")) == 4


def test_no_text_is_a_line_and_the_experiments() -> None:
    app = page(step="ids")
    app.text_area(key="text").set_value("")
    checked(app.run())
    assert [info.value for info in app.info] == ["There is nothing to cut yet: type a text above, or try one of these."]
    assert [header.value for header in app.subheader] == ["Try this"]
    assert not (app.metric or app.dataframe or app.code)
    app.text_area(key="text").set_value("Hi")
    checked(app.run())
    assert app.segmented_control(key="step").value == "ids"


def test_a_text_without_tokens_says_so() -> None:
    app = page(text=" ", tokenizers="bert", tokenizer="bert")
    assert any("No tokens" in caption.value for caption in app.caption)
    assert not any("first 2,000" in caption.value for caption in app.caption)


@pytest.mark.fault(2)
@pytest.mark.parametrize("text", ["a" * 200_000, "The quick brown fox. " * 50_000], ids=["200k a", "1 MB"])
def test_a_paste_too_long_is_cut_with_a_notice(text: str) -> None:
    app = page()
    app.text_area(key="text").set_value(text)
    checked(app.run())
    took = time.perf_counter()
    checked(app.run())
    assert time.perf_counter() - took < LONGEST_RERUN_S
    assert any("first 100,000 of" in caption.value.replace("\\", "") for caption in app.caption)
    assert app.metric[0].value == "100,000"
    drawn = html_of(app, "lp-cards")
    assert drawn.count("title='token ") <= 2_000
    assert " more</em>" in drawn
