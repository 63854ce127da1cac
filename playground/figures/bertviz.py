"""bertviz's head view and model view as one HTML page that needs no network, for ``st.iframe``.

The drawing is bertviz's own JavaScript, read from the installed package and changed in the places listed below. As it
comes it can't be used here: it loads RequireJS, D3 and jQuery from a CDN; writes the weights into the page twice, at 17
digits; and puts tokens between script tags unescaped, where ``</script>`` in a token runs as HTML in the app's origin.
A change that no longer finds its place, because bertviz itself changed, raises (and fails a test) instead.
"""

import colorsys
import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from playground import limits
from playground.errors import BadInput
from playground.figures import palette
from playground.figures.attention import short

DIGITS = 3  # of a weight; a line of less than 0.002 can't be seen
THUMBNAIL_PX = 64  # a thumbnail's height in the model view, with 12 or more tokens
ROOT_ID = "bertviz"  # fixed: the same input gives the same bytes, and Streamlit leaves an unchanged frame alone

_CDN = (
    """require.config({
  paths: {
      d3: 'https://cdnjs.cloudflare.com/ajax/libs/d3/5.7.0/d3.min',
    jquery: 'https://cdnjs.cloudflare.com/ajax/libs/jquery/2.0.0/jquery.min',
  }
});""",
    "",
)
_PAYLOAD = (
    "const params = PYTHON_PARAMS; // HACK: PYTHON_PARAMS is a template marker that is replaced by actual params.",
    "const params = window.bertvizParams;",
)
# A line only where it can be seen. `select` keeps the index of each weight, drawn or not.
_SEEN = ".select(window.visibleLine)"

_HEAD_VIEW = (
    _CDN,
    _PAYLOAD,
    ("const MATRIX_WIDTH = 115;", "const MATRIX_WIDTH = Math.max(115, Math.min(300, window.innerWidth - 240));"),
    ("const CHECKBOX_SIZE = 20;", "const CHECKBOX_SIZE = Math.min(24, 330 / params['head_colours'].length);"),
    ("headColors = d3.scaleOrdinal(d3.schemeCategory10);", "headColors = i => params['head_colours'][i];"),
    (
        'const textEl = tokenContainer.append("text")',
        'tokenContainer.append("title").text((d, i) => attentionNames(isLeft)[i]);\n        '
        'const textEl = tokenContainer.append("text")',
    ),
    (
        "    function boxOffsets(i) {",
        "    function attentionNames(isLeft) {\n"
        "        return config.attention[config.filter][isLeft ? 'left_full' : 'right_full'];\n"
        "    }\n\n    function boxOffsets(i) {",
    ),
    # Lines only for the heads switched on; a click on a square draws anew instead of changing opacities.
    (
        '.append("line")\n            .attr("x1", BOXWIDTH)',
        ".select(function (d) {\n"
        "                const head = +this._parent.parentNode.getAttribute('head-index');\n"
        "                return config.headVis[head] ? window.visibleLine.call(this, d) : null;\n"
        '            })\n            .attr("x1", BOXWIDTH)',
    ),
    ("function drawCheckboxes(top, svg) {", "function drawCheckboxes(top, svg, attention) {"),
    (
        "config.headVis[i] = !config.headVis[i];\n            updateCheckboxes();\n            updateAttention(svg);",
        "config.headVis[i] = !config.headVis[i];\n            updateCheckboxes();\n            "
        "renderAttention(svg, attention);",
    ),
    (
        "config.headVis[i] = true;\n            }\n            updateCheckboxes();\n            updateAttention(svg);",
        "config.headVis[i] = true;\n            }\n            updateCheckboxes();\n            "
        "renderAttention(svg, attention);",
    ),
    # Nine heads at a ninth of their opacity each are invisible; the square root keeps one head exact and all in view.
    ("return d / activeHeads()", "return d / Math.sqrt(activeHeads())"),
    # "Lightened" means brighter on a dark page: fade instead. The number tells heads apart beyond their colour.
    (
        '.attr("fill", (d, i) => d ? headColors(i): lighten(headColors(i)));',
        '.attr("fill-opacity", d => d ? 1 : 0.2);\n'
        '            checkboxContainer.selectAll("text").data(config.headVis)\n'
        "                .style(\"fill\", (d, i) => d ? params['head_inks'][i] : null);",
    ),
    (
        '        updateCheckboxes();\n\n        checkbox.on("click"',
        '        checkbox.append("title").text((d, i) => `Head ${i}`);\n'
        '        checkboxContainer.selectAll("text").data(config.headVis).enter().append("text")\n'
        "            .text((d, i) => i)\n"
        '            .attr("class", "head-number")\n'
        '            .attr("x", (d, i) => (i + .5) * CHECKBOX_SIZE)\n'
        '            .attr("y", top + CHECKBOX_SIZE / 2);\n'
        '        updateCheckboxes();\n\n        checkbox.on("click"',
    ),
)

