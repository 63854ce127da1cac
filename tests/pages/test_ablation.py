"""Does it matter?: cuts by every input, the map of heads, looks one by one; what the page says, it measured."""

import numpy as np
import pytest

from playground import limits
from playground.core.ablation import Cut, effect
from playground.models import ablation
from playground.models import lens as lenses
from tests.pages.opened import array, checked, figures, run, says

pytestmark = pytest.mark.model
TEXT = "The capital of France is"
DURSLEY = "Mrs Dursley met Mr Potter near Vauxhall. Later Mrs Dursley met Mr"


def bits(app) -> float:
    return float(app.metric[0].value.split()[0])


def kl(cut: Cut, text: str = TEXT) -> float:
    with lenses.open("smollm2-135m") as lens:
        return effect(*ablation.one(lens, lens.encode(text, "template").ids, cut)).kl_bits


def test_at_first_sight_a_head_is_missed() -> None:
    app = checked(run("ablation.py"))
    assert bits(app) == pytest.approx(kl(Cut("heads", (23,), (4,))), abs=6e-5) and bits(app) > 1
    before, after = (array(bar["x"]) for bar in figures(app)[0]["data"])
    assert figures(app)[0]["layout"]["yaxis"]["ticktext"][0] == "·Paris"
    assert before[0] > 0.5 > 2 * after[0]
    assert "3: ·France" in says(app)  # where the head looks


@pytest.mark.parametrize(
    ("params", "cut"),
    [
        ({"cut": "heads", "layer": "0", "heads": "0,4", "method": "mean"}, Cut("heads", (0,), (0, 4), "mean")),
        ({"cut": "attention", "layer": "23"}, Cut("attention", (23,))),
        ({"cut": "mlp", "layer": "3", "method": "mean"}, Cut("mlp", (3,), (), "mean")),
        ({"cut": "edge", "layer": "23", "head": "4"}, Cut("edge", (23,), (4,), "mask", 4, 3)),
        (
            {"cut": "edge", "layer": "12", "head": "0", "query": "3", "key": "1", "span": "layer", "method": "drop"},
            Cut("edge", (12,), tuple(range(9)), "drop", 3, 1),
        ),
        (
            {"cut": "edge", "span": "model"},
            Cut("edge", tuple(range(30)), tuple(range(9)), "mask", 4, 3),
        ),
    ],
)
def test_each_link_is_its_cut(params: dict[str, str], cut: Cut) -> None:
    app = checked(run("ablation.py", **params))
    assert bits(app) == pytest.approx(kl(cut), abs=6e-5)


def test_a_cut_of_the_first_token_is_explained() -> None:
    app = run("ablation.py", cut="edge", query="0", key="0")
    assert "nothing but itself" in app.error[0].value + str(app.error[0].proto)
    assert bits(checked(run("ablation.py", cut="edge", query="0", key="0", method="drop"))) >= 0


def test_every_head() -> None:
    app = checked(run("ablation.py", show="every head"))
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(TEXT, "template").ids
        rows = np.array([[e.kl_bits for e in layer] for layer in ablation.every_head(lens, ids, "zero")])
    heat, scatter = figures(app)
    np.testing.assert_allclose(array(heat["data"][0]["z"]), np.log10(np.maximum(rows, 1e-3)), atol=1e-3)
    assert len(heat["data"][-1]["customdata"]) == 270
    assert (app.dataframe[0].value["layer.head"].iloc[0], len(app.dataframe[0].value)) == ("23.4", 6)
    drawn = array(scatter["data"][0]["y"])
    np.testing.assert_allclose(drawn, np.maximum(rows.ravel(), 1e-4))
    assert "matter *less*" in says(app) and "attention is not explanation" in says(app)
    app.segmented_control(key="sink").set_value("no")
    assert "loosely" in says(checked(app.run()))


def test_head_18_6_looks_at_the_answer_and_is_not_among_the_six() -> None:
    more = ((0, 8), (0, 7), (0, 6), (1, 0), (1, 5), (29, 1))  # as the page's table lists them
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(DURSLEY, "template").ids
        row = lens.attentions(ids, (18,))[0, 6, -1]
        assert lens.token_text(ids[int(row.argmax())]) == " Potter" and row.max() > 0.5
        cuts = [Cut("heads", (layer,), (head,)) for layer, head in ((18, 6), *more)]
        copying, *others = (found.kl_bits for found in ablation.many(lens, ids, cuts))
    assert copying < min(others) and copying == pytest.approx(0.17, abs=0.005)


def test_what_try_this_says_of_one_look_holds() -> None:
    look, whole = kl(Cut("edge", (23,), (4,), "mask", 4, 3)), kl(Cut("heads", (23,), (4,)))
    assert (f"{look:.2f}", f"{whole:.2f}") == ("1.60", "1.69")


def test_a_sink_dropped_and_masked() -> None:
    sink = {"show": "look by look", "layer": "18", "head": "8"}
    dropped = checked(run("ablation.py", method="drop", **sink))
    both = (kl(Cut("edge", (18,), (8,), how, 4, 0)) for how in ("mask", "drop"))
    assert "masked {:.4f} bits, dropped {:.4f} bits".format(*both) in says(dropped)
    assert dropped.warning[0].proto.title == "Looks hard, brings little"
    assert "Dropped, nothing is missed" in dropped.warning[0].value
    assert "too few for a rank correlation" in says(dropped) and "Spearman" not in says(dropped)
    table = dropped.dataframe[0].value
    assert table["weight"].iloc[0] > 0.99 and table["bits"].iloc[0] < 0.01
    masked = checked(run("ablation.py", **sink))
    assert not masked.warning and masked.dataframe[0].value["bits"].iloc[0] > 0.5
    longer = says(checked(run("ablation.py", text=DURSLEY, **sink)))
    assert "Spearman" in longer
    # The verdict and the moral agree, whichever they are.
    assert ("attention is not explanation" in longer) is not ("are those that matter most" in longer)


@pytest.mark.parametrize("show", ["one cut", "look by look"])
@pytest.mark.parametrize("text", ["Hello", "   ", "<|im_end|>", "</script><b>", "🙂\u202e\x00"])
def test_any_text(show: str, text: str) -> None:
    checked(run("ablation.py", show=show, text=text))


def test_long_empty_and_encoder() -> None:
    assert f"last {limits.ABLATED_TOKENS} of" in says(checked(run("ablation.py", text="dog " * 200)))
    assert "·France" in says(checked(run("ablation.py", text="dog " * 2_000 + TEXT)))  # the end is what is used
    app = run("ablation.py", text="")
    assert "no token" in app.error[0].value + str(app.error[0].proto)
    assert "not a choice for Model" in says(checked(run("ablation.py", model="minilm-l6")))
