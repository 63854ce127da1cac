"""bertviz without a network: the changes to its JavaScript, what is sent, and text that tries to be HTML."""

import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from playground import limits
from playground.errors import BadInput
from playground.figures import bertviz
from tests.core.test_attention import softmax_maps

HOSTILE = ["</script><img src=x onerror=alert(1)>", "<!--", "<script>", "\u2028", '"\\', "·" * 40, "😀", "]]>"]
VIEWS = pytest.mark.parametrize("view", [bertviz.head_view, bertviz.model_view])


def draw(view: Callable[..., str], maps: np.ndarray, tokens: list[str], **more: object) -> str:
    return view(maps, tokens, d3="var d3Stub = 1;", jquery="var jQueryStub = '</script>';", **more)


def sent(html: str) -> dict:
    """The one payload in the page, as the browser's parser sees it."""
    (found,) = [s for s in scripts(html) if s.startswith("window.bertvizParams=")]
    return json.loads(found.removeprefix("window.bertvizParams=").removesuffix(";"))


def scripts(html: str) -> list[str]:
    class Reader(HTMLParser):
        found: list[str]
        tags: list[str]

        def handle_starttag(self, tag: str, attrs: list) -> None:
            self.tags.append(tag)
            if tag == "script":
                self.found.append("")

        def handle_data(self, data: str) -> None:
            if self.tags and self.tags[-1] == "script" and self.found and self.cdata_elem == "script":
                self.found[-1] += data

    reader = Reader()
    reader.found, reader.tags = [], []
    reader.feed(html)
    assert "img" not in reader.tags
    return reader.found


def test_the_pinned_version_is_installed() -> None:
    assert version("bertviz") == "1.4.1"


@VIEWS
def test_only_the_layers_shown_are_sent_once_and_rounded(view: Callable[..., str]) -> None:
    maps = softmax_maps(1, layers=4, count=3, tokens=5, causal=True)
    html = draw(view, maps, list("abcde"), layers=[2, 3])
    params = sent(html)
    assert np.array_equal(params["attention"][0]["attn"], np.round(maps[[2, 3]].astype(float), 3))
    assert params["include_layers"] == [2, 3]
    assert html.count('"attn"') == 1 and "PYTHON_PARAMS" not in html
    assert max(len(number) for number in re.findall(r"0\.\d+", json.dumps(params["attention"][0]["attn"]))) <= 5


@VIEWS
def test_the_same_input_gives_the_same_bytes(view: Callable[..., str]) -> None:
    maps = softmax_maps(2, layers=2, count=2, tokens=3, causal=False)
    assert draw(view, maps, list("abc")) == draw(view, maps.copy(), list("abc"))


@VIEWS
def test_nothing_points_outside(view: Callable[..., str]) -> None:
    html = draw(view, softmax_maps(3, 1, 2, 2, False), ["a", "b"])
    code = re.sub(r"/\*.*?\*/", "", html, flags=re.DOTALL)  # bertviz's header names what it is based on
    assert re.findall(r"https?://[^\s'\"<]+", code) == ["http://www.w3.org/2000/svg"]  # a namespace, never fetched
    assert "default-src 'none'" in html


@VIEWS
def test_text_can_not_become_html(view: Callable[..., str]) -> None:
    html = draw(view, softmax_maps(4, 1, 2, len(HOSTILE), False), HOSTILE)
    assert len(scripts(html)) == html.count("</script>") == html.count("<script>") == 6
    payload = sent(html)["attention"][0]
    assert payload["left_full"] == payload["right_full"] == [f"{i}: {token}" for i, token in enumerate(HOSTILE)]
    data = next(line for line in html.split("<script>") if line.startswith("window.bertvizParams"))
    assert "<" not in data.removesuffix("</script>")


@VIEWS
def test_labels_keep_their_place(view: Callable[..., str]) -> None:
    tokens = ["·internationalization", "汉" * 20, "cat"]
    shown = sent(draw(view, softmax_maps(5, 1, 1, 3, False), tokens))["attention"][0]["left_text"]
    assert shown == ["·internationa…", "汉汉汉汉汉汉…", "cat"]
    width = [sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in label) for label in shown]
    assert max(width) <= 14


@VIEWS
def test_cross_attention_has_two_texts(view: Callable[..., str]) -> None:
    cross = np.full((1, 1, 2, 4), 0.25)
    payload = sent(draw(view, cross, ["a", "b"], to_tokens=list("wxyz")))["attention"][0]
    assert (payload["left_text"], payload["right_text"]) == (["a", "b"], list("wxyz"))


@VIEWS
@pytest.mark.parametrize("tokens", [["a"], ["a", "b", "c"]])
def test_a_wrong_number_of_tokens_is_refused(view: Callable[..., str], tokens: list[str]) -> None:
    with pytest.raises(BadInput):
        draw(view, softmax_maps(6, 1, 1, 2, False), tokens)


def test_heads_are_told_apart() -> None:
    for count in (1, 9, 12, 16, 32, 64):
        assert len(set(bertviz.head_colours(count))) == count
    params = sent(draw(bertviz.head_view, softmax_maps(7, 1, 12, 2, False), ["a", "b"], heads=[4]))
    assert len(set(params["head_colours"])) == 12 and set(params["head_inks"]) <= {"black", "white"}
    assert params["heads"] == [4]


def test_the_payload_is_a_fraction_of_stock_bertviz() -> None:
    """Stock: every layer, twice, at full length."""
    torch = pytest.importorskip("torch")
    from bertviz import head_view

    maps = softmax_maps(8, layers=6, count=12, tokens=16, causal=False)
    names = [f"t{i}" for i in range(16)]
    stock = head_view([torch.tensor(layer[None]) for layer in maps], names, html_action="return").data
    ours = bertviz.head_view(maps, names, d3="", jquery="", layers=[0], heads=[0])
    assert len(stock) > 6 * len(ours) and stock.count('"attn"') == 2


@pytest.mark.parametrize("file", ["head_view.js", "model_view.js"])
def test_a_changed_bertviz_is_noticed(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"head_view.js": bertviz._HEAD_VIEW, "model_view.js": bertviz._MODEL_VIEW}[file]
    package = Path(bertviz.find_spec("bertviz").origin).parent  # type: ignore[union-attr,arg-type]
    source = (package / file).read_text(encoding="utf-8")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(bertviz, "find_spec", lambda name: spec)
    for old, _ in changes:
        bertviz._script.cache_clear()
        for broken in (source.replace(old, old[:-1]), source + old):  # gone, and there twice
            (tmp_path / file).write_text(broken, encoding="utf-8")
            with pytest.raises(RuntimeError, match="has changed"):
                bertviz._script(file, changes)
    bertviz._script.cache_clear()


def test_too_long_texts_are_told() -> None:
    assert bertviz.too_long("head view", limits.HEAD_VIEW_TOKENS) == ()
    assert "showing the heatmap" in bertviz.too_long("head view", limits.HEAD_VIEW_TOKENS + 1)[0]
    assert "showing the heatmap" in bertviz.too_long("model view", limits.MODEL_VIEW_TOKENS + 1)[0]
    assert bertviz.too_long("overview", 10**6) == ()


@VIEWS
def test_labels_of_a_text_without_its_first_token_keep_their_positions(view: Callable[..., str]) -> None:
    shown = sent(draw(view, softmax_maps(1, 1, 2, 2, True), ["b", "c"], first=1))["attention"][0]
    assert shown["left_full"] == shown["right_full"] == ["1: b", "2: c"]
