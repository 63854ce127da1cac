"""Chips, byte strip and tables: nothing typed becomes markup, nothing is hidden, caps are honest."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest

from playground.core.pipeline import PreToken
from playground.core.spans import byte_offsets
from playground.core.tokens import Encoding, Token
from playground.figures import palette
from playground.figures import tokens as figures

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(1)'>\"'&amp;</span><style>*{}</style>"


class Elements(HTMLParser):
    """The tags, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, text: str) -> None:
        self.texts.append(text)


def by_characters(text: str) -> Encoding:
    offsets = byte_offsets(text).tolist()
    tokens = tuple(Token(100 + i, c, c.encode(), i, i + 1, offsets[i], offsets[i + 1]) for i, c in enumerate(text))
    return Encoding("letters", text, tokens, text)


def side(encoding: Encoding) -> figures.Side:
    return figures.Side("Letters <&>", "one a character", "A note.", encoding)


def body(html: str) -> str:
    """The HTML after its own style sheet."""
    return html.split("</style>", 1)[1]


@pytest.mark.fault(7)
@pytest.mark.parametrize("view", ["text", "ids", "bytes"])
def test_typed_markup_stays_text_in_cards(view: figures.View) -> None:
    whole = Encoding("x", HOSTILE, (Token(1, HOSTILE, HOSTILE.encode(), 0, len(HOSTILE), 0, len(HOSTILE)),), "lost")
    for encoding in (by_characters(HOSTILE), whole):
        elements = Elements(body(figures.cards([side(encoding)], view, 500)))
        allowed = {"div", "section", "header", "b", "small", "strong", "span", "footer", "i", "code", "em", "br"}
        assert set(elements.tags) <= allowed
        assert elements.attributes <= {"class", "title"}


@pytest.mark.fault(7)
def test_typed_markup_stays_text_in_pre_tokens_and_difference() -> None:
    pre_token = PreToken(HOSTILE, 0, len(HOSTILE), 0, 3)
    drawn = Elements(body(figures.pre_tokens([pre_token], pre_token, 500)))
    assert set(drawn.tags) <= {"div", "span", "code", "i", "em"}
    assert drawn.attributes <= {"class", "title"}
    assert "script" in "".join(drawn.texts)
    changed = Encoding("x", HOSTILE, (), HOSTILE.upper())
    assert set(Elements(body(figures.difference(changed))).tags) <= {"div", "span", "del", "ins", "i", "code"}
    assert "script" in "".join(Elements(body(figures.difference(changed))).texts)


@pytest.mark.fault(6, 9)
def test_chips_show_white_space_partial_bytes_and_hidden_characters() -> None:
    tokens = (
        Token(1, " a", b" a", 0, 2, 0, 2),
        Token(2, "\n", b"\n", 2, 3, 2, 3),
        Token(3, "\ufffd", b"\xf0\x9f", 3, 4, 3, 5),
        Token(4, "\ufffd", b"\x91\x8d", 3, 4, 5, 7),
        Token(5, "\u202e", "\u202e".encode(), 4, 5, 7, 10),
    )
    html = body(figures.cards([side(Encoding("x", " a\n👍\u202e", tokens, " a\n👍\u202e"))], "text", 10))
    texts = Elements(html).texts
    assert [text for text in ("·", "a", "↵", "F0 9F", "91 8D", "U+202E") if text in texts] == [
        "·", "a", "↵", "F0 9F", "91 8D", "U+202E",
    ]  # fmt: skip
    assert "\u202e" not in html
    assert "\ufffd" not in html
    assert "<br>" in html
    assert "id 3, 2 bytes F0 9F, character 3'" in html


def test_a_cap_says_what_it_leaves_out() -> None:
    encoding = by_characters("a" * 5000)
    html = body(figures.cards([side(encoding)], "text", 2000))
    assert html.count("title='token ") == 2000
    assert "+3,000 more" in html
    assert "5,000 tokens" in html
    strip = figures.strip(encoding, 200)
    assert sum(len(block["tokens"]) for block in strip["blocks"]) == 200
    assert strip["more"] == "+4,800 more tokens"
    many = [PreToken("a", i, i + 1, i, i + 1) for i in range(30)]
    assert "+10 more" in figures.pre_tokens(many, None, 20)


def test_one_token_over_a_very_long_text_stays_small() -> None:
    text = "a" * 100_000
    unknown = Token(100, "[UNK]", b"[UNK]", 0, len(text), 0, len(text), special=True, unknown=True)
    strip = figures.strip(Encoding("bert", text, (unknown,), "[UNK]"), 200)
    assert strip["blocks"][0]["left_out"] == "+99,936 characters"
    assert len(json.dumps(strip)) < 30_000


