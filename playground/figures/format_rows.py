"""The vertical axis of a chart with a row for every format."""

from collections.abc import Sequence


def rows_axis(titles: Sequence[str], bold: Sequence[bool]) -> dict:
    """A row for each title, first on top; the bold ones are chosen."""
    return {
        "tickvals": list(range(len(titles))),
        "ticktext": [f"<b>{t}</b>" if strong else t for t, strong in zip(titles, bold, strict=True)],
        "range": [len(titles) - 0.5, -0.5],
        "showgrid": False,
    }
