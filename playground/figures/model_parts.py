"""The data's way through a model as HTML that folds, and its parameters by part as a chart.

The HTML is for ``st.html``: every text in it is escaped, every part is a ``details`` element that a keyboard opens too.
"""

from collections.abc import Iterable
from html import escape

import plotly.graph_objects as go

from playground.core.model_parts import Anatomy, Block, Kind, Part, Shape
from playground.core.model_parts_explained import Facts, attention_weights, explain
from playground.core.units import format_gb
from playground.figures import palette

NAMES: dict[Kind, str] = {
    "embedding": "embedding",
    "positions": "positions",
    "segments": "segments",
    "norm": "norms",
    "attention": "attention",
    "cross-attention": "cross-attention",
    "feed-forward": "feed-forward",
    "unembedding": "unembedding",
    "pooler": "pooler",
    "other": "other",
}
STACKS = {"": "", "encoder": "Encoder: reads", "decoder": "Decoder: writes"}
_ADDED = {"attention", "cross-attention", "feed-forward"}  # whose result is added to what came in
_ROWS = {"positions", "segments"}  # whose rows are added to the embedding's


def way(anatomy: Anatomy, facts: Facts, tokens: int, *, writes: bool) -> str:
    """The way from token ids to the result; a column for each stack, blocks that are alike folded into one.

    ``writes``: its result are logits for the next token.
    """
    columns = "".join(_column(anatomy, stack, facts, tokens, writes) for stack in anatomy.stacks)
    return f"{_STYLE}<div class='mp-way'>{columns}</div>"


def _column(anatomy: Anatomy, stack: str, facts: Facts, tokens: int, writes: bool) -> str:
    stations = anatomy.way(stack)
    begins = next((p.calls[0].given for p in anatomy.parts if p.stack == stack and p.calls), (tokens,))
    title = f"<h4>{escape(STACKS.get(stack, stack))}</h4>" if stack else ""
    body = "".join(
        _part(one, facts, anatomy.parameters) if isinstance(one, Part) else _run(one, facts, anatomy.parameters)
        for one in stations
    )
    if stack == "encoder":
        end = "<p class='mp-end'>its last vectors go to every cross-attention of the decoder</p>"
    elif writes:
        end = "<p class='mp-end'>softmax: a probability for every token of the vocabulary</p>"
    else:
        pooled = any(part.kind == "pooler" for part in anatomy.parts)
        also = "; and from the pooler one for the whole text" if pooled else ""
        end = f"<p class='mp-end'>from the last block a vector for each token, made of the whole text{also}</p>"
    return f"<section>{title}<p class='mp-end'>token ids {_shape(begins)}</p>{body}{end}</section>"


def _run(blocks: tuple[Block, ...], facts: Facts, total: int) -> str:
    first, last = blocks[0], blocks[-1]
    name = f"Block {first.layer}" if len(blocks) == 1 else f"Blocks {first.layer}–{last.layer}"
    alike = f"<b class='mp-times'>× {len(blocks)}</b>" if len(blocks) > 1 else ""
    each = " each" if len(blocks) > 1 else ""
    inside = "".join(_part(part, facts, total) for part in first.parts)
    return (
        f"<details class='mp-block' open><summary><span>{name} {alike}</span>"
        f"<span class='mp-n'>{first.parameters:,} · {format_gb(first.bytes)}{each}</span></summary>{inside}</details>"
    )


def _part(part: Part, facts: Facts, total: int) -> str:
    told = explain(part, facts)
    share = 100 * part.parameters / total if total else 0
    size = f"{part.parameters:,} · {format_gb(part.bytes)}" if part.parameters else "counted once"
    rows = "".join(
        f"<tr><td>{escape(weight.path.removeprefix(_common(part)))}</td><td>{_dimensions(weight.shape)}</td>"
        f"<td>{f'{weight.parameters:,}' if not weight.tied_to else f'= {escape(weight.tied_to)}'}</td></tr>"
        for weight in part.weights
    )
    calls = "".join(
        f"<tr><td>{escape(call.module.removeprefix(_common(part)))}</td><td colspan=2>{_shape(call.given)} → "
        f"{_shape(call.out)}</td></tr>"
        for call in part.calls
    )
    if seen := attention_weights(part, facts):
        calls += f"<tr><td>attention weights</td><td colspan=2>{_shape(seen)}</td></tr>"
    plus = "<p class='mp-plus' title='The residual stream'>⊕ added to what came in</p>" if part.kind in _ADDED else ""
    if part.kind in _ROWS:
        plus = "<p class='mp-plus'>⊕ added to the embedding</p>"
    return (
        f"<details class='mp-part mp-{part.kind}'><summary>"
        f"<span><b>{escape(told.title)}</b> <small>{escape(told.detail)}</small></span>"
        f"<span class='mp-s'>{_shape(part.out)}</span><span class='mp-n'>{size}</span>"
        f"<i style='width:{share:.2f}%'></i></summary><div><p>{escape(told.sentence)}</p>"
        f"{f'<code>{escape(told.formula)}</code>' if told.formula else ''}"
        f"<table><tr><th>weight</th><th>shape</th><th>parameters</th></tr>{rows}"
        f"<tr><th>for your text</th><th colspan=2>goes in → comes out</th></tr>{calls}</table></div></details>{plus}"
    )


