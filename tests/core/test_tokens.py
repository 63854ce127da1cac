"""Offsets, what is shown of a token, blocks and round trips, against brute force over the text's bytes."""

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core.alignment import blocks, cut_characters
from playground.core.round_trip import difference, losses
from playground.core.spans import byte_offsets, byte_spans, character_spans
from playground.core.tokens import Encoding, LazyTokens, Piece, Token, measure
from playground.core.visible import glyphs, visible

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@st.composite
def cut_texts(draw: st.DrawFn) -> Encoding:
    """A text whose bytes are cut at random places, as a byte-level tokenizer might."""
    text = draw(TEXTS)
    data = text.encode()
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=len(data))) if len(data) > 1 else set())
    bounds = [0, *cuts, len(data)] if data else []
    raws = [data[a:b] for a, b in pairwise(bounds)]
    spans = byte_spans(text, np.array([len(raw) for raw in raws], np.int64))
    pieces = [Piece(raw.decode(errors="replace"), raw) for raw in raws]
    columns = np.concatenate((character_spans(text, spans), spans), axis=1)
    return Encoding("cut", text, LazyTokens(range(len(raws)), columns, pieces.__getitem__), text)


@given(cut_texts())
def test_spans_are_those_of_brute_force(encoding: Encoding) -> None:
    owner = [index for index, character in enumerate(encoding.text) for _ in character.encode()]
    place = 0
    for token in encoding.tokens:
        assert (token.byte_start, token.byte_end) == (place, place + len(token.raw))
        assert encoding.text.encode()[token.byte_start : token.byte_end] == token.raw
        touched = owner[token.byte_start : token.byte_end]
        assert (token.start, token.end) == (min(touched), max(touched) + 1)
        place = token.byte_end
    assert place == len(encoding.text.encode())


@given(cut_texts())
def test_lazy_tokens_are_a_sequence(encoding: Encoding) -> None:
    tokens = list(encoding.tokens)
    assert [encoding.tokens[i] for i in range(len(tokens))] == tokens
    assert encoding.tokens[1:3] == tuple(tokens[1:3])
    assert encoding.ids == tuple(token.id for token in tokens)


@given(TEXTS)
def test_byte_offsets(text: str) -> None:
    assert byte_offsets(text).tolist() == [len(text[:i].encode()) for i in range(len(text) + 1)]


def test_bytes_without_a_token_are_stepped_over() -> None:
    # "!", U+0004 and "!" where the vocabulary has "!!" and nothing for 04: the token touches all three.
    assert byte_spans("a!\x04!", np.array([1, 2]), frozenset({4})).tolist() == [[0, 1], [1, 4]]
    with pytest.raises(ValueError, match="not the text's"):
        byte_spans("a!\x04!", np.array([1, 2]))


@given(cut_texts())
def test_blocks_cut_no_character_and_no_token(encoding: Encoding) -> None:
    found = blocks(encoding, 1000)
    assert "".join(block.characters for block in found) == encoding.text
    assert [token for block in found for token in block.tokens] == list(encoding.tokens)
    byte_start = 0
    for block in found:
        byte_end = byte_start + len(block.characters.encode())
        assert block.byte_start == byte_start
        assert all(byte_start <= token.byte_start < token.byte_end <= byte_end for token in block.tokens)
        assert block.one_to_one
        byte_start = byte_end
    # None could be smaller: at every boundary inside a block a character or a token is cut.
    ends = {token.byte_end for token in encoding.tokens} & set(byte_offsets(encoding.text).tolist())
    assert len(found) == len(ends)


def test_blocks_show_what_is_left_out_and_what_is_added() -> None:
    tokens = (
        Token(101, "[CLS]", b"[CLS]", 0, 0, 0, 0, special=True),
        Token(5, "a", b"a", 1, 2, 1, 2),
        Token(6, "b", b"b", 3, 4, 3, 4),
    )
    found = blocks(Encoding("x", " a b ", tokens, "a b"), 10)
    assert [(block.characters, len(block.tokens)) for block in found] == [
        ("", 1), (" ", 0), ("a", 1), (" ", 0), ("b", 1), (" ", 0),
    ]  # fmt: skip
    assert [block.characters for block in blocks(Encoding("x", " a b ", tokens, ""), 2)] == ["", " ", "a"]


