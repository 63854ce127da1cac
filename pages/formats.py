"""Placeholder until the page lands."""

from playground.ui import shell

shell.header(__file__, "")
