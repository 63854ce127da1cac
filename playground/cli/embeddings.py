"""``embeddings``: rows of a model's embedding table, and one word in different sentences."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from playground import limits
from playground.cli import output

if TYPE_CHECKING:
    from playground.models.word_rows import Near

DEFAULT_MODEL = "smollm2-135m"
_model = click.option(
    "--model", "model_id", metavar="ID", default=DEFAULT_MODEL, show_default=True, help="A decoder or encoder."
)
_top = click.option("--top", type=click.IntRange(1, limits.NEIGHBOURS), default=10, show_default=True)


@click.group()
def embeddings() -> None:
    """What a token enters a model with: nearest tokens, similarities, sums of words, a word in context."""


@embeddings.command()
@click.argument("word")
@_model
@_top
@click.option("--no-space", is_flag=True, help="Look the word up as at the start of a text, without a space before it.")
@click.option("--piece", type=int, default=1, show_default=True, help="Which token, where WORD is several.")
@output.as_json_option
def neighbours(word: str, model_id: str, top: int, no_space: bool, piece: int, as_json: bool) -> None:
    """The tokens of the whole vocabulary whose rows are most alike to WORD's (cosine, every row compared)."""
    from playground.errors import BadInput
    from playground.models import lens as lenses
    from playground.models import word_rows

    with lenses.open(model_id) as lens:
        tokens = word_rows.tokens_of(lens, output.read_text(word), not no_space)
        if not 1 <= piece <= len(tokens):
            raise BadInput(f"There is no token {piece} in this word", f"It is {len(tokens)}: count from 1.")
        labels = [lens.token_label(token.id) for token in tokens]
        if len(tokens) > 1:
            output.notices([f"Several tokens: {' | '.join(labels)}. Looking at number {piece} (--piece)."])
        token = tokens[piece - 1]
        vector = lens.embedding_rows([token.id])[0]
        found = word_rows.nearest(lens, vector, top, without=[token.id])
        average, known = word_rows.average(lens, vector), lens.known_tokens
        norm = float(lens.embedding_norms()[token.id])
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "token": {"id": token.id, "text": token.text, "norm": norm},
                "tokens": [{"id": t.id, "text": t.text} for t in tokens],
                "vocabulary_size": known,
                "neighbours": _rows(found),
                "mean_cosine": average,
            }
        )
        return
    _print(f"{model_id}: nearest to {labels[piece - 1]} ({token.id}) of {known:,} tokens", found)
    print(f"All tokens, on average: {average:.3f}.")


@embeddings.command()
@click.argument("words", nargs=-1, required=True)
@_model
@output.as_json_option
def similarity(words: tuple[str, ...], model_id: str, as_json: bool) -> None:
    """The cosine of every two of WORDS; a word of several tokens is their average."""
    import numpy as np

    from playground.core import embeddings as core
    from playground.core.text import clean
    from playground.core.words import parse_list
    from playground.models import lens as lenses
    from playground.models import word_rows

    named, twice = parse_list(
        "\n".join(clean(word, limits.WORD_CHARACTERS).text for word in words), limits.WORDS_COMPARED
    )
    with lenses.open(model_id) as lens:
        found, averaged = word_rows.words(lens, named)
        output.notices((*twice, *averaged))
        rows = np.stack([word.vector for word in found])
        matrix, average = core.cosine_matrix(rows), lens.embedding_mean_cosine()
    seen = core.project(rows, min(3, len(named) - 1))
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "words": [{"word": w.word, "ids": [t.id for t in w.tokens]} for w in found],
                "matrix": matrix.tolist(),
                "mean_cosine": average,
                "components": seen.points.tolist(),
                "variance_explained": seen.explained.tolist(),
            }
        )
        return
    table = [[name, *(f"{cosine:.3f}" for cosine in row)] for name, row in zip(named, matrix, strict=True)]
    output.emit_table(f"{model_id}: cosines of rows", ["", *named], table, right=range(1, len(named) + 1))


