"""A pasted config.json: published files give published counts; what is none is refused with a reason."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import hub_config, parameters
from playground.core.architectures import architecture
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import BY_NAME as CACHES
from playground.core.subject import Subject
from playground.core.weight_formats import BY_NAME as WEIGHTS
from playground.errors import BadInput

# As on the hub, trimmed to what is read and a few fields that are not.
LLAMA_31 = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rope_scaling": {"factor": 8.0, "rope_type": "llama3"},
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
MISTRAL = {
    "model_type": "mistral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 32768,
    "sliding_window": 4096,
    "vocab_size": 32000,
}


def parsed(config: dict[str, Any], **changes: Any) -> Any:
    return hub_config.parse(json.dumps({**config, **changes}))


def test_published_files_give_published_counts() -> None:
    assert parameters.count(parsed(LLAMA_31)) == 8_030_261_248
    mistral = parsed(MISTRAL)
    assert parameters.count(mistral) == parameters.count(architecture("mistral-7b-v0.1"))
    assert (mistral.window, mistral.window_layers) == (4096, 32)
    gpt2 = {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}
    assert parameters.count(hub_config.parse(json.dumps(gpt2))) == 124_439_808


def test_a_text_part_inside_a_larger_config_is_read() -> None:
    wrapped = json.dumps({"model_type": "llava", "vision_config": {}, "text_config": LLAMA_31})
    assert parameters.count(hub_config.parse(wrapped)) == 8_030_261_248


def test_a_text_part_may_leave_out_its_class_s_defaults() -> None:
    llava = {"model_type": "llava", "vision_config": {}, "text_config": {"model_type": "llama", "vocab_size": 32064}}
    model = hub_config.parse(json.dumps(llava))
    assert parameters.count(model) == parameters.count(architecture("llama-2-7b")) + 2 * 64 * 4096
    assert "Only the text part" in model.note
    gemma = {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "model_type": "gemma3_text"}
    model = hub_config.parse(json.dumps({"model_type": "gemma3", "text_config": {**gemma, "sliding_window": 1024}}))
    assert (model.head_size, model.key_value_heads, model.window) == (256, 4, 1024)
    qwen = {**LLAMA_31, "model_type": "qwen2_5_vl"}  # its text part is not in a part of its own
    assert hub_config.parse(json.dumps(qwen)).family == "qwen2"


def test_a_context_that_is_not_told_is_unknown() -> None:
    told = {key: value for key, value in LLAMA_31.items() if key != "max_position_embeddings"}
    model = hub_config.parse(json.dumps(told))
    assert model.context == 0
    need = inference_memory(Subject(parameters.count(model), model), WEIGHTS["bf16"], CACHES["bf16"], 10**6)
    assert not any("trained for" in notice for notice in need.notices)


def test_whole_numbers_may_be_written_with_a_point() -> None:
    assert parsed(LLAMA_31, hidden_size=4096.0) == parsed(LLAMA_31)


def test_layer_types_tell_the_windows() -> None:
    kinds = ["sliding_attention", "full_attention"] * 16
    model = parsed(MISTRAL, layer_types=kinds)
    assert model.window_layers == 16
    assert parsed(MISTRAL, sliding_window=None).window_layers == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("hello", "not JSON"),
        ("[" * 5_000, "not JSON"),
        ("[1, 2]", "not an object"),
        ("{}", "no model_type"),
        ('{"model_type": "mamba"}', "not a type known"),
        ('{"model_type": ["llama"]}', "not a type known"),
        ('{"model_type": "llama"}', "no hidden_size"),
        (json.dumps({**LLAMA_31, "num_attention_heads": 31}), "do not divide"),
        (json.dumps({**LLAMA_31, "num_key_value_heads": 5}), "do not divide"),
        (json.dumps({**LLAMA_31, "hidden_size": 0}), "hidden_size is"),
        (json.dumps({**LLAMA_31, "hidden_size": -4096}), "hidden_size is"),
        (json.dumps({**LLAMA_31, "hidden_size": 4096.5}), "hidden_size is"),
        (json.dumps({**LLAMA_31, "hidden_size": "4096"}), "without quotes"),
        (json.dumps({**LLAMA_31, "hidden_size": True}), "hidden_size is"),
        (json.dumps({**LLAMA_31, "hidden_size": float("nan")}), "hidden_size is"),
        (json.dumps({**LLAMA_31, "num_hidden_layers": 10**9}), "At most 10,000"),
        (json.dumps({**LLAMA_31, "hidden_size": 10**9}), "more than 10"),
        (json.dumps({"model_type": "llava", "text_config": [1]}), "no hidden_size"),
        (" " * 30_000, "characters are no config"),
    ],
)
def test_what_is_no_config_is_explained(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        hub_config.parse(text)
    assert caught.value.hint


@pytest.mark.fault(13)
@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3), max_leaves=5))
def test_any_value_is_a_model_or_a_refusal(value: Any) -> None:
    for key in LLAMA_31:
        with contextlib.suppress(BadInput):
            assert parameters.count(parsed(LLAMA_31, **{key: value})) > 0
