"""Codes and secrets: nothing to mistake, nothing to foresee, nothing kept that would open a room."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from playground.classroom import codes, names


def test_codes_are_all_different_and_use_the_whole_alphabet_evenly() -> None:
    made = [codes.new_code() for _ in range(3_000)]
    assert len(set(made)) == len(made)
    letters = Counter("".join(made))
    assert set(letters) == set(codes.ALPHABET)
    expected = len(made) * codes.LENGTH / len(codes.ALPHABET)  # 800, with a standard deviation of 28
    assert all(abs(count - expected) < 6 * expected**0.5 for count in letters.values())


def test_no_two_letters_can_be_taken_for_each_other() -> None:
    for alike in ("0O", "1IL", "UV"):
        assert sum(letter in codes.ALPHABET for letter in alike) <= 1


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_nothing(typed: str) -> None:
    code = codes.cleaned(typed)
    assert code == "" or (len(code) == codes.LENGTH and set(code) <= set(codes.ALPHABET))


def test_a_code_is_understood_as_it_is_written_on_the_wall() -> None:
    code = codes.new_code()
    for typed in (codes.shown(code), code.lower(), f" {code[:4]}-{code[4:]} "):
        assert codes.cleaned(typed) == code


def test_characters_of_no_code_are_named() -> None:
    assert codes.unknown("WN8W-5HR1") == ["1"]
    assert codes.unknown(codes.shown(codes.new_code()).lower()) == []


def test_secrets_have_128_bits_and_are_kept_as_digests() -> None:
    secret = codes.new_secret()
    assert len(secret) >= 22  # of 6 bits each
    assert secret not in codes.digest(secret)
    assert codes.matches(secret, codes.digest(secret))
    assert not codes.matches(secret[:-1], codes.digest(secret))
    assert not codes.matches("\ud800", codes.digest(secret))


def test_names_are_unique_and_enough() -> None:
    everyone = names.all_names()
    assert len(set(everyone)) == len(everyone) > 2_000
    taken: set[str] = set()
    for _ in range(60):
        taken.add(names.new_name(taken))
    assert len(taken) == 60
