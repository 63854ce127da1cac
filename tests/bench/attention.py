"""The attention pages' figures, measured in one run: ``python -m tests.bench.attention``.

Attention recomputed from the captured queries and keys (float64, softmax(q·k/√d) with a mask of our own) against the
model's maps, over every layer and head of both models; the head view's bytes and the time to its picture in Chromium,
beside bertviz as it comes (its three CDN scripts served from this machine); the best induction head on random words.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from playground.core import attention, head_scores
from playground.figures import attention as figures
from playground.figures import bertviz
from playground.models import attention_capture, device, repeats, store
from playground.models import lens as lenses
from playground.models.lens import Lens
from tests.e2e.conftest import FLAGS

TEXT = "The animal didn't cross the street because it was too tired. It had walked a long way in the rain."
TOKENS = (16, 64, 128)
SEEDS = range(5)
DRAWN_MS = 240_000
# RequireJS's part in bertviz's page: load the two scripts that its config names, then call back.
_REQUIRE = """
window.require = window.requirejs = (names, use) => {
  const load = src => new Promise(done => {
    const script = document.createElement('script'); script.src = src; script.onload = done;
    document.head.append(script);
  });
  const paths = window.require.paths;
  Promise.all([load(paths.d3 + '.js'), load(paths.jquery + '.js')]).then(() => use(window.jQuery, window.d3));
};
window.require.config = config => { window.require.paths = config.paths; };
"""
_DRAWN = """() => new Promise(drawn => {
  const count = () => document.querySelectorAll('#vis svg #attention line').length;
  const look = () => requestAnimationFrame(
    count() ? () => requestAnimationFrame(() => drawn(count())) : look);
  look();
})"""


def recomputed(lens: Lens, ids: tuple[int, ...]) -> np.ndarray:
    """Every layer's weights from its own queries and keys, in float64: (layer, head, target, source)."""
    found: list[np.ndarray] = []
    causal = lens.kind == "decoder"

    def watch(module: Any, query: Any, key: Any, value: Any, mask: Any, scaling: float) -> Any:
        q_HTd, k_KSd = (x[0].double().cpu().numpy() for x in (query, key))
        scores_HTS = q_HTd @ np.repeat(k_KSd, len(q_HTd) // len(k_KSd), 0).swapaxes(1, 2) / np.sqrt(q_HTd.shape[-1])
        if causal:
            scores_HTS = np.where(np.tri(len(ids), dtype=bool), scores_HTS, -np.inf)
        weights_HTS = np.exp(scores_HTS - scores_HTS.max(-1, keepdims=True))
        found.append(weights_HTS / weights_HTS.sum(-1, keepdims=True))
        return attention_capture.own_attention(module, query, key, value, mask, scaling)

    def work() -> None:
        model = lens._loaded.model
        with torch.inference_mode(), attention_capture.watched(model, watch):
            model(torch.tensor([list(ids)], device=model.device))

    lens._loaded.worker.submit(work, owner="bench").wait()
    return np.stack(found)


def exactness(lens: Lens) -> None:
    """Print the largest difference over all layers and heads, and how far a row's sum is from 1."""
    ids = lens.encode(TEXT, "template").ids
    maps = lens.attentions(ids)
    error = np.abs(maps - recomputed(lens, ids)).max()
    sums = np.abs(maps.sum(-1, dtype=np.float64) - 1).max()
    print(
        f"  {lens.layers} x {lens.heads} heads, {len(ids)} tokens, {lens.dtype}: error {error:.2g}, row sums {sums:.2g}"
    )


def copying(lens: Lens) -> None:
    """Print the best induction head, previous-token head and the count of sinks on random words, by seed."""
    for seed in SEEDS:
        ids = lens.encode(repeats.twice(lens, 40, seed), "template").ids
        scores = attention.scores(lens.attentions(ids), ids)
        said = []
        for key in ("on_repeat", "on_previous"):
            place = head_scores.best(scores, key)
            assert place is not None
            said.append(f"{head_scores.BY_KEY[key].title} {getattr(scores, key)[place]:.3f} at {place[0]}.{place[1]}")
        print(f"  seed {seed}: {', '.join(said)}; {head_scores.sinks(scores)} sinks of {scores.on_first.size}")


def pages(lens: Lens, count: int, d3: str, jquery: str) -> dict[str, Callable[[], str]]:
    """The head view of a text of ``count`` tokens: ours (one layer is sent), and bertviz's own (all are)."""
    import bertviz as stock

    tokens = lens.encode(TEXT * 8).tokens[:count]
    maps = lens.attentions([token.id for token in tokens])
    labels = figures.labels(tokens)
    layers = [torch.tensor(layer)[None] for layer in maps]
    return {
        "here": lambda: bertviz.head_view(maps, labels, d3=d3, jquery=jquery, layers=[13], heads=[8]),
        "bertviz": lambda: str(stock.head_view(layers, list(labels), layer=13, heads=[8], html_action="return").data),
    }


def drawing(lens: Lens) -> None:
    """Print bytes and seconds from asking for the page to its lines, for each length and both pages."""
    from playwright.sync_api import sync_playwright

    d3, jquery = ((store.ensure(name) / f"{name}.min.js").read_text("utf-8") for name in ("d3", "jquery"))
    scripts = {"require": _REQUIRE, "d3": d3, "jquery": jquery}
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        for count in TOKENS:
            for name, make in pages(lens, count, d3, jquery).items():
                started = time.perf_counter()
                html = make()
                made_s = time.perf_counter() - started
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(DRAWN_MS)
                page.route("https://cdnjs.cloudflare.com/**", lambda route: route.fulfill(
                    body=next(body for part, body in scripts.items() if f"/{part}" in route.request.url),
                    content_type="text/javascript",
                ))  # fmt: skip
                file.write_text(html, encoding="utf-8")
                started = time.perf_counter()
                page.goto(file.as_uri(), wait_until="commit")
                lines = page.evaluate(_DRAWN)
                seconds = time.perf_counter() - started
                page.close()
                print(
                    f"  {count:4} tokens  {name:8}{len(html.encode()) / 1e6:8.2f} MB, made in {made_s:5.2f} s, "
                    f"picture after {seconds:6.2f} s, {lines:,} lines",
                    flush=True,
                )
        browser.close()


def main() -> None:
    """Print all of it."""
    device.prepare()
    for model_id in ("smollm2-135m", "minilm-l6"):
        with lenses.open(model_id) as lens:
            print(f"{lens.title}: recomputed against the model's own")
            exactness(lens)
            print("  on 40 random words, said twice")
            copying(lens)
    with lenses.open("smollm2-135m") as lens:
        print("head view, one layer of SmolLM2 in Chromium; both page and scripts from this machine")
        drawing(lens)


if __name__ == "__main__":
    main()
