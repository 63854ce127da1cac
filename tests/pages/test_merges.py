"""The page of one word, run by Streamlit's own test harness: the engines' ids, every step, links and bad input."""

import json
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from playground.models import engines
from tests.pages.opened import html, html_of, run

pytestmark = pytest.mark.model


page = partial(run, "merges.py")


def steppers(app: AppTest) -> list[dict]:
    data = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    return [one for one in data if "frames" in one]


def last_ids(stepper: dict) -> list[int]:
    return [int(number) for cell in stepper["frames"][-1]["cells"] for number in cell["under"].split()]


def test_it_works_with_no_input() -> None:
    app = page()
    assert not app.error
    merges, match = steppers(app)
    assert last_ids(merges) == list(engines.load("gpt2").encode("unhappiness").ids) == [403, 71, 42661]
    assert last_ids(match) == list(engines.load("bert").encode("unhappiness").ids)
    assert len(merges["frames"]) == 9  # eleven bytes, three tokens: eight merges
    rows = next(e.value for e in app.dataframe if "pieces" in e.value)
    assert rows["pieces"][0] == "un  happiness"
    assert rows["score"].is_monotonic_decreasing
    assert "3 tokens" in html_of(app, "lp-ways")


@pytest.mark.parametrize("tokenizer", ["gpt2", "cl100k", "o200k", "smollm2", "mistral"])
@pytest.mark.parametrize("place", ["start", "inside"])
def test_each_vocabulary_ends_in_its_own_ids(tokenizer: str, place: str) -> None:
    app = page(word="Verfassungsgericht", tokenizer=tokenizer, place=place)
    engine = engines.load(tokenizer)
    text = "Verfassungsgericht" if place == "start" or engine.info.adds_space else " Verfassungsgericht"
    assert last_ids(steppers(app)[0]) == list(engine.encode(text).ids)


def test_every_pair_says_why_it_does_not_merge() -> None:
    frames = steppers(page(word="unhappiness"))[0]["frames"]
    kinds = {gap["kind"] for frame in frames for gap in frame["gaps"]}
    assert kinds == {"now", "later", "lost", "no rule"}
    for frame in frames[:-1]:
        assert [gap["kind"] for gap in frame["gaps"]].count("now") == 1
        assert all(gap["why"].endswith(".") for gap in frame["gaps"])
    first = {gap["kind"]: gap["why"] for gap in frames[0]["gaps"]}
    assert "i + n has rank 3, the lowest of all pairs here" in first["now"]
    assert "It never gets a turn" in first["lost"]
    assert "Its own turn is merge" in first["later"]
    assert "no rule" in first["no rule"]


def test_a_link_opens_a_step_and_another_word_starts_anew() -> None:
    app = page(word="unhappiness", merge="4", match="2", path="3")
    assert [one["at"] for one in steppers(app)] == [4, 2]
    assert "−41.02" in "".join(e.proto.body for e in app.get("html"))
    app.text_input(key="word").set_value("happier").run()
    assert [one["at"] for one in steppers(app)] == [0, 0]
    for wrong in ("-1", "x", "99999", "1.5", "٣", "9" * 40):
        stepper = steppers(page(word="hello", merge=wrong))[0]
        assert 0 <= stepper["at"] < len(stepper["frames"])


def test_several_pre_tokens_are_merged_one_by_one() -> None:
    app = page(word="at the end", tokenizer="gpt2")
    assert steppers(app)[0]["label"] == "Merges of at"
    app.segmented_control(key="part").set_value(2).run()
    assert steppers(app)[0]["label"] == "Merges of ·end"
    assert last_ids(steppers(app)[0]) == list(engines.load("gpt2").encode(" end").ids)


def test_a_space_has_one_mark_which_is_explained() -> None:
    app = page(word="unhappiness", place="inside", tokenizer="mistral")
    assert sum("writes it ▁" in caption.value for caption in app.caption) == 1
    rows = next(e.value for e in app.dataframe if "pieces" in e.value)
    assert rows["pieces"][0] == "·unhappiness"
    drawn = "".join(e.proto.body for e in app.get("html")) + json.dumps(steppers(app), ensure_ascii=False)
    assert "▁" not in drawn


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("नमस्ते", "accents and other combining marks: what is cut is **नमसत**"),
        ("👩‍🚀", "⟨U\\+200D⟩: what is cut is **👩🚀**"),
        ("Café", "capital letters\\, accents and other combining marks: what is cut is **cafe**"),
        ("unhappiness", ""),
        ("中文", ""),  # spaces around them, nothing gone
    ],
)
def test_what_berts_normaliser_takes_away_is_said(word: str, says: str) -> None:
    said = [caption.value for caption in page(word=word).caption if "normaliser comes first" in caption.value]
    assert len(said) == bool(says)
    assert says in "".join(said)


@pytest.mark.parametrize(
    "word",
    [
        "\x00",
        "\u202eabc",
        "Z͑ͫ̓a̐́l̋̍",
        "<script>alert(1)</script>",
        "<|endoftext|>",
        "👩‍🚀",
        "नमस्ते",
        "النص",
        "▁a▁",
        "\ufffd",
        "a  b",
    ],
    ids=range(11),
)
def test_odd_words_are_cut_like_any_other(word: str) -> None:
    app = page()
    app.text_input(key="word").set_value(word).run()
    assert not app.exception
    assert not app.error
    assert "<script" not in html(app).lower()


@pytest.mark.parametrize("word", ["", " "])
def test_no_word_is_a_line_and_the_experiments(word: str) -> None:
    app = page()
    app.text_input(key="word").set_value(word).run()
    assert not (app.exception or app.error or app.dataframe)
    assert [info.value for info in app.info] == ["Type a word above, or try one of these."]
    assert [header.value for header in app.subheader] == ["Try this"]


@pytest.mark.parametrize("word", ["a" * 64, "क" * 30])
def test_too_long_a_word_is_refused_in_words(word: str) -> None:
    app = page()
    app.text_input(key="word").set_value(word).run()
    assert not app.exception
    assert len(app.error) == 1
