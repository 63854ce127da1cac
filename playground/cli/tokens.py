"""tokenize: one text under one tokenizer."""

import click

from playground.cli import output
from playground.core.round_trip import losses
from playground.core.tokens import SpecialMode, record
from playground.core.visible import visible


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
    """The tokens of TEXT (- for standard input): ids, bytes, character offsets, and whether decoding gives it back.

    Tokenizers: gpt2, cl100k, o200k, smollm2, bert, mistral, jurassic2.
    """
    from playground.models import engines

    encoding = engines.load(tokenizer_id).encode(output.read_text(text), "template" if template else special)
    output.notices(encoding.notices)
    if as_json:
        output.emit_json(record(encoding))
        return
    rows = (
        (i, token.id, visible(token.text, token.raw), token.raw.hex(" "), f"{token.start}–{token.end}")
        for i, token in enumerate(encoding.tokens)
    )
    output.emit_table(
        f"{engines.TOKENIZERS[tokenizer_id].title}: {len(encoding.tokens):,} tokens",
        ("", "id", "text", "bytes", "characters"),
        rows,
        right=(0, 1, 4),
    )
    output.notices([] if encoding.round_trip else [f"not reversible: {'; '.join(losses(encoding))}"])


COMMANDS: tuple[click.Command, ...] = (tokenize,)
