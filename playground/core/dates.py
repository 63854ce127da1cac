"""Dates as people write them, each with its ISO form: what date-t5 is trained and tested on; the same for a seed.

The rules for what has two readings: with numbers only, the day comes first (3/4/1999 is the 3rd of April) unless that
gives no date (4/25/1999); a year written with two digits is POSIX's (``strptime``): 69–99 are 19.., 00–68 are 20...
"""

import datetime
import random
import string
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

FIRST_YEAR, LAST_YEAR = 1900, 2099
PIVOT = 69  # the first two-digit year that belongs to the 1900s
_HELD_OUT_SHARE = 10  # one text in ten is never trained on

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
_ACCENTED = {c for names in (*_MONTHS.values(), *_WEEKDAYS.values()) for c in names + names.upper() if not c.isascii()}
ALPHABET = tuple(
    sorted(set(string.ascii_letters + string.digits + " ',-./") | _ACCENTED)
)  # what a date is written with


class Dated(NamedTuple):
    """A date as written, and as ISO 8601 has it."""

    text: str
    iso: str


def ordinal(day: int) -> str:
    """The day as English counts it.

    >>> [ordinal(day) for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '23rd', '30th', '31st']
    """
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def full_year(two_digits: int) -> int:
    """The year that two digits stand for (POSIX ``strptime``, %y).

    >>> full_year(68), full_year(69), full_year(99), full_year(0)
    (2068, 1969, 1999, 2000)
    """
    return two_digits + (1900 if two_digits >= PIVOT else 2000)


def held_out(text: str) -> bool:
    """Whether the text is kept for tests: about one in ten, told by the text alone, whatever its capitals.

    >>> held_out("May 3, 1999") == held_out("MAY 3, 1999")
    True
    """
    return zlib.crc32(text.casefold().encode()) % _HELD_OUT_SHARE == 0


def examples(seed: int, *, tests: bool = False) -> Iterator[Dated]:
    """Dates without end: those to train on, or those to test with. No text is ever in both.

    >>> from itertools import islice
    >>> list(islice(examples(0), 9)) == list(islice(examples(0), 9))
    True
    """
    chance = random.Random(seed)
    while True:
        found = written(chance)
        if held_out(found.text) == tests:
            yield found


def written(chance: random.Random) -> Dated:
    """One date in one of the ways."""
    first = datetime.date(FIRST_YEAR, 1, 1).toordinal()
    days = datetime.date(LAST_YEAR, 12, 31).toordinal() - first + 1
    date = datetime.date.fromordinal(first + int(chance.random() * days))
    text = _pick(chance, (_numbers, _year_first, _english, _english, _english, _american, _short, _other_language))(
        chance, date
    )
    case = int(chance.random() * 5)
    return Dated(text.upper() if case == 3 else text.lower() if case == 4 else text, date.isoformat())


def _numbers(chance: random.Random, date: datetime.date) -> str:
    day, month = _padded(chance, date.day, date.month)
    mark, year = _pick(chance, "./-. "), _year(chance, date)
    if date.day > 12 and chance.random() < 0.3:  # only one reading is a date
        day, month = month, day
    return f"{day}{mark}{month}{mark}{year.removeprefix(chr(39))}"


def _year_first(chance: random.Random, date: datetime.date) -> str:
    month, day = _padded(chance, date.month, date.day)
    mark = _pick(chance, "-/. ")
    if chance.random() < 0.2:
        return f"{date.year}{date.month:02}{date.day:02}"
    return f"{date.year}{mark}{month}{mark}{day}"


def _english(chance: random.Random, date: datetime.date) -> str:
    """3 May 1999, the 3rd of May '99, on Monday, 3rd May, 1999 …"""
    day = _pick(chance, (str(date.day), ordinal(date.day), ordinal(date.day)))
    weekday = _weekday(chance, date, "en")
    lead = _pick(chance, ("", "the ") if weekday else ("", "", "the ", "on the ", "on "))
    of = " of " if "the" in lead or chance.random() < 0.1 else " "
    comma = _pick(chance, ("", "", ","))
    return f"{weekday}{lead}{day}{of}{_month(chance, date, 'en')}{comma} {_year(chance, date)}"


def _american(chance: random.Random, date: datetime.date) -> str:
    """May 3, 1999."""
    day = _pick(chance, (str(date.day), ordinal(date.day)))
    comma = _pick(chance, (",", ",", ""))
    return f"{_weekday(chance, date, 'en')}{_month(chance, date, 'en')} {day}{comma} {_year(chance, date)}"


def _short(chance: random.Random, date: datetime.date) -> str:
    """03-May-1999, 3may99, 1999 May 3."""
    (day,) = _padded(chance, date.day)
    month = _names(_MONTHS, "en")[date.month - 1][:3]
    if chance.random() < 0.3:
        return f"{date.year} {month} {day}"
    mark = _pick(chance, ("-", "/", " ", ".", ""))
    return f"{day}{mark}{month}{mark}{_year(chance, date).removeprefix(chr(39))}"


def _other_language(chance: random.Random, date: datetime.date) -> str:
    """3. Mai 1999, 1er mai 1999, 3 de mayo de 1999."""
    language = _pick(chance, ("de", "fr", "es"))
    name, year = _names(_MONTHS, language)[date.month - 1], str(date.year)
    weekday = _weekday(chance, date, language)
    if language == "de":
        return f"{weekday}{_pick(chance, ('', '', 'der ', 'den '))}{date.day}. {name} {year}"
    if language == "fr":
        day = "1er" if date.day == 1 else date.day
        return f"{weekday.replace(',', '')}{_pick(chance, ('', 'le '))}{day} {name} {year}"
    of = _pick(chance, (" de ", " de ", " "))
    return f"{weekday}{_pick(chance, ('', 'el '))}{date.day}{of}{name}{of}{year}"


def _month(chance: random.Random, date: datetime.date, language: str) -> str:
    name = _names(_MONTHS, language)[date.month - 1]
    short = "Sept" if name == "September" and chance.random() < 0.5 else name[:3]
    return _pick(chance, (name, name, short, short if short == name else f"{short}."))


def _weekday(chance: random.Random, date: datetime.date, language: str) -> str:
    if chance.random() < 0.75:
        return ""
    name = _names(_WEEKDAYS, language)[date.weekday()]
    short = name[:3] if language == "en" else name
    return _pick(chance, (f"{name}, ", f"{name} ", f"{short}, ", f"{short} "))


def _year(chance: random.Random, date: datetime.date) -> str:
    """In full; with two digits only where they mean this year."""
    two = date.year % 100
    if full_year(two) != date.year or chance.random() < 0.5:
        return str(date.year)
    return f"{_pick(chance, ('', chr(39)))}{two:02}"


def _padded(chance: random.Random, *numbers: int) -> list[str]:
    width = _pick(chance, (1, 2))
    return [f"{number:0{width}}" for number in numbers]


def _names(table: dict[str, str], language: str) -> list[str]:
    return table[language].split()


def _pick(chance: random.Random, among: Sequence[T]) -> T:
    return among[int(chance.random() * len(among))]
