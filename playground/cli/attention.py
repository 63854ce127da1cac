"""``attention``: one map of a text (a head, a layer's mean, the rollout), and every head's entropy."""

import math
from typing import TYPE_CHECKING

import click

from playground import limits
from playground.cli import output

if TYPE_CHECKING:
    import numpy as np

    from playground.core.attention_maps import Variant, Which

DEFAULT_MODEL = "smollm2-135m"
COLUMNS_PRINTED = 12  # a wider matrix does not fit a terminal: each row's strongest looks are listed instead
LOOKS_PRINTED = 3
WHICH = ("head", "mean", "rollout")
VARIANTS = ("plain", "no-sink", "values")


@click.command("attention")
@click.option(
    "--model",
    "model_id",
    metavar="ID",
    default=DEFAULT_MODEL,
    show_default=True,
    help="An encoder–decoder: its cross-attention.",
)
@click.option("--layer", type=int, help="From 0. By default a layer and head with a pattern a person can read.")
@click.option("--head", type=int, help="From 0.")
@click.option(
    "--map",
    "which",
    type=click.Choice(WHICH),
    default="head",
    show_default=True,
    help="One head, the mean of the layer's heads, or layers 0 to --layer multiplied (rollout).",
)
@click.option(
    "--variant",
    type=click.Choice(VARIANTS),
    default="plain",
    show_default=True,
    help="The weights; those without the first token and added marks; or each times the length of its value, ‖v·W_O‖.",
)
@click.argument("text")
@output.as_json_option
def attention(
    model_id: str, layer: int | None, head: int | None, which: "Which", variant: "Variant", text: str, as_json: bool
) -> None:
    """How much each token of TEXT looks at each other one (rows: from, the queries; columns: to, the keys)."""
    from playground.core import attention as core
    from playground.core import attention_maps, heads
    from playground.core.visible import visible
    from playground.models import lens as lenses
    from playground.models import value_norms

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        if lens.kind == "encoder-decoder" and (which, variant) == ("head", "plain"):
            from playground.cli import cross_attention

            return cross_attention.show(lens, raw, layer, head, as_json)
        needs_self_attention(lens.kind, model_id)
        first_layer, first_head = heads.first_look(model_id, lens.layers)
        layer = _checked("layer", first_layer if layer is None else layer, lens.layers)
        head = _checked("head", first_head if head is None else head, lens.heads)
        encoding = lens.encode(raw, "template")
        longest = min(limits.current().attention_tokens, lens.max_tokens)
        tokens, cut = heads.first_tokens(encoding.tokens, longest)
        output.notices((*encoding.notices, *cut))
        ids = [token.id for token in tokens]
        maps_LHTS = core.checked(lens.attentions(ids))
        norms_LHS = value_norms.of_text(lens, ids) if variant == "values" else None
        kind = lens.kind
    scores = core.scores(maps_LHTS, ids)
    shown = attention_maps.looked_at(
        maps_LHTS,
        which,
        layer,
        head,
        variant,
        norms_LHS=norms_LHS,
        sinks=attention_maps.sink_positions(tokens),
    )
    seen = [tokens[position] for position in shown.positions]
    score = heads.of(scores, layer, head)
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "kind": kind,
                "tokens": [token.text for token in seen],
                "positions": list(shown.positions),
                "layers": maps_LHTS.shape[0],
                "heads": maps_LHTS.shape[1],
                "layer": layer,
                "head": head,
                "map": which,
                "variant": variant,
                "matrix": [[None if math.isnan(w) else w for w in row] for row in shown.weights_KK.tolist()],
                "left_out": shown.left_out,
                "entropy_bits": scores.entropy_bits.tolist(),
                "label": heads.label(score),
                "scores": score._asdict(),
            }
        )
        return None
    names = [visible(token.text, token.raw) for token in seen]
    place = {
        "head": f"layer {layer}, head {head}",
        "mean": f"layer {layer}, mean of its {maps_LHTS.shape[1]} heads",
        "rollout": f"rollout of layers 0 to {layer}",
    }[which]
    counted = {"plain": "", "no-sink": ", without the sink", "values": ", × value length"}[variant]
    _print_map(f"{model_id}, {place}{counted} (counted from 0)", names, shown.weights_KK)
    if variant == "no-sink":
        print(f"{heads.percent(shown.left_out)} of the attention went to the tokens left out.")
    if which != "head":
        return None
    print(f"This head {heads.label(score)}.")
    print(f"Entropy {score.entropy_bits:.2f} bits, mean distance {score.distance_tokens:.1f} tokens.")
    for name, share in score.masses:
        print(f"{heads.percent(share):>6} on {name}")
    return None


def needs_self_attention(kind: str, model_id: str) -> None:
    """BadInput for a model whose attention is not one map over one text."""
    from playground.errors import BadInput

    if kind not in ("decoder", "encoder"):
        raise BadInput(f"{model_id} has three kinds of attention", "Choose a decoder or an encoder.")


def _checked(name: str, value: int, count: int) -> int:
    from playground.errors import BadInput

    if not 0 <= value < count:
        raise BadInput(f"There is no {name} {value}", f"This model's {name}s run from 0 to {count - 1}.")
    return value


def _print_map(title: str, names: list[str], matrix_KK: "np.ndarray") -> None:
    if len(names) <= COLUMNS_PRINTED:
        rows = [
            [name, *("–" if weight != weight else f"{weight:.2f}" for weight in row)]  # NaN: nothing is left there
            for name, row in zip(names, matrix_KK, strict=True)
        ]
        output.emit_table(title, ["from \\ to", *names], rows, right=range(1, len(names) + 1))
        return
    looks = [
        [f"{names[s]} ({s}) {row[s]:.2f}" if row[s] > 0 else "" for s in (-row).argsort()[:LOOKS_PRINTED]]
        for row in matrix_KK
    ]
    numbered = [[t, name, *found] for t, (name, found) in enumerate(zip(names, looks, strict=True))]
    output.emit_table(title, ["", "from", "looks most at", *["then at"] * (LOOKS_PRINTED - 1)], numbered, right=[0])


COMMANDS: tuple[click.Command, ...] = (attention,)