@embeddings.command()
@click.argument("expression")
@_model
@_top
@output.as_json_option
def arithmetic(expression: str, model_id: str, top: int, as_json: bool) -> None:
    """What lies nearest to a sum of words, such as "king - man + woman"; its own words are marked, not left out."""
    from playground.core.words import parse_sum
    from playground.models import lens as lenses
    from playground.models import word_rows

    terms = parse_sum(output.read_text(expression), limits.WORDS_ADDED)
    with lenses.open(model_id) as lens:
        answer, averaged = word_rows.add_up(lens, terms, top)
        output.notices(averaged)
    own = {near.id for near in answer.nearest if answer.has(near)}
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "terms": [{"sign": t.sign, "word": t.word} for t in terms],
                "nearest": [{**row, "in_sum": row["id"] in own} for row in _rows(answer.nearest)],
                "others": _rows(answer.others),
                "mean_cosine": answer.average,
            }
        )
        return
    _print(f"{model_id}: nearest to {expression} (* a word of the sum)", answer.nearest, own)
    print(f"All tokens, on average: {answer.average:.3f}.")


@embeddings.command()
@click.argument("word")
@click.argument("sentences", nargs=-1, required=True)
@_model
@output.as_json_option
def context(word: str, sentences: tuple[str, ...], model_id: str, as_json: bool) -> None:
    """How alike WORD stays to itself in two or three SENTENCES, layer by layer, beside any two different words."""
    from playground.core.text import clean
    from playground.errors import BadInput
    from playground.models import lens as lenses
    from playground.models import word_in_context

    if not 2 <= len(sentences) <= 3:
        raise BadInput(f"{len(sentences)} sentences", "Give two or three, each in quotes.")
    texts = [clean(sentence, limits.SENTENCE_CHARACTERS) for sentence in sentences]
    with lenses.open(model_id) as lens:
        found = word_in_context.compare(
            lens, clean(word, limits.WORD_CHARACTERS).text, [t.text for t in texts], [1] * len(texts)
        )
    output.notices([notice for text in texts for notice in text.notices] + list(found.notices))
    names = [f"{'ABC'[pair.first]} and {'ABC'[pair.second]}" for pair in found.pairs]
    if as_json:
        output.emit_json(
            {
                "model": model_id,
                "word": word,
                "tokens": [[{"id": t.id, "text": t.text} for t in f.tokens] for f in found.followed],
                "steps": list(found.steps),
                "pairs": [{"sentences": [p.first, p.second], "cosine": p.similarity.tolist()} for p in found.pairs],
                "different_words": {
                    "mean": found.baseline.mean.tolist(),
                    "low": found.baseline.low.tolist(),
                    "high": found.baseline.high.tolist(),
                    "pairs": found.baseline.pairs,
                },
            }
        )
        return
    rows = [
        [step, *(f"{pair.similarity[n]:.3f}" for pair in found.pairs), f"{found.baseline.mean[n]:.3f}"]
        for n, step in enumerate(found.steps)
    ]
    columns = ["", *names, "different words"]
    output.emit_table(f"{model_id}: {word}, cosine by layer", columns, rows, right=range(1, len(columns)))


def _rows(found: "tuple[Near, ...]") -> list[dict[str, object]]:
    return [{"id": n.id, "text": n.text, "cosine": n.cosine, "norm": n.norm} for n in found]


def _print(title: str, found: "tuple[Near, ...]", marked: Collection[int] = ()) -> None:
    rows = [[n.label + (" *" if n.id in marked else ""), n.id, f"{n.cosine:.4f}", f"{n.norm:.3f}"] for n in found]
    output.emit_table(title, ["token", "id", "cosine", "length"], rows, right=[1, 2, 3])


COMMANDS: tuple[click.Command, ...] = (embeddings,)
