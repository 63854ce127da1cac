"""Trained tokenizers against another program's merges, a brute-force trainer, and the caps."""

import io
import json
import time
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import limits, paths
from playground.errors import BadInput
from playground.models import training, training_code
from playground.models.engines.byte_glyphs import BYTE_OF_GLYPH
from playground.models.training import KINDS, Trained
from playground.models.training_process import trained as in_this_process

GOLDEN = json.loads((Path(__file__).parent / "golden_chat_and_training.json").read_text(encoding="utf-8"))
SAMPLE = (paths.ASSETS / "texts" / "training-sample.txt").read_text(encoding="utf-8")
HELD_OUT = (paths.ASSETS / "texts" / "held-out.txt").read_text(encoding="utf-8")
GPT2_WORDS = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
GLYPH_ORDER = {byte: place for place, (_, byte) in enumerate(sorted(BYTE_OF_GLYPH.items()))}


def brute_force(text: str, merges: int) -> list[tuple[bytes, bytes]]:
    """BPE from its definition: count all pairs of all words anew, merge the most frequent, ties to the smallest ids."""
    words = Counter(word.encode() for word in regex.findall(GPT2_WORDS, text))
    split = {word: [bytes([byte]) for byte in word] for word in words}
    ids = {bytes([byte]): place for byte, place in GLYPH_ORDER.items()}
    learned: list[tuple[bytes, bytes]] = []
    while len(learned) < merges:
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, count in words.items():
            for pair in zip(split[word], split[word][1:], strict=False):
                pairs[pair] += count
        if not pairs:
            break
        left, right = min(pairs, key=lambda pair: (-pairs[pair], ids[pair[0]], ids[pair[1]]))
        learned.append((left, right))
        ids.setdefault(left + right, len(ids))
        for word, parts in split.items():
            merged: list[bytes] = []
            for part in parts:
                if merged and merged[-1] == left and part == right:
                    merged[-1] = left + right
                else:
                    merged.append(part)
            split[word] = merged
    return learned


def test_merges_and_tokens_are_those_recorded_from_the_library() -> None:
    for case in GOLDEN["bpe_training"]:
        found = training.train("bpe", case["text"], 266)
        as_bytes = [tuple(bytes(BYTE_OF_GLYPH[g] for g in part) for part in pair) for pair in case["merges"]]
        assert [piece.parts for piece in found.learned] == as_bytes
        wanted = [bytes(BYTE_OF_GLYPH[g] for g in token) for token in case["tokens"]]
        assert [token.raw for token in found.encode(case["text"]).tokens] == wanted


@pytest.mark.parametrize("merges", [1, 40, 244])
def test_the_sample_is_learned_as_by_brute_force(merges: int) -> None:
    found = training.train("bpe", SAMPLE, 256 + merges)
    assert [piece.parts for piece in found.learned] == brute_force(SAMPLE, merges)
    assert [piece.id for piece in found.learned] == list(range(256, 256 + merges))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["low", "lower", "newest", "wide", "the", "cat"]), min_size=8, max_size=30))
