"""Subcommands (see COMMANDS)."""

import click

COMMANDS: tuple[click.Command, ...] = ()
