"""How they are pre-trained: the exercises on the page, their code, and a model with its head where there is one."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground.core import masked_modelling, span_corruption
from playground.figures import objectives as drawings
from playground.models import engines, fill_mask, objectives_code, token_losses
from playground.models import lens as lenses
from playground.ui.components import objectives as component
from tests.pages.opened import array, checked, figures, html, run, says

pytestmark = pytest.mark.model
TEXT = "The capital of France is Paris, and the capital of Peru is Lima."


def page(**params: str) -> AppTest:
    return checked(run("objectives.py", **params))


def executed(snippet: str, capsys: pytest.CaptureFixture[str]) -> str:
    exec(compile(snippet, "snippet", "exec"), {})
    return capsys.readouterr().out


def test_every_token_s_loss_is_the_model_s(capsys: pytest.CaptureFixture[str]) -> None:
    app = page(text=TEXT)
    with lenses.open("smollm2-135m") as lens:
        told = token_losses.of(lens, lens.encode(TEXT).ids)
        out = executed(objectives_code.causal("smollm2-135m", lens.dtype, TEXT, 2_048), capsys)
    np.testing.assert_allclose(array(figures(app)[0]["data"][0]["y"]), told.nats, atol=1e-6)
    values = [metric.value for metric in app.metric]
    assert values[:3] == ["3 of 17 tokens", "14 of 15 tokens", "2 of 16 tokens"]
    assert values[3] == f"{told.nats.mean():.2f} nats" and values[5] == f"{np.exp(told.nats.mean()):,.1f}"
    assert f"mean {told.nats.mean():.2f}"[:7] in out and f"perplexity {np.exp(told.nats.mean()):.1f}"[:13] in out


def test_shuffled_words_cost_more() -> None:
    shuffled = "Lima and Paris capital the of is, Peru is the of France capital."
    sorted_, mixed = (float(page(text=text).metric[3].value.split()[0]) for text in (TEXT, shuffled))
    assert mixed > sorted_ + 0.5


def test_hidden_words(capsys: pytest.CaptureFixture[str]) -> None:
    app = page(objective="masked", text=TEXT, draw="79")
    drawn = html(app)
    assert drawn.count("ob-asked' style") == 3
    assert all(f"must say <u>{word}</u>" in drawn for word in ("capital", "france", "lima"))
    out = executed(objectives_code.masked(TEXT, 79, 512), capsys).splitlines()
    assert [line.split(" must say ")[1] for line in out] == ["capital", "france", "lima"]
    assert out[1].split()[1] == "societies"
    assert "llm-playground fetch bert-base-uncased" in app.info[0].value


def test_a_model_with_its_head_says_what_it_thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits that favour the right token stand in for the hub's BERT: what is shown of them is what is tested."""
    engine = engines.load("bert")
    asked: list[int] = []

    def logits(lens: object, ids: object, position: int) -> np.ndarray:
        asked.append(position)
        return np.log(np.where(np.arange(30_522) == engine.encode("paris").ids[0], 0.9, 0.1 / 30_521))

    monkeypatch.setattr(fill_mask, "usable", lambda: ("minilm-l6",))
    monkeypatch.setattr(fill_mask, "masked_logits", logits)
    app = page(objective="masked", text=TEXT, draw="79")
    assert html(app).count("paris 90 %") == 3 and asked == [2, 4, 14]
    blind = -np.log(0.1 / 30_521)
    assert f"Mean loss of these 3 positions {blind:.2f} nats" in says(app) and not app.info


def test_spans(capsys: pytest.CaptureFixture[str]) -> None:
    app = page(objective="spans", text=TEXT, rate="0.5", span="2", draw="3")
    ids = engines.load("mistral").encode(TEXT).ids
    cut = span_corruption.noise(len(ids), seed=3, rate=0.5, mean_span=2)
    made = span_corruption.corrupt(ids, cut)
    assert html(app).count("ob-sentinel'") == 2 * made.spans + 1
    out = executed(objectives_code.spans(ids, 3, 0.5, 2), capsys).splitlines()
    for line, pieces in zip(out, made, strict=True):
        shown = [piece if isinstance(piece, int) else piece.text for piece in pieces]
        assert [str(one) for one in shown] == line.split("[")[1].rstrip("]").replace("'", "").replace(
            "np.int64(", ""
        ).split(", ")
    assert "give the text again" in says(app)
    assert (
        app.metric[2].value == f"{cut.sum()} of {len(ids)} tokens" and f"{made.spans} spans, each" in app.metric[2].help
    )


def test_the_example_is_cut_elsewhere_by_another_draw() -> None:
    drawn = [html(page(objective="spans", draw=draw)) for draw in ("0", "1")]
    assert drawn[0].count("extra_id_1&gt;") >= 2 and drawn[0] != drawn[1]


def test_all_three_fates_are_seen_as_the_card_says() -> None:
    fates = html(page(objective="masked", draw="23"))
    assert [fates.count(f"title='{name}") for name, _ in drawings.CHANGES.values()] == [3, 1, 1]


@pytest.mark.parametrize("objective", ["masked", "causal", "spans"])
@pytest.mark.parametrize("text", ["</script><img src=x>", "two words"])
def test_any_text_is_an_exercise(objective: str, text: str) -> None:
    assert "<img" not in html(page(objective=objective, text=text))


@pytest.mark.parametrize(
    ("objective", "words", "says_so"),
    [
        ("masked", 1_500, "Showing the first 512 of 1,502 tokens"),
        ("spans", 1_500, "Showing the first 512 of"),
        ("causal", 300, "The first 160 are drawn"),
    ],
)
def test_a_long_text_is_cut_and_says_so(objective: str, words: int, says_so: str) -> None:
    assert says_so in says(page(objective=objective, text="word " * words))


@pytest.mark.parametrize(
    ("objective", "text", "hint"),
    [
        ("masked", "[CLS] [SEP]", "control tokens"),
        ("causal", "x", "two tokens"),
        ("causal", "<|im_end|>", "two tokens"),
        ("spans", "", "two tokens"),
    ],
)
def test_too_little_text_is_explained(objective: str, text: str, hint: str) -> None:
    app = run("objectives.py", objective=objective, text=text or "a b")
    if not text:
        app.text_area(key="text").set_value("").run()
    assert not app.exception and hint in app.error[0].value


def test_the_shares_on_the_page_are_counted() -> None:
    tokens = engines.load("bert").encode(TEXT, "template").tokens
    found = masked_modelling.shares([t.id for t in tokens], [not t.special for t in tokens], 200, 79)
    expected = ", ".join(component.percent(found[change]) for change in ("masked", "random", "kept"))
    assert f"draws of this text: {expected}." in says(page(objective="masked", text=TEXT, draw="79"))
