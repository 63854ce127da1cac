"""The frames and the lattice: typed markup stays text, every step is told, the drawn path is the path's own."""

import re

from playground.core import bpe_trace, unigram_lattice, wordpiece_trace
from playground.core.unigram_lattice import Pieces
from playground.figures import merges as figures

HOSTILE = "<img src=x onerror='alert(1)'>"


def test_typed_markup_stays_text() -> None:
    pieces = Pieces.of({character: (i, -1.0 - i) for i, character in enumerate(sorted(set(HOSTILE)))})
    of = unigram_lattice.lattice(HOSTILE, pieces)
    drawn = figures.lattice(of, unigram_lattice.best(of)).split("</style>")[-1]
    assert set(re.findall(r"<(\w+)", drawn)) == {"div", "i", "b", "small", "span"}
    ways = figures.three_ways([(HOSTILE, HOSTILE, [(HOSTILE, 1)], HOSTILE)]).split("</style>")[1]
    assert "<img" not in ways


def test_a_lattice_draws_every_piece_once_and_the_path_in_a_row_of_its_own() -> None:
    of = unigram_lattice.lattice("abc", Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)}))
    first, second = unigram_lattice.n_best(of, 5)
    for path in (first, second):
        drawn = figures.lattice(of, path)
        on = re.findall(r"<span class='lp-on[^']*' style='grid-area:3/(\d)/auto/span (\d)'", drawn)
        assert on == [(str(e.start + 1), str(e.end - e.start)) for e in path.edges]
        assert drawn.count("<span class=") == len(of.edges)
    assert "lp-unknown" in figures.lattice(of, first)  # c has no piece
    assert figures.sum_of(second) == "−1.00 (a) + −2.00 (b) + −12.50 (c) = −15.50"


def test_shares_are_of_all_paths() -> None:
    of = unigram_lattice.lattice("ab", Pieces.of({"a": (0, -1.0), "b": (1, -2.0), "ab": (2, -2.5)}))
    _, log_sum = unigram_lattice.total(of)
    rows = figures.paths(unigram_lattice.n_best(of, 5), log_sum)
    assert [row["tokens"] for row in rows] == [1, 2]
    assert abs(sum(row["share of all ways"] for row in rows) - 1) < 1e-9


def test_merge_frames_lead_from_single_parts_to_the_tokens() -> None:
    ranks = {b"he": 0, b"ll": 2, b"lo": 1, b"hel": 5}
    steps = bpe_trace.trace([b"h", b"e", b"l", b"l", b"o"], lambda left, right: ranks.get(left + right))
    frames = figures.merge_frames(steps, lambda part: (len(part),))
    assert [frame["did"] for frame in frames] == ["he", "lo", "hel", "done"]
    assert [len(frame["cells"]) for frame in frames] == [5, 4, 3, 2]
    assert [cell["kind"] for cell in frames[0]["cells"]] == ["left", "right", "", "", ""]
    assert [cell["under"] for cell in frames[-1]["cells"]] == ["3", "2"]
    lost = next(gap for gap in frames[0]["gaps"] if gap["kind"] == "lost")
    assert lost["why"] == (
        "l + l has rank 2, but he goes first with rank 0. It never gets a turn: in merge 2, l goes into lo."
    )


def test_equal_pairs_merge_from_the_left() -> None:
    steps = bpe_trace.trace([b"a"] * 4, lambda left, right: {b"aa": 7}.get(left + right))
    frame = figures.merge_frames(steps, lambda part: (0,))[0]
    assert [gap["kind"] for gap in frame["gaps"]] == ["now", "lost", "later"]
    assert "leftmost of equals" in frame["gaps"][0]["why"]
    assert "the same pair further left goes first" in frame["gaps"][2]["why"]


def test_match_frames_show_each_piece_with_its_tries_and_the_loss() -> None:
    vocabulary = {"[UNK]": 0, "un": 1, "##able": 2}
    frames = figures.match_frames(wordpiece_trace.trace("unable", vocabulary))
    assert [frame["did"] for frame in frames] == ["un", "##able", "done"]
    assert [frame["tried"] for frame in frames] == [["unable", "unabl", "unab", "una"], [], []]
    assert frames[0]["say"] == "Piece 1: un is in the vocabulary, the first of 5 tries that is: take it."
    assert [cell["kind"] for cell in frames[0]["cells"]] == ["hit", "rest"]
    assert [cell["under"] for cell in frames[-1]["cells"]] == ["1", "2"]
    lost = figures.match_frames(wordpiece_trace.trace("unx", vocabulary))
    assert "letters are lost" in lost[-1]["say"]
    assert [frame["did"] for frame in lost] == ["un", "no piece", "done"]
    assert lost[-2]["tried"] == ["##x"]
    assert "nothing shorter is left" in lost[-2]["say"]
