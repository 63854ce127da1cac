"""Three kinds of transformer, Inside the model, Read then write: what they show against the models themselves."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground import limits, paths
from playground.core import masks
from playground.models import architectures_code, parts_code
from playground.models import lens as lenses
from playground.models.encoder_decoder_code import snippet
from playground.models.translation import translate
from tests.pages.opened import array, checked, figures, html, run, says

pytestmark = pytest.mark.model
DATE = "the 3rd of May '99"


def cells(figure: dict) -> np.ndarray:
    z = figure["data"][0]["z"]
    return array(z) if isinstance(z, dict) else np.array(z, float)


def test_three_masks_and_three_real_maps() -> None:
    app = checked(run("architectures.py"))
    drawn = [cells(figure) for figure in figures(app)]
    shapes = [(8, 0), (9, 0), (19, 11)]
    for kind, (read, written), mask, seen in zip(
        ("encoder", "decoder", "encoder-decoder"), shapes, drawn[::2], drawn[1::2], strict=True
    ):
        allowed = masks.of(kind, read, written)
        np.testing.assert_array_equal(~np.isnan(mask), allowed)
        np.testing.assert_array_equal(~np.isnan(seen), allowed)
    with lenses.open("smollm2-135m") as lens:
        own = lens.attentions(lens.encode(DATE, "template").ids)
    np.testing.assert_allclose(np.tril(np.nan_to_num(drawn[3])), own[16, 0], atol=1e-4)
    sums = np.nansum(drawn[5], -1)
    np.testing.assert_allclose(sums, [1] * 19 + [2] * 11, atol=2e-2)  # below: over what is read, and what is written
    assert "all their layers and heads: 0." in says(app) and "It wrote 1999-05-03" in says(app)


def test_the_shown_code_finds_the_same_masks(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(architectures_code.snippet(DATE, 48), "snippet", "exec"), {})
    told = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines()[:4])
    assert float(told["encoder"]) > 0.5 and float(told["its encoder"]) > 0.5
    assert float(told["decoder"]) == float(told["its decoder"]) == 0


def test_the_telling_heads_look_where_their_captions_say() -> None:
    for model_id, layer, head, step in (("minilm-l6", 1, 8, 1), ("smollm2-135m", 16, 0, -1)):
        with lenses.open(model_id) as lens:
            weights = lens.attentions(lens.encode("The animal didn't cross the street.", "template").ids)[layer, head]
        inner = range(1, len(weights) - 1)
        assert np.mean([weights[t].argmax() == t + step for t in inner]) >= 0.5, model_id


@pytest.mark.parametrize("text", ["x", "</script><img src=x>", "word " * 2_000, "[SEP]<|im_end|>", "🙂\u202e"])
def test_any_text_is_read_by_all_three(text: str) -> None:
    app = checked(run("architectures.py", text=text))
    if len(text) > 1_000:
        assert f"first {limits.ARCHITECTURE_TOKENS} of" in says(app)


def test_no_text_is_explained() -> None:
    app = run("architectures.py", text="")
    app.text_area(key="text").set_value("").run()
    assert not app.exception and "Type something" in app.error[0].value


def test_rows_are_named_by_what_is_written_and_looks_are_counted() -> None:
    app = checked(run("architectures.py"))
    drawn = figures(app)[5]
    assert drawn["layout"]["yaxis"]["ticktext"][19:] == [*"1999-05-03", "&lt;/s&gt;"]
    assert drawn["data"][0]["text"][19][19] == "1 → &lt;pad&gt;"  # fed with the start, it writes the 1
    assert "8 of its 9 tokens look mostly one token *back*" in says(app)
    assert "one token alone can only look at itself" in says(checked(run("architectures.py", text="x")))


def test_the_average_of_all_heads() -> None:
    app = checked(run("architectures.py", show="the average of all"))
    with lenses.open("minilm-l6") as lens:
        mean = lens.attentions(lens.encode(DATE, "template").ids).mean((0, 1))
    np.testing.assert_allclose(cells(figures(app)[1]), mean, atol=1e-4)


@pytest.mark.parametrize("model_id", ["smollm2-135m", "minilm-l6", "date-t5"])
def test_the_model_is_taken_apart_exactly(model_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = checked(run("model_parts.py", model=model_id, text=DATE))
    with lenses.open(model_id) as lens:
        total, tokens = lens.parameters, len(lens.encode(DATE, "template").ids)
    assert app.metric[0].value == f"{total:,}" and f"is exactly what the loaded model holds: {total:,}" in says(app)
    assert sum(array(figures(app)[0]["data"][0]["x"])) == total
    assert f"token ids [{tokens}]" in html(app) and ("Cross-attention" in html(app)) == (model_id == "date-t5")
    exec(compile(parts_code.snippet(model_id, lens.kind), "snippet", "exec"), {})
    assert f"{total:>12,}  together" in capsys.readouterr().out


def test_a_longer_text_changes_shapes_but_no_sizes() -> None:
    short, long = (run("model_parts.py", text=text) for text in ("one two", "one two " * 60))
    assert short.metric[0].value == long.metric[0].value
    assert "[2, 576]" in html(short) and re.search(r"\[1\d\d, 576\]", html(long))


@pytest.mark.parametrize("text", ["x", "</script><img src=x>", "<|im_end|>", "word " * 1_200])
def test_any_text_goes_through_the_model(text: str) -> None:
    app = checked(run("model_parts.py", model="minilm-l6", text=text))
    assert "<img" not in html(app)
    assert len(text) < 1_000 or "of 1,202 tokens" in says(app)


def test_no_text_has_no_way() -> None:
    app = run("model_parts.py")
    app.text_area(key="text").set_value("").run()
    assert not app.exception and "Type something" in app.error[0].value


def test_a_date_is_written_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    app = checked(run("encoder_decoder.py"))
    assert app.metric[0].value == "1999-05-03"
    record = json.loads((paths.ASSETS / "models" / "date-t5" / "training.json").read_text(encoding="utf-8"))
    assert f"{100 * record['accuracy']:.1f} % came out exactly right" in says(app)
    with lenses.open("date-t5") as lens:
        made = translate(lens, DATE)
        dtype = lens.dtype
    np.testing.assert_allclose(cells(figures(app)[0]), made.cross(1, 1), atol=1e-4)
    assert figures(app)[0]["layout"]["shapes"][-1]["y0"] == 5.5  # the seventh step, where the month is
    exec(compile(snippet("date-t5", dtype, DATE, 1, 1, 128, 64), "snippet", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("1999-05-03") or "1999-05-03" in lines[-1]
    for line, row, step in zip(lines, made.cross(1, 1), made.steps, strict=False):
        assert line.split()[1] == f"{step.probability:.3f}" and line.endswith(f"{row.max():.2f}")


def test_what_it_does_not_know_is_said() -> None:
    app = checked(run("encoder_decoder.py", source="hello"))
    assert "nothing but dates" in app.info[0].value
    sure = checked(run("encoder_decoder.py", source="14 juillet 1789"))
    assert sure.metric[0].value == "1989-07-14" and float(sure.metric[1].value.split()[0]) > 99 and not sure.info
    assert not checked(run("encoder_decoder.py", source="May 3, 1999")).info


@pytest.mark.parametrize("source", [" ", "</script>", "你好", "3" * 900, "</s></s>"])
def test_any_source_is_read(source: str) -> None:
    app: AppTest = checked(run("encoder_decoder.py", source=source, step="2", layer="0", head="average"))
    if source == "你好":
        assert "Not in its alphabet" in says(app)
