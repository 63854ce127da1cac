"""The command line on an encoder–decoder: it answers, says what comes next, and shows where it looks."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from click.testing import CliRunner

from playground.cli import app
from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput
from playground.models import lens, seq2seq

pytestmark = pytest.mark.model
TEXT = "the 3rd of May '99"


def run(*arguments: str) -> dict:
    result = CliRunner().invoke(app, [*arguments, "--model", "date-t5", "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_generate_answers_with_the_iso_date() -> None:
    found = run("generate", "--greedy", TEXT)
    assert (found["text"], found["finish_reason"]) == ("1999-05-03", "stop")
    assert "".join(token["text"] for token in found["tokens"]) == "1999-05-03</s>"


def test_next_is_the_answers_first_character() -> None:
    found = run("next", TEXT, "--top", "3")
    assert found["candidates"][0]["text"] == "1" and found["vocabulary_size"] < 100
    # Nothing of the answer is written yet: a penalty on what was written changes nothing, though the source has a 9.
    penalised = run("next", TEXT, "--top", "3", "--repetition-penalty", "5")
    shares = [[c["adjusted"] for c in each["candidates"]] for each in (penalised, found)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-4)


def test_attention_is_where_it_looks_while_it_writes() -> None:
    found = run("attention", TEXT, "--layer", "1", "--head", "2")
    assert (found["kind"], found["layers"], found["heads"]) == ("cross", 2, 4)
    assert found["tokens"] == [*TEXT, "</s>"] and found["written"] == [*"1999-05-03", "</s>"]
    matrix = np.array(found["matrix"])
    assert matrix.shape == (11, 19) and np.abs(matrix.sum(1) - 1).max() < 1e-5
    with lens.open("date-t5") as opened:
        source = seq2seq.encode_source(opened, TEXT).ids
        written = [s.id for s in seq2seq.generate(opened, source, SamplingSettings(temperature=0), 20)]
        maps = seq2seq.maps(opened, source, (*seq2seq.start_ids(opened), *written[:-1]))
    assert np.array_equal(matrix, maps.cross_LHTS[1, 2])


def test_by_default_the_most_telling_head_is_shown() -> None:
    found = run("attention", TEXT)
    telling = np.array(found["selectivity_bits"])
    assert telling[found["layer"], found["head"]] == telling.max() > 1.5
    rows = dict(zip(found["written"], found["matrix"], strict=True))  # of a repeated character, the last row
    assert found["tokens"][int(np.argmax(rows["3"]))] in "3r"  # the day's digit is taken from the day


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--layer", "2"], "decoder's layers run from 0 to 1"), (["--head", "4"], "heads run from 0 to 3")],
)
def test_a_layer_or_head_that_is_not_there(more: Sequence[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        run("attention", TEXT, *more)


def test_a_map_that_is_none_of_its_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="three kinds of attention"):
        run("attention", TEXT, "--map", "rollout")
