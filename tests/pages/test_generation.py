"""The Generation page by Streamlit's own test harness: first sight, the buttons, links, bad input.

What the browser does with its clicks is in tests/e2e/test_generation_page.py.
"""

import json
from functools import partial
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core.sampling_settings import SamplingSettings
from playground.models import lens as lenses
from tests.pages.opened import run

pytestmark = pytest.mark.model
EXAMPLE = "The best way to learn is"


page = partial(run, "generation.py")


def board(app: AppTest) -> dict[str, Any]:
    """The component's data."""
    protos = [c.proto for c in app.get("bidi_component")]
    told: dict[str, Any] = json.loads(next(p for p in protos if p.component_name.endswith("generation")).json)
    return told


def address(app: AppTest) -> dict[str, str]:
    return {key: "".join(app.query_params[key]) for key in app.query_params}


def written(app: AppTest) -> list[int]:
    return [token["id"] for token in board(app)["tokens"]]


def press(app: AppTest, name: str) -> AppTest:
    app.button(key=f"generation.{name}").click().run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def model_writes(text: str, settings: SamplingSettings, count: int, seed: int = 0) -> list[int]:
    with lenses.open("smollm2-135m") as lens:
        return [step.id for step in lens.generate(lens.encode(text).ids, settings, count, seed)]


def test_a_text_is_there_at_first_sight_and_can_be_stepped() -> None:
    app = page()
    assert not app.error and "branch" not in app.query_params
    first = written(app)
    assert first == model_writes(EXAMPLE, SamplingSettings(), limits.FIRST_TOKENS)
    drawn = board(app)["next"]
    assert written(press(app, "step")) == [*first, drawn["id"]]  # what was said to come, came
    assert address(app)["branch"] == "".join(f".{i}" for i in [*first, drawn["id"]])
    assert written(press(app, "back")) == first
    assert board(app)["next"]["u"] == drawn["u"]
    assert written(press(app, "start")) == [] and address(app)["branch"] == "."
    kept = [token["node"] for box in board(app)["tree"] for token in box["tokens"]]
    assert len(kept) == len(first) + 1  # going back takes nothing away


def test_play_goes_on_to_the_limit_and_says_so() -> None:
    app = page(new="16", seed="3", p="0.9")
    press(app, "play")
    assert written(app) == model_writes(EXAMPLE, SamplingSettings(top_p=0.9), 16, seed=3)
    assert any("length" in box.proto.title for box in app.info)
    assert app.button(key="generation.play").disabled and app.button(key="generation.step").disabled
    assert any("tokens/s" in c.value for c in app.caption)


@pytest.mark.fault(37)
def test_a_link_brings_the_same_text_with_what_was_forced() -> None:
    drawn = model_writes(EXAMPLE, SamplingSettings(), 2)
    app = page(branch=f".{drawn[0]}~253", new="6")
    assert written(app) == [drawn[0], 253]
    assert [token["forced"] for token in board(app)["tokens"]] == [False, True]
    with lenses.open("smollm2-135m") as lens:
        followed = lens.follow(lens.encode(EXAMPLE).ids, [drawn[0], 253], SamplingSettings())
    assert [t["rank"] for t in board(app)["tokens"]] == [s.rank + 1 for s in followed]
    assert address(app)["branch"] == f".{drawn[0]}~253"
    here = written(press(app, "play"))
    assert here[:2] == [drawn[0], 253] and len(here) == 6
    assert written(page(**address(app))) == here
    assert written(page(branch=f".{drawn[0]}~253", new="6")) == here[:2]


def test_the_models_own_end_is_told_from_the_limit() -> None:
    with lenses.open("smollm2-135m") as lens:
        (end,) = lens.stop_ids
    app = page(branch=f".{end}")
    assert any("stop" in box.proto.title for box in app.success)
    assert board(app)["next"] is None and app.button(key="generation.play").disabled


def test_a_text_that_goes_round_in_circles_is_called_so() -> None:
    app = page(branch=".288.1120.411" * 4)
    (box,) = app.warning
    assert "3 tokens 4 times" in box.value
    rounds = [
        _geometric_mean(steps) for steps in zip(*[iter(model_follows(EXAMPLE, [288, 1120, 411] * 4))] * 3, strict=True)
    ]
    assert f"{rounds[0]:.0%}".removesuffix("%") in box.value and f"{rounds[-1]:.0%}".removesuffix("%") in box.value
    assert ("more probable" in box.value) == (rounds[-3] < rounds[-2] < rounds[-1])
    assert not page(branch=".288.1120.411" * 4 + ".7").warning  # the loop was left


def test_the_example_in_circles_shows_one_at_first_sight() -> None:
    app = page(text="A rose is a rose is a rose is", new="60", t="0")
    (box,) = app.warning
    assert "3 tokens 4 times" in box.value and "more probable" in box.value
    assert "nothing is drawn" in board(app)["greedy"] and not board(page(new="1", branch="."))["greedy"]
    press(app, "play")
    assert "3 tokens 20 times" in app.warning[0].value and "more probable" not in app.warning[0].value


