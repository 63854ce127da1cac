"""Whole vocabularies: reference counts, merges against the published lists, regular expressions on a leash."""

import gzip
import hashlib
import io
import json
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from playground import limits
from playground.core import vocabulary
from playground.core.tokens import Piece
from playground.core.vocabulary import By
from playground.errors import BadInput
from playground.models import engines, store, vocabularies, vocabulary_code
from playground.models.engines.byte_glyphs import bytes_of

pytestmark = pytest.mark.model
# Counted by another program from the same published files (tiktoken and tokenizers, one id after the other).
PARTIAL = {"gpt2": 344, "cl100k": 773, "o200k": 1562, "smollm2": 313}
SAMPLE = ("gpt2", "smollm2", "bert", "mistral")


@pytest.mark.parametrize(("tokenizer_id", "count"), PARTIAL.items())
def test_how_many_are_not_valid_utf8_alone(tokenizer_id: str, count: int) -> None:
    facts = vocabularies.facts(engines.load(tokenizer_id))
    assert len(facts.partial) == count


def test_twelve_o200k_tokens_encode_to_others() -> None:
    engine = engines.load("o200k")
    entries, facts = vocabularies.read(engine), vocabularies.facts(engine)
    assert len(facts.unstable) == 12
    assert {"\n//", " I'"} <= {entries[i].text for i in facts.unstable}
    for token_id in facts.unstable:
        assert engine.encode(entries[token_id].text).ids != (token_id,)


def test_sixteen_cl100k_ids_are_unused() -> None:
    assert vocabularies.facts(engines.load("cl100k")).unused == (100256, *range(100261, 100276))


