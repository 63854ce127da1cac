"""Streamlit's command line, with a note of each load and each pass: ``python -m tests.load.watched_app run ...``."""

import sys

from tests.load import watch

if __name__ == "__main__":
    from streamlit.web import cli

    watch.install()
    sys.exit(cli.main(prog_name="streamlit"))
