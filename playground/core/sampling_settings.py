"""How the next token is chosen, as numbers: checked where a program gives them, mended where a link does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from playground.errors import BadInput

TEMPERATURE_MAX = 5.0  # the end of the slider; a command may go beyond
SEED_MAX = 2**31 - 1
# The same steps in two orders. transformers: generation/utils.py, `_get_logits_processor`; llama.cpp: common/common.h,
# `common_params_sampling.samplers`, of which DRY, top-nσ and XTC, off there by default, are left out.
ORDERS: dict[str, tuple[str, ...]] = {
    "transformers": ("repetition_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p"),
    "llama.cpp": ("repetition_penalty", "top_k", "typical_p", "top_p", "min_p", "temperature"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0.0, math.inf),
    "top_k": (0, math.inf),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "typical_p": (1e-3, 1.0),
    "repetition_penalty": (1e-3, 1e3),
}
_OF_A_LINK = _RANGES | {"temperature": (0.0, TEMPERATURE_MAX), "seed": (0, SEED_MAX)}


@dataclass(frozen=True)
class SamplingSettings:
    """How the next token is chosen; the defaults leave the model's own distribution as it is.

    ``temperature`` 0 is greedy. ``top_k`` 0, ``top_p`` 1, ``min_p`` 0, ``typical_p`` 1 and ``repetition_penalty`` 1
    are off. Raises BadInput for NaN, infinities, values out of range and an unknown order.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    typical_p: float = 1.0
    order: str = "transformers"

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high) or (name == "top_k" and value != int(value)):
                upper = "or more" if high == math.inf else f"to {high:g}"
                kind = "a whole number" if name == "top_k" else "a number"
                raise BadInput(f"{name.replace('_', '-')} can't be {value!r}", f"Give {kind} from {low:g} {upper}.")
        if self.order not in ORDERS:
            raise BadInput(f"There is no order {self.order!r}", f"Choose one of {', '.join(ORDERS)}.")

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that are on, in order.

        Temperature 0 is the step "greedy". transformers then cuts nothing (``do_sample=False``); in llama.cpp the
        temperature comes last, so the most probable of the tokens that are left is taken.

        >>> SamplingSettings(temperature=0.5, top_k=9, order="llama.cpp").steps
        ('top_k', 'temperature')
        """
        neutral = SamplingSettings.__dataclass_fields__
        on = [name for name in ORDERS[self.order] if getattr(self, name) != neutral[name].default]
        if self.temperature > 0:
            return tuple(on)
        place = on.index("temperature")
        return (*on[:place], "greedy")


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
            used = f"{usable[name]:,}" if name in ("top_k", "seed") else f"{usable[name]:g}"
            off = name != "seed" and usable[name] == getattr(SamplingSettings(), name)
            notices.append(f"{name.replace('_', '-')} in this link was {number:g}: using {used}{' (off)' * off}.")
    return usable, tuple(notices)
