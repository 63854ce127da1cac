"""The quantized model against transformers used directly, its memory, its cancelling, and what is remembered."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from playground import limits, paths
from playground.core.quantization import quantize, scheme_named
from playground.errors import BadInput
from playground.lab import quantized, quantized_copy, quantized_results
from playground.lab.quantized_results import Measured
from playground.models import lens as lenses
from playground.models import store, weights
from playground.models.catalogue import catalogue

MODEL = "smollm2-135m"
TEXT = "Twice a day the sea comes up the beach and twice a day it goes away again. The cause is the moon."


@pytest.fixture(scope="module")
def job(store_ready):
    with lenses.open(MODEL) as lens:
        return quantized_results.job(lens, "The capital of France is", TEXT)[0]


@pytest.fixture(scope="module")
def measured(job) -> dict[str, Measured]:
    schemes = [scheme_named(name) for name in ("int4", "bf16", "q4_1")]
    return {step.result.scheme: step.result for step in quantized.measure(job, schemes, again=True) if step.result}


@pytest.mark.model
def test_the_files_blocks_are_the_stores_weights(store_ready) -> None:
    """Every parameter read from the GGUF blocks by our formulas, rounded once, is what the store converted."""
    kept = transformers.AutoModelForCausalLM.from_pretrained(store.ensure(MODEL), dtype=torch.bfloat16)
    with lenses.shared()[0].lease(catalogue()[MODEL], "test") as loaded:
        read = weights.Weights(loaded)
        assert len(read.matrices()) == 30 * 7 and {m.stored for m in read.matrices()} == {"Q4_1"}
        for name, parameter in kept.named_parameters():
            ours = torch.from_numpy(np.ascontiguousarray(read.parameter(name))).bfloat16()
            assert torch.equal(ours, parameter), name


@pytest.mark.model
def test_a_block_lies_where_its_row_is(store_ready) -> None:
    name = "model.layers.3.self_attn.k_proj.weight"  # llama.cpp reorders the rows of queries and keys
    row = weights.parameter(MODEL, name)[37]
    for index in (0, 5, 17):
        block = weights.block(MODEL, name, 37, index)
        assert block is not None and block.values == tuple(row[32 * index : 32 * index + 32].tolist())
    with pytest.raises(BadInput, match="Rows run"):
        weights.block(MODEL, name, 192, 0)


@pytest.mark.model
def test_int4_is_what_transformers_says_of_rounded_weights(job, measured) -> None:
    """The same weights rounded by hand in a model loaded by transformers alone."""
    bare = transformers.AutoModelForCausalLM.from_pretrained(store.ensure(MODEL), dtype=torch.float32).eval()
    with lenses.shared()[0].lease(catalogue()[MODEL], "test") as loaded:
        read = weights.Weights(loaded)
        exact = {name: torch.from_numpy(read.parameter(name).copy()) for name, _ in bare.named_parameters()}
    for name, parameter in bare.named_parameters():
        parameter.data = exact[name]
    ids = torch.tensor([job.text_ids])
    with torch.inference_mode():
        before = bare(ids).logits[0].log_softmax(-1)
    for name, parameter in bare.named_parameters():
        inside = ".layers." in name and parameter.ndim == 2
        rounded = quantize(exact[name].numpy(), scheme_named("int4" if inside else "bf16")).values
        parameter.data = torch.from_numpy(rounded.reshape(parameter.shape))
    with torch.inference_mode():
        after = bare(ids).logits[0].log_softmax(-1)
        answer = bare.generate(torch.tensor([job.prompt_ids]), max_new_tokens=4, do_sample=False)
    divergence = torch.nn.functional.kl_div(after, before, reduction="none", log_target=True).sum(-1) / np.log(2)
    surprise = torch.nn.functional.nll_loss(after[:-1], ids[0, 1:])
    got = measured["int4"]
    assert got.mean_kl_bits == pytest.approx(float(divergence.mean()), rel=1e-3)
    assert got.perplexity == pytest.approx(float(surprise.exp()), rel=1e-3)
    assert got.top1_changes == int((before.argmax(-1) != after.argmax(-1)).sum())
    said = answer[0, len(job.prompt_ids) :].tolist()
    assert len(said) >= 3 and list(got.continuation[: len(said)]) == said
    assert got.ended and len(got.continuation) == len(said)  # generate, too, ends with the end-of-turn token


@pytest.mark.model
def test_more_bits_are_nearer_and_fp32_is_there_to_compare_with(measured) -> None:
    assert set(measured) == {"fp32", "int4", "bf16", "q4_1"}  # FP32 though nobody asked for it
    full = measured["fp32"]
    assert (full.mean_kl_bits, full.top1_changes, full.first_difference) == (0.0, 0, None)
    assert full.bytes == 2 * measured["bf16"].bytes == 4 * full.parameters
    assert measured["bf16"].mean_kl_bits < 0.05 < measured["int4"].mean_kl_bits
    # The file is Q4_1 already: what is on its grid stays there, but for the embedding's BF16.
    assert measured["q4_1"].mean_kl_bits < 0.001
    assert all(m.tokens_per_second > 0 for m in measured.values())
    assert all(m.ended or len(m.continuation) == limits.QUANTIZED_NEW_TOKENS for m in measured.values())


@pytest.mark.model
def test_what_was_measured_is_remembered(job, measured, monkeypatch) -> None:
    assert quantized_results.known(job, [scheme_named("int4"), scheme_named("nf4")]) == {"int4": measured["int4"]}
    monkeypatch.setattr(quantized, "_Experiment", None)  # would fail if it were used
    steps = list(quantized.measure(job, [scheme_named("int4")]))
    assert [step.result for step in steps] == [measured["int4"]]


@pytest.mark.model
def test_leaving_stops_it_and_the_shared_model_is_untouched(job, measured) -> None:
    with lenses.open(MODEL) as lens:
        before = lens.next_logits(job.prompt_ids)
        steps = quantized.measure(job, [scheme_named("int8")], again=True)
        assert len(list(itertools.islice(steps, 5))) == 5
        steps.close()
        assert not quantized._one_copy.locked()
        lenses.shared()[1].forget(catalogue()[MODEL].pin)
        assert np.array_equal(lens.next_logits(job.prompt_ids), before)


@pytest.mark.model
def test_a_reader_who_stops_waiting_frees_the_place(job) -> None:
    class Left(BaseException):
        """As Streamlit stops a script."""

    def leave(_ahead: int, _waited: float) -> None:
        raise Left

    with pytest.raises(Left):
        list(quantized.measure(job, [scheme_named("int8")], on_wait=leave, again=True))
    assert not quantized._one_copy.locked()


def test_another_readers_measurement_is_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(limits, "QUANTIZED_WAIT_S", 0.5)
    job = quantized_results.Job(MODEL, (1,), (1, 2), 1)
    with quantized._one_copy:
        steps = quantized.measure(job, [scheme_named("int8")], again=True)
        assert next(steps).doing == "Waiting: another reader is measuring"
        with pytest.raises(Exception, match="still measuring"):
            list(steps)


@pytest.mark.parametrize("config", [transformers.GPT2Config, transformers.LlamaConfig])
def test_a_copy_has_the_structure_and_its_own_room(config) -> None:
    small = {"n_embd": 32, "n_layer": 2, "n_head": 2} if config is transformers.GPT2Config else {}
    small |= {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2}
    model = transformers.AutoModelForCausalLM.from_config(config(**small, num_hidden_layers=2)).eval()
    made, room = quantized_copy.empty_copy(model)
    assert sum(t.numel() for t in room.values()) == sum(p.numel() for p in model.parameters())
    for (name, old), (other, new) in zip(model.named_parameters(), made.named_parameters(), strict=True):
        assert name == other and old.data_ptr() != new.data_ptr() and new.data_ptr() == room[name].data_ptr()
        new.data.copy_(old)
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        assert torch.equal(model(ids).logits, made(ids).logits)


_PEAK = """
import json, sys, threading, time
import playground.models
from playground.core.quantization import scheme_named
from playground.lab import quantized, quantized_copy, quantized_results
from playground.models import lens as lenses

