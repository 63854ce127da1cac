"""The engines against ids that other implementations gave, and against the libraries used directly."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import limits
from playground.core.tokens import SpecialMode
from playground.errors import BadInput
from playground.models import engines, store
from playground.models.engines import TOKENIZERS, Engine, snippets
from playground.models.engines.byte_glyphs import bytes_of
from tests.models import other_vocabularies

pytestmark = pytest.mark.model

GOLDEN = json.loads((Path(__file__).parent / "golden_tokenizers.json").read_text(encoding="utf-8"))
TEXTS = {name: row["text"] if "text" in row else row["unit"] * row["repeat"] for name, row in GOLDEN["texts"].items()}
MODES: tuple[SpecialMode, ...] = ("plain", "control", "template")
HOSTILE = [
    "",
    " ",
    "\x00",
    "\ud83d\udc4d \ud83d x",
    "\u202eabc",
    "Z͑ͫ̓a̐́l̋̍go" * 50,
    "a\x04b\x06\U00050000\U000e0067",
    "<|endoftext|><s>[SEP]<|im_end|>",
]
LOSSLESS = ("gpt2", "cl100k", "o200k", "tekken")
SMOLLM2_LACKS = {0x04, 0x06, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2, *range(0xF5, 0x100)}  # read off its file


@pytest.fixture(scope="module")
def loaded() -> dict[str, Engine]:
    return {tokenizer_id: engines.load(tokenizer_id) for tokenizer_id in TOKENIZERS}


def _name(case: dict) -> str:
    return f"{case['tokenizer']}-{case.get('mode', '')}-{case['text']}"


def _engine(loaded: dict[str, Engine], name: str) -> Engine:
    return loaded[name] if name in loaded else other_vocabularies.load(name)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=_name)
def test_golden_ids(loaded: dict[str, Engine], case: dict) -> None:
    encoding = _engine(loaded, case["tokenizer"]).encode(TEXTS[case["text"]], case["mode"])
    if "ids" in case:
        assert list(encoding.ids) == case["ids"]
    else:
        assert len(encoding.ids) == case["count"]
        assert hashlib.sha256(",".join(map(str, encoding.ids)).encode()).hexdigest() == case["ids_sha256"]
    if "round_trip" in case:
        assert encoding.round_trip == case["round_trip"]


@pytest.mark.parametrize("case", GOLDEN["spans"], ids=_name)
def test_golden_spans(loaded: dict[str, Engine], case: dict) -> None:
    tokens = loaded[case["tokenizer"]].encode(TEXTS[case["text"]]).tokens
    assert [[t.byte_start, t.byte_end, t.start, t.end] for t in tokens] == case["byte_start_end_start_end"]


@pytest.mark.fault(5)
@pytest.mark.parametrize("case", GOLDEN["surrogates"], ids=lambda case: case["text"])
def test_golden_surrogates(loaded: dict[str, Engine], case: dict) -> None:
    for tokenizer_id, ids in case["ids"].items():
        encoding = _engine(loaded, tokenizer_id).encode(TEXTS[case["text"]])
        assert (encoding.text, list(encoding.ids)) == (case["becomes"], ids)


@pytest.mark.parametrize("case", GOLDEN["pretokens"], ids=_name)
def test_no_token_crosses_a_golden_pretoken(loaded: dict[str, Engine], case: dict) -> None:
    """The patterns are copies: what they cut apart stays apart."""
    ends, place = set(), 0
    for piece in case["pretokens"]:
        place += len(piece)
        ends.add(place)
    assert ends <= {token.end for token in loaded[case["tokenizer"]].encode(TEXTS[case["text"]]).tokens}


@pytest.mark.fault(6)
@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_encoded_with_sound_offsets(
    loaded: dict[str, Engine], tokenizer_id: str, mode: SpecialMode, text: str
) -> None:
    engine = loaded[tokenizer_id]
    encoding = engine.encode(text, mode)
    data = encoding.text.encode()
    place = 0
    for token in encoding.tokens:
        assert 0 <= token.id < engine.vocabulary_size
        assert 0 <= token.start <= token.end <= len(encoding.text)
        assert 0 <= token.byte_start <= token.byte_end <= len(data)
        assert token.byte_start >= place or tokenizer_id == "bert"  # one letter there may be three tokens
        assert token.raw == engine.token_bytes(token.id)
        place = token.byte_start
    if tokenizer_id in LOSSLESS:
        assert encoding.round_trip
        assert b"".join(token.raw for token in encoding.tokens if not token.added) == data


@pytest.mark.fault(9)
@given(text=st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_byte_level_engines_give_every_byte_back(loaded: dict[str, Engine], text: str) -> None:
    for tokenizer_id in LOSSLESS:
        encoding = loaded[tokenizer_id].encode(text)
        assert encoding.decoded == encoding.text
        assert loaded[tokenizer_id].decode(encoding.ids) == encoding.text
        for token in encoding.tokens:
            assert encoding.text.encode()[token.byte_start : token.byte_end] == token.raw
    # SmolLM2 has no token for some bytes, Mistral reads a typed ▁ as a space; nothing else may change.
    encoding = loaded["smollm2"].encode(text)
    carried = bytes(byte for byte in encoding.text.encode() if byte not in SMOLLM2_LACKS)
    assert b"".join(token.raw for token in encoding.tokens) == carried
    assert encoding.decoded == carried.decode(errors="replace")
    encoding = loaded["mistral"].encode(text)
    assert encoding.decoded == encoding.text.replace("▁", " ")


def test_smollm2_splits_digits_and_drops_what_it_has_no_byte_for(loaded: dict[str, Engine]) -> None:
    encoding = loaded["smollm2"].encode("\n\n1. First 42")
    assert [token.text for token in encoding.tokens] == ["\n\n", "1", ".", " First", " ", "4", "2"]
    lossy = loaded["smollm2"].encode("a!\x04!b")
    assert lossy.decoded == "a!!b"
    assert [(token.text, token.start, token.end) for token in lossy.tokens] == [("a", 0, 1), ("!!", 1, 4), ("b", 4, 5)]


def test_bert_is_neither_truncated_nor_padded_and_says_what_it_lost(loaded: dict[str, Engine]) -> None:
    assert len(loaded["bert"].encode("word " * 1000).ids) == 1000
    encoding = loaded["bert"].encode("Café tokenization 👍")
    assert [token.text for token in encoding.tokens] == ["cafe", "token", "##ization", "[UNK]"]
    assert [token.raw for token in encoding.tokens][1:3] == [b"token", b"ization"]
    assert [(t.start, t.end) for t in encoding.tokens] == [(0, 4), (5, 10), (10, 17), (18, 19)]
    assert [token.unknown for token in encoding.tokens] == [False, False, False, True]
    assert encoding.decoded == "cafe tokenization [UNK]"


def test_templates_add_tokens_that_stand_nowhere_in_the_text(loaded: dict[str, Engine]) -> None:
    encoding = loaded["bert"].encode("ab [SEP]", "template")
    assert [(t.text, t.start, t.end, t.added) for t in encoding.tokens] == [
        ("[CLS]", 0, 0, True), ("ab", 0, 2, False), ("[SEP]", 3, 8, False), ("[SEP]", 8, 8, True),
    ]  # fmt: skip
    assert encoding.decoded == "ab [SEP]"
    assert encoding.round_trip
    begins = loaded["mistral"].encode("ab", "template")
    first = begins.tokens[0]
    assert (first.id, first.text, first.special, first.added) == (1, "<s>", True, True)
    assert begins.round_trip


@pytest.mark.fault(10)
def test_control_tokens_are_read_only_where_asked_for(loaded: dict[str, Engine]) -> None:
    for tokenizer_id, name in (("gpt2", "<|endoftext|>"), ("smollm2", "<|im_end|>"), ("bert", "[MASK]")):
        engine = loaded[tokenizer_id]
        plain, control = (engine.encode(f"a {name} b", mode) for mode in ("plain", "control"))
        assert engine.special_tokens[name] in control.ids
        assert not any(token.special for token in plain.tokens)
        assert [token.text for token in control.tokens if token.special] == [name]
    mistral = loaded["mistral"]
    assert mistral.encode("<s>", "control").ids == mistral.encode("<s>").ids != (mistral.special_tokens["<s>"],)
    assert "never read" in TOKENIZERS["mistral"].remark("control")


@pytest.mark.fault(9)
def test_mistral_gives_each_fallback_byte_its_own_place(loaded: dict[str, Engine]) -> None:
    encoding = loaded["mistral"].encode("x🤌🤌é")
    spans = [(t.raw, t.start, t.end, t.byte_start, t.byte_end) for t in encoding.tokens]
    hand = "🤌".encode()
    assert spans == [
        (b" x", 0, 1, 0, 1),
        *((hand[i : i + 1], 1, 2, 1 + i, 2 + i) for i in range(4)),
        *((hand[i : i + 1], 2, 3, 5 + i, 6 + i) for i in range(4)),
        ("é".encode(), 3, 4, 9, 11),
    ]


@pytest.mark.parametrize("tokenizer_id", ["mistral", "jurassic2"])
@given(text=st.text(max_size=40) | st.text("a ▁\n\té👍ﬁＡक\u0301\x00½ﷺ", max_size=40))
@settings(max_examples=150, deadline=None)
def test_places_are_sentencepieces_own(loaded: dict[str, Engine], tokenizer_id: str, text: str) -> None:
    """Worked out from the pieces, because the library builds an object a token; here they are asked for."""
    processor = loaded[tokenizer_id]._processor
    ids, spans = loaded[tokenizer_id]._encoded(text)
    theirs = processor.encode(text, return_type="offset_mapping")
    assert (ids.tolist(), spans.tolist()) == (theirs["ids"], [list(span) for span in theirs["offsets"]])


@pytest.mark.fault(2)
@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
def test_a_long_text_is_cut_at_the_cap_and_says_so(loaded: dict[str, Engine], tokenizer_id: str) -> None:
    encoding = loaded[tokenizer_id].encode("a" * 200_000)
    assert len(encoding.text) == limits.TEXT_CHARACTERS
    assert encoding.notices == ("Showing the first 100,000 of 200,000 characters.",)


@pytest.mark.fault(25)
def test_sessions_share_an_engine(loaded: dict[str, Engine]) -> None:
    """Both modes, short and long texts, from eight threads at once: everyone gets what one caller alone gets."""
    work = [(i, text, mode) for i in TOKENIZERS for text in (*HOSTILE, "word " * 300) for mode in MODES] * 3
    expected = {job: loaded[job[0]].encode(job[1], job[2]).ids for job in set(work)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: loaded[job[0]].encode(job[1], job[2]).ids, work))
    assert found == [expected[job] for job in work]


@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
def test_ids_outside_the_vocabulary_are_bad_input(loaded: dict[str, Engine], tokenizer_id: str) -> None:
    engine = loaded[tokenizer_id]
    for token_id in (-1, engine.vocabulary_size):
        for call in (engine.token_bytes, engine.token_text, lambda i: engine.decode([i])):
            with pytest.raises(BadInput, match="has no token"):
                call(token_id)
    with pytest.raises(BadInput, match="does not use id 100256"):
        loaded["cl100k"].token_bytes(100256)


class PanicException(BaseException):
    """What pyo3 raises, by name."""


@pytest.mark.parametrize("failure", [PanicException("boom"), ValueError("boom"), KeyError(3)])
def test_a_failing_library_is_bad_input(
    loaded: dict[str, Engine], monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def fail(text: str, mode: str) -> None:
        raise failure

    monkeypatch.setattr(loaded["gpt2"], "_tokens", fail)
    with pytest.raises(BadInput, match="could not take this text") as caught:
        loaded["gpt2"].encode("a")
    assert caught.value.hint


def test_an_interrupt_passes(loaded: dict[str, Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(text: str, mode: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loaded["gpt2"], "_tokens", interrupt)
    with pytest.raises(KeyboardInterrupt):
        loaded["gpt2"].encode("a")


@pytest.mark.fault(19)
def test_an_unknown_tokenizer_reaches_no_loader() -> None:
    with pytest.raises(BadInput, match="not a tokenizer"):
        engines.load("../../etc/passwd")


def test_gpt2_ids_are_the_ranks_of_its_merges() -> None:
    """encoder.json alone is read; vocab.bpe must agree: line i of the merges makes token 256 + i."""
    folder = store.ensure("gpt2")
    vocabulary = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    merges = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    assert [vocabulary[merge.replace(" ", "")] for merge in merges] == list(range(256, 256 + len(merges)))
    single = {bytes_of(piece): token_id for piece, token_id in vocabulary.items() if token_id < 256}
    assert sorted(single) == [bytes([byte]) for byte in range(256)]


@pytest.fixture
def tiktoken_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tiktoken's own cache, filled from the store; it checks each file's sha256 itself."""
    site = "https://openaipublic.blob.core.windows.net"
    gpt2 = store.ensure("gpt2")
    files = {
        f"{site}/gpt-2/encodings/main/{name}": (gpt2 / name).read_bytes() for name in ("vocab.bpe", "encoder.json")
    }
    for name in ("cl100k", "o200k"):
        packed = (store.ensure(name) / f"{name}_base.tiktoken.gz").read_bytes()
        files[f"{site}/encodings/{name}_base.tiktoken"] = gzip.decompress(packed)
    for address, content in files.items():
        (tmp_path / hashlib.sha1(address.encode()).hexdigest()).write_bytes(content)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))


@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
@pytest.mark.parametrize("mode", MODES)
def test_the_shown_code_gives_the_same_ids(
    loaded: dict[str, Engine], tokenizer_id: str, mode: SpecialMode, tiktoken_offline: None
) -> None:
    for text in (TEXTS["tabs_code"], TEXTS["emoji_zwj_family"], 'a "quoted" \\n <|endoftext|> [SEP] <s> {x}', ""):
        code = snippets.snippet(tokenizer_id, text, mode)
        found: dict = {}
        with redirect_stdout(io.StringIO()):
            exec(compile(code, "snippet", "exec"), found)
        assert tuple(found["ids"]) == loaded[tokenizer_id].encode(text, mode).ids


def test_naming_the_tokenizers_loads_no_library() -> None:
    code = (
        "import sys; from playground.models.engines import TOKENIZERS; [i.title for i in TOKENIZERS.values()]; "
        "print({'tiktoken', 'tokenizers', 'sentencepiece', 'torch'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
