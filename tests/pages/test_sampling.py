"""The Sampling page by Streamlit's own test harness: what it hands to the browser, links, and bad input.

What the browser does with it is in tests/e2e/test_sampling_component.py.
"""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core.sampling import adjust, draw, most_probable_first, uniform
from playground.core.sampling_compared import mistaken
from playground.core.sampling_draws import uniforms
from playground.core.sampling_settings import SamplingSettings
from playground.models import forward
from playground.models import lens as lenses
from tests.pages.opened import run

pytestmark = pytest.mark.model
EXAMPLE = "The capital of France is"
NEUTRAL = {"temperature": 1, "top_k": 0, "top_p": 1, "min_p": 0, "typical_p": 1, "repetition_penalty": 1}


page = partial(run, "sampling.py")


def component(app: AppTest, name: str) -> Any:
    return next(c.proto for c in app.get("bidi_component") if c.proto.component_name == f"llm_playground.{name}")


def payload(app: AppTest) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The sampler's data, read as sampling.js reads it."""
    raw = component(app, "sampling").bytes
    length = int.from_bytes(raw[:4], "little")
    numbers = raw[4 + -(-length // 4) * 4 :]
    half = len(numbers) // 2
    return json.loads(raw[4 : 4 + length]), np.frombuffer(numbers[:half], "<f4"), np.frombuffer(numbers[half:], "<i4")


def state(app: AppTest) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(component(app, "sampling_state").json)
    return told


def logits_of(text: str) -> tuple[np.ndarray, int]:
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(text).ids
        return lens.next_logits(ids), len(ids)


def test_the_example_needs_no_input_and_sends_every_logit() -> None:
    app = page()
    assert not app.error
    head, sent, ids = payload(app)
    logits, length = logits_of(EXAMPLE)
    assert app.text_area(key="text").value == EXAMPLE
    assert np.array_equal(sent, logits[most_probable_first(logits)])  # all 49,152, highest first, exact
    assert np.array_equal(ids, most_probable_first(logits))
    assert {ids[rank] for rank in head["previous"]} == {504, 3575, 282, 4649, 314}  # the golden encoding of this text
    assert (head["tokens"][0]["text"], len(head["tokens"])) == (" Paris", 256)
    assert [t["id"] for t in head["tokens"]] == most_probable_first(logits)[:256].tolist()
    told = state(app)
    assert told["settings"] == NEUTRAL
    assert told["options"] == {"order": "transformers", "mistake": False, "draws": False}
    assert told["numbers"] is None
    assert told["u"] == uniform(0, length)
    assert told["named"][0]["id"] == draw(adjust(logits), told["u"])
    assert told["signature"] == head["signature"]


def test_a_link_restores_prompt_settings_and_draw() -> None:
    link = {"t": "1.5", "k": "100", "p": "0.95", "minp": "0.01", "typ": "0.9", "rp": "1.3", "seed": "7"}
    link |= {"order": "llama.cpp", "mistake": "top50", "draws": "1000"}
    app = page(text="Once upon a time", **link)
    logits, length = logits_of("Once upon a time")
    told = state(app)
    assert told["settings"] == dict(zip(NEUTRAL, (1.5, 100, 0.95, 0.01, 0.9, 1.3), strict=True))
    assert told["options"] == {"order": "llama.cpp", "mistake": True, "draws": True}
    settings = SamplingSettings(1.5, 100, 0.95, 0.01, 1.3, 0.9, "llama.cpp")
    with lenses.open("smollm2-135m") as lens:
        after = adjust(logits, settings, lens.encode("Once upon a time").ids)
    assert told["named"][0]["id"] == draw(after, uniform(7, length))
    likeliest = most_probable_first(after.adjusted)[: min(12, after.kept_tokens)]
    assert [token["id"] for token in told["named"][1:]] == likeliest.tolist()
    assert told["numbers"] == uniforms(7, length).tolist()
    assert {key: "".join(app.query_params[key]) for key in link} == link


def test_the_drawn_token_is_named_however_rare() -> None:
    app = page(t="5", seed="3")
    drawn = state(app)["named"][0]
    logits, _ = logits_of(EXAMPLE)
    assert drawn["rank"] > 256
    assert most_probable_first(logits)[drawn["rank"]] == drawn["id"]
    assert drawn["glyphs"]


def test_a_rerun_sends_the_same_bytes() -> None:
    app = page(t="2")
    before = component(app, "sampling").bytes
    app.run()
    assert component(app, "sampling").bytes == before
    app.text_area(key="text").set_value("Another prompt").run()
    assert component(app, "sampling").bytes != before
    assert state(app)["settings"]["temperature"] == 2


@pytest.mark.fault(11, 12)
@pytest.mark.parametrize(
    ("link", "expected", "notices"),
    [
        ({"t": "nan"}, {"temperature": 1}, 1),
        ({"t": "inf"}, {"temperature": 5}, 1),
        ({"t": "-1"}, {"temperature": 0}, 1),
        ({"t": "1e-9"}, {"temperature": 1e-9}, 0),
        ({"k": "99999999"}, {"top_k": 49_152}, 1),
        ({"k": "0", "p": "0"}, {"top_k": 0, "top_p": 0}, 0),
        ({"p": "17", "minp": "-2"}, {"top_p": 1, "min_p": 0}, 2),
        ({"t": "x", "k": "<b>", "p": "", "minp": "∞", "seed": "-4"}, {"temperature": 1, "top_k": 0, "top_p": 1}, 5),
        ({"typ": "0", "rp": "-1"}, {"typical_p": 0.001, "repetition_penalty": 0.001}, 2),
        ({"order": "alphabetical", "mistake": "1", "draws": "9"}, NEUTRAL, 3),
        (
            {"t": "0", "k": "1", "p": "0", "minp": "1", "typ": "0.001", "rp": "1000", "order": "llama.cpp"},
            {"temperature": 0, "top_k": 1, "top_p": 0, "min_p": 1, "typical_p": 0.001, "repetition_penalty": 1000},
            0,
        ),
    ],
)
def test_any_link_opens(link: dict[str, str], expected: dict[str, float], notices: int) -> None:
    app = page(**link)
    assert not app.error
    told = state(app)
    assert told["settings"] | expected == told["settings"]
    assert sum("in this link" in c.value for c in app.caption) == notices
    assert told["named"][0]["glyphs"]  # some token survives whatever the link says


@pytest.mark.fault(1)
@pytest.mark.parametrize("prompt", ["", "   \n"])
def test_an_empty_prompt_is_a_hint_and_costs_no_forward_pass(prompt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page()
    asked: list[object] = []
    monkeypatch.setattr(forward, "next_logits", lambda *a: asked.append(a) or np.zeros(49_152, np.float32))
    app.text_area(key="text").set_value(prompt).run()
    assert not app.exception
    if not prompt:
        assert [e.value for e in app.error] and not asked
        assert "Type" in app.error[0].value
    else:  # white space is text: three tokens a model can go on from
        assert not app.error


@pytest.mark.fault(4)
def test_a_prompt_beyond_the_context_keeps_its_end() -> None:
    app = page()
    limit = limits.current().model_tokens
    app.text_area(key="text").set_value("1 " * (limit + 500)).run()
    assert not app.exception and not app.error
    assert any(f"Using the last {limit:,} of" in c.value.replace("\\", "") for c in app.caption)


@pytest.mark.fault(10)
def test_control_tokens_typed_in_a_prompt_are_text() -> None:
    app = page(text="<|im_start|>")
    assert not app.error
    assert any("the logits after 7 tokens" in c.value for c in app.caption)  # not the one control token


def test_both_prompts_of_top_p_keep_what_the_page_says() -> None:
    sure, unsure = (
        adjust(logits_of(text)[0], SamplingSettings(top_p=0.9)).kept_tokens
        for text in (EXAMPLE, "My favourite thing is")
    )
    assert sure < 30  # "a handful"
    assert unsure > 1000  # "more than a thousand"


def test_what_the_experiments_say_is_true() -> None:
    france, unsure = logits_of(EXAMPLE)[0], logits_of("My favourite thing is")[0]
    kept = {
        order: adjust(france, SamplingSettings(2, top_p=0.9, order=order)).kept_tokens
        for order in ("transformers", "llama.cpp")
    }
    assert kept["llama.cpp"] <= 12  # "a handful is left"
    assert kept["transformers"] > 2000  # "thousands pass the cut"
    wrong = mistaken(unsure, SamplingSettings(2)).distribution.adjusted.max()
    assert wrong / adjust(unsure, SamplingSettings(2)).adjusted.max() > 10  # "more than ten times as likely as it is"


def test_its_part_of_the_address_leaves_a_bound_sliders_alone() -> None:
    def script() -> None:
        from playground.ui import inputs, shell
        from playground.ui.components import sampling as live

        with shell.visiting("both"):
            inputs.slider("Level", 0, 10, 3, key="level")
            live.controls(49_152)

    app = AppTest.from_function(script)
    app.query_params["level"], app.query_params["t"], app.query_params["k"] = "7", "0.5", "0"
    app.run()
    assert not app.exception
    assert dict(app.query_params) == {"level": "7", "t": "0.5"}
    app.slider(key="level").set_value(4).run()
    assert not app.exception
    assert (app.slider(key="level").value, app.query_params["t"]) == (4, "0.5")
