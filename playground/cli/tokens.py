"""tokenize: one text under one tokenizer; merges: how one word is cut, step by step."""

from typing import Any

import click

from playground import limits
from playground.cli import output
from playground.core import unigram_lattice
from playground.core.round_trip import losses
from playground.core.tokens import SpecialMode, character_range, record
from playground.core.unigram_lattice import Lattice
from playground.core.visible import visible
from playground.core.wordpiece_trace import Matching


@click.command()
@click.argument("text")
@click.option("--tokenizer", "tokenizer_id", metavar="ID", default="smollm2", show_default=True)
@click.option(
    "--special",
    type=click.Choice(["plain", "control"]),
    default="plain",
    show_default=True,
    help="Whether names such as <|endoftext|> in TEXT are ordinary text or control tokens.",
)
@click.option(
    "--template", is_flag=True, help="Add what the model adds around a text, [CLS] … [SEP]; reads control tokens."
)
@output.as_json_option
def tokenize(text: str, tokenizer_id: str, special: SpecialMode, template: bool, as_json: bool) -> None:
    """The tokens of TEXT (- for standard input): ids, bytes, characters, and whether decoding gives it back.

    The table names each token's first and last character, counted from 0; in JSON "end" is one past the last.

    Tokenizers: gpt2, cl100k, o200k, smollm2, bert, mistral, tekken, jurassic2.
    """
    from playground.models import engines

    encoding = engines.load(tokenizer_id).encode(output.read_text(text), "template" if template else special)
    output.notices(encoding.notices)
    if as_json:
        output.emit_json(record(encoding))
        return
    rows = (
        (i, token.id, visible(token.text, token.raw), token.raw.hex(" "), character_range(token.start, token.end))
        for i, token in enumerate(encoding.tokens)
    )
    output.emit_table(
        f"{engines.TOKENIZERS[tokenizer_id].title}: {len(encoding.tokens):,} tokens",
        ("", "id", "text", "bytes", "characters, from 0"),
        rows,
        right=(0, 1, 4),
    )
    output.notices([] if encoding.round_trip else [f"not reversible: {'; '.join(losses(encoding))}"])


@click.command()
@click.argument("word")
@click.option("--tokenizer", "tokenizer_id", metavar="ID", default="gpt2", show_default=True)
@output.as_json_option
def merges(word: str, tokenizer_id: str, as_json: bool) -> None:
    """How WORD is cut, step by step: merges by rank, longest match, or the most probable ways of a Unigram lattice.

    Each line is a step: what is joined or tried, and its rank, id or score. JSON: one list of steps a pre-token.
    """
    from playground.models import engines

    engine = engines.load(tokenizer_id)
    found = [(p.text, _steps(engine.traced(p.text))) for p in engine.stages(output.read_text(word)).pre_tokens]
    if as_json:
        parts = [{"pre_token": text, "steps": steps} for text, steps in found]
        output.emit_json({"tokenizer": tokenizer_id, "algorithm": engine.staging.algorithm, "pre_tokens": parts})
        return
    for text, steps in found:
        rows = [(i, *map(str, step.values())) for i, step in enumerate(steps, start=1)]
        output.emit_table(f"{engine.info.title}: {visible(text)}", ("", *(steps[0] if steps else ())), rows, right=(0,))


def _steps(traced: Any) -> list[dict[str, Any]]:
    if isinstance(traced, Matching):
        return [{"tried": t.piece, "id": t.id} for t in traced.tries]
    if isinstance(traced, Lattice):
        paths = unigram_lattice.n_best(traced, limits.N_BEST)
        return [{"pieces": "  ".join(e.piece for e in path.edges), "score": path.score} for path in paths]
    return [
        {"left": _shown(c.left), "right": _shown(c.right), "rank": c.rank, "joined": _shown(c.joined)}
        for c in (step.chosen for step in traced)
        if c is not None
    ]


def _shown(part: bytes | str) -> str:
    return part if isinstance(part, str) else visible(part.decode(errors="replace"), part)


COMMANDS: tuple[click.Command, ...] = (tokenize, merges)
