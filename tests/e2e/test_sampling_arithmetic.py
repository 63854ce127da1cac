"""The browser's arithmetic (sampling_chain.js, sampling_draws.js) is core's, by property: no server, one blank tab."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from playground import paths
from playground.core.sampling import SamplingSettings, adjust, most_probable_first
from playground.core.sampling_compared import mistaken, other_order
from playground.core.sampling_draws import band, counts, fit, uniforms
from playground.core.sampling_settings import ORDERS
from tests.core.test_sampling import LOGITS, SETTINGS, near_an_edge

COMPONENTS = paths.PAGES.parent / "playground" / "ui" / "components"
COMPUTE = """({scores, ids, previous, settings, numbers}) => {
  const base = ranking(Float64Array.from(scores, (x) => x ?? -Infinity), Int32Array.from(ids), previous);
  const made = distribution(base, settings);
  const order = Object.keys(ORDERS).find((name) => name !== settings.order);
  const other = distribution(base, {...settings, order});
  const wrong = distribution(firstOf(base, MISTAKEN_TOKENS), settings);
  const counted = new Map();
  for (const place of drawnPlaces(made, numbers)) counted.set(place, (counted.get(place) ?? 0) + 1);
  return {
    adjusted: ids.map((_, rank) => made.of(rank)), keeps: ids.map((_, rank) => made.keeps(rank)),
    kept_mass: made.keptMass, entropy: made.entropy, stages: made.stages,
    nucleus: made.edges && [made.edges.reaching - made.edges.low, made.edges.within - made.edges.low],
    other: totalVariation(made, other), wrong: totalVariation(made, wrong),
    drawn: ids.map((_, rank) => counted.get(made.ranked.placeOf[rank]) ?? 0),
    band: band(made.p(made.low), numbers.length), fit: goodness(made, counted, numbers.length),
  };
}"""

Compute = Callable[[np.ndarray, SamplingSettings, tuple[int, ...]], dict[str, Any]]


@pytest.fixture(scope="module")
def compute(browser: Any) -> Any:
    """Ask the browser: everything it computes from these logits, in the order of ids."""
    page = browser.new_page()
    for name in ("sampling_chain.js", "sampling_draws.js"):
        page.add_script_tag(content=(COMPONENTS / name).read_text(encoding="utf-8"))

    def asked(logits: np.ndarray, chosen: SamplingSettings, previous: tuple[int, ...]) -> dict[str, Any]:
        order = most_probable_first(logits)
        case = {
            "scores": [None if math.isinf(x) else x for x in logits[order].tolist()],
            "ids": order.tolist(),
            "previous": np.flatnonzero(np.isin(order, previous)).tolist(),
            "settings": vars(chosen),
            "numbers": np.sort(uniforms(1, 2)).tolist(),
        }
        found: dict[str, Any] = page.evaluate(COMPUTE, case)
        for name in ("adjusted", "keeps", "drawn"):
            by_id = np.empty(len(order))
            by_id[order] = found[name]
            found[name] = by_id
        return found

    yield asked
    page.close()


def assert_same(compute: Compute, logits: np.ndarray, chosen: SamplingSettings, previous: tuple[int, ...]) -> float:
    """The browser's numbers are core's; returns the largest difference of a probability."""
    found, expected = compute(logits, chosen, previous), adjust(logits, chosen, previous)
    assert (found["keeps"] == expected.kept).all()
    difference = float(np.abs(found["adjusted"] - expected.adjusted).max())
    assert difference < 1e-12
    assert found["kept_mass"] == pytest.approx(expected.kept_mass, abs=1e-9)
    assert found["entropy"] == pytest.approx(expected.entropy_bits, abs=1e-9)
    assert [(s["name"], s["tokens"]) for s in found["stages"]] == [(s.name, s.removed_tokens) for s in expected.stages]
    for theirs, ours in zip(found["stages"], expected.stages, strict=True):
        assert (theirs["mass"], theirs["moved"]) == pytest.approx((ours.removed_mass, ours.moved_mass), abs=1e-9)
    assert found["nucleus"] == (expected.nucleus and [expected.nucleus.reaching, expected.nucleus.within])
    assert found["other"] == pytest.approx(other_order(logits, chosen, previous).total_variation, abs=1e-9)
    assert found["wrong"] == pytest.approx(mistaken(logits, chosen, previous).total_variation, abs=1e-9)
    drawn = counts(expected, uniforms(1, 2))
    ties = len(np.unique(expected.adjusted[expected.kept])) < expected.kept_tokens
    if not ties:  # which of two equal tokens comes first may differ by a rounded bit, how often they come may not
        assert found["drawn"].tolist() == drawn.tolist()
        assert found["fit"]["chiSquare"] == pytest.approx(fit(expected.adjusted, drawn).chi_square, rel=1e-9, abs=1e-9)
        assert found["fit"]["degrees"] == fit(expected.adjusted, drawn).degrees
        assert found["fit"]["pValue"] == pytest.approx(fit(expected.adjusted, drawn).p_value, rel=1e-6)
    assert tuple(found["band"]) == band(float(expected.adjusted.max()))
    return difference


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOGITS, SETTINGS)
@example([1.0, 1.0, 0.0, -math.inf, 2.0], SamplingSettings(2.0, 2, 0.5, 0.1, 2.0, 0.5))
@example([1.0, 1.0, 0.0, -math.inf, 2.0], SamplingSettings(0, 2, 0.5, 0.1, 0.5, 0.5, "llama.cpp"))
@example([12.0, 10.0, 10.0], SamplingSettings(repetition_penalty=1.2))  # a penalised token meets its equals
@example([-math.inf, 0.0], SamplingSettings(1e-9, 1, 0.0, 1.0, 1000.0, 0.002))
def test_the_browser_computes_what_core_does(compute: Compute, values: list[float], chosen: SamplingSettings) -> None:
    logits, previous = np.array(values), tuple(range(0, len(values), 3))
    both = [replace(chosen, order=order) for order in ORDERS]
    seen = np.where(np.isin(np.arange(logits.size), most_probable_first(logits)[:50]), logits, -np.inf)
    if not any(near_an_edge(logits, one, previous) or near_an_edge(seen, one, previous) for one in both):
        assert_same(compute, logits, chosen, previous)


@pytest.mark.model
def test_on_real_logits_too(compute: Compute) -> None:
    from playground.models import lens as lenses

    with lenses.open("smollm2-135m") as lens:
        ids = tuple(lens.encode("My favourite thing is not the thing").ids)
        logits = lens.next_logits(ids).astype(np.float64)
    worst = max(
        assert_same(compute, logits, chosen, ids)
        for chosen in (
            SamplingSettings(),
            SamplingSettings(1.7, 3000, 0.97, 0.001, 1.2, 0.9),
            SamplingSettings(1.7, 3000, 0.97, 0.001, 1.2, 0.9, "llama.cpp"),
            SamplingSettings(5.0, typical_p=0.3, repetition_penalty=0.7),
        )
    )
    print(f"largest difference on real logits: {worst:.1e}")
