"""``parts``, ``objectives``, ``rewrite``: a model taken apart, a text as exercises, a date letter by letter."""

import click

from playground import limits
from playground.cli import output

_model = click.option("--model", "model_id", metavar="ID", default="smollm2-135m", show_default=True)
_draw = click.option("--draw", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="The seed.")


@click.command()
@_model
@click.argument("text", default="The capital of France is")
@output.as_json_option
def parts(model_id: str, text: str, as_json: bool) -> None:
    """The parts TEXT passes in a model: their weights, bytes, and the tensors that come out."""
    from playground.core.model_parts_explained import explain
    from playground.models import lens as lenses
    from playground.models import parts as models
    from playground.models import translation

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        encoding = lens.encode(raw, "template")
        ids, cut = lens.fit(encoding.ids)
        output.notices((*encoding.notices, *cut))
        anatomy = models.of(lens, ids, translation.target_of(lens, ids))
        facts = models.facts(lens)
    told = [(part, explain(part, facts)) for part in anatomy.parts]
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "tokens": len(ids),
                "parameters": anatomy.parameters,
                "bytes": anatomy.bytes,
                "by_kind": anatomy.by_kind(),
                "parts": [
                    {
                        "kind": part.kind,
                        "stack": part.stack,
                        "block": part.layer,
                        "parameters": part.parameters,
                        "bytes": part.bytes,
                        "out": list(part.out),
                        "formula": words.formula,
                        "weights": [
                            {"name": w.path, "shape": list(w.shape), "parameters": w.parameters, "tied_to": w.tied_to}
                            for w in part.weights
                        ],
                    }
                    for part, words in told
                ],
            }
        )
        return
    rows = []
    for stack in anatomy.stacks:
        for one in anatomy.way(stack):
            if isinstance(one, tuple):
                several = len(one) > 1
                name = f"{stack} block{f's {one[0].layer}–{one[-1].layer}' if several else f' {one[0].layer}'}".strip()
                each = " each" if several else ""
                rows.append([name, f"× {len(one)}" if several else "", f"{one[0].parameters:,}{each}", "", ""])
                listed = one[0].parts
            else:
                listed = (one,)
            for part in listed:
                words = explain(part, facts)
                indent = "  " if part.layer is not None else ""
                size = f"{part.parameters:,}" if part.parameters else "counted once"
                rows.append([f"{indent}{words.title}", words.detail, size, f"{part.bytes:,}", str(list(part.out))])
    output.emit_table(
        f"{model_id}: {anatomy.parameters:,} parameters, {anatomy.bytes:,} bytes",
        ["part", "", "parameters", "bytes", "comes out"],
        rows,
        right=[2, 3],
    )


@click.group()
def objectives() -> None:
    """A text as a pre-training exercise: hidden tokens (BERT), the next token (GPT), spans (T5)."""


@objectives.command()
@_draw
@click.argument("text")
@output.as_json_option
def masked(draw: int, text: str, as_json: bool) -> None:
    """BERT's exercise: 15 % of the tokens, of these 80 % hidden, 10 % replaced, 10 % kept."""
    from playground.core import heads, masked_modelling
    from playground.models import engines

    engine = engines.load("bert")
    encoding = engine.encode(output.read_text(text), "template")
    tokens, cut = heads.first_tokens(encoding.tokens, limits.OBJECTIVE_TOKENS)
    output.notices((*encoding.notices, *cut))
    one = masked_modelling.exercise(
        [token.id for token in tokens],
        [not token.special for token in tokens],
        mask_id=engine.special_tokens["[MASK]"],
        vocabulary_size=engine.vocabulary_size,
        seed=draw,
    )
    asked = [
        {
            "position": at,
            "change": one.changes[at],
            "read": engine.token_text(one.read[at]),
            "target": engine.token_text(one.targets[at] or 0),
        }
        for at in one.asked
    ]
    if as_json:
        output.emit_json({"draw": draw, "tokens": len(tokens), "read_ids": list(one.read), "asked": asked})
        return
    title = f"{len(asked)} of {len(tokens)} tokens carry a loss"
    output.emit_table(
        title, ["position", "change", "reads", "must say"], [list(row.values()) for row in asked], right=[0]
    )


