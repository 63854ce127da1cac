"""The prompt lab on a model that reads a prompt and writes an answer, as FLAN-T5 does: a tiny random T5 from a hub."""

import contextlib
import io
import re

import pytest

from tests.models import tiny_hub
from tests.pages.opened import checked, html, run, says

FILE = "prompting.py"


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        tiny_hub.fetched(patch, tmp_path_factory, "tiny-flan", "encoder-decoder", tiny_hub.t5)
        yield


def test_labels_are_whole_answers_and_the_shown_code_gives_the_same() -> None:
    app = checked(
        run(FILE, model="tiny-flan", shots="0", instruction_sentiment="Good or bad?", query_sentiment="Fine.")
    )
    assert "as the whole answer, its end included" in says(app) and "reads the prompt and writes an answer" in says(app)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(app.code[-1].value, {})
    printed = [float(line.rsplit(" ", 1)[1]) for line in out.getvalue().splitlines()]
    shown = [float(found) for found in re.findall(r"ln P = (-?[\d.]+) nats", html(app).replace("−", "-"))]
    assert printed == pytest.approx(shown, abs=0.01) and len(printed) == 2
    app.button(key="run").click()
    checked(app.run())
    assert "the decoder writes until it writes the end" in says(app)


def test_a_prompt_longer_than_it_reads_and_a_chat_template_are_refused_in_words() -> None:
    app = run(FILE, model="tiny-flan", shots="6")
    assert any("Leave out an example" in each.value for each in app.error)
    app = run(FILE, model="tiny-flan", shots="0", chat="on")
    assert any("It never saw a chat" in each.value for each in app.error)
