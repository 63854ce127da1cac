"""``ablate``: a part of a decoder taken out, and what the next token becomes."""

from typing import TYPE_CHECKING, Any

import click

from playground import limits
from playground.cli import output

if TYPE_CHECKING:
    from playground.core.ablation import Candidate, Cut

DEFAULT_MODEL = "smollm2-135m"
STRONGEST = 10  # heads listed


@click.command("ablate")
@click.option("--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder.")
@click.option("--layer", type=int, help="From 0. With --edge, all layers by default.")
@click.option("--head", "heads", type=int, multiple=True, help="From 0; may be given several times. All by default.")
@click.option("--mlp", is_flag=True, help="The layer's MLP instead of its attention.")
@click.option("--edge", metavar="QUERY:KEY", help="One look, from one token to another, counted from 0.")
@click.option(
    "--method",
    type=click.Choice(["zero", "mean", "mask", "drop"]),
    help="zero or mean (of the part's output); for an edge mask (before the softmax) or drop (after it).",
)
@click.option("--every-head", is_flag=True, help="Each head of the model alone: which ones matter.")
@click.option("--top", type=click.IntRange(1, 100), default=8, show_default=True, help="Next tokens listed.")
@click.argument("text")
@output.as_json_option
def ablate(
    model_id: str,
    layer: int | None,
    heads: tuple[int, ...],
    mlp: bool,
    edge: str | None,
    method: Any,
    every_head: bool,
    top: int,
    text: str,
    as_json: bool,
) -> None:
    """Take a head, a layer's attention or MLP, or one look out of the model: the next token before and after."""
    from playground.core import ablation as core
    from playground.models import ablation as cuts
    from playground.models import lens as lenses

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        encoding = lens.encode(raw, "template")
        ids, cut_off = lens.fit(encoding.ids, limits.ABLATED_TOKENS)
        output.notices((*encoding.notices, *cut_off))
        if every_head:
            _print_heads(lens, ids, method or "zero", as_json)
            return
        cut = _cut(lens.layers, lens.heads, layer, heads, mlp, edge, method)
        logits = cuts.one(lens, ids, cut)
        found = core.effect(logits[0], logits[1])
        listed = core.candidates(logits[0], logits[1], top)
        texts = {c.id: lens.token_text(c.id) for c in (*listed, found.answer, found.winner, found.moved)}
        labels = {token_id: lens.token_label(token_id) for token_id in texts}
        tokens = [lens.token_text(i) for i in ids]
    if as_json:

        def told(one: "Candidate") -> dict[str, object]:
            return {"id": one.id, "text": texts[one.id], "before": one.before, "after": one.after}

        output.emit_json(
            {
                "model": model_id,
                "tokens": tokens,
                "cut": {
                    "part": cut.part,
                    "layers": list(cut.layers),
                    "heads": list(cut.heads),
                    "method": cut.method,
                    **({"query": cut.query, "key": cut.key} if cut.part == "edge" else {}),
                },
                "kl_bits": found.kl_bits,
                "answer": told(found.answer),
                "winner": told(found.winner),
                "moved": told(found.moved),
                "candidates": [told(one) for one in listed],
            }
        )
        return
    rows = [[labels[c.id], f"{c.before:.4f}", f"{c.after:.4f}"] for c in listed]
    output.emit_table(f"{model_id}: the next token", ["token", "as it is", "without it"], rows, right=(1, 2))
    moved = found.moved
    print(f"The prediction moved by {found.kl_bits:.4f} bits (KL).")
    print(f"Moved most: {labels[moved.id]}, from {moved.before:.4f} to {moved.after:.4f}.")


def _cut(
    all_layers: int, all_heads: int, layer: int | None, heads: tuple[int, ...], mlp: bool, edge: str | None, method: Any
) -> "Cut":
    from playground.core.ablation import Cut
    from playground.errors import BadInput

    if edge is not None:
        query, colon, key = edge.partition(":")
        if mlp or not (colon and query.strip().isdecimal() and key.strip().isdecimal()):
            raise BadInput(f"{edge!r} is no edge", "Write two tokens' positions, as in --edge 4:3, and no --mlp.")
        layers = tuple(range(all_layers)) if layer is None else (layer,)
        return Cut("edge", layers, heads or tuple(range(all_heads)), method or "mask", int(query), int(key))
    if layer is None:
        raise BadInput("Nothing to take out", "Give --layer, and --head for single heads; or --edge, or --every-head.")
    if mlp and heads:
        raise BadInput("An MLP has no heads", "Leave --head or --mlp out.")
    if mlp:
        return Cut("mlp", (layer,), (), method or "zero")
    return (
        Cut("heads", (layer,), heads, method or "zero") if heads else Cut("attention", (layer,), (), method or "zero")
    )


def _print_heads(lens: Any, ids: tuple[int, ...], method: Any, as_json: bool) -> None:
    from playground.models import ablation as cuts

    effects = list(cuts.every_head(lens, ids, method))
    places = [(layer, head, found) for layer, row in enumerate(effects) for head, found in enumerate(row)]
    if as_json:
        output.emit_json(
            {
                "model": lens.model_id,
                "tokens": [lens.token_text(i) for i in ids],
                "method": method,
                "kl_bits": [[found.kl_bits for found in row] for row in effects],
            }
        )
        return
    rows = [
        [
            layer,
            head,
            f"{found.kl_bits:.4f}",
            lens.token_label(found.moved.id),
            f"{found.moved.before:.4f}",
            f"{found.moved.after:.4f}",
        ]
        for layer, head, found in sorted(places, key=lambda place: -place[2].kl_bits)[:STRONGEST]
    ]
    columns = ["layer", "head", "KL, bits", "moved most", "as it is", "without it"]
    output.emit_table(
        f"{lens.model_id}: {len(places)} heads, each taken out alone", columns, rows, right=(0, 1, 2, 4, 5)
    )
    little = sum(found.kl_bits < 0.01 for *_, found in places)
    print(f"{little} of them move the prediction by less than 0.01 bits.")


COMMANDS: tuple[click.Command, ...] = (ablate,)
