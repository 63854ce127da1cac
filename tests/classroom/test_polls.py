"""Questions: who may answer what, and how the answers are counted."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import limits
from playground.classroom import polls
from playground.classroom.polls import Question, Token, answered, counted
from playground.errors import BadInput

WORDS = ("a", "b", "c", "d", "e", "f")
PROBABILITY = {0: 0.05, 1: 0.4, 2: 0.2, 3: 0.2, 4: 0.1, 5: 0.01}
TOKENS = tuple(Token(i, word) for i, word in enumerate(WORDS))
CHOOSE = Question(1, "predict", "x", "m", TOKENS[:4], may_write=False)
WRITE = Question(1, "vote", "x ", "m", TOKENS[:3])


def count(question: Question) -> Question:
    return counted(
        question, lambda text: TOKENS[WORDS.index(text.strip()[0])], PROBABILITY.__getitem__, [TOKENS[1], TOKENS[2]]
    )


def test_choosing_and_changing_ones_mind() -> None:
    question = answered(answered(answered(CHOOSE, "s1", 0, ""), "s2", 1, ""), "s1", 1, "")
    assert {seat: answer.option for seat, answer in question.answers.items()} == {"s1": 1, "s2": 1}


@pytest.mark.parametrize(
    ("question", "option", "written"),
    [
        (CHOOSE, 4, ""),
        (CHOOSE, -1, "b"),
        (WRITE, -1, "  \n "),
        (WRITE, -1, "a" * (limits.ANSWER_CHARACTERS + 1)),
        (WRITE, 3, ""),
        (count(WRITE), 0, ""),
    ],
    ids=["no such option", "only options", "blank", "too long", "no such candidate", "closed"],
)
def test_refused_answers(question: Question, option: int, written: str) -> None:
    with pytest.raises(BadInput) as refused:
        answered(question, "s", option, written)
    assert refused.value.hint


def test_a_mind_can_be_changed_only_so_often() -> None:
    question = CHOOSE
    for turn in range(limits.ANSWER_CHANGES + 1):
        question = answered(question, "s", turn % 4, "")
    with pytest.raises(BadInput):
        answered(question, "s", 0, "")


@given(st.text(max_size=3_000))
def test_a_written_answer_is_short_and_one_line_or_refused(written: str) -> None:
    word = polls.cleaned(written)
    assert word.isprintable()
    assert word == word.strip()
    try:
        kept = answered(WRITE, "s", -1, written).answers["s"].text
    except BadInput as refused:
        assert word == "" or (len(word) > limits.ANSWER_CHARACTERS and "At most 40 characters" in refused.hint)
    else:
        assert kept == word and len(kept) <= limits.ANSWER_CHARACTERS


def test_written_and_chosen_answers_of_one_token_are_one_bar() -> None:
    question = answered(answered(answered(WRITE, "s1", 0, ""), "s2", -1, "aardvark"), "s3", 1, "")
    result = count(question)
    assert [(bar.text, bar.votes) for bar in result.bars] == [("a", 2), ("b", 1), ("c", 0)]
    assert [bar.probability for bar in result.bars] == [0.05, 0.4, 0.2]
    assert result.winner == TOKENS[0]
    assert not result.open


def test_an_answer_longer_than_its_token_is_kept_beside_it() -> None:
    question = answered(answered(answered(WRITE, "s1", 0, ""), "s2", -1, "aardvark"), "s3", -1, "a")
    result = count(question)
    assert [answer.token for answer in result.answers.values()] == ["a", "a", "a"]
    assert result.votes("a") == 3 and result.votes("b") == 0
    assert result.longer("a") == ("aardvark",) and result.longer("b") == ()


def test_what_can_be_answered() -> None:
    assert CHOOSE.offered("a") and not CHOOSE.offered("e")
    assert WRITE.offered("e")


@given(st.lists(st.integers(0, 2), max_size=30))
def test_the_winner_has_most_votes_then_the_higher_probability_then_the_smaller_id(votes: list[int]) -> None:
    question = WRITE
    for voter, option in enumerate(votes):
        question = answered(question, f"s{voter}", option, "")
    result = count(question)
    tally = Counter(votes)
    expected = max(tally, key=lambda i: (tally[i], PROBABILITY[i], -i)) if votes else None
    assert (result.winner.id if result.winner else None) == expected
    assert sum(bar.votes for bar in result.bars) == len(votes)


def test_a_tie_of_equals_goes_to_the_smaller_id() -> None:
    question = Question(1, "vote", "x", "m", (TOKENS[3], TOKENS[2]))
    question = answered(answered(question, "s1", 0, ""), "s2", 1, "")
    assert count(question).winner == TOKENS[2]  # tokens 2 and 3 are equally probable


def test_nobody_wins_without_a_vote_nor_where_nothing_is_voted_on() -> None:
    assert count(WRITE).winner is None
    assert count(answered(CHOOSE, "s", 0, "")).winner is None


def test_the_picture_has_at_most_so_many_bars_and_keeps_the_models() -> None:
    many = tuple(Token(i, f"w{i}") for i in range(40))
    question = Question(1, "predict", "x", "m", many)
    for voter in range(40):
        question = answered(question, f"s{voter}", voter, "")
    likeliest = [Token(100 + i, f"m{i}") for i in range(4)]
    result = counted(question, lambda text: many[0], lambda i: 1 / (i + 1), likeliest)
    assert len(result.bars) == polls.BARS
    assert [bar.text for bar in result.bars[-4:]] == ["m0", "m1", "m2", "m3"]