def test_every_entry_is_the_engines() -> None:
    for tokenizer_id in SAMPLE:
        engine = engines.load(tokenizer_id)
        entries = vocabularies.read(engine)
        assert len(entries.entries) == engine.vocabulary_size
        for entry in entries.entries[:: max(1, engine.vocabulary_size // 500)]:
            assert (entry.text, entry.raw) == (engine.token_text(entry.id), engine.token_bytes(entry.id))


def test_gpt2s_merges_are_those_of_its_merge_list() -> None:
    lines = (store.ensure("gpt2") / "vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [tuple(map(bytes_of, line.split())) for line in lines if line]
    engine = engines.load("gpt2")
    entries = vocabularies.read(engine)
    for rank in (0, 1, 2, 100, 5_000, 20_000, 49_999):
        left, right = pairs[rank]
        merged = vocabularies.merged_from(entries, engine.info.kind, 256 + rank)
        assert merged and tuple(entries[i].raw for i in merged) == (left, right)
    assert vocabularies.merged_from(entries, engine.info.kind, 50256) is None
    assert vocabularies.merged_from(entries, engine.info.kind, 0) is None


def test_smollm2s_merges_are_those_of_its_file() -> None:
    model = json.loads((store.ensure("smollm2") / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    engine = engines.load("smollm2")
    entries = vocabularies.read(engine)
    for left, right in model["merges"][::4_001]:
        merged = vocabularies.merged_from(entries, engine.info.kind, model["vocab"][left + right])
        assert merged == (model["vocab"][left], model["vocab"][right])


def test_mistrals_merges_put_the_token_together() -> None:
    engine = engines.load("mistral")
    entries = vocabularies.read(engine)
    for text in (" the", "ing", " Germany"):
        entry = next(e for e in entries.entries if e.text == text)
        merged = vocabularies.merged_from(entries, engine.info.kind, entry.id)
        assert merged and entries[merged[0]].raw + entries[merged[1]].raw == entry.raw
        assert max(merged) < entry.id or min(len(entries[i].text) for i in merged) == 1


@pytest.mark.parametrize("tokenizer_id", list(vocabularies.FIRST_MERGE))
def test_an_id_less_the_first_merges_is_the_rank_by_which_it_is_merged(tokenizer_id: str) -> None:
    """The rank is the one the One word page shows, from the published merges, ranks or scores."""
    engine = engines.load(tokenizer_id)
    for word in (" the", " world", " lighthouse"):
        for step in engine.staging.trace(word.replace(" ", "\u2581") if tokenizer_id == "mistral" else word)[:-1]:
            joined = step.chosen.joined
            (token_id,) = engine.staging.ids_of(joined)
            assert token_id - vocabularies.FIRST_MERGE[tokenizer_id] == step.chosen.rank


def test_no_merges_where_there_are_none() -> None:
    engine = engines.load("bert")
    assert vocabularies.merged_from(vocabularies.read(engine), engine.info.kind, 5_000) is None


@pytest.mark.parametrize("pattern", [r"(a|a|a|a)+(a|a|a|a)+$", r"(a|aa)+$", r"(?R)", r"(.*)*(.*)*x", r"(a+)+$"])
def test_a_catastrophic_pattern_ends_in_time(pattern: str) -> None:
    long = vocabulary.build("long", 3_000, [(i, Piece("a" * 200 + "!", b"a" * 200 + b"!")) for i in range(3_000)])
    started = time.thread_time()
    try:
        vocabularies.search(long, pattern, "regex")
    except BadInput as error:
        assert "too long" in error.title
    assert time.thread_time() - started < limits.REGEX_SECONDS + limits.REGEX_TOKEN_SECONDS + 0.5


def test_some_patterns_really_are_stopped() -> None:
    long = vocabulary.build("long", 1, [(0, Piece("a" * 200 + "!", b"a" * 200 + b"!"))])
    with pytest.raises(BadInput, match="too long"):
        vocabularies.search(long, r"(a|a|a|a)+(a|a|a|a)+(a|a|a|a)+$", "regex")


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"\p{Nonsense}", "a{9999999999}", "(?P<x", "\\", r"\L<n>"])
def test_what_is_no_pattern_is_a_clear_sentence(pattern: str) -> None:
    with pytest.raises(BadInput, match="no regular expression"):
        vocabularies.search(vocabularies.read(engines.load("gpt2")), pattern, "regex")


def test_thai_in_two_vocabularies() -> None:
    """OpenAI's two vocabularies, 2022 and 2024."""
    counts = [
        len(vocabularies.search(vocabularies.read(engines.load(name)), r"^\s?\p{Thai}+$", "regex"))
        for name in ("gpt2", "cl100k", "o200k")
    ]
    assert counts[0] == 0 < counts[1] < counts[2] / 10


def test_a_search_over_200k_entries_is_quick() -> None:
    entries = vocabularies.read(engines.load("o200k"))
    for query, by in (("a", "text"), ("F0 9F", "bytes"), ("100-120", "id")):
        started = time.monotonic()
        assert vocabularies.search(entries, query, by)  # type: ignore[arg-type]
        assert time.monotonic() - started < 1.0  # 20 to 60 ms on a quiet machine


@pytest.fixture
def tiktoken_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tiktoken's own cache, filled from the store."""
    address = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
    packed = (store.ensure("cl100k") / "cl100k_base.tiktoken.gz").read_bytes()
    (tmp_path / hashlib.sha1(address.encode()).hexdigest()).write_bytes(gzip.decompress(packed))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))


@pytest.mark.parametrize("tokenizer_id", ["cl100k", "smollm2", "bert", "mistral"])
@pytest.mark.parametrize(
    ("query", "by"),
    [("happi", "text"), ("C3 A9", "bytes"), (r"^ ?\p{Greek}+$", "regex"), ("7, 100-120", "id"), ("", "text")],
)
def test_the_shown_code_finds_the_same_ids(tokenizer_id: str, query: str, by: By, tiktoken_offline: None) -> None:
    entries = vocabularies.read(engines.load(tokenizer_id))
    ours = [entry.id for entry in vocabularies.search(entries, query, by)]
    found: dict = {}
    with redirect_stdout(io.StringIO()):
        exec(compile(vocabulary_code.snippet(tokenizer_id, query, by, ours), "snippet", "exec"), found)
    assert sorted(found["found"]) == sorted(ours)
