"""How the next token is chosen, as numbers: checked where a program gives them, mended where a link does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from playground.errors import BadInput

TEMPERATURE_MAX = 5.0  # the end of the slider; a command may go beyond
SEED_MAX = 2**31 - 1
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0.0, math.inf),
    "top_k": (0, math.inf),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "repetition_penalty": (1e-3, 1e3),
}
_OF_A_LINK = _RANGES | {"temperature": (0.0, TEMPERATURE_MAX), "seed": (0, SEED_MAX)}


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen; the defaults leave the model's own distribution as it is.

    ``temperature`` 0 is greedy. ``top_k`` 0, ``top_p`` 1, ``min_p`` 0 and ``repetition_penalty`` 1 are off.
    Raises BadInput for NaN, infinities and values out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high) or (name == "top_k" and value != int(value)):
                upper = "or more" if high == math.inf else f"to {high:g}"
                kind = "a whole number" if name == "top_k" else "a number"
                raise BadInput(f"{name.replace('_', '-')} can't be {value!r}", f"Give {kind} from {low:g} {upper}.")


def lenient(values: Mapping[str, str], vocabulary_size: int) -> tuple[dict[str, float], tuple[str, ...]]:
    """Settings and seed as a link gives them: what can't be used moves to the nearest that can, with a notice.

    >>> lenient({"temperature": "-3", "top_k": "nan"}, 100)[0]
    {'temperature': 0.0}
    """
    usable, notices = {}, []
    for name, text in values.items():
        low, high = _OF_A_LINK[name]
        high = min(high, vocabulary_size) if name == "top_k" else high
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isnan(number):
            notices.append(f"{name.replace('_', '-')} in this link is no number: it is ignored.")
            continue
        value = min(max(number, low), high)
        usable[name] = round(value) if name in ("top_k", "seed") else value
        if usable[name] != number:
            notices.append(f"{name.replace('_', '-')} in this link was {number:g}: using {usable[name]:g}.")
    return usable, tuple(notices)
