"""The live sampler in Chromium: its numbers are core/sampling.py's, it follows the pointer and sends nothing."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from playground.core.sampling import adjust, draw, most_probable_first, uniform
from playground.core.sampling_compared import mistaken, other_order
from playground.core.sampling_draws import counts, fit, uniforms
from playground.core.sampling_settings import SamplingSettings
from tests.e2e import sampling_app
from tests.e2e.conftest import Tab
from tests.server import Server

LINKS: list[dict[str, str]] = [
    {},
    {"t": "0"},
    {"t": "1e-9"},
    {"t": "0.35"},
    {"t": "5"},
    {"k": "1"},
    {"k": "40"},
    {"k": "49152"},
    {"p": "0"},
    {"p": "0.5"},
    {"p": "0.999"},
    {"minp": "0.02"},
    {"minp": "1"},
    {"t": "1.7", "k": "3000", "p": "0.97", "minp": "0.001", "seed": "12"},
    {"t": "0.8", "k": "5", "p": "0.9", "minp": "0.1", "seed": "3"},
    {"t": "2", "p": "0.9", "order": "llama.cpp"},
    {"t": "0", "typ": "0.2", "order": "llama.cpp", "seed": "2"},
    {"rp": "1.7", "typ": "0.4", "mistake": "top50", "seed": "5"},
    {
        "t": "3",
        "k": "4000",
        "p": "0.95",
        "minp": "0.001",
        "typ": "0.8",
        "rp": "0.7",
        "mistake": "top50",
        "draws": "1000",
    },
]


@pytest.fixture(scope="module")
def app(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The sampler on known logits: no model needed."""
    script = Path(sampling_app.__file__)
    env = {"PYTHONPATH": str(script.parents[2])}
    with Server(tmp_path_factory.mktemp("sampler") / "log.txt", script=script, env=env) as running:
        yield running
        assert "Traceback" not in running.log(), running.log()


@pytest.fixture
def open_sampler(app: Server, new_tab: Callable[..., Tab]) -> Callable[..., Tab]:
    """Open the small app with these query parameters."""

    def opened(width: int = 1280, theme: str = "light", **params: str) -> Tab:
        return ready(new_tab(app.url, width=width, theme=theme).open("", **params))

    return opened


def ready(tab: Tab) -> Tab:
    """Wait for the picture."""
    tab.page.wait_for_selector(".sampler.ready")
    return tab


def snapshot(tab: Tab) -> dict[str, Any]:
    """The numbers in the picture, unrounded."""
    found: dict[str, Any] = tab.page.locator(".sampler").evaluate("root => root.snapshot()")
    return found


def settings_of(link: dict[str, str]) -> SamplingSettings:
    names = {"t": "temperature", "p": "top_p", "minp": "min_p", "typ": "typical_p", "rp": "repetition_penalty"}
    numbers = {name: float(link[key]) for key, name in names.items() if key in link}
    return SamplingSettings(**numbers, top_k=int(link.get("k", 0)), order=link.get("order", "transformers"))  # type: ignore[arg-type]


def assert_numbers_are_cores(shown: dict[str, Any], logits: np.ndarray, settings: SamplingSettings, u: float) -> None:
    previous = tuple(range(len("start")))  # the small app's prompt
    expected = adjust(logits, settings, previous)
    order = most_probable_first(logits)
    top, others = order[:20], order[20:]
    assert shown["ids"] == top.tolist()
    assert shown["kept_tokens"] == expected.kept_tokens
    assert shown["probability"] == pytest.approx(expected.probability[top].tolist(), abs=1e-12)
    assert shown["adjusted"] == pytest.approx(expected.adjusted[top].tolist(), abs=1e-12)
    assert shown["other_probability"] == pytest.approx(expected.probability[others].sum(), abs=1e-9)
    assert shown["other_adjusted"] == pytest.approx(expected.adjusted[others].sum(), abs=1e-9)
    assert shown["entropy_bits"] == pytest.approx(expected.entropy_bits, abs=1e-9)
    assert shown["kept_mass"] == pytest.approx(expected.kept_mass, abs=1e-9)
    stages = [(s["name"], s["tokens"]) for s in shown["stages"]]
    assert [(s.name, s.removed_tokens) for s in expected.stages] == stages
    for stage, s in zip(expected.stages, shown["stages"], strict=True):
        assert (s["mass"], s["moved"]) == pytest.approx((stage.removed_mass, stage.moved_mass), abs=1e-9)
    other = other_order(logits, settings, previous)
    assert shown["other_order"]["kept_tokens"] == other.distribution.kept_tokens
    assert shown["other_order"]["total_variation"] == pytest.approx(other.total_variation, abs=1e-9)
    wrong = mistaken(logits, settings, previous).distribution
    if shown["mistaken"]:
        assert shown["mistaken"]["kept_tokens"] == wrong.kept_tokens
        assert shown["mistaken"]["adjusted"] == pytest.approx(wrong.adjusted[top].tolist(), abs=1e-12)
    reading = expected.nucleus and [expected.nucleus.reaching, expected.nucleus.within]
    assert shown["nucleus"] == reading
    drawn = draw(expected, u)
    assert order[shown["drawn_rank"]] == drawn
    assert shown["drawn_id"] in (drawn, None)  # None: so rare that only Python knows its name, which it tells at rest