def test_bytes_lie_under_their_token() -> None:
    tokens = (Token(7, "\ufffd", b"\xc3", 1, 2, 1, 2), Token(8, "\ufffd", b"\xa9!", 1, 3, 2, 4))
    (block,) = figures.strip(Encoding("x", "aé!", (Token(6, "a", b"a", 0, 1, 0, 1), *tokens), "aé!"), 10)["blocks"][1:]
    assert block["first_byte"] == 1
    columns = {c["at"] + i: byte for c in block["characters"] for i, byte in enumerate(c["bytes"])}
    assert columns == {0: "C3", 1: "A9", 2: "21"}
    assert [c["place"] for c in block["characters"]] == [1, 2]
    assert [(t["at"], t["byte_start"], t["byte_end"]) for t in block["tokens"]] == [(0, 1, 2), (1, 2, 4)]


def test_a_token_that_is_not_the_texts_bytes_lies_over_none() -> None:
    jamo = tuple(Token(i, "ㅎ", "ㅎ".encode(), 0, 1, 0, 3) for i in range(3))
    (block,) = figures.strip(Encoding("bert", "안", jamo, "안"), 10)["blocks"]
    assert not any("at" in token for token in block["tokens"])


def test_cuts_that_not_all_make_are_marked() -> None:
    whole = (Token(1, "a b", b"a b", 0, 3, 0, 3),)
    parts = (Token(2, "a", b"a", 0, 1, 0, 1), Token(3, " b", b" b", 1, 3, 1, 3))
    sides = [side(Encoding("x", "a b", tokens, "a b")) for tokens in (whole, parts)]
    chips = re.findall(r"<span( class='lp-d')? title='token (\d)", body(figures.cards(sides, "text", 10)))
    assert chips == [("", "0"), (" class='lp-d'", "0"), ("", "1")]
    assert "lp-d'" not in body(figures.cards(sides[1:], "text", 10))  # nothing to differ from
    rows = figures.counts(sides, 8)
    assert [row["cuts shared by all"] for row in rows] == ["1 of 1", "1 of 2"]
    assert [row["share of context"] for row in rows] == [1 / 8, 2 / 8]


def test_losses_and_left_out_text_are_shown() -> None:
    tokens = (Token(5, "a", b"a", 0, 1, 0, 1),)
    encoding = Encoding("bert", "A!", tokens, "a!")
    html = body(figures.cards([side(encoding)], "text", 10))
    assert "Not reversible" in html
    assert "capital letters" in html
    assert [len(block["tokens"]) for block in figures.strip(encoding, 10)["blocks"]] == [1, 0]
    difference = body(figures.difference(encoding))
    assert "<del>A</del><ins>a</ins>" in difference


def test_no_tokens_at_all() -> None:
    empty = side(Encoding("bert", "", (), ""))
    assert "no tokens" in figures.cards([empty], "text", 10)
    assert figures.strip(empty.encoding, 10) == {"blocks": [], "more": ""}
    assert "nothing to cut" in figures.pre_tokens([], None, 10)
    assert figures.table(empty.encoding) == []
    assert figures.counts([empty], 512)[0]["characters per token"] is None
    assert figures.bars([empty]).data[0].x == (0,)


def test_table_and_csv_hold_every_token_exactly() -> None:
    text = '=1+1,"a"\n é\u202e'
    encoding = by_characters(text)
    rows = list(csv.DictReader(io.StringIO(figures.csv(encoding))))
    assert "".join(json.loads(row["text"]) for row in rows) == text
    assert bytes.fromhex("".join(row["bytes"] for row in rows)).decode() == text
    assert [(int(row["id"]), int(row["start"]), int(row["end"])) for row in rows] == [
        (token.id, token.start, token.end) for token in encoding.tokens
    ]
    assert not any(row["text"].startswith(("=", "+", "-", "@")) for row in rows)
    exact = json.loads(figures.as_json(encoding))
    assert "".join(token["text"] for token in exact["tokens"]) == text
    assert exact["ids"] == list(encoding.ids)
    assert [row["text"] for row in figures.table(encoding, 2)] == ["=", "1"]
    assert figures.table(encoding)[-1]["text"] == "⟨U+202E⟩"


def test_bars_hold_the_counts_and_mark_lossy_ones() -> None:
    exact, lossy = side(by_characters("abc")), side(Encoding("bert", "ABC", by_characters("ab").tokens, "ab"))
    (bar,) = figures.bars([exact, lossy]).data
    assert (tuple(bar.x), tuple(bar.text)) == ((3, 2), ("3", "2 (lossy)"))
    assert tuple(bar.marker.pattern.shape) == ("", "/")
    assert figures.bars([exact]).layout.yaxis.ticktext == ("Letters &lt;&amp;&gt;",)


def test_neighbours_differ_in_colour() -> None:
    style = figures.cards([], "text", 1)
    for index, colour in enumerate(palette.TOKEN_TINTS):
        assert f"nth-of-type({len(palette.TOKEN_TINTS)}n+{index + 1}){{--lp:{colour}}}" in style
