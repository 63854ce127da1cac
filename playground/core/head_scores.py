"""All heads side by side: which one does a thing most, which ones leave their attention on the sink, and a sorted list.

The scores themselves are in ``attention``; here they are compared. A score describes where a head looks in one text.
"""

from typing import NamedTuple

import numpy as np

from playground.core import heads
from playground.core.attention import Scores
from playground.core.heads import HeadScore


class Measure(NamedTuple):
    """One score: its name in ``Scores``, its title, what a head with a high one does, and the text it needs."""

    key: str
    title: str
    meaning: str
    needs: str = "a text of two tokens or more"

    @property
    def short(self) -> str:
        """Its title, for a narrow column."""
        return self.title.removesuffix(" token")

    @property
    def is_share(self) -> bool:
        """Whether it is a share of the head's attention, from 0 to 1."""
        return self.key.startswith("on_")


MEASURES = (
    Measure(
        "on_repeat",
        "Induction",
        "looks at what *followed* the same token earlier",
        "a text in which four tokens or more occur twice",
    ),
    Measure("on_previous", "Previous token", "looks at the token before"),
    Measure("on_first", "First token", "leaves its attention on the first token, the sink"),
    Measure("on_self", "Itself", "looks at the token it stands on"),
    Measure("entropy_bits", "Entropy", "spreads its attention over many tokens"),
    Measure("distance_tokens", "Mean distance", "looks far away"),
)
BY_KEY = {measure.key: measure for measure in MEASURES}
ROWS = (
    "Each number is a mean over tokens. First, previous, itself: over all but the first token; induction: over those "
    "that occurred before; entropy and distance: over all. So a head's shares may add up to more than 100 %."
)


class Row(NamedTuple):
    """A head in the list."""

    layer: int
    head: int
    score: HeadScore


def best(scores: Scores, key: str) -> tuple[int, int] | None:
    """(layer, head) with the highest score of this name; None where the text can't show it.

    >>> table = np.array([[0.1, 0.9]])
    >>> best(Scores(table, table, table, table, table, table * np.nan), "on_first")
    (0, 1)
    """
    values_LH: np.ndarray = getattr(scores, key)
    if np.isnan(values_LH).all():
        return None
    layer, head = np.unravel_index(int(np.nanargmax(values_LH)), values_LH.shape)
    return int(layer), int(head)


def sinks(scores: Scores) -> int:
    """How many heads leave more than half of their attention on the first token (mean over the other tokens).

    Attention sinks: Xiao et al. 2023 (arXiv:2309.17453).

    >>> table = np.array([[0.5, 0.51]])
    >>> sinks(Scores(table, table, table, table, table, table))
    1
    """
    return int((scores.on_first > heads.MOSTLY).sum())


def ranked(scores: Scores, key: str) -> list[Row]:
    """Every head, the highest score of this name first; heads without one in the model's order."""
    values_LH: np.ndarray = getattr(scores, key)
    order = np.argsort(-np.nan_to_num(values_LH, nan=-1.0).ravel(), kind="stable")
    places = (divmod(int(i), values_LH.shape[1]) for i in order)
    return [Row(layer, head, heads.of(scores, layer, head)) for layer, head in places]


def shown(value: float | None, key: str) -> str:
    """A score with its unit.

    >>> shown(0.906, "on_repeat"), shown(4.87, "entropy_bits"), shown(None, "on_repeat")
    ('91 %', '4.87 bits', '–')
    """
    if value is None:
        return "–"
    if BY_KEY[key].is_share:
        return heads.percent(value)
    return f"{value:.2f} bits" if key == "entropy_bits" else f"{value:.1f} tokens"