def test_the_browsers_numbers_are_those_of_core(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler()
    for link in LINKS:
        ready(tab.open("", **link))
        seed = int(link.get("seed", 0))
        u = uniform(seed, len("start"))
        shown = snapshot(tab)
        assert_numbers_are_cores(shown, sampling_app.logits(), settings_of(link), u)
        assert bool(shown["mistaken"]) == ("mistake" in link)
        assert bool(shown["many"]) == ("draws" in link)
    after = adjust(sampling_app.logits(), settings_of(link), range(5))
    drawn = counts(after, uniforms(seed, 5))
    first = most_probable_first(after.adjusted)[:12]
    assert shown["many"]["counted"] == [*drawn[first].tolist(), 1_000 - drawn[first].sum()]
    assert shown["many"]["fit"]["chiSquare"] == pytest.approx(fit(after.adjusted, drawn).chi_square)
    assert shown["many"]["fit"]["pValue"] == pytest.approx(fit(after.adjusted, drawn).p_value)


@pytest.mark.parametrize(
    ("link", "settings"),
    [
        ({"t": "nan"}, SamplingSettings()),
        ({"t": "inf"}, SamplingSettings(5.0)),
        ({"t": "-1"}, SamplingSettings(0)),
        ({"k": "1000000", "p": "7"}, SamplingSettings(top_k=49_152)),
        ({"k": "-3", "p": "-1", "minp": "2"}, SamplingSettings(top_p=0.0, min_p=1.0)),
    ],
)
def test_a_link_with_nonsense_is_mended_with_a_notice(
    open_sampler: Callable[..., Tab], link: dict[str, str], settings: SamplingSettings
) -> None:
    tab = open_sampler(**link)
    assert_numbers_are_cores(snapshot(tab), sampling_app.logits(), settings, uniform(0, 5))
    assert tab.main.get_by_text("in this link").count() == len([v for v in link.values() if v != "-0"])
    assert tab.error_boxes() == []


def drag(tab: Tab, label: str, to: float, steps: int = 25) -> None:
    """Press on the slider's thumb and move it to this share of its width, without letting go."""
    slider = tab.page.get_by_role("slider", name=label, exact=True)
    box = slider.bounding_box()
    share = slider.evaluate("s => s.value / s.max")
    y, inset = box["y"] + box["height"] / 2, 8
    x = [box["x"] + inset + s * (box["width"] - 2 * inset) for s in (share, to)]
    tab.page.mouse.move(x[0], y)
    tab.page.mouse.down()
    for n in range(1, steps + 1):
        tab.page.mouse.move(x[0] + (x[1] - x[0]) * n / steps, y)


def test_a_drag_moves_the_picture_and_sends_nothing_until_it_ends(app: Server, new_tab: Callable[..., Tab]) -> None:
    sent: list[Any] = []
    tab = new_tab(app.url)
    tab.page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append(frame)))
    ready(tab.open(""))
    tab.settle()
    before, count = snapshot(tab), len(sent)
    drag(tab, "Temperature", 0.5)
    tab.page.wait_for_timeout(400)  # longer than the pause after which a release is sent
    during = snapshot(tab)
    assert len(sent) == count
    assert during["settings"]["temperature"] == pytest.approx(2.5, abs=0.1)
    assert during["entropy_bits"] > before["entropy_bits"]
    temperature = SamplingSettings(during["settings"]["temperature"])
    assert_numbers_are_cores(during, sampling_app.logits(), temperature, uniform(0, 5))
    tab.page.mouse.up()
    tab.page.wait_for_url("**t=*")
    tab.settle()
    assert len(sent) - count <= 2
    assert float(parse_qs(tab.query)["t"][0]) == during["settings"]["temperature"]
    python = tab.main.get_by_text("drawn=").inner_text()
    assert python == f"drawn={snapshot(tab)['drawn_id']}"


