"""``positions``: what each way of telling a model the order of its tokens makes of the distance between two."""

from typing import TYPE_CHECKING

import click

from playground import limits
from playground.cli import output

if TYPE_CHECKING:
    import numpy as np

_farthest = click.option("--farthest", type=click.IntRange(1, 511), default=32, show_default=True, metavar="N")


@click.group()
def positions() -> None:
    """Sinusoids, rotations (RoPE) and learned rows: scores by distance."""


@positions.command()
@click.option("--d-model", type=click.IntRange(2, 8_192), default=512, show_default=True, help="An even number.")
@_farthest
@output.as_json_option
def sinusoidal(d_model: int, farthest: int, as_json: bool) -> None:
    """The dot product of two positions of the 2017 sinusoids, by distance."""
    import numpy as np

    from playground.core import positions as core

    products = core.dot_by_distance(np.arange(farthest + 1), d_model)
    facts = {"d_model": d_model, "wavelengths": core.wavelengths(d_model).tolist()}
    _show("dot_product", f"Sinusoids, d_model {d_model}", np.arange(farthest + 1), products, facts, as_json)


@positions.command()
@click.option(
    "--model", "model_id", metavar="ID", default="smollm2-135m", show_default=True, help="A decoder with RoPE."
)
@click.option("--layer", type=int, help="From 0. By default the Attention page's first.")
@click.option("--head", type=int, help="From 0.")
@click.option("--query", type=int, default=-1, show_default=True, help="The token that looks, from 0; -1 is the last.")
@click.option("--key", type=int, default=0, show_default=True, help="The token it looks at, from 0.")
@click.argument("text")
@_farthest
@output.as_json_option
def rotary(
    model_id: str, layer: int | None, head: int | None, query: int, key: int, text: str, farthest: int, as_json: bool
) -> None:
    """A head's score for two tokens of TEXT, were the key so many positions before the query."""
    import numpy as np

    from playground.core import heads
    from playground.core import positions as core
    from playground.errors import BadInput
    from playground.models import lens as lenses

    with lenses.open(model_id) as lens:
        rope, first = lens.rotary, heads.first_look(model_id, lens.layers)
        layer, head = first[0] if layer is None else layer, first[1] if head is None else head
        tokens, cut = heads.first_tokens(lens.encode(output.read_text(text), "template").tokens, limits.HEATMAP_TOKENS)
        output.notices(cut)
        queries_HTd, keys_HTd = lens.queries_keys([token.id for token in tokens], layer)
        if not 0 <= head < lens.heads:
            raise BadInput(f"There is no head {head}", f"This model's heads run from 0 to {lens.heads - 1}.")
        for name, place in (("query", query), ("key", key)):
            if not -len(tokens) <= place < len(tokens):
                raise BadInput(f"There is no token {place} for the {name}", f"Tokens run from 0 to {len(tokens) - 1}.")
        query, key = query % len(tokens), key % len(tokens)
        labels = [lens.token_label(tokens[place].id) for place in (query, key)]
    q, k = queries_HTd[head, query], keys_HTd[head, key]
    away = np.arange(farthest + 1)
    here = float(core.scores_by_distance(q, k, np.array([query - key]), rope.theta)[0])
    facts = {
        "model": model_id,
        "theta": rope.theta,
        "head_dimensions": rope.head_dimensions,
        "wavelengths": core.wavelengths(rope.head_dimensions, rope.theta).tolist(),
        "layer": layer,
        "head": head,
        "query": {"position": query, "text": tokens[query].text},
        "key": {"position": key, "text": tokens[key].text},
        "score_here": here,
    }
    title = (
        f"{model_id}, layer {layer}, head {head}: {labels[0]} ({query}) looks at {labels[1]} ({key}), here {here:.3f}"
    )
    _show("score", title, away, core.scores_by_distance(q, k, away, rope.theta), facts, as_json)


@positions.command()
@click.option(
    "--model", "model_id", metavar="ID", default="minilm-l6", show_default=True, help="With learned positions."
)
@_farthest
@output.as_json_option
def learned(model_id: str, farthest: int, as_json: bool) -> None:
    """The mean cosine of two learned positions, by distance."""
    import numpy as np

    from playground.core import embeddings
    from playground.models import lens as lenses

    with lenses.open(model_id) as lens:
        rows = lens.position_rows()
    cosines = embeddings.cosine_matrix(rows)
    away = np.arange(min(farthest, len(rows) - 1) + 1)
    means = np.array([np.diagonal(cosines, d).mean() for d in away])
    facts = {"model": model_id, "positions": rows.shape[0], "dimensions": rows.shape[1]}
    _show("mean_cosine", f"{model_id}: {rows.shape[0]} rows of {rows.shape[1]} numbers", away, means, facts, as_json)


def _show(
    what: str, title: str, away: "np.ndarray", values: "np.ndarray", facts: dict[str, object], as_json: bool
) -> None:
    if as_json:
        rows = [{"distance": int(d), what: float(v)} for d, v in zip(away, values, strict=True)]
        output.emit_json({**facts, "by_distance": rows})
        return
    cells = [[int(d), f"{v:.4f}"] for d, v in zip(away, values, strict=True)]
    output.emit_table(title, ["distance", what.replace("_", " ")], cells, right=[0, 1])


COMMANDS: tuple[click.Command, ...] = (positions,)
