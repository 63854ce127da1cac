"""The project's own errors: each says what is wrong (title) and what to do (hint).

The shell shows them as a box in a page, the command line as one line on standard error.
"""


class PlaygroundError(Exception):
    """Something a person can act on.

    >>> str(PlaygroundError("No text", "Type something."))
    'No text. Type something.'
    """

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(title, hint)
        self.title = title
        self.hint = hint

    def __str__(self) -> str:
        title = self.title if self.title.endswith((".", "!", "?")) else f"{self.title}."
        return f"{title} {self.hint}".strip()


class BadInput(PlaygroundError):
    """A value that can't be computed with; the hint says which values can."""


class ModelUnavailable(PlaygroundError):
    """A model or vocabulary that can't be fetched, verified or loaded."""


class ModelBusy(PlaygroundError):
    """The queue is full, or the wait outlasted its deadline."""


class Cancelled(PlaygroundError):
    """The work was cancelled by the person who asked for it."""
