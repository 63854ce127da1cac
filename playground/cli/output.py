"""What a subcommand prints: one JSON object, or a readable table; notices go to standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
errors = Console(stderr=True, highlight=False)


def emit_json(data: dict[str, Any]) -> None:
    """The one JSON object of this run. Non-finite numbers are a bug: they raise instead of printing NaN."""
    print(json.dumps(data, ensure_ascii=False, allow_nan=False))


def emit_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> None:
    """A table with a title; the columns in ``right`` are aligned right. Cells are text, never markup."""
    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index in right else "left")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console(highlight=False, soft_wrap=False).print(table)


def notices(texts: Iterable[str]) -> None:
    """What was changed on the way in, on standard error."""
    for text in texts:
        errors.print(Text(f"note: {text}"))


def read_text(argument: str) -> str:
    """The argument, or standard input where it is ``-``; a byte that is no UTF-8 becomes a lone surrogate, for
    ``core.text.clean`` to find.
    """
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if argument == "-" else argument
