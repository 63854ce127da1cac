"""The pictures of the architecture pages: what they show is what they were given, and no text becomes markup."""

import numpy as np
import pytest

from playground.core import masks
from playground.core.masked_modelling import Exercise
from playground.core.model_parts import Call, Weight, anatomy
from playground.core.model_parts_explained import Facts, attention_weights
from playground.core.span_corruption import corrupt
from playground.core.step import Alternative, Step
from playground.figures import architectures, encoder_decoder, model_parts, objectives

HOSTILE = "</script><img src=x onerror=alert(1)>"
FACTS = Facts(heads=4, kv_heads=2, head_size=8, activation="silu", rotary=True, scaled=True, distance=False)


def cells(figure) -> np.ndarray:
    return np.array(figure.data[0].z, float)


@pytest.mark.parametrize(("kind", "read", "written"), [("encoder", 3, 0), ("decoder", 4, 0), ("encoder-decoder", 3, 2)])
def test_a_mask_is_filled_where_a_token_may_look(kind, read: int, written: int) -> None:
    names = [HOSTILE] * (read + written)
    figure = architectures.mask(kind, names, read)
    np.testing.assert_array_equal(~np.isnan(cells(figure)), masks.of(kind, read, written))
    assert "<img" not in figure.to_json().replace("\\u003c", "<")


def test_three_maps_in_one_square() -> None:
    whole = architectures.together(np.full((3, 3), 0.1), np.full((2, 2), 0.2), np.full((2, 3), 0.3))
    assert np.isnan(whole[:3, 3:]).all() and np.isnan(whole[3, 4])
    np.testing.assert_allclose(whole[:3, :3], 0.1)
    np.testing.assert_allclose(whole[3:, :3], 0.3)
    np.testing.assert_allclose(whole[4, 3:], 0.2)


def test_hidden_tokens_say_what_must_be_said() -> None:
    one = Exercise((1, 103, 5, 4), (None, 2, 3, 4), ("", "masked", "random", "kept"))
    html = objectives.masked(one, lambda token: f"{HOSTILE}{token}", {1: [("word", 0.5)]})
    assert html.count("ob-asked' style") == 3 and "50 %" in html and "<img" not in html
    assert "must say <u>" in html


def test_losses_are_drawn_and_escaped() -> None:
    tokens = [
        objectives.Cost(HOSTILE, 2.0, 2.0 * np.log(2), 1, HOSTILE, 0.5),
        objectives.Cost("b", 0.0, 0.0, 0, "b", 1.0),
    ]
    html = objectives.costs("a", tokens)
    assert "<img" not in html and "2.00 bits = 1.39 nats, 25 %, number 2 of the vocabulary" in html
    figure = objectives.bars(tokens, blind_nats=5.0, mean_nats=0.7)
    np.testing.assert_allclose(figure.data[0].y, [1.3863, 0], atol=1e-4)
    assert "<img" not in "".join(figure.data[0].text) + "".join(figure.layout.xaxis.ticktext)


def test_spans_show_the_text_what_is_read_and_what_is_written() -> None:
    ids, noise = [7, 8, 9], np.array([False, True, True])
    html = objectives.spans(ids, noise, corrupt(ids, noise), lambda token: f"<b>{token}")
    assert (
        html.count("ob-cut'") == 4 and html.count("&lt;extra_id_0&gt;") == 2 and html.count("&lt;extra_id_1&gt;") == 1
    )
    assert "<b><b>" not in html


def taken_apart():
    held = [
        Weight("model.embed.weight", "Embedding", (20, 16), 4),
        *(Weight(f"model.layers.{n}.self_attn.q_proj.weight", "Linear", (32, 16), 4) for n in range(2)),
        *(Weight(f"model.layers.{n}.self_attn.k_proj.weight", "Linear", (16, 16), 4) for n in range(2)),
        Weight("lm_head.weight", "Linear", (20, 16), 4, "model.embed.weight"),
    ]
    calls = [Call("model.embed", (3,), (3, 16))]
    for n in range(2):
        calls += [
            Call(f"model.layers.{n}.self_attn.{m}_proj", (3, 16), (3, size)) for m, size in (("q", 32), ("k", 16))
        ]
    return anatomy(held, [*calls, Call("lm_head", (1, 16), (1, 20))], two_stacks=False)


def test_the_way_through_a_model_names_every_part_once() -> None:
    found = taken_apart()
    html = model_parts.way(found, FACTS, 3, writes=True)
    assert "Blocks 0–1" in html and "× 2" in html and html.count("<details class='mp-part") == 3
    assert "[3, 16]" in html and "[4, 3, 3]" in html and "counted once" in html and "= model.embed.weight" in html
    assert attention_weights(found.parts[1], FACTS) == (4, 3, 3)


def test_the_bars_and_the_file_add_up() -> None:
    found = taken_apart()
    assert sum(model_parts.sizes(found).data[0].x) == found.parameters == 20 * 16 + 2 * (32 + 16) * 16
    rows = model_parts.rows(found)
    assert sum(int(str(row["parameters"])) for row in rows) == found.parameters and len(rows) == 6


def test_a_step_tells_where_it_looks() -> None:
    steps = [
        Step(1, 0.9, 1.0, 0, alternatives=(Alternative(1, 0.9, 1.0), Alternative(2, 0.1, 0.0))),
        Step(2, 0.6, 1.0, 0, "stop", (Alternative(2, 0.6, 1.0),)),
    ]
    weights = np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]])
    data = encoder_decoder.film("abc", ["<pad>", "1"], steps, weights, str)
    first, second = data["steps"]
    assert first["looks"] == "b (70 %)" and second["looks"] == "a (40 %), b (30 %)"
    assert first["fed"] == ["<pad>"] and second["fed"] == ["<pad>", "1"] and second["written"] == ["1", "2"]
    assert [o["taken"] for o in first["options"]] == [True, False] and second["end"] and not first["end"]
    rows = encoder_decoder.rows(weights[None, None], list("abc"), ["1", "2"])
    assert len(rows) == 6 and rows[1] == {
        "layer": 0, "head": 0, "written": "1", "written_at": 0, "read": "b", "read_at": 1, "weight": 0.7,
    }  # fmt: skip
    figure = encoder_decoder.cross(weights, [HOSTILE, "b", "c"], ["1", "2"], 1)
    assert "<img" not in "".join(figure.layout.xaxis.ticktext) and figure.layout.shapes[-1].y0 == 0.5
