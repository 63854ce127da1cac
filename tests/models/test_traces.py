"""Our own tracers against the engines' ids on every golden text, whole, and against sentencepiece's n best."""

import json
import math
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from playground import limits
from playground.core import bpe_trace, unigram_lattice
from playground.core.tokens import SpecialMode
from playground.core.unigram_lattice import Lattice, Pieces
from playground.core.wordpiece_trace import Matching
from playground.errors import BadInput
from playground.models import engines, store
from playground.models.engines import TOKENIZERS, Engine
from tests.models import other_vocabularies

pytestmark = pytest.mark.model

GOLDEN = json.loads((Path(__file__).parent / "golden_tokenizers.json").read_text(encoding="utf-8"))
TEXTS = {name: row["text"] if "text" in row else row["unit"] * row["repeat"] for name, row in GOLDEN["texts"].items()}
SPECIALS = "Hi<|endoftext|> there [SEP]<|im_end|>  <s>x"


ALL = (*TOKENIZERS, *other_vocabularies.SOURCES)


@cache
def loaded(tokenizer_id: str) -> Engine:
    return engines.load(tokenizer_id) if tokenizer_id in TOKENIZERS else other_vocabularies.load(tokenizer_id)


# Of the vocabularies not offered, the texts with a golden case: where libraries disagree, paths are of equal score, and
# a sum's rounding decides (100 times x under XLM-R).
@pytest.mark.parametrize(
    ("tokenizer_id", "name"),
    [(i, n) for i in TOKENIZERS for n in TEXTS]
    + [(c["tokenizer"], c["text"]) for c in GOLDEN["cases"] if c["tokenizer"] in other_vocabularies.SOURCES],
)
def test_the_tracer_gives_the_engines_ids(tokenizer_id: str, name: str) -> None:
    """Every golden text, the long ones whole: cut into pre-tokens, each encoded by this project's code."""
    engine = loaded(tokenizer_id)
    encoding = engine.encode(TEXTS[name])
    _, pre_tokens = engine.staging.split(encoding.text)
    found = [token_id for piece, _, _ in pre_tokens for token_id in engine.staging.ids(piece)]
    assert tuple(found) == encoding.ids


@pytest.mark.parametrize("tokenizer_id", ALL)
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_the_tracer_gives_the_engines_ids_on_any_text(tokenizer_id: str, text: str) -> None:
    engine = loaded(tokenizer_id)
    encoding = engine.encode(text)
    stages = engine.stages(text)
    found = [i for p in stages.pre_tokens for i in engine.staging.ids(p.text)]
    assert tuple(found) == encoding.ids


@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
@pytest.mark.parametrize("mode", ["plain", "control", "template"])
@pytest.mark.parametrize("text", [SPECIALS, "", " ", "\x00", "Café ﬁ x\ny 👩‍🚀"], ids=range(5))
def test_each_pre_token_holds_its_tokens(tokenizer_id: str, mode: SpecialMode, text: str) -> None:
    engine = loaded(tokenizer_id)
    encoding, stages = engine.encode(text, mode), engine.stages(text, mode)
    reached = 0
    for pre_token in stages.pre_tokens:
        assert pre_token.first_token == reached
        reached = pre_token.end_token
        own = encoding.tokens[pre_token.first_token : pre_token.end_token]
        if pre_token.control:
            assert [token.text for token in own] == [pre_token.text]
        else:
            assert tuple(t.id for t in own) == engine.staging.ids(pre_token.text)
            assert all(pre_token.start <= t.start and t.end <= pre_token.end for t in own)
    assert reached == len(encoding.ids)
    assert all(stages.pre_token_of(place) is not None for place in range(reached))


@pytest.mark.parametrize("tokenizer_id", TOKENIZERS)
def test_the_steps_end_in_the_same_ids(tokenizer_id: str) -> None:
    """The capped trace that is shown, and the quick one that counts, agree on every short golden pre-token."""
    engine = loaded(tokenizer_id)
    pre_tokens = {p.text for text in TEXTS.values() for p in engine.stages(text).pre_tokens}
    seen = 0
    for piece in pre_tokens:
        if len(piece.encode()) > limits.TRACED_BYTES:
            with pytest.raises(BadInput, match="bytes"):
                engine.traced(piece)
            continue
        traced, seen = engine.traced(piece), seen + 1
        if isinstance(traced, Matching):
            assert traced.ids == engine.staging.ids(piece)
        elif isinstance(traced, Lattice):
            path = unigram_lattice.n_best(traced, 1)[0]
            assert math.isclose(path.score, unigram_lattice.best(traced).score, rel_tol=1e-5)
        else:
            assert tuple(i for p in traced[-1].parts for i in engine.staging.ids_of(p)) == engine.staging.ids(piece)
    assert seen > 50


