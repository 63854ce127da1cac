"""A vocabulary searched, against brute force; which merge made a token; scripts; the parallel sentences."""

import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from playground.core import fertility, merge_rule, scripts, vocabulary
from playground.core.architectures import architecture
from playground.core.fertility import Count
from playground.core.tokens import Piece
from playground.errors import BadInput

RAW = [b"the", b" the", b"The", b"", b"\xf0\x9f", "é".encode(), b"\xa9", b"42", b"\n\n"]
TINY = vocabulary.build("tiny", 12, [(i, Piece(raw.decode(errors="replace"), raw)) for i, raw in enumerate(RAW)])


def test_the_equal_one_comes_first_then_by_id() -> None:
    assert [e.id for e in vocabulary.with_text(TINY, "the")] == [0, 1]
    assert [e.id for e in vocabulary.with_text(TINY, " the")] == [1]
    assert [e.id for e in vocabulary.with_bytes(TINY, "A9")] == [6, 5]


@given(st.binary(max_size=3))
def test_bytes_are_found_wherever_they_are(needle: bytes) -> None:
    found = {e.id for e in vocabulary.with_bytes(TINY, needle.hex(" "))}
    assert found == {i for i, raw in enumerate(RAW) if needle in raw}


@pytest.mark.parametrize(
    ("text", "ids"), [("3", [3]), ("2-4", [2, 3, 4]), ("7 – 99", [7, 8]), ("5, 1;5", [5, 1]), ("0 1", [0, 1])]
)
def test_ids_as_people_write_them(text: str, ids: list[int]) -> None:
    assert [e.id for e in vocabulary.with_ids(TINY, text)] == ids


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 30, "11", "²", "1e3", "5-2"])
def test_what_is_no_id_is_a_clear_sentence(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        vocabulary.with_ids(TINY, text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["F", "xyz", "0x", "F0 9", "é"])
def test_what_is_no_bytes_is_a_clear_sentence(text: str) -> None:
    if text == "0x":  # nothing is left: every entry
        assert len(vocabulary.with_bytes(TINY, text)) == len(RAW)
        return
    with pytest.raises(BadInput, match="row of bytes"):
        vocabulary.with_bytes(TINY, text)


def test_facts_of_a_vocabulary_one_can_count_by_hand() -> None:
    facts = vocabulary.facts(TINY, [2])
    assert facts.partial == (4, 6)
    assert facts.unused == (9, 10, 11)
    assert facts.longest[0] == 1
    assert dict(facts.scripts)["Latin"] == 4


@given(st.text(st.sampled_from("aZéЖ中あア한אع ا नक்ทა-7👍\n"), min_size=1, max_size=3))
def test_scripts_are_unicodes_own(text: str) -> None:
    """Against the Script property, which the regex package carries."""
    found = scripts.script_of(text)
    letter = next((c for c in text if unicodedata.category(c)[0] in "LM"), None)
    if letter is None:
        assert found in scripts.NO_SCRIPT
    else:
        assert regex.fullmatch(rf"[\p{{Script={found}}}\p{{Script=Inherited}}]", letter)


def brute_force_bpe(symbols: list[bytes], ranks: dict[bytes, int]) -> list[list[bytes]]:
    """Every state from the symbols to the end, merging the lowest rank first, leftmost first."""
    states = [symbols]
    while True:
        now = states[-1]
        pairs = [(ranks[a + b], i) for i, (a, b) in enumerate(pairwise(now)) if a + b in ranks]
        if not pairs:
            return states
        _, at = min(pairs)
        states.append([*now[:at], now[at] + now[at + 1], *now[at + 2 :]])


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=2, max_size=6))
def test_a_tokens_parts_are_those_of_its_last_merge(symbols: list[bytes]) -> None:
    made = [b"a", b"b", b"c", b"ab", b"bc", b"abc", b"aa", b"aab", b"abab", b"ababc"]
    ranks = {raw: rank for rank, raw in enumerate(made)}
    token = b"".join(symbols)
    states = brute_force_bpe([bytes([byte]) for byte in token], ranks)
    parts = merge_rule.parts_of([bytes([byte]) for byte in token], ranks)
    if token in ranks and states[-1] == [token]:
        assert list(parts or ()) == states[-2]


def test_the_parallel_set_is_parallel() -> None:
    languages = fertility.parallel()
    assert len(languages) >= 20
    assert len({language.script for language in languages}) >= 14
    assert {len(language.sentences) for language in languages} == {5}
    everything = [sentence for language in languages for sentence in language.sentences]
    assert len(set(everything)) == len(everything)
    assert all(unicodedata.is_normalized("NFC", s) and s == s.strip() for s in everything if "ড়" not in s)


@pytest.mark.parametrize("language", fertility.parallel(), ids=lambda language: language.id)
def test_sentences_are_in_the_script_they_claim(language: fertility.Language) -> None:
    wanted = {"Kana and Han": {"Hiragana", "Katakana", "Katakana-hiragana", "Han"}}.get(
        language.script, {language.script}
    )
    for sentence in language.sentences:
        letters = {scripts.script_of(c) for c in sentence if unicodedata.category(c)[0] == "L"}
        assert letters <= wanted


def test_cost_is_the_kv_cache_of_the_longer_text() -> None:
    """By hand: GPT-2 has 12 layers, 768 wide; BF16 keys and values: 2 · 12 · 768 · 2 bytes a token."""
    found = fertility.cost(architecture("gpt2"), 300, Count(25, 1, 1, 1, 0), Count(10, 1, 1, 1, 0))
    assert found == fertility.Cost(750, 750 * 2 * 12 * 768 * 2, 750 / 1024)
    assert fertility.cost(architecture("gpt2"), 1, Count(11, 1, 1, 1, 0), Count(10, 1, 1, 1, 0)).tokens == 2
    assert fertility.premium(Count(5, 1, 1, 1, 0), Count(0, 0, 0, 1, 0)) == 0