def _common(part: Part) -> str:
    """What the paths of a part's weights have in common, up to a dot."""
    paths = [weight.path.split(".") for weight in part.weights]
    shared = 0
    while all(len(path) > shared + 2 for path in paths) and len({path[shared] for path in paths}) == 1:
        shared += 1
    return "".join(f"{name}." for name in paths[0][:shared])


def _dimensions(shape: Iterable[int]) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def _shape(shape: Shape) -> str:
    return f"[{', '.join(f'{size:,}' for size in shape)}]" if shape else ""


def sizes(anatomy: Anatomy) -> go.Figure:
    """A bar for each kind of part, in the order of the data's way; the numbers add up to the model."""
    kinds = anatomy.by_kind()
    total = anatomy.parameters or 1
    figure = go.Figure(
        go.Bar(
            y=list(range(len(kinds))),
            x=list(kinds.values()),
            orientation="h",
            marker={"color": palette.PARAMETERS},
            text=[f"{count:,} · {_share(count, total)}" if count else "counted once" for count in kinds.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False, range=[0, max(kinds.values()) * 2.1])
    figure.update_yaxes(
        autorange="reversed", tickvals=list(range(len(kinds))), ticktext=[NAMES[kind] for kind in kinds], ticks=""
    )
    return figure.update_layout(
        height=40 + 34 * len(kinds),
        margin={"l": 8, "r": 8, "t": 4, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if count * 1000 >= total else "<0.1 %"


def rows(anatomy: Anatomy) -> list[dict[str, object]]:
    """A row for each weight, for a file: part, stack, block, path, shape, parameters, bytes, what it is tied to."""
    return [
        {
            "part": part.kind,
            "stack": part.stack,
            "block": "" if part.layer is None else part.layer,
            "weight": weight.path,
            "shape": _dimensions(weight.shape),
            "parameters": weight.parameters,
            "bytes": weight.bytes,
            "tied_to": weight.tied_to,
        }
        for part in anatomy.parts
        for weight in part.weights
    ]


_STYLE = f"""<style>
.mp-way{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 1.5rem;font-size:.92rem}}
.mp-way h4{{margin:.2rem 0 .4rem;font-size:1rem;padding:0}}
.mp-way p{{margin:.15rem 0}}
.mp-way .mp-end{{opacity:.8;font-size:.85rem;margin:.35rem .2rem}}
.mp-way summary{{cursor:pointer;display:flex;flex-wrap:wrap;gap:.1rem .8rem;align-items:baseline;position:relative;
  padding:.42rem .6rem .5rem 1.25rem;list-style:none;overflow:hidden}}
.mp-way summary::before{{content:"▸";position:absolute;left:.4rem;opacity:.6}}
.mp-way details[open]>summary::before{{content:"▾"}}
.mp-way summary>span:first-child{{flex:1 1 9rem}}
.mp-part{{border-radius:.45rem;margin:.3rem 0;background:{palette.faint(palette.PARAMETERS, 0.1)};
  border-left:4px solid {palette.PARAMETERS}}}
.mp-part summary i{{position:absolute;left:0;bottom:0;height:3px;background:{palette.PARAMETERS}}}
.mp-part>div{{padding:.1rem .8rem .6rem 1.25rem}}
.mp-part code{{display:block;background:color-mix(in srgb,currentColor 7%,transparent);color:inherit;
  padding:.35rem .6rem;border-radius:.35rem;margin:.35rem 0;white-space:normal;overflow-wrap:anywhere}}
.mp-block{{border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:.6rem;padding:0 .5rem .3rem;
  margin:.45rem 0;box-shadow:4px 4px 0 -1px color-mix(in srgb,currentColor 10%,transparent)}}
.mp-times{{background:{palette.PARAMETERS};color:{palette.WHITE};border-radius:1rem;padding:.05rem .5rem;
  font-size:.85em}}
.mp-s{{font-family:var(--st-code-font,ui-monospace,monospace);font-size:.82rem;border-radius:1rem;padding:0 .5rem;
  background:{palette.faint(palette.ACTIVATIONS, 0.3)};white-space:nowrap}}
.mp-s:empty{{display:none}}
.mp-n{{font-variant-numeric:tabular-nums;font-size:.85rem;white-space:nowrap}}
.mp-way small{{opacity:.8;font-size:.82rem}}
.mp-way .mp-plus{{text-align:center;font-size:.8rem;opacity:.75;margin:-.05rem 0}}
.mp-way table{{border-collapse:collapse;font-size:.8rem;width:100%;border:0}}
.mp-way td,.mp-way th{{text-align:left;padding:.1rem .6rem .1rem 0;border:0;overflow-wrap:anywhere;font-weight:400;
  vertical-align:top}}
.mp-way th{{opacity:.7;padding-top:.3rem}}
</style>"""
