"""The code shown on One attention weight, Does it matter? and Layer by layer runs as it is and prints their numbers."""

from typing import Any

import numpy as np
import pytest

from playground.core import ablation as core
from playground.core import one_weight
from playground.core.ablation import Cut
from playground.models import (
    ablation,
    ablation_code,
    attention_capture,
    lens,
    logit_lens,
    logit_lens_code,
    one_weight_code,
)

pytestmark = pytest.mark.model
TEXT = "The capital of France is"


def printed(snippet: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    names: dict[str, Any] = {}
    exec(compile(snippet, "snippet", "exec"), names)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("model_id", "layer", "head", "query"), [("smollm2-135m", 13, 8, 3), ("minilm-l6", 3, 1, 2)])
def test_one_weight(model_id: str, layer: int, head: int, query: int, capsys: pytest.CaptureFixture[str]) -> None:
    with lens.open(model_id, "test") as opened:
        causal = opened.kind == "decoder"
        ids = opened.encode(TEXT, "template").ids
        row = one_weight.row(attention_capture.of_layer(opened, ids, layer), head, query)
        shown = one_weight_code.snippet(model_id, opened.dtype, TEXT, layer, head, query, causal=causal, limit=32)
    lines = printed(shown, capsys)
    assert len(lines) == len(ids) + 1
    numbers = np.array([[float(n) for n in line.split()[-4:]] for line in lines[:-1]])
    np.testing.assert_allclose(numbers[:, 0], row.dots, atol=2e-3 if opened.dtype == "fp32" else 1)
    np.testing.assert_allclose(numbers[:, 2], row.weights, atol=1e-5 if opened.dtype == "fp32" else 0.05)
    np.testing.assert_allclose(numbers[:, 3], row.model_weights, atol=1e-5 if opened.dtype == "fp32" else 0.05)


@pytest.mark.parametrize(
    "cut",
    [
        Cut("heads", (23,), (4,), "zero"),
        Cut("attention", (12,), (), "mean"),
        Cut("mlp", (8,), (), "mean"),
        Cut("mlp", (8,)),
        Cut("edge", (23,), (4,), "mask", 4, 3),
        Cut("edge", (12, 23), (0, 4), "drop", 4, 2),
    ],
    ids=lambda cut: f"{cut.part}-{cut.method}",
)
def test_a_cut(cut: Cut, capsys: pytest.CaptureFixture[str]) -> None:
    with lens.open("smollm2-135m", "test") as opened:
        logits = ablation.one(opened, opened.encode(TEXT, "template").ids, cut)
        found = core.effect(logits[0], logits[1])
        lines = printed(ablation_code.snippet("smollm2-135m", opened.dtype, TEXT, cut, 64), capsys)
    best = core.candidates(logits[0], logits[1], 1)[0]
    before, after = (float(n) for n in lines[0].split()[-2:])
    loose = opened.dtype != "fp32"
    assert (before, after) == pytest.approx((best.before, best.after), abs=0.05 if loose else 2e-4)
    assert float(lines[-1].split()[1]) == pytest.approx(found.kl_bits, abs=0.1 if loose else 2e-3)


def test_the_lens(capsys: pytest.CaptureFixture[str]) -> None:
    with lens.open("smollm2-135m", "test") as opened:
        reading = logit_lens.read(opened, opened.encode(TEXT, "template").ids)
        lines = printed(logit_lens_code.snippet("smollm2-135m", opened.dtype, TEXT, 4, 48), capsys)
    assert len(lines) == reading.steps
    ranks = [int(line.split("rank")[1].split()[0].replace(",", "")) for line in lines]
    if opened.dtype == "fp32":
        np.testing.assert_allclose(ranks, reading.answer_rank[:, 4] + 1, atol=1)
    assert ranks[-1] == 1 and "' Paris' 0.7" in lines[-1]
