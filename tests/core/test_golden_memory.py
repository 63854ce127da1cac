"""Every published or independently measured figure the calculators must give, each with its source in the file."""

import dataclasses
import json
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from playground.core import (
    activations,
    chinchilla,
    formats,
    kv_cache,
    parameters,
    recipes,
    shards,
    storing,
    training_compute,
    units,
    weight_formats,
    zero,
)
from playground.core.architectures import Architecture, architecture
from playground.core.block_scales import e8m0
from playground.core.communication import communication
from playground.core.exact import Typed, parse_number
from playground.core.gguf_mixtures import BLOCKS, block_bits, file_bytes
from playground.core.weight_formats import bytes_for_elements

ENTRIES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden_memory.json").read_text(encoding="utf-8"))
GB, GIB = 10**9, 2**30

Number = float | int | list[Any] | str


def _units(name: str, x: dict[str, Any]) -> Number:
    if name == "GiB in bytes":
        return GIB
    if name == "GiB/GB ratio":
        return GIB / GB
    if name == "PF-day in FLOP":
        return training_compute.PETAFLOP_S_DAY
    size = bytes_for_elements(int(x["params"]), Fraction(8 * x["bytes_per_param"]))
    return size / (GIB if name.endswith("GiB") else GB)


def _params(name: str, x: dict[str, Any]) -> Number:
    if "model" not in x:
        shape = {"vocabulary": x["V"], "learned_positions": x["P"], "hidden": x["h"], "layers": x["L"]}
        return parameters.count(dataclasses.replace(architecture("gpt2"), feed_forward=4 * x["h"], **shape))
    model = architecture(x["model"])
    if "MaskedLM" in name or "PreTraining" in name:
        return sum(t.elements for t in parameters.tensors(model, "mlm" if "MaskedLM" in name else "pretraining"))
    if "active" in name:
        return parameters.active(model)
    return parameters.stored_elements(model) if "checkpoint" in name else parameters.count(model)


_WEIGHTS = {"fp32": "fp32", "bf16": "bf16", "int8": "int8", "int4_ideal": "int4"}


def _weights(name: str, x: dict[str, Any]) -> Number:
    model_id, _, kind = name.split(" ")
    got = weight_formats.weight_bytes(architecture(model_id), weight_formats.weight_format(_WEIGHTS[kind]))
    assert got == bytes_for_elements(x["params"], weight_formats.weight_format(_WEIGHTS[kind]).bits)
    return got


