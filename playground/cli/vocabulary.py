"""vocabulary: the entries of a tokenizer's vocabulary."""

import click

from playground.cli import output
from playground.core.visible import visible
from playground.core.vocabulary import By


@click.group("vocabulary")
def vocabulary_group() -> None:
    """A tokenizer's vocabulary: find entries, or see what is surprising about it."""


_tokenizer_option = click.option("--tokenizer", "tokenizer_id", metavar="ID", default="smollm2", show_default=True)


@vocabulary_group.command("search")
@click.argument("query")
@_tokenizer_option
@click.option("--by", type=click.Choice(["text", "id", "bytes", "regex"]), default="text", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many to list.")
@output.as_json_option
def search_command(query: str, tokenizer_id: str, by: By, limit: int, as_json: bool) -> None:
    """The entries that contain QUERY: as text, as an id (464, 100-120), as bytes (F0 9F), or as a regex (^\\p{Thai}+$).

    Tokenizers: gpt2, cl100k, o200k, smollm2, bert, mistral, tekken, jurassic2.
    """
    from playground.models import engines, vocabularies

    wanted = output.read_text(query)
    vocabularies.check(wanted, by)  # before the seconds that loading takes
    entries = vocabularies.read(engines.load(tokenizer_id))
    found = vocabularies.search(entries, wanted, by)
    if as_json:
        output.emit_json(
            {
                "tokenizer": tokenizer_id,
                "by": by,
                "query": query,
                "found": len(found),
                "vocabulary_size": entries.size,
                "tokens": [
                    {
                        "id": entry.id,
                        "text": entry.text,
                        "bytes": entry.raw.hex(),
                        "script": entry.script,
                        "special": entry.special,
                    }
                    for entry in found[:limit]
                ],
            }
        )
        return
    output.emit_table(
        f"{entries.tokenizer}: {len(found):,} of {len(entries.entries):,} entries",
        ("id", "token", "bytes", "script"),
        ((entry.id, visible(entry.text, entry.raw), entry.raw.hex(" "), entry.script) for entry in found[:limit]),
        right=(0,),
    )
    if len(found) > limit:
        output.notices([f"{len(found) - limit:,} more are not listed; --limit {len(found)} lists them all."])


@vocabulary_group.command("facts")
@_tokenizer_option
@output.as_json_option
def facts_command(tokenizer_id: str, as_json: bool) -> None:
    """What one would not guess: entries that are no text alone or encode to others, unused ids, the longest."""
    from playground.models import engines, vocabularies

    engine = engines.load(tokenizer_id)
    entries, found = vocabularies.read(engine), vocabularies.facts(engine)
    if as_json:
        output.emit_json(
            {
                "tokenizer": tokenizer_id,
                "vocabulary_size": entries.size,
                "not_valid_utf8_alone": list(found.partial),
                "encode_to_other_ids": list(found.unstable),
                "unused": list(found.unused),
                "special": list(found.special),
                "longest": list(found.longest),
                "scripts": dict(found.scripts),
            }
        )
        return
    longest = entries[found.longest[0]]
    rows = [
        ("ids", entries.size),
        ("not valid UTF-8 alone", len(found.partial)),
        ("decoded and encoded again: other ids", len(found.unstable)),
        ("unused ids", len(found.unused)),
        ("control tokens", len(found.special)),
        ("longest", f"{len(longest.raw)} bytes (id {longest.id})"),
        *((f"script: {name}", count) for name, count in found.scripts[:8]),
    ]
    shown = [(name, f"{value:,}" if isinstance(value, int) else value) for name, value in rows]
    output.emit_table(entries.tokenizer, ("fact", "count"), shown, right=(1,))


@vocabulary_group.command("train")
@click.argument("text")
@click.option("--kind", type=click.Choice(["bpe", "wordpiece", "unigram"]), default="bpe", show_default=True)
@click.option("--size", type=int, default=500, show_default=True, help="Entries, the 256 bytes among them.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many pieces to list.")
@output.as_json_option
def train_command(text: str, kind: str, size: int, limit: int, as_json: bool) -> None:
    """Train a tokenizer on TEXT (- for standard input): what it learned, in order, and its tokens of TEXT."""
    from playground import limits
    from playground.core.text import clean
    from playground.models import training

    cleaned = clean(output.read_text(text), limits.TRAINING_CHARACTERS)
    output.notices(cleaned.notices)
    found = training.train(kind, cleaned.text, size)
    tokens = len(found.encode(cleaned.text).tokens)
    if as_json:
        output.emit_json(
            {
                "kind": kind,
                "vocabulary_size": found.size,
                "tokens": tokens,
                "utf8_bytes": len(cleaned.text.encode()),
                "learned": [
                    {
                        "order": piece.order,
                        "id": piece.id,
                        "bytes": piece.raw.hex(),
                        "parts": [part.hex() for part in piece.parts] if piece.parts else None,
                        "score": piece.score,
                    }
                    for piece in found.learned
                ],
            }
        )
        return
    output.emit_table(
        f"{training.KINDS[found.kind]}: {found.size:,} entries, {tokens:,} tokens for this text",
        ("order", "piece", "merged from", "id"),
        (
            (
                piece.order,
                visible(piece.raw.decode(errors="replace"), piece.raw),
                " + ".join(visible(part.decode(errors="replace"), part) for part in piece.parts or ()),
                piece.id,
            )
            for piece in found.learned[:limit]
        ),
        right=(0, 3),
    )


@vocabulary_group.command("languages")
@_tokenizer_option
@output.as_json_option
def languages_command(tokenizer_id: str, as_json: bool) -> None:
    """The same five sentences in 22 languages: tokens, and how many for each one that English needs."""
    from playground.core import fertility
    from playground.models import engines

    engine = engines.load(tokenizer_id)
    languages = fertility.parallel()
    counts = [fertility.count(map(engine.encode, language.sentences)) for language in languages]
    rows = [
        {
            "language": language.id,
            "name": language.name,
            "script": language.script,
            "tokens": count.tokens,
            "unknown": count.unknown,
            "premium": fertility.premium(count, counts[0]),
        }
        for language, count in zip(languages, counts, strict=True)
    ]
    if as_json:
        output.emit_json({"tokenizer": tokenizer_id, "languages": rows})
        return
    output.emit_table(
        f"{engine.info.title}: five sentences in {len(languages)} languages",
        ("language", "script", "tokens", "x English", "lost (unknown)"),
        ((r["name"], r["script"], r["tokens"], f"{r['premium']:.2f}", r["unknown"] or "") for r in rows),
        right=(2, 3, 4),
    )


COMMANDS = (vocabulary_group,)
