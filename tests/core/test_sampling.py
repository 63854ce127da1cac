"""core/sampling.py against transformers' own logits processors, brute force, and by property."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from transformers import GenerationConfig, GPT2Config, GPT2LMHeadModel
from transformers.generation import logits_process as hf

from playground.core import sampling, sampling_cuts
from playground.core.sampling import SamplingSettings, adjust, draw, uniform
from playground.core.sampling_compared import mistaken, other_order
from playground.core.sampling_cuts import nucleus
from playground.core.sampling_draws import band, chi_square_tail, counts, fit, uniforms
from playground.core.sampling_settings import ORDERS, lenient
from playground.errors import BadInput

LOGITS = st.lists(
    st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 2.5, -math.inf]),  # ties and impossible tokens, often
        # equal, or 1e-6 apart: closer ones are merged by the shift that keeps exp from overflowing
        st.floats(-50, 50).map(lambda value: round(value, 6)),
    ),
    min_size=1,
    max_size=60,
).filter(lambda values: max(values) > -math.inf)
SETTINGS = st.builds(
    SamplingSettings,
    temperature=st.one_of(st.just(1.0), st.floats(0.05, 5.0)),
    top_k=st.integers(0, 70),
    top_p=st.one_of(st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.floats(0, 1)),
    min_p=st.one_of(st.just(0.0), st.floats(0, 1)),
    repetition_penalty=st.one_of(st.just(1.0), st.floats(0.5, 2.0)),
    typical_p=st.one_of(st.just(1.0), st.floats(0.01, 0.99)),
    order=st.sampled_from(list(ORDERS)),
)


PROCESSORS: dict[str, Callable[[Any], Any]] = {
    "repetition_penalty": lambda value: hf.RepetitionPenaltyLogitsProcessor(float(value)),
    "temperature": lambda value: hf.TemperatureLogitsWarper(float(value)),
    "top_k": hf.TopKLogitsWarper,
    "top_p": hf.TopPLogitsWarper,
    "min_p": hf.MinPLogitsWarper,
    "typical_p": hf.TypicalLogitsWarper,
}
# By hand, from the two programs' sources: generation/utils.py and common/common.h.
BY_HAND = {
    "transformers": ["repetition_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p"],
    "llama.cpp": ["repetition_penalty", "top_k", "typical_p", "top_p", "min_p", "temperature"],
}


def of_transformers(logits: np.ndarray, chosen: SamplingSettings, previous_ids: tuple[int, ...]) -> np.ndarray:
    """The probabilities that transformers' own processors leave, in the order asked for."""
    scores = torch.tensor(logits, dtype=torch.float64)[None]
    ids = torch.tensor([previous_ids], dtype=torch.long)
    for name in BY_HAND[chosen.order]:
        if (value := getattr(chosen, name)) != getattr(SamplingSettings(), name):
            scores = PROCESSORS[name](value)(ids, scores)
    return torch.softmax(scores, dim=-1)[0].numpy()


def assert_like_transformers(logits: np.ndarray, chosen: SamplingSettings, previous_ids: tuple[int, ...] = ()) -> float:
    """Same kept tokens and same probabilities; returns the largest difference."""
    ours, theirs = adjust(logits, chosen, previous_ids), of_transformers(logits, chosen, previous_ids)
    # torch sorts equal scores in no particular order, so of several tied tokens at the nucleus's edge it keeps as
    # many as we do, but maybe others: compare the tokens by their score.
    score = {i: float(v) for i, v in enumerate(logits)}
    if chosen.repetition_penalty != 1.0:
        for i in set(previous_ids):
            score[i] = score[i] * chosen.repetition_penalty if score[i] < 0 else score[i] / chosen.repetition_penalty
    kept_here = Counter(score[i] for i in np.flatnonzero(ours.kept))
    kept_there = Counter(score[int(i)] for i in np.flatnonzero(theirs))
    underflowed = Counter(score[i] for i in np.flatnonzero(ours.kept & (ours.adjusted == 0)))
    assert kept_here - underflowed == kept_there
    difference = float(np.abs(np.sort(ours.adjusted) - np.sort(theirs)).max())
    assert difference <= 1e-6
    return difference


