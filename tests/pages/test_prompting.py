"""The prompt lab: the prompt from its parts, the preferred label, the run, the recorded and the measured curve."""

import contextlib
import io
import json
import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from playground import limits
from playground.core.prompting import tasks
from playground.core.shots import percent
from playground.lab import shots_results
from tests.pages.opened import checked, figures, html, run, says

pytestmark = pytest.mark.model
FILE = "prompting.py"


@pytest.fixture(autouse=True)
def own_results(tmp_path, monkeypatch) -> None:
    """What this machine measured before is not this test's."""
    monkeypatch.setattr(shots_results, "folder", lambda: tmp_path)


def titles(app: AppTest) -> list[str]:
    return [each.value for each in app.subheader]


def test_the_first_screen_has_a_prompt_a_preference_and_the_recorded_curve() -> None:
    app = checked(run(FILE))
    shown = html(app)
    assert "Sentiment: Positive" in shown and "of 8,192 tokens" in shown and "the right answer" in shown
    assert "this app reads at most 2,048 of them" in says(app) and "Which label it prefers" in titles(app)
    assert len(figures(app)) == 2
    recorded = shots_results.recording("sentiment")
    points = recorded.runs[shots_results.default_job(tasks()["sentiment"])]
    right = points[6].right(tasks()["sentiment"].truth()) / 60
    assert f"6 examples {percent(right)}" in says(app) and recorded.date in says(app)


def test_the_shown_code_prints_the_pages_numbers() -> None:
    app = checked(run(FILE, labels_sentiment="rather good, bad", shots="1"))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(app.code[-1].value, {})
    printed = [float(line.rsplit(" ", 1)[1]) for line in out.getvalue().splitlines()]
    shown = [float(found) for found in re.findall(r"ln P = (-?[\d.]+) nats", html(app).replace("−", "-"))]
    assert printed == pytest.approx(shown, abs=0.3) and len(printed) == 2  # in BF16 a batch is not a single row


def test_run_writes_an_answer_and_a_new_query_takes_it_away(monkeypatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_TOKENS", 3)
    app = run(FILE, shots="4", query_sentiment="A joy from start to end.")
    for _ in range(3):
        app.button(key="run").click()
    checked(app.run())
    assert re.search("lp-answer'><b>(Positive|Negative)</b>", html(app))
    app.button(key="another").click()
    checked(app.run())
    assert "lp-answer'" not in html(app)
    assert app.session_state["query_sentiment"] == tasks()["sentiment"].items[0].text


def test_the_button_measures_and_the_next_visit_knows(monkeypatch) -> None:
    task = tasks()["sentiment"]
    recorded = shots_results.recording("sentiment")
    runs = {
        job: {shots: replace(one, nats=one.nats[:4]) for shots, one in run.items()}
        for job, run in recorded.runs.items()
    }
    monkeypatch.setitem(tasks(), "sentiment", replace(task, items=task.items[:4]))
    monkeypatch.setattr(shots_results, "recording", lambda _: replace(recorded, runs=runs))
    one = {"examples_sentiment": "Review: Nice.\nSentiment: Positive", "shots": "1"}
    app = checked(run(FILE, **one))
    assert "Nothing is measured for this wording" in app.info[0].value and len(figures(app)) == 2
    app.button(key="measure").click()
    checked(app.run())
    accuracy, said = figures(app)
    assert "accuracy" in [trace["name"] for trace in accuracy["data"]] and len(said["data"]) == 2
    assert "on this machine (" in says(app) and ", earlier" not in says(app)
    later = checked(run(FILE, **one))
    assert later.button(key="measure").label == "Measure again" and ", earlier" in says(
        later
    )  # and the badge: recorded


def test_summaries_show_likelihood_and_rouge() -> None:
    app = checked(run(FILE, exercise="dialogues", shots="1"))
    assert "geometric mean" in says(app) and "easily led" not in says(app)
    assert "How probable it finds the reference summary" in titles(app)
    likelihood, rouge = figures(app)
    assert likelihood["data"][0]["line"]["color"] != rouge["data"][0]["line"]["color"]
    table = app.table[0].value
    assert len(table) == 12 and table["ROUGE\u20111"].astype(float).between(0, 1).all()
    assert list(table)[:2] == ["ROUGE\u20111", "ROUGE\u2011L"]
    assert "no reference summary" in says(run(FILE, exercise="dialogues", query_dialogues="A: Hi.\nB: Bye."))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"query_sentiment": " "}, "There is no query"),
        ({"query_sentiment": ""}, "There is no query"),
        ({"labels_sentiment": ""}, "0 labels"),
        ({"labels_sentiment": "one"}, "1 labels"),
        ({"labels_sentiment": "a,a"}, "twice"),
        ({"context_sentiment": "7 " * 3_900}, "this app reads"),
        ({"context_sentiment": "word " * 1_590, "chat": "on"}, "too long"),
    ],
)
def test_bad_input_is_explained_and_the_curve_stays(params: dict[str, str], sentence: str) -> None:
    app = run(FILE, **params)
    assert sentence in json.dumps([str(error.proto) for error in app.error])
    assert app.button(key="measure")


def test_another_tasks_parts_leave_the_address_and_come_back_with_it() -> None:
    edited = {"query_sentiment": "Fine.", "labels_sentiment": "good, bad"}
    app = checked(run(FILE, **edited))
    app.segmented_control(key="exercise").set_value("topics").run()
    assert dict(app.query_params) == {"exercise": "topics"}
    checked(app.segmented_control(key="exercise").set_value("sentiment").run())
    assert dict(app.query_params) == edited


def test_labels_that_begin_alike_are_scored_with_their_end() -> None:
    app = checked(run(FILE, labels_sentiment="good, good enough"))
    assert "One label begins another" in says(app)


def test_empty_instruction_and_no_examples_are_a_prompt_too() -> None:
    app = checked(run(FILE, instruction_sentiment="", examples_sentiment="", shots="3"))
    assert "Only 0 examples are written" in says(app)
    assert "lp-part" in html(app) and "instruction" not in html(app)
