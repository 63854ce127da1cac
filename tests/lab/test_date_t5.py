"""date-t5 as it is shipped: what it gets right, how large it is; and that its training can be done again."""

import json

import pytest
import torch
import transformers

from playground import paths
from playground.lab import date_t5
from playground.models.catalogue import catalogue
from playground.models.sources import sha256_of

FOLDER = paths.ASSETS / "models" / "date-t5"
FRESH_SEED = 20_261


@pytest.fixture(scope="module")
def shipped():
    return transformers.T5ForConditionalGeneration.from_pretrained(FOLDER, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def record() -> dict:
    return json.loads((FOLDER / date_t5.RECORD).read_text())


def test_fresh_dates_are_read_right(shipped) -> None:
    """500 dates of a seed that nobody has looked at; none of them can have been trained on."""
    assert date_t5.accuracy(shipped, date_t5.tests(500, FRESH_SEED)) >= 0.99


def test_the_record_tells_of_these_weights(shipped, record) -> None:
    assert record["accuracy"] >= 0.995 and record["tests"] >= 1_000
    assert record["test_seed"] != record["seed"] == date_t5.SEED and record["steps"] == date_t5.STEPS
    assert record["parameters"] == shipped.num_parameters() <= 1_000_000
    # A few of the recorded tests: an answer that is wrong here must be among the few the record allows.
    some = date_t5.tests()[:200]
    assert date_t5.accuracy(shipped, some) >= 0.98


def test_it_is_small_and_pinned() -> None:
    bundled = catalogue()["date-t5"].bundled
    files = sorted(path for path in FOLDER.iterdir())
    assert bundled and sorted(bundled.files) == [path.name for path in files]
    assert sum(path.stat().st_size for path in files) == bundled.bytes <= 4_000_000
    assert all(sha256_of(path) == bundled.files[path.name] for path in files)


def test_the_stacks_differ_in_depth_and_the_tokenizer_is_the_trainings(shipped) -> None:
    assert shipped.config.num_layers != shipped.config.num_decoder_layers
    assert json.loads((FOLDER / "tokenizer.json").read_text()) == json.loads(date_t5.tokenizer().to_str())


def test_training_again_gives_the_same(monkeypatch) -> None:
    """Two runs with one seed: the same losses to the last bit; another seed: others. And it learns."""
    monkeypatch.setattr(date_t5, "BATCH", 8)
    runs = [[p.loss for p in date_t5.train(date_t5.new_model(seed), 12, seed)] for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[0][-1] < runs[0][0]


def test_what_is_saved_can_be_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(date_t5, "BATCH", 8)
    monkeypatch.setattr(date_t5, "tests", lambda: list(date_t5.islice(date_t5.dates.examples(1, tests=True), 8)))
    reports = list(date_t5.made(tmp_path, 2, seed=3))
    assert [report.step for report in reports] == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(catalogue()["date-t5"].bundled.files)
    again = transformers.T5ForConditionalGeneration.from_pretrained(tmp_path)
    assert again.num_parameters() == json.loads((tmp_path / date_t5.RECORD).read_text())["parameters"]