def near_an_edge(logits: np.ndarray, chosen: SamplingSettings, previous_ids: tuple[int, ...]) -> bool:
    """Whether a cut falls within rounding of a token, where the two libraries' last bit decides."""
    nudged = {
        "top_p": [min(max(chosen.top_p + d, 0.0), 1.0) if chosen.top_p < 1 else 1.0 for d in (-1e-9, 1e-9)],
        "min_p": [min(chosen.min_p * (1 + d), 1.0) for d in (-1e-9, 1e-9)],
        "typical_p": [chosen.typical_p + (d if chosen.typical_p < 1 else 0.0) for d in (-1e-9, 1e-9)],
        # and two tokens as far from the entropy, one on either side, or ends that only rounding tells apart
        "temperature": [chosen.temperature * (1 + (d if chosen.typical_p < 1 else 0.0)) for d in (-1e-9, 1e-9)],
    }
    kept = {
        adjust(logits, replace(chosen, **dict(zip(nudged, values, strict=True))), previous_ids).kept.tobytes()
        for values in product(*map(dict.fromkeys, nudged.values()))
    }
    return len(kept) > 1


@settings(max_examples=250, deadline=None)
@given(LOGITS, SETTINGS, st.data())
def test_every_chain_equals_transformers(values: list[float], chosen: SamplingSettings, data: st.DataObject) -> None:
    logits = np.array(values)
    previous = tuple(data.draw(st.lists(st.integers(0, len(values) - 1), max_size=5)))
    assume(not near_an_edge(logits, chosen, previous))
    assert_like_transformers(logits, chosen, previous)


