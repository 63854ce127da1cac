"""The parts of real and of random tiny models: they add up to what the model says it has, and ran in order."""

from typing import Any

import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.core.model_parts import Anatomy, Block, Call, Part, anatomy
from playground.core.model_parts_explained import explain
from playground.models import lens as lenses
from playground.models import parts

FAMILIES = ("llama", "gpt2", "bert", "bert-mlm", "t5")


def tiny(family: str, layers: int, heads: int, feed_forward: int, vocabulary: int, tied: bool, other: int) -> Any:
    """A random model of one family; ``other`` is whatever that family has besides: KV heads, a decoder's depth."""
    hidden = 8 * heads
    shared: dict[str, Any] = {"vocab_size": vocabulary, "tie_word_embeddings": tied, "pad_token_id": 0}
    shared |= {"bos_token_id": 1, "eos_token_id": 2}
    if family == "llama":
        config: Any = transformers.LlamaConfig(
            hidden_size=hidden, intermediate_size=feed_forward, num_hidden_layers=layers, num_attention_heads=heads,
            num_key_value_heads=1 if other % 2 else heads, attention_bias=other % 3 == 0, **shared,
        )  # fmt: skip
        return transformers.LlamaForCausalLM(config)
    if family == "gpt2":
        config = transformers.GPT2Config(
            n_embd=hidden, n_layer=layers, n_head=heads, n_inner=feed_forward, n_positions=32, **shared
        )
        return transformers.GPT2LMHeadModel(config)
    if family.startswith("bert"):
        config = transformers.BertConfig(
            hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=feed_forward,
            max_position_embeddings=32, type_vocab_size=1 + other % 2, **shared,
        )  # fmt: skip
        return transformers.BertForMaskedLM(config) if family == "bert-mlm" else transformers.BertModel(config)
    config = transformers.T5Config(
        d_model=hidden, d_kv=4, d_ff=feed_forward, num_layers=layers, num_decoder_layers=other, num_heads=heads,
        feed_forward_proj="gated-gelu" if other % 2 else "relu", decoder_start_token_id=0, **shared,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


def taken_apart(model: Any, ids: tuple[int, ...] = (3, 4, 5), targets: tuple[int, ...] = (6,)) -> Anatomy:
    names = [name for name, _ in parts.holders(model)]
    seen = parts.calls(model.eval(), ids, targets)
    told = [Call(names[row[0]], parts._shape(row[1:4]), parts._shape(row[4:])) for row in seen]
    return anatomy(parts.weights(model), told, two_stacks=bool(model.config.is_encoder_decoder))


def check(found: Anatomy, model: Any) -> None:
    unique = {p.data_ptr(): p for p in model.parameters()}.values()
    assert found.parameters == model.num_parameters() == sum(p.numel() for p in unique)
    assert found.bytes == sum(p.numel() * p.element_size() for p in unique)
    assert sum(found.by_kind().values()) == found.parameters and "other" not in found.by_kind()
    stations = [station for stack in found.stacks for station in found.way(stack)]
    assert (
        sum(s.parameters if isinstance(s, Part) else sum(block.parameters for block in s) for s in stations)
        == found.parameters
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(FAMILIES), st.integers(1, 3), st.sampled_from([1, 2, 4]), st.sampled_from([16, 24]),
    st.integers(10, 60), st.booleans(), st.integers(1, 4),
)  # fmt: skip
def test_the_parts_of_any_model_add_up(
    family: str, layers: int, heads: int, feed_forward: int, vocabulary: int, tied: bool, other: int
) -> None:
    model = tiny(family, layers, heads, feed_forward, vocabulary, tied, other)
    found = taken_apart(model)
    check(found, model)
    runs = {stack: [s for s in found.way(stack) if not isinstance(s, Part)] for stack in found.stacks}
    for stack, depth in (("", layers), ("encoder", layers), ("decoder", other)):
        blocks = [block for run in runs.get(stack, ()) for block in run]
        assert not blocks or [b.layer for b in blocks] == list(range(depth))
    assert all(len({b.parameters for b in run}) == 1 for found_runs in runs.values() for run in found_runs)


def kinds(block: Block) -> list[str]:
    return [part.kind for part in block.parts]


def test_the_order_is_the_one_in_which_they_ran() -> None:
    before, after = ["norm", "attention", "norm", "feed-forward"], ["attention", "norm", "feed-forward", "norm"]
    for family, expected in (("llama", before), ("gpt2", before), ("bert", after)):
        way = taken_apart(tiny(family, 2, 2, 16, 20, True, 2)).way("")
        (blocks,) = [s for s in way if not isinstance(s, Part)]
        assert [kinds(block) for block in blocks] == [expected] * 2, family
    found = taken_apart(tiny("t5", 2, 2, 16, 20, True, 3))
    assert found.stacks == ("encoder", "decoder")
    decoder = [s for s in found.way("decoder") if not isinstance(s, Part)]
    assert kinds(decoder[0][0]) == ["norm", "attention", "norm", "cross-attention", "norm", "feed-forward"]
    assert [len(run) for run in decoder] == [1, 2]  # T5's first block alone has the table of distances
    assert [len(r) for r in found.way("encoder") if not isinstance(r, Part)] == [1, 1]


def test_each_family_is_explained_by_its_own_formulas() -> None:
    expected = {
        "llama": ("softmax(q·kᵀ / √8 + mask) · v · W_O", "W_down · (SiLU(W_gate·x) ⊙ W_up·x)", "RMSNorm"),
        "gpt2": ("softmax(q·kᵀ / √8 + mask) · v · W_O", "W₂ · GELU(W₁·x + b₁) + b₂", "LayerNorm"),
        "bert": ("softmax(q·kᵀ / √8 + mask) · v · W_O", "W₂ · GELU(W₁·x + b₁) + b₂", "LayerNorm"),
        "t5": ("softmax(q·kᵀ + bias by distance + mask) · v · W_O", "W₂ · ReLU(W₁·x)", "RMSNorm"),
    }
    for family, (attention, feed_forward, norm) in expected.items():
        model = tiny(family, 2, 2, 16, 20, True, 2)
        facts = parts.facts_of(model.config)
        told = {part.kind: explain(part, facts) for part in taken_apart(model).parts}
        assert (told["attention"].formula, told["feed-forward"].formula) == (attention, feed_forward), family
        assert told["norm"].title == norm and facts.rotary == (family == "llama")
    assert told["cross-attention"].formula == "softmax(q·kᵀ + mask) · v · W_O"


def test_a_shared_table_is_counted_where_it_is_first_used() -> None:
    found = taken_apart(tiny("t5", 1, 2, 16, 20, True, 1))
    tables = [p for p in found.parts if p.kind in ("embedding", "unembedding")]
    assert [(p.stack, p.kind, p.parameters) for p in tables] == [
        ("encoder", "embedding", 20 * 16),
        ("decoder", "embedding", 0),
        ("decoder", "unembedding", 0),
    ]
    assert all(w.tied_to == "encoder.embed_tokens.weight" for p in tables[1:] for w in p.weights)


def test_shapes_are_those_of_the_text() -> None:
    found = taken_apart(tiny("t5", 1, 2, 16, 20, True, 1), ids=(3, 4, 5, 6, 7), targets=(8, 9))
    cross = next(p for p in found.parts if p.kind == "cross-attention")
    by_name = {call.module.rpartition(".")[2]: call for call in cross.calls}
    assert by_name["q"].given == (3, 16) and by_name["k"].given == (5, 16)  # start and two written; five read
    assert next(p for p in found.parts if p.kind == "unembedding").out == (3, 20)


def test_hooks_are_gone_and_nothing_learns() -> None:
    model = tiny("llama", 1, 1, 16, 20, True, 1)
    taken_apart(model)
    assert not any(module._forward_hooks for module in model.modules())


def test_half_precision_counts_its_own_bytes() -> None:
    model = tiny("gpt2", 1, 1, 16, 20, True, 1).to(torch.bfloat16)
    found = taken_apart(model)
    assert found.bytes == 2 * found.parameters
    check(found, model)


@pytest.mark.model
@pytest.mark.parametrize(("model_id", "total"), [("smollm2-135m", 134_515_008), ("minilm-l6", 22_713_216)])
def test_the_default_models_add_up_exactly(model_id: str, total: int) -> None:
    with lenses.open(model_id) as lens:
        ids = lens.encode("The cat sat.", "template").ids
        found = parts.of(lens, ids)
        assert found.parameters == lens.parameters == total and found.bytes == lens.weight_bytes
        attention = next(p for p in found.parts if p.kind == "attention")
        assert attention.out == (len(ids), {"smollm2-135m": 576, "minilm-l6": 384}[model_id])
