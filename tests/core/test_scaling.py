"""Scaling laws: the closed form against a search, tables against 6ND, published figures, inputs that are none."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import chinchilla, parameters, power_laws, trained, training_compute, weight_formats
from playground.core.architectures import architecture
from playground.core.gpus import gpus
from playground.errors import BadInput

PUBLISHED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden_published.json").read_text(encoding="utf-8")
)
BUDGETS = st.floats(min_value=1e15, max_value=1e30)
LAWS = st.sampled_from(chinchilla.LOSSES)


def published(category: str, start: str) -> list[dict[str, Any]]:
    found = [e for e in PUBLISHED if e["id"].startswith(category) and e["name"].startswith(start)]
    assert found
    return found


@given(flop=BUDGETS, law=LAWS)
def test_the_closed_form_is_the_minimum_on_the_budget(flop: float, law: chinchilla.Loss) -> None:
    size, tokens = law.optimum(flop)
    assert 6 * size * tokens == pytest.approx(flop, rel=1e-9)
    others = size * np.logspace(-3, 3, 2001)
    searched = [law.loss(n, flop / (6 * n)) for n in others]
    assert law.least(flop) <= min(searched) + 1e-12
    assert others[int(np.argmin(searched))] == pytest.approx(size, rel=0.01)


@given(flop=BUDGETS, law=LAWS)
def test_compute_for_a_loss_is_the_inverse(flop: float, law: chinchilla.Loss) -> None:
    assert law.compute_for(law.least(flop)) == pytest.approx(flop, rel=1e-6)


def test_no_compute_reaches_the_irreducible_loss() -> None:
    assert chinchilla.EPOCH.compute_for(chinchilla.EPOCH.E) == math.inf


def test_the_rounded_coefficients_do_not_give_the_papers_answer() -> None:
    rounded, unrounded = (x.optimum(chinchilla.GOPHER_BUDGET)[0] for x in (chinchilla.ROUNDED, chinchilla.UNROUNDED))
    assert unrounded == pytest.approx(40e9, rel=0.02) and rounded == pytest.approx(32.2e9, rel=0.01)


def test_the_tables_are_as_published_with_one_misprint() -> None:
    rows = trained.chinchilla_tables()
    printed = published("chinchilla", "Table 3") + published("chinchilla", "Table A3")
    assert [number for row in rows for number in (row.flop, row.tokens)] == pytest.approx(
        [e["expected"] for e in printed]
    )
    assert [row.parameters for row in rows for _ in range(2)] == [e["inputs"]["N"] for e in printed]
    (wrong,) = [row for row in rows if row.misprint]
    assert (wrong.approach, wrong.parameters) == (3, 175e9) and wrong.by_formula == pytest.approx(1.26e25)
    assert all(row.flop == pytest.approx(row.by_formula, rel=0.05) for row in rows if row is not wrong)


def test_the_unrounded_law_gives_approach_3s_table() -> None:
    for row in trained.chinchilla_tables():
        if row.approach == 3 and not row.misprint:
            assert chinchilla.UNROUNDED.optimum(row.flop)[1] == pytest.approx(row.tokens, rel=0.12)


def test_the_lines_go_through_approaches_1_and_2() -> None:
    for row in trained.chinchilla_tables():
        if row.approach < 3:
            line = (chinchilla.APPROACH_1, chinchilla.APPROACH_2)[row.approach - 1]
            size, tokens = line.optimum(row.flop)
            assert size == pytest.approx(row.parameters, rel=0.06) and tokens == pytest.approx(row.tokens, rel=0.08)


def test_coefficients_and_exponents_are_as_published() -> None:
    laws = {"hoffmann_rounded": chinchilla.ROUNDED, "hoffmann_unrounded_tex": chinchilla.UNROUNDED}
    laws["epoch_2024"] = chinchilla.EPOCH
    for entry in published("chinchilla", "fit coefficients"):
        law = laws[entry["name"].split(" ")[2]]
        assert [law.E, law.A, law.B, law.alpha, law.beta] == pytest.approx(entry["expected"], rel=1e-6)
    exponents = {e["name"].split(": ")[1][0]: e["expected"] for e in published("chinchilla", "Table 2")}
    lines = (chinchilla.APPROACH_1, chinchilla.APPROACH_2)
    assert [[round(x.a, 2), round(x.b, 2)] for x in lines] == [exponents["1"], exponents["2"]]
    u = chinchilla.UNROUNDED
    assert u.beta / (u.alpha + u.beta) == pytest.approx(exponents["3"][0], abs=0.005)
    n, d = (np.diff(np.log10([power_laws.kaplan_optimum(c)[i] for c in (1e20, 1e21)]))[0] for i in (0, 1))
    assert [n, d] == pytest.approx(exponents["K"])


def test_bloombergs_regressions_at_their_budget() -> None:
    for entry, line in zip(
        published("chinchilla", "BloombergGPT regression"), (chinchilla.APPROACH_1, chinchilla.APPROACH_2), strict=True
    ):
        size, tokens = entry["expected"]
        got_size, got_tokens = line.optimum(training_compute.training_flop(int(size), int(tokens)))
        assert got_size == pytest.approx(size, rel=0.02) and got_tokens == pytest.approx(tokens, rel=0.02)


def test_bloombergs_data_adds_up_but_for_one_heading() -> None:
    parts = trained.bloomberg_data()
    assert sum(part.tokens for part in parts) == pytest.approx(708.9e9, rel=0.003)
    finance = sum(part.printed for part in parts if part.finance)
    assert finance == pytest.approx(51.27, abs=0.01)  # the heading of §2.1 says 54.2
    assert sum(part.printed for part in parts) == pytest.approx(100, abs=0.01)


def test_card_speeds_are_as_published() -> None:
    names = {
        "V100 SXM2 16GB": "v100-16gb",
        "V100 SXM2 32GB": "v100-32gb",
        "T4": "t4",
        "A10": "a10",
        "L4": "l4",
        "RTX 4090": "rtx-4090",
        "A100 40GB": "a100-40gb",
        "A100 80GB": "a100-80gb",
        "H100 SXM": "h100-80gb",
        "H100 NVL": "h100-nvl",
        "H200 SXM": "h200",
        "B200 SXM": "b200",
        "MI300X": "mi300x",
        "L40S": "l40s",
        "A100 SXM": "a100-80gb",
    }
    cards, checked = {card.id: card for card in gpus()}, 0
    for entry in published("gpus", ""):
        for what, field in (
            (" memory (nominal)", "sold_gb"),
            (" peak 16-bit dense tensor", "tflops"),
            (" measured max achievable bf16 matmul", "matmul_tflops"),
        ):
            name = entry["name"].removesuffix(what)
            if name != entry["name"] and name in names:
                assert getattr(cards[names[name]], field) == pytest.approx(entry["expected"], rel=0.01), entry["name"]
                checked += 1
    assert checked >= 30
    assert all(0.5 < card.utilisation_ceiling <= 1 for card in cards.values())


def test_published_gguf_sizes() -> None:
    known = {form.mixture: form for form in weight_formats.WEIGHT_FORMATS if form.mixture}
    checked = 0
    for entry in published("quant_bits", "Llama-3.1-8B GGUF"):
        mixture = entry["name"].split(" ")[2]
        if mixture in known:
            got = weight_formats.weight_bytes(architecture("llama-3.1-8b"), known[mixture]) / 2**30
            assert got == pytest.approx(entry["expected"], abs=0.011), mixture  # the README cuts, it does not round
            checked += 1
    assert checked >= 8


def test_real_models_are_placed() -> None:
    models = {model.name: model for model in trained.trained_models()}
    assert len(models) >= 25 and all(model.source for model in models.values())
    for law in chinchilla.LOSSES:
        for model in models.values():
            placed = trained.place(model, law)
            assert placed.lost >= -1e-12 and 0 <= placed.compute_wasted + 1e-9 < 1
    assert trained.verdict(models["GPT-3 175B"].tokens_per_parameter) == "under-trained 12×"
    assert trained.verdict(models["Chinchilla 70B"].tokens_per_parameter) == "about right"
    assert trained.verdict(models["Llama 3.1 8B"].tokens_per_parameter) == "over-trained 93×"


def test_the_exact_count_is_above_6nd_by_attention_and_the_embedding_below() -> None:
    model = architecture("llama-3.1-8b")
    exact = training_compute.exact_flop(model, 8192)
    rule = training_compute.training_flop(parameters.count(model), 8192)
    share = training_compute.attention_share(model.layers, model.hidden, 8192, parameters.count(model))
    looked_up = 6 * 8192 * model.vocabulary * model.hidden
    norms = 6 * 8192 * (2 * model.layers + 1) * model.hidden
    assert exact == pytest.approx(rule * (1 + share) - looked_up - norms, rel=1e-12)


@pytest.mark.parametrize("flop", [0, -1e20, math.nan, math.inf, 1e11, 1e36])
def test_budgets_that_are_none_are_refused(flop: float) -> None:
    with pytest.raises(BadInput):
        training_compute.check_flop(flop)


@pytest.mark.parametrize(("gpus", "utilisation", "price"), [(0, 0.4, 2), (8, 0, 2), (8, 1.01, 2), (8, 0.4, -1)])
def test_runs_that_are_none_are_refused(gpus: int, utilisation: float, price: float) -> None:
    with pytest.raises(BadInput):
        training_compute.run(1e23, gpus, 312, utilisation, price)


def test_more_gpus_cost_days_not_hours() -> None:
    few, many = (training_compute.run(1e23, n, 312, 0.4, 2.0) for n in (64, 1024))
    assert few.days == pytest.approx(16 * many.days) and few.price == pytest.approx(many.price)
