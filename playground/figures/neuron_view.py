"""bertviz's neuron view of the running model: how one head's queries and keys, number by number, become its weights.

bertviz itself computes queries and keys with copies it carries of BERT, GPT-2 and RoBERTa; here its drawing is fed
with those captured from the model on the page: after RoPE, the key head that the query head shares. What is changed in
its JavaScript, and that a change which no longer finds its place raises, is as in ``bertviz``.
"""

from collections.abc import Sequence

import numpy as np

from playground.errors import BadInput
from playground.figures import bertviz, palette
from playground.figures.attention import short

DIGITS = 3

CHANGES = (
    (
        """require.config({
    paths: {
        d3: 'https://cdnjs.cloudflare.com/ajax/libs/d3/5.7.0/d3.min',
        jquery: 'https://cdnjs.cloudflare.com/ajax/libs/jquery/2.0.0/jquery.min',
    }
});""",
        "",
    ),
    ("const params = window.bertviz_params", "const params = window.bertvizParams;"),
    ("return PALETTE[config.mode][name]", "return params['colours'][name]"),
    # As wide as there is room for; with less than that the frame scrolls.
    ("const MATRIX_WIDTH = 200;", "const MATRIX_WIDTH = Math.max(100, Math.min(230, (window.innerWidth - 470) / 3));"),
    (
        '.attr("width", "100%")',
        '.attr("width", 2 * BOXWIDTH + 3 * MATRIX_WIDTH + 7 * PADDING_WIDTH + BOXHEIGHT)',
    ),
    ("const HEADING_TEXT_SIZE = 16;", "const HEADING_TEXT_SIZE = 14;"),
    ('.attr("x", posQueries + 68)', '.attr("x", posQueries + MATRIX_WIDTH / 2 - 25)'),
    ('.attr("x", posKeys + 73)', '.attr("x", posKeys + MATRIX_WIDTH / 2 - 20)'),
    ('.attr("x", posProduct + 28)', '.attr("x", posProduct + MATRIX_WIDTH / 2 - 20)'),
    (".text('q \\u00D7 k (elementwise)')", ".text('q \\u00D7 k')"),
    ('.attr("x", posDotProduct - 6)', '.attr("x", posDotProduct - 14)'),
    (".text(' \\u2219 k')", ".text('\\u00B7k/\\u221Ad')"),  # what it draws there is the scaled product
    ('.text("Softmax");', '.text("Weight");'),
    # The computation is what this view is for: it is open, one token is chosen at first, and leaving keeps it.
    (
        "config.expanded = false;\n            config.bidirectional",
        "config.expanded = true;\n            config.index = params['query'];\n            config.bidirectional",
    ),
    (
        "                    config.index = null;\n                    unhighlightSelection(svg);\n"
        "                    hideComputation(svg)\n",
        "",
    ),
    (
        "if (expanded) {\n                    tokenContainer.append('path')",
        "if (!params['closable']) return;\n                if (expanded) {\n"
        "                    tokenContainer.append('path')",
    ),
    # Chosen by pointing, by a tap, or by the keyboard.
    (
        'tokenContainer.on("mouseover", function (d, index) {',
        'tokenContainer.attr("tabindex", 0).on("mouseover click focus", function (d, index) {',
    ),
    (
        'var textContainer = tokenContainer.append("text")',
        'tokenContainer.append("title").text((d, i) => '
        "config.attention[config.filter][id == 'leftText' ? 'left_full' : 'right_full'][i]);\n"
        '            var textContainer = tokenContainer.append("text")',
    ),
    # Strong and pale by each picture's own range: keys of this model are ten times its queries.
    (
        "return Math.tanh(Math.abs(d) / 4);\n                })\n        }\n\n        function renderText(",
        "return Math.tanh(Math.abs(d) / params['scale'][id]);\n                })\n        }\n\n"
        "        function renderText(",
    ),
    (
        "return Math.tanh(Math.abs(d) / 4);\n                });\n        }\n\n        function showCollapsed(",
        "return Math.tanh(Math.abs(d) / params['scale'][id]);\n                });\n        }\n\n"
        "        function showCollapsed(",
    ),
    (
        'container.selectAll(".highlight")\n                .data(attn)',
        'container.selectAll(".token").attr("data-value", (d, i) => attn[i]);\n'
        '            container.selectAll(".highlight")\n                .data(attn)',
    ),
)

