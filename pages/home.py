"""Home: what is here, in the order of a course; each card opens a ready example."""

from playground.ui import shell

shell.header(__file__, "Explore how large language models work.")
