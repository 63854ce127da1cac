"""``python -m playground`` is the ``llm-playground`` command."""

from playground.cli import main

if __name__ == "__main__":
    main()