def _quant_bits(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("GGUF"):
        kind = name.split(" ")[1]
        assert BLOCKS[kind] == (x["block"], x["bytes_per_block"])
        return float(block_bits(kind))
    if name.startswith("bitsandbytes NF4"):
        return float(weight_formats.nf4_bits(x["blocksize"], x["double_quant"]))
    if name.startswith("GPTQ/AWQ"):
        return float(weight_formats.grouped_bits(int(name.split("group ")[1].split(" ")[0])))
    if name.startswith("LLM.int8"):
        row = parameters.Tensor("query", "attention", (1, 1024))
        return weight_formats.tensor_bytes(row, weight_formats.weight_format("llm-int8")) * 8 / 1024
    if name.startswith(("MXFP4", "MXFP8", "NVFP4")):
        return float(weight_formats.weight_format(name[:5].lower()).bits)
    if name.startswith("gpt-oss"):
        model = architecture(name.split(" ")[0])
        return weight_formats.weight_bytes(model, weight_formats.weight_format("mxfp4")) / GIB
    model = architecture(
        f"llama-{'3.1' if '3.1' in name else '2'}-{'70b' if '70B' in name else '8b' if '8B' in name else '7b'}"
    )
    if "nn.Linear" in name:
        return weight_formats.linear_elements(model)
    if "GGUF" in name:
        mixture = name.split("GGUF ")[1].split(" ")[0]
        size = file_bytes(model, parameters.tensors(model), mixture)
        return size if name.endswith("tensor bytes") else 8 * size / parameters.count(model)
    which = {"GPTQ": "gptq-4bit", "AWQ": "gptq-4bit", "no double": "nf4", "double": "nf4-dq"}
    form = next(form for text, form in which.items() if text in name)
    return weight_formats.weight_bytes(model, weight_formats.weight_format(form))


_FORMATS = {"fp8_e4m3fn": "fp8-e4m3", "fp8_e5m2": "fp8-e5m2", "fp4_e2m1": "fp4-e2m1"}
_PI = Typed("pi", Fraction(math.pi))  # the figures take FP64's π as the number to store


def _formats(name: str, x: dict[str, Any]) -> Number:
    first = name.split(" ")[0]
    if name.startswith("pi"):
        form = formats.format_named("int4" if "int4" in name else "int8")
        stored = storing.store(form, _PI, Fraction(x["absmax"]) if "absmax" in x else None)
        assert stored.bits == x.get("q", 3)
        return float(stored.value)
    if name.startswith("e8m0 pi"):
        return e8m0(math.pi)
    if name == "fp4 e2m1 representable values":
        return sorted({float(formats.FP4_E2M1.decode(bits)) for bits in range(16)})
    form = formats.format_named(_FORMATS.get(first, first))
    if isinstance(form, formats.IntFormat):
        return [form.low, form.high]
    if " of 1e-8" in name or (" of " in name and name.split(" of ")[1].isdigit()):
        return float(storing.store(form, parse_number(name.split(" of ")[1])).value)
    stored = storing.store(form, _PI)
    if "pi / eps" in name:
        return [float(stored.value), float(form.epsilon)]
    answers: dict[str, Callable[[], Number]] = {
        "bits of pi": lambda: format(stored.bits, f"0{form.bits_total}b"),
        "|pi error|": lambda: float(stored.error or 0),
        "largest N": lambda: 2 ** (form.mantissa_bits + 1),
        "sign/exponent/mantissa": lambda: [1, form.exponent_bits, form.mantissa_bits],
        "max": lambda: float(form.max),
        "smallest_normal": lambda: float(form.min_normal),
        "subnormal": lambda: float(form.smallest),
        "eps": lambda: float(form.epsilon),
        "pi": lambda: float(stored.value),
    }
    return next(answer() for text, answer in answers.items() if text in name)


def _train_states(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("torch AdamW"):
        return recipes.adam_state_bytes(x["numel"], x["tensors"], 2 if "bf16" in name else 4)
    if name.startswith("bnb"):
        return recipes.eight_bit_state_bytes(x["numel"])
    if name.startswith("LoRA"):
        model = architecture("llama-2-7b")
        matrices = [t for t in parameters.tensors(model) if t.layers and len(t.shape) == 2]
        return sum(x["r"] * sum(t.shape) * t.copies for t in matrices)
    which = "megatron" if "18" in name or "6+8+4" in name or "2+4+12" in name else "mixed"
    how, adam = recipes.recipe(which), recipes.optimizer("adamw")
    extra = 2 if "2+18" in name else 0  # DeepSpeed's ZeRO-2 estimator counts the 16-bit gradients as well
    each = how.weight + how.gradient + recipes.optimizer_bytes_per_parameter(how, adam) + extra
    return int(each * (x["params"] if name.endswith("model states at 16 B/param") else 1))


def _zero(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("FSDP2 fully_shard"):
        return shards.fsdp2_rows(x["dim0"], x["world"])
    if name.startswith("GPT-2"):
        shapes, whole = _gpt2_as_transformers_stores_it(), 124_439_808
        assert sum(math.prod(shape) for shape in shapes) == whole
        if "FSDP2" in name:
            return shards.fsdp2_elements(shapes, x["world"])
        return (
            shards.zero3_elements(shapes, x["world"]) if "ZeRO-3" in name else shards.flat_elements(whole, x["world"])
        )
    if name.startswith("Communication"):
        return communication(zero.plan(10**9, 64, x["stage"])).elements_per_parameter
    if name.startswith("Exact ring"):
        return communication(zero.plan(int(x["params"]), x["dp"], x["stage"])).total
    if name.startswith("Megatron"):
        return float(zero.plan(10**9, x["dp"], 1, zero.Bytes(Fraction(2), Fraction(4), Fraction(12))).total / 10**9)
    each = zero.Bytes(Fraction(x.get("param_bytes", 2)), Fraction(x.get("grad_bytes", 2)), Fraction(x.get("K", 12)))
    if "limit" in name:
        return float(zero.plan(10**9, 64, x["stage"], each).limit or 0)
    plan = zero.plan(int(x.get("params", 10**9)), x["dp"], x["stage"], each)
    return float(plan.reduction) if "reduction factor" in name else float(plan.total / GB)


def _gpt2_as_transformers_stores_it() -> list[tuple[int, ...]]:
    """GPT-2's weights with transformers' Conv1D layout: (inputs, outputs)."""
    h = 768
    block: list[tuple[int, ...]] = [(h,), (h,), (h, 3 * h), (3 * h,), (h, h), (h,)]
    block += [(h,), (h,), (h, 4 * h), (4 * h,), (4 * h, h), (h,)]
    return [(50257, h), (1024, h), *block * 12, (h,), (h,)]


def _activations(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("logits"):
        return activations.logits_bytes(x["V"], x["b"] * x["s"])
    if name.endswith("5as/h"):
        stored = [activations.gpt_layer_bytes(x["s"], 1, x["h"], x["a"], mode) for mode in ("none", "selective")]
        return (stored[0] - stored[1]) / (x["s"] * x["h"])
    if "HF" in name:
        shape = {"hidden": x["h"], "heads": x["a"], "kv_heads": x["kv"], "feed_forward": x["ff"], "head_dim": 0}
        return activations.llama_layer_bytes(_like("llama-3.1-8b", **shape), x["s"], x["b"])
    mode = x.get("mode", "selective" if x.get("flash") else "none")
    per_layer = activations.gpt_layer_bytes(
        x["s"], x["b"], x["h"], x["a"], mode, 2, x.get("t", 1), bool(x.get("sp", False))
    )
    return per_layer * x.get("L", 1)


def _like(model_id: str, **changes: Any) -> Architecture:
    return dataclasses.replace(architecture(model_id), **changes)


def _kv_cache(name: str, x: dict[str, Any]) -> Number:
    half = kv_cache.cache_format("fp16")
    if name.startswith("MEASURED"):
        shape = {"layers": 3, "kv_heads": int(name.startswith("MEASURED MQA")) or 2, "head_dim": 16, "heads": 8}
        if "MQA" in name:
            shape |= {"head_dim": 32}
        if "GPT2" in name:
            shape |= {"kv_heads": 8}
        model = _like("llama-3.1-8b", **shape)
        if "MLA" in name:
            model = dataclasses.replace(model, latent=dataclasses.replace(_latent(), kv_rank=32, rope_dim=8))
        return kv_cache.cache_bytes(model, 40, 2, half)
    if name.startswith("DeepSeek-V3 if"):
        latent = _latent()
        return 61 * 128 * (latent.nope_dim + latent.rope_dim + latent.value_dim) * 2
    if name.startswith("DeepSeek-V3"):
        return kv_cache.bytes_per_token(architecture("deepseek-v3"), half)
    if "rolling" in name:
        return kv_cache.cache_bytes(architecture("mistral-7b-v0.1"), x["ctx"], 1, half)
    model = architecture(name.split(" ")[0].lower())
    if "q8_0" in name or "q4_0" in name:
        return kv_cache.bytes_per_token(model, kv_cache.cache_format("q8_0" if "q8_0" in name else "q4_0"))
    if "bytes/token" in name or "bytes per decoder token" in name:
        return kv_cache.bytes_per_token(model, half)
    return kv_cache.cache_bytes(model, x["ctx"], x["batch"], half, ignore_window=True)


def _latent() -> Any:
    latent = architecture("deepseek-v3").latent
    assert latent is not None
    return latent


def _flops(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("GPT-3 Table D.1"):
        flop = training_compute.training_flop(int(x["params"]), int(x["tokens"]), x["flops_per_param_token"])
        return flop if name.endswith("compute") else training_compute.petaflop_s_days(flop)
    if name.startswith("6ND"):
        return training_compute.training_flop(int(x["N"]), int(x["D"]))
    if name.startswith("attention FLOPs share"):
        return training_compute.attention_share(x["L"], x["h"], x["s"], x["N"])
    if name.startswith("BloombergGPT hardware"):
        seconds = x["steps"] * x["s_per_step"]
        used = x["gpus"] * x["tflops"] * 1e12 * seconds
        by_days = training_compute.run(used, x["gpus"], x["tflops"], 1.0)
        assert by_days.days == pytest.approx(seconds / 86_400)
        return used
    if "recompute factor" in name:
        return training_compute.training_flop(10**9, 10**9, 8) / training_compute.training_flop(10**9, 10**9)
    if name.startswith("GPUs needed"):
        return training_compute.gpus_for_one_day(training_compute.PETAFLOP_S_DAY, x["tflops"], x["mfu"])
    flop = x.get("flop") or training_compute.training_flop(int(x["N"]), int(x["D"]))
    return training_compute.run(flop, x["gpus"], x["tflops"], x["mfu"]).days


_FITS = {
    "hoffmann_rounded": chinchilla.ROUNDED,
    "hoffmann_unrounded_tex": chinchilla.UNROUNDED,
    "epoch_2024": chinchilla.EPOCH,
}


def _chinchilla(name: str, x: dict[str, Any]) -> Number:
    if name.startswith("20-tokens"):
        return chinchilla.twenty(x["C"])[0]
    if name.startswith("20:1"):
        return chinchilla.TOKENS_PER_PARAMETER * x["N"]
    if name.startswith("Paper:"):
        return chinchilla.UNROUNDED.optimum(x["C"])[0]
    law = _FITS[x["fit"]]
    if "predicted loss" in name:
        return law.loss(x["N"], x["D"])
    size, tokens = law.optimum(x["C"])
    return {"N": size, "D": tokens, "D/N": tokens / size, "loss": law.least(x["C"])}[name.split(": ")[1]]


ANSWERS: dict[str, Callable[[str, dict[str, Any]], Number]] = {
    "units": _units,
    "params": _params,
    "weights": _weights,
    "quant_bits": _quant_bits,
    "formats": _formats,
    "train_states": _train_states,
    "zero": _zero,
    "activations": _activations,
    "kv_cache": _kv_cache,
    "flops": _flops,
    "chinchilla": _chinchilla,
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_golden(entry: dict[str, Any]) -> None:
    got = ANSWERS[entry["id"].split("/")[0]](entry["name"], entry["inputs"])
    expected, tolerance = entry["expected"], entry["tolerance"]
    if tolerance["type"] == "exact":
        assert got == expected
    elif tolerance["type"] == "rel":
        assert got == pytest.approx(expected, rel=tolerance["value"], abs=0)
    else:
        assert got == pytest.approx(expected, abs=tolerance["value"], rel=0)


def test_units_are_shown_as_both() -> None:
    assert units.format_bytes(80 * GIB) == "85.90 GB = 80.00 GiB"
