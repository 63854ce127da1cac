"""What is typed, pasted or linked: nothing, far too much, half a character, a model that is none (rows 1 to 19)."""

import time
from functools import cache

import pytest

from playground import limits
from playground.core import text as core_text
from playground.models import engines, store
from playground.models.results import Results
from playground.models.worker import Worker
from playground.ui import site
from tests.pages import opened

load = cache(engines.load)
NO_MODEL = ("tokenization.py", "chat.py", "languages.py")  # their empty text is a text, of no tokens


@pytest.mark.model
@pytest.mark.fault(1)
@pytest.mark.parametrize("file", site.READ_TEXT)
def test_fault_01_an_empty_text_is_a_hint_and_asks_no_model(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    submit, start_row = Worker.submit, Worker.start_row
    monkeypatch.setattr(Results, "get", lambda *a: None)  # what an earlier test asked is not remembered
    monkeypatch.setattr(Worker, "submit", lambda *a, **more: asked.append(more["key"]) or submit(*a, **more))
    monkeypatch.setattr(Worker, "start_row", lambda *a, **more: asked.append(a) or start_row(*a, **more))
    page = opened.run(file, text="", **site.READ_TEXT[file])
    assert any("Type" in box.value for box in page.error) or file in NO_MODEL
    if file == "architectures.py":  # its encoder reads its own two marks
        assert len(asked) == 1 and (101, 102) in asked[0][-1]  # type: ignore[index]
    else:
        assert not asked


@pytest.mark.model
@pytest.mark.fault(2, 4)
@pytest.mark.parametrize("file", site.READ_TEXT)
def test_fault_02_a_megabyte_is_cut_and_the_page_says_so(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed, not linked: no address is that long. With a shared server's limits, where others wait."""
    monkeypatch.setenv("LLM_PLAYGROUND_PROFILE", "hosted")
    page = opened.run(file, **site.READ_TEXT[file])
    begin = time.process_time()
    page.text_area(key="text").set_value("All work and no play. " * 50_000).run()
    seconds = time.process_time() - begin
    assert not page.exception
    assert "of 1,100,000 characters" in opened.says(page)
    assert "text" not in page.query_params
    assert not [box for box in page.error if "Something went wrong" in str(box.proto)]
    assert seconds < 20, "the whole of it was worked on"


@pytest.mark.fault(3)
@pytest.mark.parametrize("tokenizer_id", engines.TOKENIZERS)
@pytest.mark.parametrize("letter", ["a", "é", "漢", "👍", " ", "\n", "\u0301"], ids=ascii)
def test_fault_03_one_letter_many_times_takes_no_engine_long(store_ready: None, tokenizer_id: str, letter: str) -> None:
    """The longest text a page lets through, without a place to cut it: half a second at most was seen."""
    engine = load(tokenizer_id)
    begin = time.process_time()
    cut = core_text.clean(letter * 200_000, limits.TEXT_CHARACTERS)
    assert time.process_time() - begin < 0.1
    assert len(cut.text) == limits.TEXT_CHARACTERS and cut.notices
    engine.encode(cut.text)
    assert time.process_time() - begin < 2.5


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    ("typed", "read", "said"),
    [
        ("a\ud800b", "a\ufffdb", "1 lone surrogate"),
        ("\udfff" * 3, "\ufffd" * 3, "3 lone surrogates"),
        ("\ud83d\udc4d", "👍", ""),  # a pair is the character
        ("\udc4d\ud83d", "\ufffd" * 2, "2 lone surrogates"),  # the wrong way round
        ("\ufffd", "\ufffd", ""),  # typed as such
    ],
)
def test_fault_05_half_a_pair_is_replaced_and_said(store_ready: None, typed: str, read: str, said: str) -> None:
    cut = core_text.clean(typed, 100)
    assert cut.text == read
    assert bool(cut.notices) == bool(said) and said in "".join(cut.notices)
    for tokenizer_id in engines.TOKENIZERS:
        assert load(tokenizer_id).encode(typed).text == read


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    "model", ["..", "etc", "%2e%2e%2f", "a" * 300, "https://127.0.0.1:9/x", "minilm-l6/../gpt2", "d3", "date-t5\x00"]
)
@pytest.mark.model
def test_fault_19_a_model_that_is_none_of_ours_reaches_no_loader(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []
    ensure = store.ensure
    monkeypatch.setattr(store, "ensure", lambda entry_id, *a, **more: wanted.append(entry_id) or ensure(entry_id))
    page = opened.checked(opened.run("sampling.py", model=model))
    assert set(wanted) <= {"smollm2-135m", "smollm2"}
    assert page.selectbox(key="model").value == "smollm2-135m"
    assert "is not a choice for Model" in opened.says(page)