@pytest.mark.parametrize("top_p", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("size", [1, 2, 4, 8, 64])
def test_a_nucleus_that_ends_exactly_on_a_token_equals_transformers(size: int, top_p: float) -> None:
    # 2^-n sums without rounding, so both see the same edge: the set that reaches p exactly is kept, no token more
    logits = np.zeros(size)
    assert_like_transformers(logits, SamplingSettings(top_p=top_p))
    assert adjust(logits, SamplingSettings(top_p=top_p)).kept_tokens == max(1, math.ceil(top_p * size))


@pytest.mark.parametrize(
    "chosen",
    [
        SamplingSettings(),
        SamplingSettings(temperature=0.05),
        SamplingSettings(temperature=5.0),
        SamplingSettings(top_k=50),
        SamplingSettings(top_p=0.9),
        SamplingSettings(min_p=0.1),
        SamplingSettings(0.7, 40, 0.95, 0.05, 1.2),
        SamplingSettings(1.7, 40_000, 0.999, 0.0001, 0.8),
        SamplingSettings(typical_p=0.2),
        SamplingSettings(2.0, 3000, 0.9, 0.001, 1.3, 0.7),
        SamplingSettings(2.0, 3000, 0.9, 0.001, 1.3, 0.7, "llama.cpp"),
    ],
)
@pytest.mark.parametrize("kind", ["peaked", "flat", "rounded to bf16"])
def test_a_vocabulary_of_49152_equals_transformers(kind: str, chosen: SamplingSettings) -> None:
    logits = np.random.default_rng(7).normal(0, 1 if kind == "flat" else 3, 49_152)
    if kind == "rounded to bf16":  # thousands of ties, as a bf16 model gives them
        logits = torch.tensor(logits).to(torch.bfloat16).double().numpy()
    assert_like_transformers(logits, chosen, (1, 2, 3, 3))


@pytest.mark.fault(11, 12)
@settings(max_examples=150, deadline=None)
@given(LOGITS, SETTINGS, st.sampled_from([0.0, 1e-300, 1e-9, 1.0]))
@example([-math.inf, -1e30], SamplingSettings(5.0, 1, 0.0, 1.0, 2.0), 1e-300)
def test_some_token_survives_and_everything_sums_to_one(
    values: list[float], chosen: SamplingSettings, temperature: float
) -> None:
    one = replace(chosen, temperature=temperature)
    for each in (chosen, one):
        got = adjust(np.array(values), each, (0,))
        assert got.kept_tokens >= 1
        assert got.probability.sum() == pytest.approx(1, abs=1e-12)
        assert got.adjusted.sum() == pytest.approx(1, abs=1e-12)
        assert (got.adjusted[~got.kept] == 0).all()
        assert got.kept_mass + sum(stage.removed_mass for stage in got.stages) == pytest.approx(1, abs=1e-12)
        assert 0 <= got.entropy_bits <= math.log2(len(values)) + 1e-9


@pytest.mark.fault(11)
def test_temperature_zero_is_argmax_and_the_first_of_equals() -> None:
    got = adjust(np.array([1.0, 3.0, 3.0, -math.inf]), SamplingSettings(temperature=0, top_k=2, top_p=0.5))
    assert got.adjusted.tolist() == [0, 1, 0, 0]
    assert got.entropy_bits == 0
    assert int(torch.tensor([1.0, 3.0, 3.0, -math.inf]).argmax()) == 1


def test_temperature_flattens() -> None:
    logits = np.random.default_rng(0).normal(0, 3, 1000)
    entropies = [adjust(logits, SamplingSettings(temperature=t)).entropy_bits for t in (0, 0.2, 0.5, 1, 2, 5)]
    assert entropies == sorted(entropies)


def test_the_nucleus_is_the_smallest_set_that_reaches_p() -> None:
    logits = np.random.default_rng(3).normal(0, 2, 300)
    got = adjust(logits, SamplingSettings(top_p=0.8))
    largest_first = np.sort(got.probability)[::-1]
    smallest = next(n for n in range(1, 301) if largest_first[:n].sum() >= 0.8)
    assert got.kept_tokens == smallest
    assert got.stages == (sampling.Stage("top_p", 300 - smallest, pytest.approx(1 - largest_first[:smallest].sum())),)


def test_the_stages_tell_what_each_cut_removed() -> None:
    got = adjust(np.log([0.4, 0.3, 0.2, 0.06, 0.04]), SamplingSettings(top_k=4, top_p=0.9, min_p=0.6))
    assert [(s.name, s.removed_tokens) for s in got.stages] == [("top_k", 1), ("top_p", 1), ("min_p", 1)]
    assert [s.removed_mass for s in got.stages] == pytest.approx([0.04, 0.06, 0.2])
    assert got.kept_mass == pytest.approx(0.7)


@settings(max_examples=120, deadline=None)
@given(LOGITS, SETTINGS, st.floats(0, 1, exclude_max=True))
@example([0.0, 0.0, 0.0], SamplingSettings(), math.nextafter(1, 0))
def test_a_draw_is_a_kept_token_under_u(values: list[float], chosen: SamplingSettings, u: float) -> None:
    got = adjust(np.array(values), chosen)
    token = draw(got, u)
    assert got.kept[token] and got.adjusted[token] > 0
    above = got.adjusted[got.adjusted > got.adjusted[token]].sum()
    assert above <= u + 1e-12  # nothing more probable was passed over wrongly
    assert u < above + got.adjusted[got.adjusted == got.adjusted[token]].sum() + 1e-12


def test_draws_follow_the_distribution() -> None:
    got = adjust(np.log([0.5, 0.25, 0.15, 0.1]), SamplingSettings(top_k=3))
    counts = np.bincount([draw(got, uniform(seed, 4)) for seed in range(4000)], minlength=4)
    expected = 4000 * got.adjusted
    chi_squared = ((counts - expected)[:3] ** 2 / expected[:3]).sum()
    assert counts[3] == 0
    assert chi_squared < 13.8  # 2 degrees of freedom, one in a thousand; the seeds are fixed


@pytest.mark.fault(37)
def test_the_uniform_number_depends_on_seed_and_position_only() -> None:
    assert uniform(5, 0) == uniform(5, 0)
    assert len({uniform(seed, position) for seed in range(20) for position in range(20)}) == 400


@pytest.mark.fault(11, 12)
@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"temperature": -0.1},
        {"top_k": -1},
        {"top_k": 2.5},
        {"top_p": 1.01},
        {"top_p": -0.1},
        {"top_p": math.nan},
        {"min_p": 1.5},
        {"min_p": math.nan},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": math.inf},
        {"typical_p": 0.0},
        {"typical_p": 1.01},
        {"typical_p": math.nan},
        {"order": "alphabetical"},
    ],
)
def test_settings_that_mean_nothing_are_refused_with_a_hint(bad: dict[str, float]) -> None:
    with pytest.raises(BadInput) as caught:
        SamplingSettings(**bad)  # type: ignore[arg-type]
    assert next(iter(bad)).replace("_", "-") in caught.value.title and caught.value.hint