@objectives.command()
@_model
@click.argument("text")
@output.as_json_option
def causal(model_id: str, text: str, as_json: bool) -> None:
    """GPT's exercise, with what each token really cost a decoder."""
    from playground.core import heads
    from playground.core import objectives as core
    from playground.models import lens as lenses
    from playground.models import token_losses

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        encoding = lens.encode(raw, "template")
        tokens, cut = heads.first_tokens(encoding.tokens, lens.max_tokens)
        output.notices((*encoding.notices, *cut))
        pairs = core.causal_pairs([token.id for token in tokens])
        told = token_losses.of(lens, [token.id for token in tokens])
        rather = [lens.token_label(int(best)) for best in told.best]
        blind = core.blind_nats(lens.vocabulary_size)
    together = core.together(told.nats, sum(len(token.raw) for token in tokens[1:]))
    rows = [
        {
            "position": pair.position + 1,
            "token": tokens[pair.position + 1].text,
            "nats": float(told.nats[pair.position]),
            "bits": float(told.nats[pair.position]) / core.NATS_PER_BIT,
            "rank": int(told.rank[pair.position]) + 1,
            "first_choice": rather[pair.position],
        }
        for pair in pairs
    ]
    if as_json:
        output.emit_json({"model": model_id, **together._asdict(), "blind_nats": blind, "by_token": rows})
        return
    cells = [
        [r["position"], r["token"], f"{r['nats']:.3f}", f"{r['bits']:.3f}", r["rank"], r["first_choice"]] for r in rows
    ]
    title = (
        f"{model_id}: mean {together.nats:.3f} nats = {together.bits:.3f} bits, perplexity {together.perplexity:,.2f}"
    )
    output.emit_table(title, ["", "token", "nats", "bits", "rank", "first choice"], cells, right=[0, 2, 3, 4])


@objectives.command()
@_draw
@click.option("--tokenizer", default="mistral", show_default=True, metavar="ID")
@click.option("--rate", type=float, default=0.15, show_default=True, help="Share of the tokens that is cut out.")
@click.option("--mean-span", type=float, default=3.0, show_default=True, help="Tokens of a span, on average.")
@click.argument("text")
@output.as_json_option
def spans(draw: int, tokenizer: str, rate: float, mean_span: float, text: str, as_json: bool) -> None:
    """T5's exercise: spans cut out, sentinels in their place."""
    from playground.core import heads, span_corruption
    from playground.models import engines

    engine = engines.load(tokenizer)
    encoding = engine.encode(output.read_text(text))
    tokens, cut = heads.first_tokens(encoding.tokens, limits.OBJECTIVE_TOKENS)
    output.notices((*encoding.notices, *cut))
    ids = [token.id for token in tokens]
    made = span_corruption.corrupt(ids, span_corruption.noise(len(ids), seed=draw, rate=rate, mean_span=mean_span))

    def shown(pieces: tuple[span_corruption.Piece, ...]) -> list[str]:
        return [engine.token_text(p) if isinstance(p, int) else p.text for p in pieces]

    restored = span_corruption.restore(*made) == tuple(ids)
    if as_json:
        output.emit_json(
            {
                "tokenizer": tokenizer,
                "draw": draw,
                "tokens": len(ids),
                "spans": made.spans,
                "input": shown(made.read),
                "target": shown(made.target),
                "restored": restored,
            }
        )
        return
    for name, pieces in (("input", made.read), ("target", made.target)):
        print(f"{name}: {'|'.join(shown(pieces))}")
    print("Put back, the spans give the text again." if restored else "The text is not restored.")


@click.command()
@click.option("--model", "model_id", metavar="ID", default="date-t5", show_default=True, help="An encoder–decoder.")
@click.option("--layer", type=int, help="Of the decoder, from 0; by default the last.")
@click.option("--head", type=int, help="From 0; by default the average of all.")
@click.argument("text")
@output.as_json_option
def rewrite(model_id: str, layer: int | None, head: int | None, text: str, as_json: bool) -> None:
    """What an encoder–decoder makes of TEXT, step by step, and where each step looks. By default a date becomes ISO."""
    from playground.errors import BadInput
    from playground.models import lens as lenses
    from playground.models.translation import translate

    raw = output.read_text(text)
    with lenses.open(model_id) as lens:
        made = translate(lens, raw)
        output.notices(made.notices)
        layer = lens.decoder_layers - 1 if layer is None else layer
        for name, value, count in (("layer", layer, lens.decoder_layers), ("head", head or 0, lens.heads)):
            if not 0 <= value < count:
                raise BadInput(f"There is no {name} {value}", f"The decoder's {name}s run from 0 to {count - 1}.")
        cross_TS = made.cross(layer, head)
        written = [lens.token_label(step.id) for step in made.steps]
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "source": list(made.source),
                "text": made.written,
                "layer": layer,
                "head": head,
                "steps": [
                    {
                        "token": token,
                        "probability": step.probability,
                        "finish_reason": step.finish_reason,
                        "cross_attention": cross_TS[t].tolist(),
                    }
                    for t, (token, step) in enumerate(zip(written, made.steps, strict=True))
                ],
            }
        )
        return
    rows = [
        [
            t + 1,
            token,
            f"{step.probability:.3f}",
            *(f"{made.source[s]} ({s}) {row[s]:.2f}" for s in row.argsort()[::-1][:3]),
        ]
        for t, (token, step, row) in enumerate(zip(written, made.steps, cross_TS, strict=True))
    ]
    looks = ["looks most at", "then at", "then at"][: max(0, len(rows[0]) - 3)]
    output.emit_table(f"{model_id}: {made.written}", ["step", "writes", "probability", *looks], rows, right=[0, 2])


COMMANDS: tuple[click.Command, ...] = (parts, objectives, rewrite)