def test_ties_go_to_the_smallest_ids(words: list[str]) -> None:
    text = " ".join(words)
    found = Trained("bpe", in_this_process("bpe", text, 266).to_str(), 0.0)
    assert [piece.parts for piece in found.learned] == brute_force(text, 10)[: len(found.learned)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_method_learns_and_reads_its_own_text(kind: str) -> None:
    found = training.train(kind, SAMPLE, 500)
    assert found.kind == kind
    assert 300 < found.size <= 500
    assert [piece.order for piece in found.learned] == list(range(1, len(found.learned) + 1))
    encoding = found.encode(SAMPLE)
    assert encoding.round_trip
    assert len(encoding.tokens) < len(SAMPLE) / 2
    assert all(SAMPLE.encode()[t.byte_start : t.byte_end] == t.raw for t in encoding.tokens)


HINDI = "नमस्ते दुनिया " * 30


@pytest.mark.parametrize("kind", ["bpe", "wordpiece"])
@pytest.mark.parametrize("text", [SAMPLE, HINDI])
def test_merging_ends_when_every_pre_token_is_one_token(kind: str, text: str) -> None:
    found = training.train(kind, text, 8_000)
    assert found.size < 8_000
    assert len(found.encode(text).tokens) == len(regex.findall(GPT2_WORDS, text))


def test_unigram_counts_each_different_word_once() -> None:
    """However often two words occur: what only one of them has is never a candidate."""
    with pytest.raises(BadInput, match="two different words share"):
        training.train("unigram", "abcdef ghijkl " * 30, 500)
    shared = training.train("unigram", "abcdef abcdefx " * 30, 500)
    assert {piece.raw for piece in shared.learned} == {b"abcdef", b" abcdef"}


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
@pytest.mark.parametrize("text", ["", "\x00", "👩‍🚀 नमस्ते", "a" * 500, "中文 <|endoftext|>"])
def test_bytes_make_every_text_readable(kind: str, text: str) -> None:
    assert training.train(kind, SAMPLE, 500).encode(text).round_trip


def test_wordpiece_loses_a_word_it_cannot_spell() -> None:
    encoding = training.train("wordpiece", SAMPLE, 500).encode("the 中文 keeper")
    assert [(t.start, t.end) for t in encoding.tokens if t.unknown] == [(3, 6)]
    assert not encoding.round_trip
    assert encoding.tokens[-1].byte_end == len("the 中文 keeper".encode())


def test_wordpiece_goes_on_in_a_word_only_with_letters_the_text_has_there() -> None:
    found = training.train("wordpiece", SAMPLE, 500)
    words = regex.findall(GPT2_WORDS, SAMPLE)
    assert found.letters_inside == bytes(sorted({byte for word in words for byte in word.encode()[1:]}))
    for word in regex.findall(GPT2_WORDS, HELD_OUT):
        spelled = set(word.encode()[1:]) <= set(found.letters_inside)
        assert any(token.unknown for token in found.encode(word).tokens) is not spelled, word
    assert found.encode("He").round_trip and not found.encode(" He").round_trip
    assert training.train("bpe", SAMPLE, 500).letters_inside == b""


def test_the_curve_ends_where_the_tokenizer_is() -> None:
    found = training.train("bpe", SAMPLE, 500)
    curve = found.curve(HELD_OUT)
    assert curve[0] == (256, len(HELD_OUT.encode()))
    assert curve[-1] == (500, len(found.encode(HELD_OUT).tokens))
    assert [tokens for _, tokens in curve] == sorted((tokens for _, tokens in curve), reverse=True)
    assert training.train("unigram", SAMPLE, 500).curve(HELD_OUT) == []


@pytest.mark.parametrize(
    ("kind", "text", "size", "said"),
    [
        ("bpe", "abc", 500, "too few"),
        ("bpe", " " * 500, 500, "too few"),
        ("bpe", SAMPLE, 200, "256 entries are the bytes"),
        ("bpe", SAMPLE, 256, "256 entries are the bytes"),
        ("bpe", SAMPLE, 10**9, "256 entries are the bytes"),
        ("llama", SAMPLE, 500, "not a kind"),
        ("bpe", "a b " * 50_000, 500, "too many"),
    ],
)
def test_what_cannot_be_trained_is_a_clear_sentence(kind: str, text: str, size: int, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(BadInput) as caught:
        training.train(kind, text, size)
    assert said in str(caught.value)
    assert caught.value.hint
    assert time.monotonic() - started < 1


def test_a_training_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRAINING_SECONDS", 1.0)
    text = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(limits.TRAINING_CHARACTERS))  # one long "word"
    waited: list[float] = []
    started = time.monotonic()
    with pytest.raises(BadInput, match="stopped"):
        training.train("bpe", text, 8_000, waited.append)
    assert time.monotonic() - started < 4
    assert waited == sorted(waited) and waited


def test_leaving_ends_the_process() -> None:
    class Left(BaseException):
        pass

    def leave(_seconds: float) -> None:
        raise Left

    text = "".join(chr(0x4E00 + i * 7919 % 20_000) for i in range(20_000))
    for _ in range(limits.TRAINING_AT_ONCE + 1):  # a place that were not given back would block the last
        with pytest.raises(Left):
            training.train("bpe", text, 8_000, leave)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shown_code_trains_the_same(kind: training.Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("low low lower lowest newest widest \"quoted\" 'x' \\n ", SAMPLE):
        Path("text.txt").write_text(text, encoding="utf-8", newline="")
        found: dict = {}
        with redirect_stdout(io.StringIO()):
            exec(compile(training_code.snippet(kind, text, 300), "snippet", "exec"), found)
        ours = training.train(kind, text, 300)
        theirs = Trained(kind, Path("tokenizer.json").read_text(encoding="utf-8"), 0.0)
        assert [piece.id for piece in theirs.encode(text).tokens] == found["ids"]
        if kind == "bpe":
            assert found["ids"] == list(ours.encode(text).ids)
            assert theirs.learned == ours.learned
        elif text == SAMPLE:  # they count in hash tables: ties fall by chance
            pieces, again = ({piece.raw for piece in one.learned} for one in (ours, theirs))
            assert len(pieces & again) >= 0.8 * len(pieces)
            assert len(found["ids"]) == pytest.approx(len(ours.encode(text).tokens), rel=0.03)