@pytest.mark.parametrize("bad", [[], [[1.0]], [math.nan, 1.0], [math.inf, 1.0], [-math.inf]])
def test_logits_that_make_no_distribution_are_refused(bad: list[float]) -> None:
    with pytest.raises(BadInput):
        adjust(np.array(bad))


@pytest.mark.parametrize("bad", [(3,), (-1,)])
def test_a_previous_id_outside_the_vocabulary_is_refused(bad: tuple[int, ...]) -> None:
    with pytest.raises(BadInput):
        adjust(np.zeros(3), SamplingSettings(repetition_penalty=1.2), bad)


@pytest.mark.fault(11, 12)
@pytest.mark.parametrize(
    ("name", "text", "value", "noticed"),
    [
        ("temperature", "0.7", 0.7, False),
        ("temperature", "0", 0.0, False),
        ("temperature", "1e-9", 1e-9, False),
        ("temperature", "nan", None, True),
        ("temperature", "hot", None, True),
        ("temperature", "", None, True),
        ("temperature", "inf", 5.0, True),
        ("temperature", "-2", 0.0, True),
        ("top_k", "50", 50, False),
        ("top_k", "0", 0, False),
        ("top_k", "-7", 0, True),
        ("top_k", "999999", 1000, True),
        ("top_k", "inf", 1000, True),
        ("top_k", "2.6", 3, True),
        ("top_p", "0", 0.0, False),
        ("top_p", "1", 1.0, False),
        ("top_p", "1.5", 1.0, True),
        ("min_p", "-inf", 0.0, True),
        ("typical_p", "0", 0.001, True),
        ("typical_p", "0.3", 0.3, False),
        ("repetition_penalty", "inf", 1000.0, True),
        ("seed", "12", 12, False),
        ("seed", "-1", 0, True),
        ("seed", "1e99", 2**31 - 1, True),
    ],
)
def test_values_of_a_link(name: str, text: str, value: float | None, noticed: bool) -> None:
    usable, notices = lenient({name: text}, 1000)
    assert usable.get(name) == value
    assert bool(notices) == noticed


@pytest.mark.fault(11, 12)
@settings(max_examples=120, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty"]),
        st.text(max_size=8),
    )
)
def test_any_link_gives_settings_that_work(values: dict[str, str]) -> None:
    usable, _ = lenient(values, 10)
    assert adjust(np.arange(10.0), SamplingSettings(**usable)).kept_tokens >= 1  # type: ignore[arg-type]


