"""What the Generation page says in words: odds to two digits, minus signs, endings of texts."""

import math
import re
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.step import Step
from playground.figures import generation

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def read(words: str) -> Decimal:
    """The number that a person reads."""
    found = re.fullmatch(r"([\d.,]+)(?: (million)| × 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", words)
    assert found is not None, words
    power = 6 if found[2] else int(found[3].translate(SUPERSCRIPTS)) if found[3] else 0
    return Decimal(found[1].replace(",", "")) * Decimal(10) ** power


@given(nats=st.floats(0, 5000))
def test_odds_are_read_to_two_significant_digits(nats: float) -> None:
    words = generation.in_words(nats)
    with localcontext(prec=30):
        times = Decimal(nats).exp()
        assert abs(read(words) - times) <= times * Decimal("0.0501")
        assert abs(read(words).log10() - times.log10()) < Decimal("0.022")  # a power is never rounded up
    assert ("×" in words) == (read(words) >= 10**9)


@pytest.mark.parametrize(
    ("nats", "words"), [(15.05, "3.4 million"), (math.log(9.96e8), "1 × 10⁹"), (math.log(345e6), "340 million")]
)
def test_millions_are_words_and_more_is_a_power(nats: float, words: str) -> None:
    assert generation.in_words(nats) in (words, words.replace("340", "350"))


def test_texts_of_nearly_the_same_probability_are_called_so() -> None:
    assert generation.times_as_probable([Step(0, 0.5, 1, 0)], [Step(1, 0.49, 1, 0)]) == "about as probable as"


@given(number=st.floats(-1e6, 1e6))
def test_a_minus_is_no_hyphen_and_zero_has_none(number: float) -> None:
    shown = generation.signed(number, 2)
    assert "-" not in shown and float(shown.replace("−", "-")) == pytest.approx(number, abs=0.006)
    assert shown.startswith("−") == (round(number, 2) < 0)


@given(
    shared=st.lists(st.sampled_from(["to", "learn", "by"]), max_size=5),
    ends=st.lists(st.text("ab ", min_size=1, max_size=8), min_size=2, max_size=4),
)
def test_what_is_left_of_texts_begins_with_a_whole_word(shared: list[str], ends: list[str]) -> None:
    texts = [" ".join([*shared, end]) for end in ends]
    for text, left in zip(texts, generation.endings(texts), strict=True):
        if left != text:
            cut = left.removeprefix("… ")
            assert text.endswith(cut) and text.removesuffix(cut).endswith(" ")
