"""``llm-playground``: every calculator and lens of the pages as a subcommand. Names and JSON are stable.

Exit status 0; 2 for bad usage or a PlaygroundError, with one line on standard error and never a traceback.
Heavy modules are imported inside the subcommand that needs them, so ``--help`` and the calculators never load torch.
"""

import sys
from typing import NoReturn

import click

from playground import __version__
from playground.cli import (
    ablate,
    architectures,
    attention,
    date_t5,
    embeddings,
    formats,
    heads,
    lens,
    lessons,
    measure_zero,
    memory,
    positions,
    quantize,
    sampling,
    scaling,
    service,
    shots,
    tokens,
    vocabulary,
    zero,
)
from playground.errors import PlaygroundError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="llm-playground")
def app() -> None:
    """See how a large language model works, from the command line."""


for _command in (
    *service.COMMANDS,
    *lessons.COMMANDS,
    *tokens.COMMANDS,
    *vocabulary.COMMANDS,
    *embeddings.COMMANDS,
    *positions.COMMANDS,
    *sampling.COMMANDS,
    *architectures.COMMANDS,
    *attention.COMMANDS,
    *heads.COMMANDS,
    *lens.COMMANDS,
    *ablate.COMMANDS,
    *formats.COMMANDS,
    *quantize.COMMANDS,
    *shots.COMMANDS,
    *date_t5.COMMANDS,
    *memory.COMMANDS,
    *scaling.COMMANDS,
    *zero.COMMANDS,
    *measure_zero.COMMANDS,
):
    app.add_command(_command)


def main() -> None:
    """The console command."""
    try:
        status = app(standalone_mode=False)
    except PlaygroundError as error:
        _fail(str(error))
    except click.ClickException as error:
        _fail(f"{error.format_message()} See llm-playground --help.")
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> NoReturn:
    print(f"llm-playground: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
