"""``attention``: one head's map of a text, and every head's entropy."""

from typing import TYPE_CHECKING

import click

from playground import limits
from playground.cli import output

if TYPE_CHECKING:
    import numpy as np

DEFAULT_MODEL = "smollm2-135m"
COLUMNS_PRINTED = 12  # a wider matrix does not fit a terminal: each row's strongest looks are listed instead
LOOKS_PRINTED = 3


@click.command("attention")
@click.option(
    "--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder or encoder."
)
@click.option("--layer", type=int, help="From 0. By default a layer and head with a pattern a person can read.")
@click.option("--head", type=int, help="From 0.")
@click.argument("text")
@output.as_json_option
def attention(model_id: str, layer: int | None, head: int | None, text: str, as_json: bool) -> None:
    """How much each token of TEXT looks at each other one (rows: from, the queries; columns: to, the keys)."""
    from playground.core import attention as core
    from playground.core import heads
    from playground.core.visible import visible
    from playground.errors import BadInput
    from playground.models import lens as lenses

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        first_layer, first_head = heads.first_look(model_id, lens.layers)
        layer = first_layer if layer is None else layer
        head = first_head if head is None else head
        for name, value, count in (("layer", layer, lens.layers), ("head", head, lens.heads)):
            if not 0 <= value < count:
                raise BadInput(f"There is no {name} {value}", f"This model's {name}s run from 0 to {count - 1}.")
        encoding = lens.encode(raw, "template")
        longest = min(limits.current().attention_tokens, lens.max_tokens)
        tokens, cut = heads.first_tokens(encoding.tokens, longest)
        output.notices((*encoding.notices, *cut))
        ids = [token.id for token in tokens]
        maps_LHTS = core.checked(lens.attentions(ids))
        scores, kind = core.scores(maps_LHTS, ids), lens.kind
    score, matrix_TS = heads.of(scores, layer, head), maps_LHTS[layer, head]
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "kind": kind,
                "tokens": [token.text for token in tokens],
                "layers": maps_LHTS.shape[0],
                "heads": maps_LHTS.shape[1],
                "layer": layer,
                "head": head,
                "matrix": matrix_TS.tolist(),
                "entropy_bits": scores.entropy_bits.tolist(),
                "label": heads.label(score),
                "scores": score._asdict(),
            }
        )
        return
    names = [visible(token.text, token.raw) for token in tokens]
    _print_map(f"{model_id}, layer {layer}, head {head} (counted from 0)", names, matrix_TS)
    print(f"This head {heads.label(score)}.")
    print(f"Entropy {score.entropy_bits:.2f} bits, mean distance {score.distance_tokens:.1f} tokens.")
    for name, share in score.masses:
        print(f"{heads.percent(share):>6} on {name}")


def _print_map(title: str, names: list[str], matrix_TS: "np.ndarray") -> None:
    if len(names) <= COLUMNS_PRINTED:
        rows = [[name, *(f"{weight:.2f}" for weight in row)] for name, row in zip(names, matrix_TS, strict=True)]
        output.emit_table(title, ["from \\ to", *names], rows, right=range(1, len(names) + 1))
        return
    looks = [
        [f"{names[s]} ({s}) {row[s]:.2f}" if row[s] > 0 else "" for s in row.argsort()[::-1][:LOOKS_PRINTED]]
        for row in matrix_TS
    ]
    numbered = [[t, name, *found] for t, (name, found) in enumerate(zip(names, looks, strict=True))]
    output.emit_table(title, ["", "from", "looks most at", *["then at"] * (LOOKS_PRINTED - 1)], numbered, right=[0])


COMMANDS: tuple[click.Command, ...] = (attention,)