_VALUES = """
(() => {
  const tip = document.getElementById('tip');
  document.addEventListener('mouseover', event => {
    const value = event.target.getAttribute && event.target.getAttribute('data-value');
    tip.hidden = value === null;
    if (tip.hidden) return;
    tip.textContent = (+value).toFixed(3);
    tip.style.left = Math.min(event.pageX + 10, document.documentElement.scrollWidth - 70) + 'px';
    tip.style.top = event.pageY - 30 + 'px';
  });
})();
"""
# The frames around vectors and the lines lie over the cells, and would take the pointer from them.
_TIP = (
    "<style>#key-vector-highlights, #product-vector-highlights, .qk-line-group, .horiz-line-group "
    "{ pointer-events: none; } #tip { position: absolute; padding: 1px 6px; border-radius: 4px; pointer-events: none; "
    "background: var(--ink); color: var(--paper); font: 13px ui-monospace, monospace; } #tip[hidden] { display: none; }"
    "</style><div id='tip' hidden></div>"
)


def neuron_view(
    queries_Td: np.ndarray,
    keys_Sd: np.ndarray,
    weights_TS: np.ndarray,
    tokens: Sequence[str],
    *,
    d3: str,
    jquery: str,
    causal: bool,
    query: int | None = None,
) -> str:
    """HTML of the neuron view of one head; ``query`` is the token chosen at first (the last by default).

    ``tokens`` are labels as a person should read them.
    """
    if not len(tokens) == len(queries_Td) == len(keys_Sd) == len(weights_TS) or not len(tokens):
        raise BadInput(
            f"{len(tokens)} tokens for {len(queries_Td)} queries and {len(keys_Sd)} keys", "Give one label for each."
        )
    shown = {
        "attn": [[_rounded(weights_TS)]],
        "queries": [[_rounded(queries_Td)]],
        "keys": [[_rounded(keys_Sd)]],
        "left_text": [short(label) for label in tokens],
        "right_text": [short(label) for label in tokens],
        "left_full": [f"{i}: {label}" for i, label in enumerate(tokens)],
        "right_full": [f"{i}: {label}" for i, label in enumerate(tokens)],
    }
    params = {
        "attention": [shown],
        "default_filter": 0,
        "root_div_id": bertviz.ROOT_ID,
        "bidirectional": not causal,
        "query": len(tokens) - 1 if query is None else query,
        "closable": False,
        "colours": _COLOURS,
        "scale": {
            "queries": _strong(queries_Td),
            "keys": _strong(keys_Sd),
            "product": _strong(queries_Td[:, None] * keys_Sd[None]),
        },
    }
    html = bertviz._page("neuron_view.js", CHANGES, params, d3, jquery)
    return html.replace("</body>", f"{_TIP}<script>{_VALUES}</script></body>")


_COLOURS = {
    "attn": palette.BLUE,
    "connector": palette.SKY,
    "pos": palette.BLUE,
    "neg": palette.ORANGE,
    "text": "var(--ink)",
    "selected_text": "var(--ink)",
    "heading_text": "var(--ink)",
    "text_highlight_left": "var(--highlight)",
    "text_highlight_right": f"color-mix(in srgb, {palette.SKY} 55%, var(--paper))",
    "vector_border": "color-mix(in srgb, var(--ink) 15%, transparent)",
    "background": "transparent",
    "dropdown": "var(--ink)",
    "icon": "var(--ink)",
}


def _rounded(values: np.ndarray) -> list[list[float]]:
    rounded: list[list[float]] = np.round(values.astype(np.float64), DIGITS).tolist()
    return rounded


def _strong(values: np.ndarray) -> float:
    """What counts as a large number here: most are smaller."""
    return round(float(np.quantile(np.abs(values), 0.95)), DIGITS) or 1.0