_MODEL_VIEW = (
    _CDN,
    _PAYLOAD,
    ("const DIV_WIDTH = 970;", "const DIV_WIDTH = Math.max(560, window.innerWidth - 24);"),
    ("const LAYER_COLORS = d3.schemeCategory10;", "const LAYER_COLORS = params['layer_colours'];"),
    ("return LAYER_COLORS[config.layers[layer] % 10];", "return LAYER_COLORS[config.layers[layer]];"),
    # Thirty layers of thumbnails as tall as bertviz makes them are seven screens; these are two.
    (
        "config.thumbnailBoxHeight = 7 * (12 / config.totalHeads);",
        f"config.thumbnailBoxHeight = Math.min(7, {THUMBNAIL_PX} / "
        "Math.max(config.leftText.length, config.rightText.length));",
    ),
    ("return PALETTE[config.mode]['text']", "return 'var(--ink)'"),
    ("return PALETTE[config.mode]['background']", "return 'var(--paper)'"),
    ("return PALETTE[config.mode]['highlight']", "return 'var(--highlight)'"),
    ('console.log("x", x, y)\n', ""),
    ('.append("line")\n                .attr("x1", x1)', f'{_SEEN}\n                .attr("x1", x1)'),
    (
        '.append("line")\n                .attr("x1", x + ATTN_PADDING)',
        f'{_SEEN}\n                .attr("x1", x + ATTN_PADDING)',
    ),
    (
        'var textContainer = tokenContainer.append("text")',
        'tokenContainer.append("title").text((d, i) => '
        "config.attention[config.filter][id == \"leftText\" ? 'left_full' : 'right_full'][i]);\n            "
        'var textContainer = tokenContainer.append("text")',
    ),
    (
        'clickRegion.on("click"',
        'clickRegion.append("title").text(`Layer ${config.layers[layerIndex]}, head ${config.heads[headIndex]}`);\n'
        '            clickRegion.on("click"',
    ),
)

# The page's own colours, taken from the app around it and again whenever they change; alone, the browser's.
_THEME = """
(() => {
  let app = null;
  try { app = window.parent.document.querySelector('.stApp'); } catch (outside) { return; }
  if (!app) return;
  const follow = () => {
    const style = window.parent.getComputedStyle(app), root = document.documentElement.style;
    root.setProperty('--paper', style.backgroundColor);
    root.setProperty('--ink', style.color);
  };
  follow();
  new MutationObserver(() => requestAnimationFrame(follow)).observe(app, {attributes: true});
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => setTimeout(follow, 300));
})();
"""
_LIBRARIES = """
window.visibleLine = function (weight) {
  return weight < 0.002 ? null : this.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'line'));
};
window.requirejs = (names, use) => use(window.jQuery, window.d3);
"""
_STYLE = """
:root { --paper: Canvas; --ink: CanvasText; --highlight: color-mix(in srgb, var(--ink) 12%, var(--paper)); }
body { margin: 0; color: var(--ink); background: transparent; font: 15px system-ui, sans-serif; }
#bar { margin-bottom: 6px; } #bar[hidden] { display: none; }
select { color: var(--ink); background: var(--paper); border: 1px solid var(--ink); border-radius: 4px; }
svg { display: block; } svg text { fill: var(--ink); white-space: pre; }
svg .background { fill: var(--highlight); }
svg text.head-number { font-size: 11px; text-anchor: middle; dominant-baseline: central; pointer-events: none; }
"""
# Nothing in this page may ask for anything, whatever its text says.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


TOKENS = {
    "head view": limits.HEAD_VIEW_TOKENS,
    "model view": limits.MODEL_VIEW_TOKENS,
    "neuron view": limits.NEURON_VIEW_TOKENS,
}


def too_long(view: str, tokens: int) -> tuple[str, ...]:
    """A notice where ``view`` would draw more lines than a browser bears: the heatmap takes its place.

    >>> too_long("model view", 200)
    ('The model view draws up to 24 tokens and this text has 200: showing the heatmap.',)
    >>> too_long("head view", 20), too_long("heatmap", 2000)
    ((), ())
    """
    allowed = TOKENS.get(view, tokens)
    notice = f"The {view} draws up to {allowed:,} tokens and this text has {tokens:,}: showing the heatmap."
    return (notice,) if tokens > allowed else ()


def head_view(
    attention_LHTS: np.ndarray,
    tokens: Sequence[str],
    *,
    d3: str,
    jquery: str,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    to_tokens: Sequence[str] | None = None,
    first: int = 0,
) -> str:
    """HTML of bertviz's head view: lines from each token to those it looks at, one colour a head.

    Only ``layers`` are sent (all by default); ``heads`` are switched on at first (all by default). ``tokens`` are
    labels as a person should read them; ``to_tokens`` those of the keys where they are another text; ``first`` is the
    position of the first label.
    """
    chosen = list(range(attention_LHTS.shape[0]) if layers is None else layers)
    total = attention_LHTS.shape[1]
    colours = head_colours(total)
    more = {
        "layer": chosen[0],
        "heads": list(heads) if heads is not None else list(range(total)),
        "head_colours": colours,
        "head_inks": [_ink_on(colour) for colour in colours],
    }
    params = _params(attention_LHTS, tokens, tokens if to_tokens is None else to_tokens, chosen, first) | more
    return _page("head_view.js", _HEAD_VIEW, params, d3, jquery)


