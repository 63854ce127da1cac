"""The app's shared resources (filled in by the models floor)."""


def warm_up() -> None:
    """Once per process, before the first page."""
