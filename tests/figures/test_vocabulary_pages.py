"""Figures of the vocabulary, training and languages pages: escaped, marked, exact."""

import pytest

from playground.core import fertility
from playground.core.fertility import Cost, Count, Language
from playground.core.vocabulary import Entry
from playground.figures import fertility as languages
from playground.figures import training, vocabulary

HOSTILE = Entry(7, "<script>alert(1)</script>", b"<script>alert(1)</script>", False)
HALF = Entry(8, "\ufffd", b"\xf0\x9f", False)
LANGUAGES = (Language("en", "English", "Latin", ("a",)), Language("xx", "<b>X</b>", "X", ("b",)))
TITLES = {"one": "One", "two": "Two (new)"}
COUNTS = {
    ("en", "one"): Count(10, 20, 20, 5, 0),
    ("en", "two"): Count(8, 20, 20, 5, 0),
    ("xx", "one"): Count(30, 20, 60, 5, 0),
    ("xx", "two"): Count(4, 20, 60, 5, 3),
}


def test_a_card_shows_text_and_never_runs_it() -> None:
    drawn = vocabulary.card(HOSTILE, [("id", "<b>7</b>")])
    assert "<script" not in drawn and "&lt;script&gt;" in drawn
    assert "<b>7</b>" not in drawn


def test_a_card_names_what_is_seen() -> None:
    assert "greek small letter alpha" in vocabulary.card(Entry(1, "α", "α".encode(), False), [])
    half = vocabulary.card(HALF, [])
    assert "<code>F0</code>" in half and "<code>9F</code>" in half


def test_rows_for_a_file_are_exact_and_made_late() -> None:
    rows = vocabulary.FileRows([HOSTILE, HALF])
    assert len(rows) == 2 and [row["id"] for row in rows] == [7, 8]
    assert bytes.fromhex(rows[1]["bytes"]) == HALF.raw
    assert rows[0]["text"].startswith('"<script>')
    assert list(rows[1:]) == [rows[1]]


def test_scripts_are_summed_up_past_the_longest_bars() -> None:
    counts = [(f"Script {n}", 100 - n) for n in range(30)]
    figure = vocabulary.scripts(counts, sum(count for _, count in counts))
    assert sum(figure.data[0].x) == sum(count for _, count in counts)
    assert figure.layout.yaxis.ticktext[-1] == "16 more scripts"


@pytest.mark.parametrize(
    ("measure", "shown"),
    [("premium", ["3.00", "0.50 †"]), ("tokens", ["6.0", "0.8 †"]), ("bytes", ["2.00", "15.00 †"])],
)
def test_a_lossy_cell_is_marked_in_words_and_kept_out_of_the_scale(
    measure: languages.Measure, shown: list[str]
) -> None:
    figure = languages.heatmap(LANGUAGES, TITLES, COUNTS, measure)
    kept, lost = figure.data
    assert [list(row) for row in kept.text][1] == shown
    assert [value is None for value in kept.z[1]] == [False, True]
    assert [value is None for value in lost.z[1]] == [True, False]
    assert figure.layout.yaxis.ticktext[1] == "&lt;b&gt;X&lt;/b&gt;"
    assert "3 of them" in kept.customdata[1][1]


def test_costs_mark_what_does_not_fit() -> None:
    figure = languages.costs(LANGUAGES, [Cost(10, 1_000, 0.5), Cost(30, 3_000, 1.5)])
    assert list(figure.data[0].text) == ["1.00 kB · 50%", "3.00 kB · 150%"]
    assert list(figure.data[0].marker.pattern.shape) == ["", "/"]
    axis = figure.layout.xaxis
    assert (axis.tickformat, axis.ticksuffix) == ("~s", "B")  # the bars' own unit: kB, MB, GB


def test_the_languages_file_has_every_cell() -> None:
    assert [row["premium"] for row in languages.file_rows(LANGUAGES, TITLES, COUNTS)] == [1.0, 1.0, 3.0, 0.5]


def test_compression_says_bytes_a_token() -> None:
    results = [
        training.Compression("Yours", "a", 10, 25, False),
        training.Compression("GPT-2", "a", 5, 25, False),
        training.Compression("Yours", "b", 0, 0, True),
        training.Compression("GPT-2", "b", 1, 3, False),
    ]
    figure = training.compression(results)
    assert list(figure.data[0].x) == [2.5, 0.0]
    assert list(figure.data[0].marker.pattern.shape) == ["", "/"]
    assert "lossy" in figure.data[0].text[1]


def test_the_parallel_sets_heatmap_has_a_row_a_language() -> None:
    everyone = fertility.parallel()
    counts = {(language.id, "one"): Count(5, 5, 5, 5, 0) for language in everyone}
    figure = languages.heatmap(everyone, {"one": "One"}, counts, "premium")
    assert len(figure.layout.yaxis.ticktext) == len(everyone) == len(figure.data[0].z)