def model_view(
    attention_LHTS: np.ndarray,
    tokens: Sequence[str],
    *,
    d3: str,
    jquery: str,
    layers: Sequence[int] | None = None,
    to_tokens: Sequence[str] | None = None,
    first: int = 0,
) -> str:
    """HTML of bertviz's model view: a thumbnail for every layer and head, a click enlarges it."""
    total_layers, heads = attention_LHTS.shape[:2]
    chosen = list(range(total_layers) if layers is None else layers)
    more = {
        "include_heads": list(range(heads)),
        "total_heads": heads,
        "layer_colours": [palette.HEADS[layer % len(palette.HEADS)] for layer in range(total_layers)],
    }
    params = _params(attention_LHTS, tokens, tokens if to_tokens is None else to_tokens, chosen, first) | more
    return _page("model_view.js", _MODEL_VIEW, params, d3, jquery)


def model_view_height(layers: int, tokens: int) -> int:
    """Pixels the model view is tall: its thumbnails, or the enlarged one where that is taller."""
    return 50 + max(layers * (10 + min(7 * tokens, THUMBNAIL_PX)), 18 * tokens + 20)


def head_colours(count: int) -> list[str]:
    """One colour a head, all different: the palette's, or evenly spaced hues where it has too few.

    >>> len(set(head_colours(12))), len(set(head_colours(32)))
    (12, 32)
    """
    if count <= len(palette.HEADS):
        return list(palette.HEADS[:count])
    rgb = (colorsys.hls_to_rgb(i / count, 0.42 if i % 2 else 0.58, 0.65) for i in range(count))
    return ["#" + "".join(f"{round(255 * channel):02X}" for channel in colour) for colour in rgb]


def _ink_on(colour: str) -> str:
    """Black or white, whichever contrasts more (WCAG 2.1's relative luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "white"


def _params(
    attention_LHTS: np.ndarray, left: Sequence[str], right: Sequence[str], layers: list[int], first: int
) -> dict[str, Any]:
    if attention_LHTS.shape[2:] != (len(left), len(right)) or not layers:
        raise BadInput(
            f"Attention of shape {attention_LHTS.shape} for {len(left)} and {len(right)} tokens, layers {layers}",
            "Give one token for each query and each key, and at least one layer.",
        )
    weights = np.round(
        attention_LHTS[layers].astype(np.float64), DIGITS
    )  # rounded as float64: 0.123, not 0.12300000339
    shown = {
        "attn": weights.tolist(),
        "left_text": [short(label) for label in left],
        "right_text": [short(label) for label in right],
        "left_full": [f"{i}: {label}" for i, label in enumerate(left, first)],
        "right_full": [f"{i}: {label}" for i, label in enumerate(right, first)],
    }
    return {"attention": [shown], "default_filter": 0, "root_div_id": ROOT_ID, "include_layers": layers}


def _page(file: str, changes: tuple[tuple[str, str], ...], params: dict[str, Any], d3: str, jquery: str) -> str:
    # json leaves `<` as it is, and `</script>` would end the script whatever it stands in.
    data = json.dumps(params, separators=(",", ":")).replace("<", "\\u003c")
    scripts = (
        _THEME,
        _in_script(d3),
        _in_script(jquery),
        _LIBRARIES,
        f"window.bertvizParams={data};",
        _script(file, changes),
    )
    bar_hidden = "" if file == "head_view.js" and len(params["include_layers"]) > 1 else " hidden"
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head><body>'
        f'<div id="{ROOT_ID}"><div id="bar"{bar_hidden}>Layer <select id="layer"></select></div>'
        '<div id="vis"></div></div>' + "".join(f"<script>{script}</script>" for script in scripts) + "</body></html>"
    )


def _in_script(source: str) -> str:
    return source.replace("</script", "<\\/script")


@cache
def _script(file: str, changes: tuple[tuple[str, str], ...]) -> str:
    """bertviz's file with the changes made. ``find_spec`` finds it without importing bertviz, which imports torch."""
    package = find_spec("bertviz")
    if package is None or package.origin is None:
        raise RuntimeError("the package bertviz is not installed")
    source = (Path(package.origin).parent / file).read_text(encoding="utf-8")
    for old, new in changes:
        if source.count(old) != 1:
            raise RuntimeError(f"bertviz's {file} has changed: {old!r} is in it {source.count(old)} times, not once")
        source = source.replace(old, new)
    return source
