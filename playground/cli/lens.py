"""``lens``: the prediction after every layer; ``weight``: one attention weight, number by number."""

import click

from playground import limits
from playground.cli import output

DEFAULT_MODEL = "smollm2-135m"
_model = click.option("--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder.")


@click.command("lens")
@_model
@click.option("--position", type=int, help="From 0: what comes after this token. The last one by default.")
@click.option("--top", type=click.IntRange(1, 10), default=5, show_default=True, help="First choices a layer.")
@click.argument("text")
@output.as_json_option
def lens(model_id: str, position: int | None, top: int, text: str, as_json: bool) -> None:
    """What a model would say after TEXT if it ended after each of its layers (the logit lens)."""
    from playground.core import logit_lens as core
    from playground.models import lens as lenses
    from playground.models import logit_lens

    raw = output.read_text(text)
    with lenses.open(model_id) as opened:
        encoding = opened.encode(raw, "template")
        ids, cut = opened.fit(encoding.ids, limits.LOGIT_LENS_TOKENS)
        output.notices((*encoding.notices, *cut))
        reading = logit_lens.read(opened, ids)
        place = reading.check(len(ids) - 1 if position is None else position)
        layers = [
            {
                "layer": None if step == 0 else step - 1,
                "name": core.step_name(step),
                "entropy_bits": float(reading.entropy_bits[step, place]),
                "answer_rank": int(reading.answer_rank[step, place]) + 1,
                "answer_probability": float(reading.answer_probability[step, place]),
                "top": [
                    {"id": int(i), "text": opened.token_text(int(i)), "probability": float(p)}
                    for i, p in zip(reading.ids[step, place, :top], reading.probabilities[step, place], strict=False)
                ],
            }
            for step in range(reading.steps)
        ]
        labels = {int(i): opened.token_label(int(i)) for i in reading.ids[:, place, :top].ravel()}
        answer = reading.answer(place)
        data = {
            "model": model_id,
            "dtype": opened.dtype,
            "tokens": [opened.token_text(i) for i in ids],
            "position": place,
            "answer": {"id": answer, "text": opened.token_text(answer)},
            "settled": core.step_name(reading.settled(place)),
            "layers": layers,
        }
        after = opened.token_label(ids[place])
    if as_json:
        output.emit_json(data)
        return
    rows = [
        [
            core.step_name(step),
            f"{int(reading.answer_rank[step, place]) + 1:,}",
            f"{reading.entropy_bits[step, place]:.2f}",
            "  ".join(
                f"{labels[int(i)]} {p:.2f}"
                for i, p in zip(reading.ids[step, place, :top], reading.probabilities[step, place], strict=False)
            ),
        ]
        for step in range(reading.steps)
    ]
    columns = ["after", "answer's rank", "entropy, bits", "first choices"]
    output.emit_table(f"{model_id}: what comes after {after} (token {place})", columns, rows, right=(1, 2))
    print(f"The answer {labels[answer]} is first, and stays first, from {data['settled']} on.")


@click.command("weight")
@click.option(
    "--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder or encoder."
)
@click.option("--layer", type=int, help="From 0. By default a layer and head with a pattern a person can read.")
@click.option("--head", type=int, help="From 0.")
@click.option("--query", type=int, help="From 0: the token that looks. The last one by default.")
@click.argument("text")
@output.as_json_option
def weight(model_id: str, layer: int | None, head: int | None, query: int | None, text: str, as_json: bool) -> None:
    """One row of a head's attention recomputed from the model's own q, k and v, and compared with its weights."""
    from playground.core import heads, one_weight
    from playground.core.visible import visible
    from playground.models import attention_capture
    from playground.models import lens as lenses

    raw = output.read_text(text)
    with lenses.open(model_id) as opened:
        first_layer, first_head = heads.first_look(model_id, opened.layers)
        encoding = opened.encode(raw, "template")
        tokens, cut = heads.first_tokens(encoding.tokens, limits.WEIGHED_TOKENS)
        output.notices((*encoding.notices, *cut))
        layer = first_layer if layer is None else layer
        captured = attention_capture.of_layer(opened, [token.id for token in tokens], layer)
        dtype = opened.dtype
    head = first_head if head is None else head
    row = one_weight.row(captured, head, len(tokens) - 1 if query is None else query)
    worst_weight, worst_output = one_weight.largest_error(captured)
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "dtype": dtype,
                "tokens": [token.text for token in tokens],
                "layer": layer,
                "head": head,
                "key_head": row.key_head,
                "query": row.query,
                "root_d": row.root_d,
                "q": row.q.tolist(),
                "keys": [
                    {
                        "dot": float(row.dots[place]),
                        "score": float(row.scores[place]),
                        "masked": not bool(row.allowed[place]),
                        "weight": float(row.weights[place]),
                        "model_weight": float(row.model_weights[place]),
                    }
                    for place in range(len(tokens))
                ],
                "output": row.output.tolist(),
                "weight_error": row.weight_error,
                "output_error": row.output_error,
                "layer_weight_error": worst_weight,
                "layer_output_error": worst_output,
            }
        )
        return
    names = [visible(token.text, token.raw) for token in tokens]
    rows = [
        [
            f"{place}: {name}",
            f"{row.dots[place]:.3f}",
            f"{row.scores[place]:.4f}" if row.allowed[place] else "−∞",
            f"{row.weights[place]:.6f}",
            f"{row.model_weights[place]:.6f}",
        ]
        for place, name in enumerate(names)
    ]
    title = f"{model_id}, layer {layer}, head {head}, from {row.query}: {names[row.query]}"
    output.emit_table(title, ["to", "q·k", "÷ √d", "weight", "the model's"], rows, right=range(1, 5))
    print(f"Largest difference in this row {row.weight_error:.1e}, in the whole layer {worst_weight:.1e} ({dtype}).")


COMMANDS: tuple[click.Command, ...] = (lens, weight)
