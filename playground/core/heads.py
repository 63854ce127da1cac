"""A head's scores in words, and which head to look at first."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from playground.core.attention import Scores

T = TypeVar("T")
MOSTLY = 0.5  # half of the mass earns a head its label
JOBS = {
    "induction": "what followed the same token earlier: an induction head",
    "previous token": "the token before: a previous-token head",
    "sink": "the first token: an attention sink",
    "itself": "the token itself",
}

# Where a person meets a pattern at first sight in the Attention page's example: "it" looks at the noun before it
# (0.75 and 0.68 of its attention on "animal" in "The animal didn't cross the street because it was too tired.").
FIRST_LOOK = {"smollm2-135m": (13, 8), "minilm-l6": (3, 1)}


class HeadScore(NamedTuple):
    """One head's scores as plain numbers; a mass is None where the text can't show it."""

    entropy_bits: float
    distance_tokens: float
    on_self: float | None
    on_previous: float | None
    on_first: float | None
    on_repeat: float | None

    @property
    def masses(self) -> tuple[tuple[str, float], ...]:
        """What the head puts where, by name. The shares may overlap: the token before may be the first."""
        named = (
            ("the first token", self.on_first),
            ("the token before", self.on_previous),
            ("the token itself", self.on_self),
            ("what followed it earlier", self.on_repeat),
        )
        return tuple((name, min(share, 1.0)) for name, share in named if share is not None)


def of(scores: Scores, layer: int, head: int) -> HeadScore:
    """One head out of all."""
    entropy_bits, distance_tokens, *masses = (float(values_LH[layer, head]) for values_LH in vars(scores).values())
    return HeadScore(entropy_bits, distance_tokens, *(None if math.isnan(mass) else mass for mass in masses))


def label(score: HeadScore) -> str:
    """What the head mostly does, with the score that earned it the words.

    Induction and previous-token heads: Olsson et al. 2022 (arXiv:2209.11895); the sink: Xiao et al. 2023
    (arXiv:2309.17453).

    >>> label(HeadScore(0.4, 3.0, 0.2, 0.1, 0.625, None))
    'puts 62 % on the first token: an attention sink'
    >>> label(HeadScore(3.0, 3.0, 0.2, 0.1, 0.1, None))
    'is as spread out as an even split over 8.0 tokens'
    """
    if score.on_first is None:
        return "has one token, which can look at nothing but itself"
    found = job(score)
    if found is None:
        return f"is as spread out as an even split over {2**score.entropy_bits:.1f} tokens"
    return f"puts {percent(found[1])} on {JOBS[found[0]]}"


def job(score: HeadScore) -> tuple[str, float] | None:
    """The name of what at least half of the head's attention does, and how much does it; None for no such thing.

    Copying is named before the sink: a head that has nothing to copy yet looks at the first token.

    >>> job(HeadScore(0.4, 3.0, 0.2, 0.1, 0.625, 0.5))
    ('induction', 0.5)
    """
    shares = {
        "induction": score.on_repeat or 0.0,
        "previous token": score.on_previous or 0.0,
        "sink": score.on_first or 0.0,
        "itself": score.on_self or 0.0,
    }
    if shares["previous token"] < shares["sink"]:
        del shares["previous token"]
    return next(((name, share) for name, share in shares.items() if share >= MOSTLY), None)


def short_label(score: HeadScore) -> str:
    """The label in a few words, for a list.

    >>> short_label(HeadScore(0.4, 3.0, 0.2, 0.1, 0.625, None)), short_label(HeadScore(3.0, 3.0, 0.2, 0.1, 0.1, None))
    ('sink, 62 %', 'over 8.0 tokens')
    """
    found = job(score)
    return f"{found[0]}, {percent(found[1])}" if found else f"over {2**score.entropy_bits:.1f} tokens"


def labels(scores: Scores) -> list[list[str]]:
    """Every head's label, by layer and head."""
    layers, heads = scores.entropy_bits.shape
    return [[label(of(scores, layer, head)) for head in range(heads)] for layer in range(layers)]


def percent(share: float) -> str:
    """A share as people write it.

    >>> percent(0.625)
    '62 %'
    """
    return f"{100 * share:.0f} %"


def first_look(model_id: str, layers: int) -> tuple[int, int]:
    """The (layer, head) to show first: one with a pattern a person can read, else one in the middle.

    >>> first_look("smollm2-135m", 30), first_look("another", 12)
    ((13, 8), (6, 0))
    """
    return FIRST_LOOK.get(model_id, (layers // 2, 0))


def first_tokens(tokens: Sequence[T], limit: int) -> tuple[Sequence[T], tuple[str, ...]]:
    """The first ``limit`` tokens, and a notice when there were more. In a decoder their rows stay as they were.

    >>> first_tokens("abc", 2)
    ('ab', ('Showing the first 2 of 3 tokens.',))
    """
    notice = f"Showing the first {limit:,} of {len(tokens):,} tokens."
    return (tokens[:limit], (notice,)) if len(tokens) > limit else (tokens, ())
