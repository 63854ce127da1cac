"""Similarities, neighbours, sums and projections against loops written from the definitions, and for any rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from playground.core import contextual, embeddings, words
from playground.core.words import Term
from playground.errors import BadInput

ROWS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 8), st.integers(1, 6)),
    elements=st.floats(-100, 100).map(lambda x: round(x, 3)),
)


def cosine_by_hand(a: list[float], b: list[float]) -> float:
    lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


@settings(deadline=None)
@given(ROWS)
def test_cosines_equal_the_definition(rows: np.ndarray) -> None:
    matrix = embeddings.cosine_matrix(rows)
    for i, a in enumerate(rows.tolist()):
        for j, b in enumerate(rows.tolist()):
            assert matrix[i, j] == pytest.approx(cosine_by_hand(a, b), abs=1e-9)
            assert embeddings.cosine(rows[i], rows[j]) == pytest.approx(matrix[i, j], abs=1e-12)
    assert (np.abs(matrix) <= 1).all()


@settings(deadline=None)
@given(hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-1, 1, width=16)), st.integers(1, 70), st.data())
def test_nearest_is_the_sorted_list(cosines: np.ndarray, count: int, data: st.DataObject) -> None:
    without = data.draw(st.sets(st.integers(0, len(cosines) - 1), max_size=5))
    expected = sorted((i for i in range(len(cosines)) if i not in without), key=lambda i: (-cosines[i], i))[:count]
    found = embeddings.nearest(cosines, count, without)
    # argpartition may keep either of two equal cosines at the edge; the values are the same
    assert [n.cosine for n in found] == [float(cosines[i]) for i in expected]
    assert not {n.id for n in found} & without and len({n.id for n in found}) == len(expected)


@settings(deadline=None)
@given(ROWS)
def test_mean_cosine_is_the_average_over_the_pairs(rows: np.ndarray) -> None:
    lengths = np.linalg.norm(rows, axis=1)
    rows = rows[lengths > 0]
    if len(rows) < 2:
        return
    unit = embeddings.unit(rows)
    pairs = [cosine_by_hand(a, b) for i, a in enumerate(rows.tolist()) for j, b in enumerate(rows.tolist()) if i != j]
    assert embeddings.mean_cosine(unit.mean(0), len(rows)) == pytest.approx(np.mean(pairs), abs=1e-9)


@settings(deadline=None)
@given(ROWS, st.integers(1, 3))
def test_components_are_the_eigenvectors_of_the_covariance(rows: np.ndarray, components: int) -> None:
    components = min(components, rows.shape[0] - 1, rows.shape[1])
    if np.ptp(rows, axis=0).max() < 1e-3:
        return
    seen = embeddings.project(rows, components)
    values = np.sort(np.linalg.eigvalsh(np.cov(rows.T, ddof=0).reshape(rows.shape[1], -1)))[::-1]
    np.testing.assert_allclose(seen.explained, (values / values.sum())[:components], atol=1e-8)
    np.testing.assert_allclose(
        (seen.points**2).sum(0), (values * len(rows))[:components], rtol=1e-6, atol=1e-6 * values.sum()
    )
    assert (np.diff(seen.explained) <= 1e-12).all()


def test_all_components_keep_the_distances() -> None:
    rows = np.random.default_rng(3).standard_normal((5, 4))
    points = embeddings.project(rows, 4).points
    for i in range(5):
        for j in range(5):
            assert np.linalg.norm(points[i] - points[j]) == pytest.approx(np.linalg.norm(rows[i] - rows[j]))


def test_the_same_words_give_the_same_picture_in_any_order() -> None:
    rows = np.random.default_rng(5).standard_normal((6, 10))
    order = [3, 1, 5, 0, 2, 4]
    np.testing.assert_allclose(embeddings.project(rows[order], 2).points, embeddings.project(rows, 2).points[order])


def test_a_sum_is_of_unit_vectors() -> None:
    total = embeddings.combine(np.array([[3.0, 4.0], [0.0, 9.0]]), [1, -1])
    np.testing.assert_allclose(total, [0.6, -0.2])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: embeddings.nearest(np.ones(3), 0),
        lambda: embeddings.mean_cosine(np.ones(2), 1),
        lambda: embeddings.combine(np.array([[1.0, 0.0], [2.0, 0.0]]), [1, -1]),
        lambda: embeddings.project(np.eye(2), 2),
        lambda: embeddings.project(np.ones((4, 3)), 2),
        lambda: contextual.similarity_by_layer(np.ones((2, 3)), np.ones((2, 4))),
        lambda: contextual.baseline([]),
        lambda: contextual.baseline([([1], np.ones((1, 1, 2))), ([1], np.ones((1, 1, 2)))]),
    ],
)
def test_what_has_no_answer_is_refused(wrong) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput):
        wrong()


def test_the_baseline_is_every_pair_of_different_words() -> None:
    rng = np.random.default_rng(11)
    sentences = [([1, 2, 3], rng.standard_normal((2, 3, 4))), ([3, 4], rng.standard_normal((2, 2, 4)))]
    sentences.append(([5], rng.standard_normal((2, 1, 4))))
    found = contextual.baseline(sentences)
    for layer in range(2):
        cosines = []
        for n, (ids_a, a) in enumerate(sentences):
            for ids_b, b in sentences[n + 1 :]:
                for i, id_a in enumerate(ids_a):
                    for j, id_b in enumerate(ids_b):
                        if id_a != id_b:
                            cosines.append(cosine_by_hand(a[layer, i].tolist(), b[layer, j].tolist()))
        assert found.pairs == len(cosines) == 10
        assert found.mean[layer] == pytest.approx(np.mean(cosines))
        assert found.low[layer] == pytest.approx(np.quantile(cosines, 0.1))
        assert found.high[layer] == pytest.approx(np.quantile(cosines, 0.9))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", ("a", "b", "c")),
        ("a b, c", ("a b", "c")),
        ("a\nb", ("a", "b")),
        ("a,,a,b", ("a", "b")),
        ("👩‍🚀, </script>", ("👩‍🚀", "</script>")),
    ],
)
def test_a_list_of_words(text: str, expected: tuple[str, ...]) -> None:
    assert words.parse_list(text, 5)[0] == expected


@pytest.mark.parametrize("text", ["", "  ,, ", "one", "a, a", ", ".join(map(str, range(200)))])
def test_too_few_or_too_many_words(text: str) -> None:
    with pytest.raises(BadInput):
        words.parse_list(text, 30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("king - man + woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("king −man +woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("- a + b", [(-1, "a"), (1, "b")]),
        ("x-ray", [(1, "x-ray")]),
        ("C++ - C", [(1, "C++"), (-1, "C")]),
    ],
)
def test_a_sum_of_words(text: str, expected: list[tuple[int, str]]) -> None:
    assert list(words.parse_sum(text, 6)) == [Term(*term) for term in expected]


@pytest.mark.parametrize("text", ["", " ", "+", "a - ", "a - + b", "a + b + c + d + e + f + g"])
def test_a_sum_that_is_none(text: str) -> None:
    with pytest.raises(BadInput):
        words.parse_sum(text, 6)


@pytest.mark.parametrize(
    ("sentence", "word", "spans"),
    [
        ("Banks bank at a bank.", "bank", [(6, 10), (16, 20)]),
        ("The teacher's book", "teacher", [(4, 11)]),
        ("I 🙂 you 🙂🙂", "🙂", [(2, 3), (8, 9), (9, 10)]),
        ("a </script> b", "</script>", [(2, 11)]),
        ("c++ or c", "c++", [(0, 3)]),
        ("bankbank", "bank", []),
    ],
)
def test_where_a_word_stands(sentence: str, word: str, spans: list[tuple[int, int]]) -> None:
    assert list(words.occurrences(sentence, word)) == spans


@pytest.mark.parametrize(("sentence", "word", "which"), [("a", "", 1), ("a", "b", 1), ("a a", "a", 3), ("", "a", 1)])
def test_a_word_that_is_not_there(sentence: str, word: str, which: int) -> None:
    with pytest.raises(BadInput):
        words.locate(sentence, word, which)