def test_a_speed_is_told_of_the_tokens_it_was_measured_on() -> None:
    def measured(app: AppTest) -> str:
        return next(c.value for c in app.caption if "log P" in c.value or "0 of at most" in c.value)

    app = page(new="16")
    assert "Tokens 1 to 12:" in measured(app)
    assert "Tokens 1 to 12:" in measured(press(app, "step"))
    assert "Tokens 14 to 16:" in measured(press(app, "play"))
    assert "tokens/s" not in measured(press(app, "start"))


def test_another_prompt_starts_another_tree_and_another_seed_another_branch() -> None:
    app = page(new="4")
    first = written(app)
    press(app, "reseed")
    assert address(app)["seed"] == "1"
    assert written(app) == model_writes(EXAMPLE, SamplingSettings(), 4, seed=1) != first
    assert len(board(app)["tree"]) >= 2
    app.text_area(key="text").set_value("Once upon a time").run()
    assert written(app) == model_writes("Once upon a time", SamplingSettings(), 4, seed=1)
    assert len(board(app)["tree"]) == 1


@pytest.mark.parametrize("branch", ["x", ".1.", "~", "12", ".99999999", ".-1", ".1" * 500])
def test_a_branch_that_can_not_be_read_is_left_out(branch: str) -> None:
    app = page(branch=branch, new="1")
    assert not app.error and len(written(app)) == 1
    assert any("be read" in c.value for c in app.caption)


def test_a_branch_of_another_model_is_left_out() -> None:
    app = page(branch=".49152")
    assert not app.error and written(app) == []
    assert any("another model" in c.value for c in app.caption)


@pytest.mark.fault(11, 12)
@pytest.mark.parametrize(
    "link", [{"t": "0"}, {"t": "1e-9"}, {"t": "nan", "seed": "-1"}, {"t": "5", "k": "1", "p": "0", "minp": "1"}]
)
def test_at_least_one_token_always_survives(link: dict[str, str]) -> None:
    app = page(new="2", **link)
    assert not app.error and len(written(app)) == 2
    if link.get("t") != "nan":
        assert written(app) == model_writes(EXAMPLE, SamplingSettings(temperature=0), 2)


@pytest.mark.fault(1)
def test_an_empty_prompt_is_a_hint() -> None:
    app = page(new="1")
    app.text_area(key="text").set_value("").run()
    assert not app.exception and "Type a prompt" in app.error[0].value
    app.text_area(key="text").set_value("a").run()
    assert not app.error and len(written(app)) == 1


@pytest.mark.fault(4)
def test_a_prompt_beyond_the_context_leaves_room_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", "hosted")
    app = page(new="1")
    app.text_area(key="text").set_value("1 " * 500).run()
    assert not app.exception and not app.error and len(written(app)) == 1
    kept = limits.HOSTED.model_tokens - limits.HOSTED.new_tokens
    assert any(f"Using the last {kept:,} of" in c.value.replace("\\", "") for c in app.caption)


@pytest.mark.fault(22)
def test_thirty_clicks_write_what_one_does() -> None:
    app = page(new="3", branch=".")
    for _ in range(15):
        press(app, "play")
        press(app, "start")
    press(app, "play")
    assert written(app) == model_writes(EXAMPLE, SamplingSettings(), 3)
    with lenses.open("smollm2-135m") as lens:
        assert lens.generating == 0


def test_three_ways_side_by_side() -> None:
    app = page(show="ways", new="6", beams="2", penalty="0.0", seed="2")
    assert not app.error
    compared, finished = app.dataframe[0].value, app.table[0].value
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(EXAMPLE).ids
        *_, search = lens.beam_search(ids, 2, 6, 0.0)
        greedy = lens.follow(ids, model_writes(EXAMPLE, SamplingSettings(temperature=0), 6), SamplingSettings())
    assert compared["log P"][2] == pytest.approx(search.candidates[search.best()].log_probability, abs=1e-3)
    assert compared["mean probability a token"][0] == pytest.approx(_geometric_mean(greedy), rel=1e-2)
    assert list(finished["score"]) == pytest.approx([search.candidates[n].score for n in search.finished])
    assert list(finished["score"]) == pytest.approx(list(finished["log P"]))  # penalty 0 divides by 1
    assert set(finished["stopped by"]) == {"length"}
    tree = board(app)["tree"]
    assert {node["column"] for node in tree} == set(range(1, 7))
    assert sum("on" in node["state"].split() for node in tree) == 6


def test_a_text_that_ended_is_shown_whole_and_is_no_markup() -> None:
    app = page(text="Hello, how are you?", show="ways", new="4", beams="2", penalty="0.0")
    found = app.table[0].value
    ended = found[found["stopped by"] == "its end"]
    assert list(ended["text"]) == [r"\<\|im\_end\|\>"]  # a table's cells are Markdown
    assert any("times as probable as** greedy's text; they have different" in text.value for text in app.markdown)


def model_follows(text: str, ids: list[int]) -> list[Any]:
    with lenses.open("smollm2-135m") as lens:
        return list(lens.follow(lens.encode(text).ids, ids, SamplingSettings()))


def _geometric_mean(steps: Any) -> float:
    product = 1.0
    for step in steps:
        product *= step.probability
    return float(product ** (1 / len(steps)))
