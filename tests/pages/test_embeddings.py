"""The page in each of its four views: real rows, links, downloads, and words that don't fit."""

import json
from functools import partial

import numpy as np
import pytest

from playground.core import embeddings, words
from playground.models import lens as lenses
from playground.models import word_in_context, word_rows
from playground.ui import downloads
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model
VIEWS = ("nearest tokens", "words compared", "word arithmetic", "in context")


page = partial(run, "embeddings.py")


def test_it_works_with_no_input() -> None:
    app = checked(page())
    with lenses.open("smollm2-135m") as lens:
        token = word_rows.tokens_of(lens, "king")[0]
        row = lens.embedding_rows([token.id])[0]
        found = word_rows.nearest(lens, row, 15, without=[token.id])
        average = word_rows.average(lens, row)
    (chart,) = figures(app)
    np.testing.assert_allclose(array(chart["data"][0]["x"]), [n.cosine for n in found], atol=1e-4)
    assert chart["layout"]["yaxis"]["ticktext"][3] == "·queen"
    assert chart["layout"]["shapes"][0]["x0"] == pytest.approx(average)
    table = app.dataframe[0].value
    assert list(table["id"]) == [n.id for n in found] and list(table.columns) == [
        "token",
        "id",
        "cosine",
        "length of its row",
    ]


def test_a_word_of_several_tokens_asks_which() -> None:
    app = checked(page(word="zebraish", place="at the start"))
    assert "no token for this" in says(app)
    app.selectbox(key="piece").set_value("2")
    checked(app.run())
    assert app.query_params["piece"] == ["2"] or app.query_params["piece"] == "2"
    app.text_input(key="word").set_value("cat")
    checked(app.run())
    assert "no token for this" not in says(app)


def test_with_and_without_a_space_are_two_tokens() -> None:
    inside, alone = page(word="king"), page(word="king", place="at the start")
    assert figures(inside)[0]["layout"]["yaxis"]["ticktext"] != figures(alone)[0]["layout"]["yaxis"]["ticktext"]
    other = checked(page(word="king", spellings="other words"))
    assert not {"·King", "King"} & set(figures(other)[0]["layout"]["yaxis"]["ticktext"])
    encoder = checked(page(word="king", model="minilm-l6"))
    assert "place" not in encoder.session_state  # a space makes no difference there


def test_words_compared() -> None:
    app = checked(page(show="words compared", words="king, queen, zebraish, cat", dimensions="3"))
    with lenses.open("smollm2-135m") as lens:
        found, _ = word_rows.words(lens, ["king", "queen", "zebraish", "cat"])
    rows = np.stack([w.vector for w in found])
    matrix, cloud = figures(app)
    np.testing.assert_allclose(array(matrix["data"][0]["z"]), embeddings.cosine_matrix(rows), atol=1e-4)
    seen = embeddings.project(rows, 3)
    np.testing.assert_allclose(array(cloud["data"][0]["x"]), seen.points[:, 0], atol=1e-6)
    assert f"{100 * seen.explained[0]:.0f} %" in cloud["layout"]["scene"]["xaxis"]["title"]["text"]
    assert "averaged: zebraish" in says(app)
    two = checked(page(show="words compared", words="king queen"))
    assert len(figures(two)) == 1 and "third makes a map" in says(two)


def test_word_arithmetic() -> None:
    app = checked(page(show="word arithmetic"))
    with lenses.open("smollm2-135m") as lens:
        answer, _ = word_rows.add_up(lens, words.parse_sum("king - man + woman", 6), 10)
    (chart,) = figures(app)
    np.testing.assert_allclose(array(chart["data"][0]["x"]), [n.cosine for n in answer.nearest], atol=1e-4)
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Nearest of all"] == answer.nearest[0].label == "·queen"
    assert shown["Without the sum's own words"] == "·queen"


def test_a_word_in_context() -> None:
    app = checked(page(show="in context"))
    texts = [app.text_area(key=key).value for key in ("first", "second", "third")]
    with lenses.open("smollm2-135m") as lens:
        found = word_in_context.compare(lens, "bank", texts, [1, 1, 1])
    (chart,) = figures(app)
    for trace, pair in zip(chart["data"][2:], found.pairs, strict=True):
        np.testing.assert_allclose(array(trace["y"]), pair.similarity, atol=1e-4)
    np.testing.assert_allclose(array(chart["data"][1]["y"]), found.baseline.mean, atol=1e-4)
    assert [metric.value for metric in app.metric] == [f"{p.similarity[-1]:.2f}" for p in found.pairs]
    app.text_area(key="third").set_value("")
    checked(app.run())
    assert len(app.metric) == 1


def test_a_word_that_stands_there_twice_can_be_chosen() -> None:
    app = checked(page(show="in context", first="A bank is not the bank of a river."))
    before = app.metric[0].value
    app.segmented_control(key="first_at").set_value(2)
    checked(app.run())
    assert app.metric[0].value != before and app.query_params["first_at"] in ("2", ["2"])


@pytest.mark.parametrize(
    ("parameters", "hint"),
    [
        ({"word": " "}, "Type a word"),
        ({"show": "words compared", "words": " ".join(map(str, range(200)))}, "Leave some out"),
        ({"show": "words compared", "words": "one"}, "different words"),
        ({"show": "word arithmetic", "sum": "king - "}, "like: king"),
        ({"show": "word arithmetic", "sum": "king - king"}, "Change one"),
        ({"show": "in context", "follow": ""}, "word to follow"),
        ({"show": "in context", "follow": "river"}, "with this word in it"),
        ({"show": "in context", "second": ""}, "with this word in it"),
    ],
)
def test_what_does_not_fit_is_explained(parameters: dict[str, str], hint: str) -> None:
    app = page(**parameters)
    assert len(app.error) == 1 and hint in app.error[0].value.replace("\\", "")


HOSTILE = ["🙂", "</script><img src=x>", "<|im_end|>", "[SEP]", "$x$ :red[a]", "\u202e", "a" * 200]


@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
@pytest.mark.parametrize("word", HOSTILE)
def test_any_word_is_text(model: str, word: str) -> None:
    for parameters in (
        {"word": word},
        {"show": "words compared", "words": f"{word}, king"},
        {"show": "word arithmetic", "sum": f"king + {word}"},
        {"show": "in context", "follow": word, "first": f"an {word}", "second": f"the {word} is", "third": ""},
    ):
        app = page(model=model, **parameters)
        assert not [e.value for e in app.error if "went wrong" in e.value + str(e.proto)]
        assert "<img" not in json.dumps(figures(app))


def test_the_claims_of_try_this_hold() -> None:
    with lenses.open("smollm2-135m") as lens:
        token = word_rows.tokens_of(lens, "three")[0]
        row = lens.embedding_rows([token.id])[0]
        others = word_rows.nearest(lens, row, 5, [token.id], other_than=["three"])
    assert {n.text.strip().lower() for n in others} >= {"four", "two", "five"}


def test_the_files_offered_hold_the_rows() -> None:
    rows = [{"token": 'a,"b', "id": 1}, {"token": "🙂\n", "id": 2}]
    assert json.loads(downloads.as_json(rows)) == rows
    import csv
    import io

    read = list(csv.DictReader(io.StringIO(downloads.as_csv(rows), newline="")))
    assert read == [{"token": 'a,"b', "id": "1"}, {"token": "🙂\n", "id": "2"}]
    assert downloads.as_json([]) == "[]"