def test_three_tokens_of_one_letter_are_one_block_not_drawn_over_bytes() -> None:
    jamo = tuple(Token(i, "", b"", 0, 1, 0, 3) for i in range(3))
    (block,) = blocks(Encoding("bert", "안", jamo, "안"), 10)
    assert len(block.tokens) == 3
    assert not block.one_to_one
    assert cut_characters(jamo) == 1


def test_metrics_of_nothing_have_no_ratios() -> None:
    measured = measure(Encoding("x", "", (), ""))
    assert (measured.tokens, measured.characters_per_token, measured.tokens_per_word) == (0, None, None)
    assert measure(Encoding("x", "  ", (), "")).tokens_per_word is None


@pytest.mark.fault(9)
@given(st.binary(max_size=12))
def test_every_byte_is_visible(raw: bytes) -> None:
    """Nothing that could be shown is blank, and bytes that are no character come back as hex."""
    shown = glyphs(raw.decode(errors="replace"), raw)
    assert all(glyph.shown.strip() for glyph in shown)
    in_hex = b"".join(bytes.fromhex(glyph.shown) for glyph in shown if glyph.kind == "bytes")
    assert in_hex == bytes(
        b - 0xDC00 for b in map(ord, raw.decode("utf-8", "surrogateescape")) if 0xDC80 <= b <= 0xDCFF
    )


@pytest.mark.fault(6)
@given(TEXTS.filter(bool))
def test_no_character_is_blank(text: str) -> None:
    for glyph in glyphs(text):
        if glyph.kind == "text":
            hidden = {"Cc", "Cf", "Cn", "Co", "Zs", "Zl", "Zp"}
            assert not {unicodedata.category(c) for c in glyph.shown} & hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202eabc\u202c", "⟨U+202E⟩abc⟨U+202C⟩"),
        ("a\x00", "a⟨U+0000⟩"),
        ("\u0301", "◌\u0301"),
        ("e\u0301", "e\u0301"),
        ("\u200d", "⟨U+200D⟩"),
        ("❤\ufe0f", "❤⟨U+FE0F⟩"),
        ("\u00a0\u3000", "⟨U+00A0 U+3000⟩"),
        ("\r\n", "⟨U+000D⟩↵"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_real_replacement_character_is_not_taken_for_bytes() -> None:
    assert visible("\ufffd\ufffd", "\ufffd".encode() + b"\xf0") == "\ufffd⟨F0⟩"


@pytest.mark.parametrize(
    ("text", "decoded", "named"),
    [
        ("same", "same", ()),
        ("Hi", "hi", ("capital letters",)),
        ("é", "e", ("accents and other combining marks",)),
        ("안녕", unicodedata.normalize("NFD", "안녕"), ("composed characters, now in parts",)),
        ("a  b", "a b", ("white space",)),
        ("a\x04b", "ab", ("⟨U+0004⟩",)),
        ("▁a", " a", ("white space", "▁")),
        ("ab", "ba", ("the order of characters",)),
    ],
)
def test_losses_are_named(text: str, decoded: str, named: tuple[str, ...]) -> None:
    assert losses(Encoding("x", text, (), decoded)) == named


def test_text_read_as_unknown_is_a_loss_of_its_own() -> None:
    tokens = (Token(7, "[UNK]", b"[UNK]", 0, 2, 0, 8, special=True, unknown=True), Token(8, "a", b"a", 3, 4, 9, 10))
    assert losses(Encoding("bert", "👍👍 a", tokens, "[UNK] a")) == ("2 characters read as [UNK]",)


@given(TEXTS, TEXTS)
def test_a_difference_holds_both_texts(text: str, decoded: str) -> None:
    changes = difference(Encoding("x", text, (), decoded))
    kept_and_lost = "".join(change.text for change in changes if change.kind != "new")
    kept_and_new = "".join(change.text for change in changes if change.kind != "lost")
    assert text.endswith(kept_and_lost)
    assert decoded.endswith(kept_and_new)
    prefix = text.removesuffix(kept_and_lost)
    assert decoded.removesuffix(kept_and_new) == prefix


def test_a_long_difference_is_cut_near_where_it_starts() -> None:
    changes = difference(Encoding("x", "a" * 50_000 + "B" + "a" * 50_000, (), "a" * 50_000 + "b" + "a" * 50_000))
    assert [(change.kind, change.text) for change in changes][1:3] == [("lost", "B"), ("new", "b")]
    assert sum(len(change.text) for change in changes) < 1000
