"""The dates date-t5 learns from: read again by another library, and never both trained on and tested with."""

import contextlib
import datetime
import re
from itertools import islice

from dateutil import parser

from playground.core import dates


def many(count: int, seed: int = 11, *, tests: bool = False) -> list[dates.Dated]:
    return list(islice(dates.examples(seed, tests=tests), count))


def test_what_dateutil_can_read_means_the_same_day() -> None:
    """English, and numbers with a four-digit year: dateutil's pivot for two digits moves every year."""
    read = 0
    for text, iso in many(4_000):
        if not re.search(r"\d{4}", text):
            continue
        with contextlib.suppress(parser.ParserError):  # German, French and Spanish names
            plain = re.sub(r"\bthe\b", "", text, flags=re.IGNORECASE)
            assert parser.parse(plain, dayfirst=not text[:4].isdigit()).date().isoformat() == iso, text
            read += 1
    assert read > 2_000


def test_two_digit_years_are_posixs() -> None:
    for text, iso in many(3_000):
        if match := re.fullmatch(r"\d{1,2}([./ -])\d{1,2}\1(\d\d)", text):
            assert datetime.datetime.strptime(match[2], "%y").year == int(iso[:4]), text
            assert datetime.datetime.strptime(match[2], "%y").year == dates.full_year(int(match[2]))


def test_every_way_and_every_month_comes_up() -> None:
    found = many(6_000)
    assert {iso[5:7] for _, iso in found} == {f"{month:02}" for month in range(1, 13)}
    for way in (
        r"the \d+(st|nd|rd|th) of",
        r"^\d{8}$",
        r"^\d{4}/",
        r"^\d+\.\d+\.\d{4}$",
        r"^[A-Z][a-z]+day, ",
        r"'\d\d$",
        r"^\d+-[A-Z][a-z]{2}-",
        r"^[A-Z' ,.0-9]+$",
        r" de [a-z]+ de ",
        r"^(le )?1er ",
        r"^\d+\. ",
        r"Sept ",
    ):
        assert any(re.search(way, text) for text, _ in found), way
    assert {c for text, _ in found for c in text} <= set(dates.ALPHABET)
    years = [int(iso[:4]) for _, iso in found]
    assert min(years) >= dates.FIRST_YEAR and max(years) <= dates.LAST_YEAR


def test_day_first_unless_that_is_no_date() -> None:
    for text, iso in many(6_000):
        if match := re.fullmatch(r"(\d{1,2})([./ -])(\d{1,2})\2\d{2,4}", text):
            first, second, month, day = int(match[1]), int(match[3]), int(iso[5:7]), int(iso[8:])
            assert (first, second) == ((day, month) if second <= 12 else (month, day)), text


def test_nothing_is_both_trained_on_and_tested_with() -> None:
    trained, tested = (
        {d.text.casefold() for d in many(20_000, 5)},
        {d.text.casefold() for d in many(2_000, 5, tests=True)},
    )
    assert not trained & tested
    share = sum(dates.held_out(f"{n}.5.1999") for n in range(10_000)) / 10_000
    assert 0.08 < share < 0.12