def test_the_orders_are_those_of_the_two_programs() -> None:
    assert {name: list(order) for name, order in ORDERS.items()} == BY_HAND
    names = {"TemperatureLogitsWarper", "TopKLogitsWarper", "TopPLogitsWarper", "MinPLogitsWarper"}
    config = GenerationConfig(do_sample=True, temperature=0.5, top_k=5, top_p=0.9, min_p=0.1, typical_p=0.9)
    config.repetition_penalty, config._eos_token_tensor = 1.2, torch.tensor([0])
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=2, vocab_size=5))
    chain = [type(step).__name__ for step in model._get_logits_processor(config, 3, torch.zeros(1, 3))]
    assert names < set(chain)
    ours = [type(PROCESSORS[name](getattr(config, name))).__name__ for name in ORDERS["transformers"]]
    assert [name for name in chain if name in ours] == ours


@pytest.fixture(scope="module")
def real_logits(store_ready: None) -> tuple[np.ndarray, tuple[int, ...]]:
    """The default model's logits after a text, and the text's ids."""
    from playground.models import lens as lenses

    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode("My favourite thing is not the thing").ids
        return lens.next_logits(ids).astype(np.float64), tuple(ids)


@pytest.mark.model
def test_real_logits_equal_transformers_in_both_orders(real_logits: tuple[np.ndarray, tuple[int, ...]]) -> None:
    logits, ids = real_logits
    worst = 0.0
    for order in ORDERS:
        for t, k, p, m, r, typical in product((0.6, 1.8), (0, 300), (0.92, 1.0), (0.0, 0.003), (1.0, 1.3), (0.4, 1.0)):
            worst = max(worst, assert_like_transformers(logits, SamplingSettings(t, k, p, m, r, typical, order), ids))
    print(f"largest difference on real logits: {worst:.1e}")
    assert worst < 1e-12  # double against double


def test_the_order_matters_when_heat_comes_first() -> None:
    logits = np.random.default_rng(5).normal(0, 3, 1000)
    hot = SamplingSettings(2.0, top_p=0.9)
    first, last = adjust(logits, hot), other_order(logits, hot)
    assert last.name == "llama.cpp" and last.distribution.kept_tokens < first.kept_tokens
    assert last.total_variation == pytest.approx(np.maximum(first.adjusted - last.distribution.adjusted, 0).sum())
    assert other_order(logits, SamplingSettings(top_k=9, min_p=0.01)).total_variation == 0  # no heat: both are one
    assert other_order(logits, replace(hot, order="llama.cpp")).name == "transformers"


def test_greedy_comes_last_in_llama_cpp() -> None:
    logits = np.log([0.6, 0.1, 0.1, 0.1, 0.1])
    coldest = SamplingSettings(0, typical_p=0.3)
    assert adjust(np.log([0.4, 0.3, 0.2, 0.05, 0.05]), coldest).adjusted.argmax() == 0
    typical = SamplingSettings(0, typical_p=0.1, order="llama.cpp")
    flat = np.concatenate([[math.log(0.2)], np.full(80, math.log(0.01))])
    assert adjust(flat, replace(typical, order="transformers")).adjusted.argmax() == 0
    assert adjust(flat, typical).adjusted.argmax() == 1  # the most probable one was cut before: least typical
    assert adjust(logits, typical).entropy_bits == 0


@settings(max_examples=120, deadline=None)
@given(LOGITS, st.floats(0, 1, exclude_max=True))
def test_both_readings_of_top_p_are_their_definitions(values: list[float], p: float) -> None:
    probability = sampling.softmax(np.array(values))
    found = nucleus(probability, p)
    down = np.sort(probability)[::-1]
    assert found.reaching_mass >= p - 1e-12
    assert found.reaching == 1 or down[: found.reaching - 1].sum() <= p + 1e-12
    assert found.within == 1 or found.within_mass <= p + 1e-12
    assert down[: found.within + 1].sum() >= p - 1e-12
    assert found.within <= found.reaching <= found.within + 1
    if not near_an_edge(np.array(values), SamplingSettings(top_p=p), ()):
        assert found.reaching == adjust(np.array(values), SamplingSettings(top_p=p)).kept_tokens


