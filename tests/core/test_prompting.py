"""Prompts from parts, the shipped tasks, and the arithmetic of a shots curve against independent figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import limits
from playground.core import prompting, rouge, shots
from playground.core.prompting import Parts, tasks
from playground.errors import BadInput

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@pytest.mark.parametrize(("name", "items"), [("sentiment", 60), ("topics", 40), ("dialogues", 12)])
def test_a_task_is_balanced_and_no_example_is_asked(name: str, items: int) -> None:
    task = tasks()[name]
    assert len(task.items) == items and len(task.shots) == limits.SHOTS
    texts = [each.text for each in (*task.items, *task.shots)]
    assert len(set(texts)) == len(texts)
    if task.kind == "labels":
        counts = np.bincount(task.truth(), minlength=len(task.labels))
        assert set(counts) == {items // len(task.labels)}
        assert {shot.answer for shot in task.shots} == set(task.labels)
    assert all(block.endswith(shot.answer) for block, shot in zip(task.blocks(task.labels), task.shots, strict=True))


@given(TEXT, TEXT, st.lists(TEXT, max_size=3), TEXT.filter(str.strip))
def test_the_pieces_are_the_prompt_and_a_blank_part_is_none(instruction, context, examples, query) -> None:
    parts = Parts(instruction, context, tuple(examples), query)
    pieces = list(parts.pieces())
    assert "".join(text for _, text in pieces) == parts.text and pieces[-1] == ("query", query)
    assert ("instruction" in dict(pieces)) == bool(instruction.strip())
    assert ("context" in dict(pieces)) == bool(context.strip())
    starts = list(range(len(parts.text)))  # one token a character
    counts = prompting.tokens_by_part(pieces, starts, 0)
    assert counts == {"template": 0, **{part: len(text) for part, text in pieces}}
    around = prompting.tokens_by_part(pieces, list(range(len(parts.text) + 5)), 2)
    assert around == {**counts, "template": 5}


def test_an_edited_examples_text_gives_its_blocks_back() -> None:
    for task in tasks().values():
        blocks = task.blocks(task.labels)
        assert prompting.examples_in(prompting.BETWEEN.join(blocks)) == blocks
    assert prompting.examples_in(" \n\t\n ") == ()


@given(st.integers(0, prompting.ORDERS - 1), st.lists(st.integers(), max_size=6))
def test_an_order_only_moves_examples(order: int, values: list[int]) -> None:
    examples = [str(value) for value in values]
    assert sorted(prompting.ordered(examples, order)) == sorted(examples)


@pytest.mark.parametrize("text", ["", "one", ",,", "a,a", "a,b,a", ",".join("abcdefghi")])
def test_labels_that_cannot_be_compared_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        prompting.labels_in(text)


def test_a_prompt_without_a_query_is_refused() -> None:
    with pytest.raises(BadInput, match="no query"):
        _ = Parts("Do it.", "", (), " \n").text


# Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3: the Wilson score interval.
@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_the_published_interval(right: int, total: int, low: float, high: float) -> None:
    assert shots.wilson(right, total) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_solves_its_equation(counts: tuple[int, int]) -> None:
    right, total = counts
    low, high = shots.wilson(right, total)
    assert 0 <= low <= right / total + 1e-12 and right / total - 1e-12 <= high <= 1
    for end in (low, high):
        if 1e-9 < end < 1 - 1e-9:  # there the share lies z standard errors away
            assert abs(right / total - end) == pytest.approx(shots.Z95 * np.sqrt(end * (1 - end) / total), rel=1e-6)


@given(st.lists(st.floats(-200, 0), min_size=2, max_size=8))
def test_the_lead_is_the_log_of_the_odds(nats: list[float]) -> None:
    values = np.array(nats)
    share = shots.softmax(values)
    best, lead = shots.lead(values)
    assert share.sum() == pytest.approx(1) and share[best] == share.max() and lead >= 0
    second = np.delete(share, best).max()
    if second > 1e-80:
        assert np.log(share[best] / second) == pytest.approx(lead, abs=1e-6)


def test_calibrating_takes_a_constant_leaning_away() -> None:
    """Every item leans 5 nats to the first label; so does the query that says nothing."""
    fair = np.array([[0.0, -1.0], [-1.0, 0.0], [-0.5, 0.0]])
    leaning = fair + np.array([5.0, 0.0])
    one = shots.Labelled(0, tuple(map(tuple, leaning.tolist())), (5.0, 0.0), 10, 1.0)
    truth = np.array([0, 1, 1])
    assert one.said().tolist() == [3, 0] and one.right(truth) == 1 and one.right(truth, calibrated=True) == 3


def test_rouge_is_linls_worked_example() -> None:
    """Lin 2004, section 3.1: reference "police killed the gunman" and three candidates, beta = 1."""
    reference = "police killed the gunman"
    assert rouge.rouge_l("police kill the gunman", reference) == pytest.approx(0.75)
    assert rouge.rouge_l("the gunman kill police", reference) == pytest.approx(0.5)
    assert rouge.rouge_l("the gunman police killed", reference) == pytest.approx(0.5)
    assert rouge.rouge_1("the gunman police killed", reference) == 1
    assert rouge.rouge_1("the the the", reference) == pytest.approx(2 / 7) and rouge.rouge_1("", reference) == 0


@given(TEXT, TEXT)
def test_rouge_l_never_exceeds_rouge_1(left: str, right: str) -> None:
    assert 0 <= rouge.rouge_l(left, right) <= rouge.rouge_1(left, right) <= 1
    assert rouge.rouge_l(left, right) == rouge.rouge_l(right, left)


def test_the_bootstrap_is_repeatable_and_around_the_mean() -> None:
    values = [0.1, 0.4, 0.35, 0.8, 0.2, 0.5]
    low, high = shots.bootstrap(values)
    assert (low, high) == shots.bootstrap(values) and low < np.mean(values) < high
    spread = np.std(values) / np.sqrt(len(values))  # of the mean of a resample
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.15)