@pytest.mark.parametrize("case", GOLDEN["merge_traces"], ids=lambda case: f"{case['tokenizer']}-{case['pretoken']}")
def test_golden_merges(case: dict) -> None:
    engine = loaded(case["tokenizer"])
    steps = engine.traced(case["pretoken"])
    assert len(steps) == len(case["steps"]) + 1
    for step, golden in zip(steps, case["steps"], strict=False):
        chosen = step.chosen
        assert (step.pairs.index(chosen), chosen.left.hex(), chosen.right.hex(), chosen.rank) == (
            golden["i"], golden["left"], golden["right"], golden["rank"],
        )  # fmt: skip
        assert engine.staging.ids_of(chosen.joined) == (golden["new_id"],)
    assert steps[-1].chosen is None
    assert [i for part in steps[-1].parts for i in engine.staging.ids_of(part)] == case["ids"]


@pytest.mark.parametrize("case", GOLDEN["pretokens"], ids=lambda case: f"{case['tokenizer']}-{case['text']}")
def test_golden_pre_tokens(case: dict) -> None:
    stages = loaded(case["tokenizer"]).stages(TEXTS[case["text"]])
    assert [p.text for p in stages.pre_tokens] == case["pretokens"]


def test_the_shown_smollm2_rule_cuts_as_the_library_does() -> None:
    import regex

    engine = loaded("smollm2")
    for text in TEXTS.values():
        stages = engine.stages(text)
        assert regex.findall(stages.rule, stages.text) == [p.text for p in stages.pre_tokens]


@pytest.mark.parametrize("case", GOLDEN["unigram_nbest"], ids=lambda case: case["text"])
def test_golden_n_best(case: dict) -> None:
    scores = {piece: (i, score) for piece, (i, score) in GOLDEN["unigram_pieces"].items()}
    pieces = Pieces(scores, GOLDEN["unigram_rarest_score"] - 10, max(map(len, scores)))
    paths = unigram_lattice.n_best(unigram_lattice.lattice(case["normalized"], pieces), len(case["nbest"]))
    assert [[edge.piece for edge in path.edges] for path in paths] == [row["pieces"] for row in case["nbest"]]
    assert [path.score for path in paths] == pytest.approx([row["score"] for row in case["nbest"]], abs=1e-3)


@pytest.mark.parametrize("text", ["tokenization", "unhappiness", " unhappiness", "at the end of the day", "naïve 👍"])
def test_n_best_is_sentencepieces_own(text: str) -> None:
    processor = SentencePieceProcessor(model_file=str(store.ensure("jurassic2") / "tokenizer.model"))
    theirs = processor.nbest_encode(text, nbest_size=limits.N_BEST, return_type="proto").nbests
    lattice = loaded("jurassic2").traced(processor.normalize(text))
    ours = unigram_lattice.n_best(lattice, limits.N_BEST)
    assert [path.score for path in ours] == pytest.approx([row.score for row in theirs], abs=1e-3)
    for path, row in zip(ours, theirs, strict=True):
        known = [edge.id for edge in path.edges if edge.id is not None]
        assert known == [p.id for p in row.pieces if not processor.is_byte(p.id)]


def test_shares_of_all_paths_sum_to_one() -> None:
    lattice = loaded("jurassic2").traced("unhappily")
    paths, log_sum = unigram_lattice.total(lattice)
    every = unigram_lattice.n_best(lattice, paths + 10)
    assert len(every) == paths
    assert math.fsum(math.exp(path.score - log_sum) for path in every) == pytest.approx(1)
    assert len({path.edges for path in every}) == paths


def test_mistral_has_no_piece_across_words() -> None:
    """What the rule on the page says, and why words may be merged one by one."""
    engine = loaded("mistral")
    texts = (piece.text for _, piece in ((i, engine._piece(i)) for i in range(engine.vocabulary_size)))
    assert not [text for text in texts if " " in text.lstrip(" ")]


@settings(max_examples=200)
@given(
    parts=st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=12),
    ranks=st.dictionaries(st.text("abc", min_size=2, max_size=4).map(str.encode), st.integers(0, 9)),
)
def test_the_heap_ends_where_the_steps_end(parts: list[bytes], ranks: dict[bytes, int]) -> None:
    def rank(left: bytes, right: bytes) -> int | None:
        return ranks.get(left + right)

    steps = bpe_trace.trace(parts, rank)
    assert list(steps[-1].parts) == bpe_trace.merged(parts, rank)
    for at, step in enumerate(steps):
        for pair in step.pairs:
            fate = bpe_trace.fate(steps, at, pair)
            assert (fate.kind == "now") == (pair is step.chosen)
            assert (fate.kind == "no rule") == (pair.rank is None)
            if fate.kind in ("later", "lost"):
                assert fate.step >= at + (fate.kind == "later")
                assert (fate.by.joined == pair.joined) or fate.kind == "lost"