@pytest.mark.parametrize("spread", [0.1, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.9, 0.999, 1.0])
def test_a_nucleus_found_among_the_likely_is_that_of_the_whole_vocabulary(
    spread: float, p: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = np.random.default_rng(4).normal(size=20_000).round(3) * spread  # rounded: many are equal
    distribution = sampling.softmax(scores)
    among_the_likely = (sampling_cuts.outside_nucleus(scores, p), nucleus(distribution, p)[::2])
    monkeypatch.setattr(sampling_cuts, "_LIKELY", 10**9)
    assert (among_the_likely[0] == sampling_cuts.outside_nucleus(scores, p)).all()
    assert among_the_likely[1] == nucleus(distribution, p)[::2]


def test_the_popular_mistake_inflates_every_probability_alike() -> None:
    logits = np.random.default_rng(2).normal(0, 2, 5000)
    right, wrong = adjust(logits), mistaken(logits, SamplingSettings()).distribution
    top = np.argsort(-logits)[:50]
    assert wrong.kept_tokens == 50
    assert wrong.adjusted[top] / right.adjusted[top] == pytest.approx(np.full(50, 1 / right.adjusted[top].sum()))
    assert mistaken(logits, SamplingSettings(top_k=50)).total_variation < 1e-12  # top-k 50 does the same on purpose
    forgotten = 1 - right.adjusted[top].sum()
    assert mistaken(logits, SamplingSettings()).total_variation == pytest.approx(forgotten)


def test_a_thousand_draws_are_single_draws() -> None:
    got = adjust(np.random.default_rng(1).normal(0, 2, 300), SamplingSettings(1.3, top_p=0.95))
    numbers = uniforms(3, 9)
    assert numbers[0] == uniform(3, 9)
    expected = np.bincount([draw(got, u) for u in numbers], minlength=300)
    assert counts(got, numbers).tolist() == expected.tolist()
    assert expected.sum() == 1000


@pytest.mark.parametrize("p", [0.0, 1e-9, 1e-4, 0.012, 0.1, 0.5, 0.61, 0.95, 0.9999, 1.0])
def test_the_band_holds_95_per_cent_of_the_binomial(p: float) -> None:
    low, high = band(p)
    probability = torch.distributions.Binomial(1000, torch.tensor(p, dtype=torch.float64))
    probability = probability.log_prob(torch.arange(1001, dtype=torch.float64)).exp().numpy()
    below, above = probability[:low].sum(), probability[high + 1 :].sum()
    assert below <= 0.025 and above <= 0.025
    assert below + probability[low] >= 0.025 - 1e-12 and above + probability[high] >= 0.025 - 1e-12


def test_the_chi_square_tail_is_torchs_incomplete_gamma() -> None:
    for degrees in (1, 2, 3, 8, 21, 120):
        for x in (0.001, 0.3, 1.0, degrees * 0.7, float(degrees), degrees + 2.0, degrees * 2.5):
            halves = torch.tensor([degrees / 2, x / 2], dtype=torch.float64)
            expected = float(torch.special.gammaincc(halves[0], halves[1]))
            assert chi_square_tail(x, degrees) == pytest.approx(expected, abs=1e-9)


def test_fair_draws_fit_and_loaded_ones_do_not() -> None:
    got = adjust(np.log([0.4, 0.3, 0.2, 0.0995, 0.0005]))
    p_values = [fit(got.adjusted, counts(got, uniforms(seed, 0))).p_value for seed in range(200)]
    assert 2 <= sum(p < 0.05 for p in p_values) <= 20  # about one seed in twenty; these are fixed
    assert fit(got.adjusted, counts(got, uniforms(0, 0))).degrees == 3  # the rare one joins the last cell
    assert fit(got.adjusted, np.array([460, 300, 150, 90, 0])).p_value < 1e-3
    assert fit(np.array([1.0, 0.0]), np.array([1000, 0])).degrees == 0
