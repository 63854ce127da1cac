"""``heads``: every head scored on a text, sorted by a score."""

import click

from playground import limits
from playground.cli import output
from playground.cli.attention import DEFAULT_MODEL, needs_self_attention

SORTS = {
    "induction": "on_repeat",
    "previous": "on_previous",
    "first": "on_first",
    "self": "on_self",
    "entropy": "entropy_bits",
    "distance": "distance_tokens",
}


@click.command("heads")
@click.option(
    "--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder or encoder."
)
@click.option("--sort", type=click.Choice(list(SORTS)), default="induction", show_default=True, help="Highest first.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Heads listed; --json has them all.")
@click.option(
    "--words",
    type=click.IntRange(limits.REPEATED_WORDS_MIN, limits.REPEATED_WORDS),
    default=limits.REPEATED_WORDS_DEFAULT,
    show_default=True,
    help="Without a TEXT: how many random words are said twice.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which random words.")
@click.argument("text", required=False)
@output.as_json_option
def heads(model_id: str, sort: str, top: int, words: int, seed: int, text: str | None, as_json: bool) -> None:
    """What every head does on TEXT, or on random words said twice: where it looks, as numbers from 0 to 1."""
    from playground.core import attention, head_scores
    from playground.core import heads as core
    from playground.models import lens as lenses
    from playground.models import repeats

    raw = None if text is None else output.read_text(text)
    with lenses.open(model_id) as lens:
        needs_self_attention(lens.kind, model_id)
        encoding = lens.encode(repeats.twice(lens, words, seed) if raw is None else raw, "template")
        longest = min(limits.current().attention_tokens, lens.max_tokens)
        tokens, cut = core.first_tokens(encoding.tokens, longest)
        output.notices((*encoding.notices, *cut))
        ids = [token.id for token in tokens]
        scores = attention.scores(attention.checked(lens.attentions(ids)), ids)
        kind = lens.kind
    rows, sinks = head_scores.ranked(scores, SORTS[sort]), head_scores.sinks(scores)
    if as_json:
        best = {name: head_scores.best(scores, key) for name, key in SORTS.items()}
        output.emit_json(
            {
                "model": model_id,
                "kind": kind,
                "text": encoding.text,
                "tokens": [token.text for token in tokens],
                "words": words if raw is None else None,
                "seed": seed if raw is None else None,
                "sinks": sinks,
                "best": {name: place and {"layer": place[0], "head": place[1]} for name, place in best.items()},
                "sorted_by": sort,
                "heads": [
                    {"layer": row.layer, "head": row.head, "label": core.label(row.score), **row.score._asdict()}
                    for row in rows
                ],
            }
        )
        return
    said = f"{words} random words said twice (seed {seed})" if raw is None else f"{len(tokens):,} tokens"
    columns = [name for name, key in SORTS.items() if key.startswith("on_") or name == sort]  # fit for a terminal
    output.emit_table(
        f"{model_id}: heads on {said}, by {sort}",
        ["layer", "head", "mostly", *columns],
        [
            [
                row.layer,
                row.head,
                core.short_label(row.score),
                *(head_scores.shown(getattr(row.score, SORTS[name]), SORTS[name]) for name in columns),
            ]
            for row in rows[:top]
        ],
        right=[0, 1, *range(3, 3 + len(columns))],
    )
    print(f"{sinks:,} of {len(rows):,} heads leave more than half of their attention on the first token.")


COMMANDS: tuple[click.Command, ...] = (heads,)