def test_the_logits_travel_once(app: Server, new_tab: Callable[..., Tab]) -> None:
    received: list[int] = []
    tab = new_tab(app.url)
    tab.page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: received.append(len(frame))))
    ready(tab.open(""))
    tab.settle()
    assert max(received) > 4 * sampling_app.VOCABULARY
    received.clear()
    tab.page.get_by_role("button", name="Sample", exact=True).click()
    tab.page.wait_for_url("**seed=1")
    tab.settle()
    assert sum(received) < 5_000


def test_the_address_restores_the_controls_and_back_goes_back(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler(t="0.7", k="40", minp="0.05", seed="9")
    values = {n: tab.page.get_by_role("slider", name=n, exact=True) for n in ("Temperature", "Top-k", "Top-p", "Min-p")}
    assert values["Temperature"].get_attribute("aria-valuetext") == "0.70"
    assert values["Min-p"].get_attribute("aria-valuetext") == "0.05"
    assert values["Top-p"].get_attribute("aria-valuetext").startswith("off")
    assert tab.page.get_by_label("seed").input_value() == "9"
    assert values["Top-k"].get_attribute("aria-valuetext") == "40"
    tab.page.get_by_role("switch", name="Top-k on").click()
    tab.page.wait_for_function("!location.search.includes('k=40')")
    tab.settle()
    assert snapshot(tab)["settings"]["top_k"] == 0
    tab.page.go_back()
    tab.page.wait_for_function("location.search.includes('k=40')")
    tab.settle()
    assert snapshot(tab)["settings"]["top_k"] == 40


def test_a_switch_remembers_its_value_and_the_order_is_a_click_that_back_undoes(
    open_sampler: Callable[..., Tab],
) -> None:
    tab = open_sampler(t="2", p="0.9", typ="0.4")
    typical = tab.page.get_by_role("switch", name="Typical-p on")
    typical.click()
    tab.page.wait_for_function("!location.search.includes('typ=')")
    tab.settle()
    assert snapshot(tab)["settings"]["typical_p"] == 1
    typical.click()
    tab.page.wait_for_url("**typ=0.4*")
    tab.settle()
    hot = snapshot(tab)
    tab.page.get_by_text("llama.cpp", exact=True).click()
    tab.page.wait_for_url("**order=llama.cpp*")
    tab.settle()
    cold = snapshot(tab)
    assert [stage["name"] for stage in cold["stages"]] == ["typical_p", "top_p", "temperature"]
    assert cold["kept_tokens"] == hot["other_order"]["kept_tokens"]
    assert tab.page.locator(".order-says").inner_text().startswith("Here transformers' order keeps")
    tab.page.go_back()
    tab.page.wait_for_function("!location.search.includes('order')")
    tab.settle()
    assert snapshot(tab)["kept_tokens"] == hot["kept_tokens"]


def test_the_keyboard_works_the_sliders(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler()
    slider = tab.page.get_by_role("slider", name="Top-k", exact=True)
    slider.focus()
    slider.press("Home")
    assert snapshot(tab)["settings"]["top_k"] == 1
    slider.press("ArrowRight")
    assert snapshot(tab)["kept_tokens"] == 2
    tab.page.wait_for_url("**k=2")
    slider.press("End")
    assert snapshot(tab)["settings"]["top_k"] == sampling_app.VOCABULARY


def test_sample_draws_by_seed_and_append_grows_the_prompt(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler(t="2")
    hot = adjust(sampling_app.logits(), SamplingSettings(2.0))
    for seed in (1, 2, 3):
        tab.page.get_by_role("button", name="Sample", exact=True).click()
        tab.page.wait_for_url(f"**seed={seed}")
        tab.settle()
        assert snapshot(tab)["drawn_id"] == draw(hot, uniform(seed, 5))
    drawn = snapshot(tab)["drawn_id"]
    tab.page.locator("button.append").click()
    text = sampling_app.TestVocabulary().token_text(drawn)
    tab.page.wait_for_function("t => new URLSearchParams(location.search).get('text') === t", arg=f"start{text}")
    tab.settle()
    assert tab.page.get_by_label("Prompt", exact=True).input_value() == f"start{text}"
    assert snapshot(tab)["drawn_id"] == draw(hot, uniform(3, len(f"start{text}")))  # the position moved on


def test_a_click_on_a_bar_appends_that_token(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler()
    tab.page.locator(".row").nth(6).click()
    expected = "start" + sampling_app.HOSTILE[6]
    tab.page.wait_for_function("t => new URLSearchParams(location.search).get('text') === t", arg=expected)
    tab.settle()
    assert tab.page.get_by_label("Prompt", exact=True).input_value() == expected


def test_tokens_are_text_and_nothing_else(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler()
    labels = [label.inner_text() for label in tab.page.locator(".rows .token").all()[:12]]
    assert labels[0] == "·plain"
    for shown, text in zip(labels[1:6], sampling_app.HOSTILE[1:6], strict=True):
        assert shown == text.replace(" ", "·")
    assert labels[6] == "·a↵⇥b·"
    assert labels[7] == "U+202Eabc"
    assert labels[sampling_app.PARTIAL] == "9F"
    assert labels[sampling_app.CONTROL] == "<|end|>"
    assert tab.page.evaluate("window.PWNED") is None
    assert tab.page.locator(".rows script, .rows img, .rows b, .rows a").count() == 0
    rows = tab.page.locator(".row")
    assert rows.nth(sampling_app.PARTIAL).is_disabled()  # neither can stand in the prompt as text
    assert rows.nth(sampling_app.CONTROL).is_disabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_kept_and_cut_differ_by_more_than_colour(open_sampler: Callable[..., Tab], theme: str) -> None:
    tab = open_sampler(k="5", theme=theme)
    rows = tab.page.locator(".row")
    look = "e => { const s = getComputedStyle(e); return [s.textDecorationLine, s.backgroundImage]; }"
    for index, cut in ((0, False), (4, False), (5, True), (19, True)):
        decoration = rows.nth(index).locator(".token").evaluate(look)[0]
        hatch = rows.nth(index).locator(".bar").first.evaluate(look)[1]
        assert (decoration, "gradient" in hatch) == (("line-through", True) if cut else ("none", False))
        assert (rows.nth(index).locator(".is .percent").inner_text() == "cut") == cut


@pytest.mark.parametrize("width", [390, 820, 1600])
def test_nothing_overflows(open_sampler: Callable[..., Tab], width: int) -> None:
    tab = open_sampler(width=width, t="3", p="0.5")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    root = tab.page.locator(".sampler")
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert tab.page.locator(".lower").evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    narrow = root.evaluate(
        "e => e.querySelector('.bars').getBoundingClientRect().top > e.getBoundingClientRect().top + 20"
    )
    assert narrow == (width == 390)  # one column on a phone, two elsewhere


def test_bars_are_drawn_to_scale(open_sampler: Callable[..., Tab]) -> None:
    tab = open_sampler(t="1.5", k="10")
    shown = snapshot(tab)
    scale = max(shown["probability"][0], shown["adjusted"][0])
    widths = tab.page.locator(".rows").evaluate(
        "e => [...e.children].map(r => [...r.querySelectorAll('.cell:not(.wrong) .track')].map("
        "t => t.querySelector('.bar').getBoundingClientRect().width / (t.getBoundingClientRect().width - 1)))"
    )
    for (before, after), p, q in zip(widths, shown["probability"], shown["adjusted"], strict=True):
        assert before == pytest.approx(p / scale, abs=0.01)
        assert after == pytest.approx(q / scale, abs=0.01)


@pytest.mark.model
def test_the_page_shows_the_models_own_numbers(new_page: Callable[..., Tab]) -> None:
    from playground.models import lens as lenses

    tab = ready(new_page().open("sampling", t="1.3", p="0.9"))
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode("The capital of France is").ids
        logits = lens.next_logits(ids)
        assert lens.token_text(int(most_probable_first(logits)[0])) == " Paris"
    # two runs of one forward pass on the same machine: equal up to the order threads add in
    expected, shown = adjust(logits, SamplingSettings(1.3, top_p=0.9)), snapshot(tab)
    top = most_probable_first(logits)[:20].tolist()
    assert shown["probability"] == pytest.approx(expected.probability[shown["ids"]].tolist(), rel=1e-3)
    assert set(shown["ids"][:10]) == set(top[:10])
    assert math.isclose(shown["entropy_bits"], expected.entropy_bits, rel_tol=1e-3)
    assert tab.page.locator(".rows .token").first.inner_text() == "·Paris"
    assert tab.error_boxes() == []
