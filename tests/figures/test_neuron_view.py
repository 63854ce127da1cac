"""The neuron view's page: what is sent, text that stays text, and a bertviz that has changed."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from playground.errors import BadInput
from playground.figures import bertviz, neuron_view
from tests.figures.test_bertviz import HOSTILE, scripts, sent


def draw(tokens: list[str], **more: object) -> str:
    rng = np.random.default_rng(len(tokens))
    queries, keys = rng.normal(size=(2, len(tokens), 6))
    weights = np.full((len(tokens), len(tokens)), 1 / len(tokens))
    shared = {"d3": "var d3Stub = 1;", "jquery": "var jQueryStub = '</script>';", "causal": True}
    return neuron_view.neuron_view(queries, keys, weights, tokens, **(shared | more))


def test_one_heads_numbers_are_sent_once_and_rounded() -> None:
    html = draw(list("abc"), query=1)
    params = sent(html)
    payload = params["attention"][0]
    queries, keys = np.random.default_rng(3).normal(size=(2, 3, 6))
    assert np.array_equal(payload["queries"], np.round(queries, 3)[None, None])
    assert np.array_equal(payload["keys"], np.round(keys, 3)[None, None])
    assert np.shape(payload["attn"]) == (1, 1, 3, 3)
    assert (params["bidirectional"], params["query"]) == (False, 1)
    assert sent(draw(list("abc"), causal=False))["bidirectional"] is True
    assert html.count('"queries":[[') == 1


def test_the_same_input_gives_the_same_bytes_and_nothing_points_outside() -> None:
    assert draw(list("ab")) == draw(list("ab"))
    assert "cdnjs" not in draw(list("ab")) and "default-src 'none'" in draw(list("ab"))


def test_text_can_not_become_html() -> None:
    html = draw(HOSTILE)
    assert len(scripts(html)) == html.count("</script>") == html.count("<script>") == 7
    assert sent(html)["attention"][0]["left_full"] == [f"{i}: {token}" for i, token in enumerate(HOSTILE)]


def test_labels_are_needed_for_every_token() -> None:
    with pytest.raises(BadInput):
        neuron_view.neuron_view(np.ones((2, 4)), np.ones((2, 4)), np.eye(2), ["a"], d3="", jquery="", causal=True)


def test_a_changed_bertviz_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(bertviz.find_spec("bertviz").origin).parent  # type: ignore[union-attr,arg-type]
    source = (package / "neuron_view.js").read_text(encoding="utf-8")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(bertviz, "find_spec", lambda name: spec)
    for old, _ in neuron_view.CHANGES:
        bertviz._script.cache_clear()
        (tmp_path / "neuron_view.js").write_text(source.replace(old, old[:-1]), encoding="utf-8")
        with pytest.raises(RuntimeError, match="has changed"):
            bertviz._script("neuron_view.js", neuron_view.CHANGES)
    bertviz._script.cache_clear()