def held():
    line = next(x for x in open("/proc/self/status") if x.startswith("RssAnon"))
    return int(line.split()[1]) * 1024

with lenses.open("smollm2-135m") as lens:
    job, _ = quantized_results.job(lens, "The capital of France is", open(sys.argv[1]).read())
    before, peak, over = held(), [0], threading.Event()
    def watch():
        while not over.wait(0.01):
            peak[0] = max(peak[0], held())
    threading.Thread(target=watch, daemon=True).start()
    for _ in quantized.measure(job, [scheme_named("bf16"), scheme_named("nf4")], again=True):
        pass
    over.set()
    print(json.dumps({"peak": peak[0] - before, "left": held() - before, "parameters": lens.parameters,
                      "kept": 4 * len(job.text_ids) * lens.vocabulary_size}))
"""


@pytest.mark.model
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's process status")
def test_one_copy_of_the_weights_is_all_it_takes(store_ready) -> None:
    """One FP32 copy, FP32's log-probabilities of the text, and less than 250 MB to work in; then all of it is freed."""
    child = subprocess.run(
        [sys.executable, "-c", _PEAK, str(paths.ASSETS / "texts" / "tides.txt")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(paths.ROOT)},
    )
    assert child.returncode == 0, child.stderr
    got = json.loads(child.stdout)
    copy_bytes = 4 * got["parameters"]
    assert copy_bytes < got["peak"] < copy_bytes + got["kept"] + 250e6
    assert got["left"] < 250e6
