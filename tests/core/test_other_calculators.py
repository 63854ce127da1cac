"""Other calculators reproduced: their own output, recorded when their code was run, is what our formulas give."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from playground.core import kv_cache, training_compute
from playground.core import other_calculators as other
from playground.core.architectures import architecture
from playground.core.parameters import count

ENTRIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden_other_calculators.json").read_text(encoding="utf-8")
)
GIB = 2**30
_BERT_CASED_WORDS = 28_996


def _bert_cased() -> Any:
    return dataclasses.replace(architecture("bert-base-uncased"), vocabulary=_BERT_CASED_WORDS)


def _accelerate(name: str, x: dict[str, Any]) -> Any:
    model = _bert_cased() if "bert" in name else architecture(name.split("/")[0])
    elements = other.accelerate_elements(model, with_head="LMHead" in name or "ForCausalLM" in name)
    fp32 = 4 * elements + (2 * 8 * 512 if "bert" in name else 0)  # BERT's index buffers are counted with it
    if name.endswith("largest layer"):
        return other.accelerate_largest_layer(model)
    if name.endswith("total"):
        return other.accelerate_bytes(fp32, x["dtype"])
    trained = other.accelerate_training(fp32, x["dtype"])
    return -1 if trained is None else trained


def _deepspeed(name: str, x: dict[str, Any]) -> Any:
    if name.startswith("docs"):
        return other.deepspeed_zero2(x["total_params"], x["gpus"])[0] / GIB
    if name.startswith("issue"):
        return other.deepspeed_zero3(int(x["total_params"]), int(x["largest_layer_params"]), x["gpus"])[0] / GIB
    where = ("GPU", "CPU").index(name.split("-> ")[1])
    gpus, nodes, offload = x["num_gpus_per_node"], x["num_nodes"], x["cpu_offload"]
    if "zero2" in name:
        return other.deepspeed_zero2(x["total_params"], gpus, nodes, offload)[where]
    sizes = (x["total_params"], x["largest_layer_params"], gpus, nodes)
    return other.deepspeed_zero3(*sizes, offload, x["cpu_offload_params"], x["zero_init"])[where]


_PYTHIA = {"layers": 32, "sequence": 2048, "heads": 32, "hidden": 4096, "batch": 8, "gpus": 128, "tensor_parallel": 2}
_SEVEN = {"layers": 32, "hidden": 4096, "heads": 32, "sequence": 4096, "vocabulary": 32000, "ff": 2.6875, "linears": 3}


def _eleuther(name: str, _: dict[str, Any]) -> Any:
    if name.startswith("pythia"):
        book = other.Cookbook(**_PYTHIA, zero=1, checkpoint=True, partition=True)
        return book.parameters / 1e9 if name.endswith("params") else book.training_bytes / GIB
    if name.startswith("default 20B"):
        return other.Cookbook(checkpoint=True).training_bytes / GIB
    if "ZeRO-0/1/2/3" in name:
        return [other.Cookbook(**_SEVEN, gpus=8, zero=z, grad_bytes=2).training_bytes / GIB for z in range(4)]
    if "KV" in name:
        model = architecture("llama-2-7b" if name.startswith("7B") else "llama-3.1-8b")
        return other.cookbook_for(model, 4096, 1).kv_bytes / GIB
    assert "FLOPs" in name
    gpt3 = other.Cookbook(layers=96, hidden=12288, vocabulary=50257)
    return gpt3.flop(300e9, recompute="with recompute" in name)


def _blog(name: str, x: dict[str, Any]) -> Any:
    size = next(s for s in ("405b", "70b", "8b") if f" {s} " in name)
    each = kv_cache.bytes_per_token(architecture(f"llama-3.1-{size}"), kv_cache.cache_format("fp16"))
    assert each == x["bytes_per_token"]  # ours; the blog's 405B is twice as large
    return each * x["tokens"] * (2 if size == "405b" else 1) / GIB


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_the_others_answers_are_reproduced(entry: dict[str, Any]) -> None:
    category, name, x = entry["id"].split("/")[0], entry["name"], entry["inputs"]
    if category == "flops":
        got = training_compute.exact_flop(architecture(re.sub(r".*(Llama-[\d.]+-\d+B).*", r"\1", name).lower()), x["s"])
    else:
        answer = {
            "tool_accelerate": _accelerate,
            "tool_deepspeed": _deepspeed,
            "tool_eleutherai": _eleuther,
            "tool_hf_blog": _blog,
        }[category]
        got = answer(name, x)
    how = entry["tolerance"]
    if how["type"] == "exact":
        assert got == entry["expected"]
    else:
        assert got == pytest.approx(entry["expected"], **{how["type"]: how["value"]})


@pytest.mark.parametrize("model_id", ["gpt2", "llama-2-7b", "llama-3.1-8b", "smollm2-135m"])
def test_each_answer_says_what_it_leaves_out(model_id: str) -> None:
    model = architecture(model_id)
    answers = (*other.compare_inference(model, 4096, 1), *other.compare_training(model, 1024, 1))
    assert all(answer.bytes > 0 and answer.leaves_out for answer in answers)
    half = other.compare_training(model, 1024, 1)[0]
    assert half.bytes < 9 * count(model) < 16 * count(model)
