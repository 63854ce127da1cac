"""The calculators the other way round: given a card, the longest context, largest batch, best format, largest model.

Every need grows with its tokens, texts and parameters, so the largest that fits is found by halving an interval: the
answer fits and the next one does not, which the tests hold against the forward calculation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from playground import limits
from playground.core.architectures import catalogue
from playground.core.inference_memory import InferenceMemory, inference_memory
from playground.core.kv_cache import CacheFormat
from playground.core.lora import LORA_BY_NAME, lora_memory
from playground.core.recipes import OPTIMIZERS_BY_NAME, recipe
from playground.core.subject import BATCH_MAX, TOKENS_MAX, Subject, subject
from playground.core.training_memory import TrainingMemory, training_memory
from playground.core.weight_formats import WEIGHT_FORMATS, WeightFormat


def largest(fits: Callable[[int], bool], low: int, high: int) -> int | None:
    """The largest whole number in low … high that fits, or None; ``fits`` must not come back once it is lost.

    >>> largest(lambda n: n * n <= 50, 1, 100), largest(lambda n: False, 1, 100)
    (7, None)
    """
    if not fits(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


@dataclass(frozen=True)
class Serving:
    """A question about answering, all but one of its numbers given."""

    subject: Subject
    weights: WeightFormat
    cache: CacheFormat
    context: int
    batch: int
    overhead: int

    def need(self, **changes: object) -> InferenceMemory:
        """What it needs, with some numbers changed."""
        asked = {**self.__dict__, **changes}
        return inference_memory(**asked)

    def longest_context(self, usable: int) -> int | None:
        """Tokens a text may have; TOKENS_MAX where more tokens need no more memory (a full window, an encoder)."""
        return largest(lambda tokens: self.need(context=tokens).total <= usable, 1, TOKENS_MAX)

    def largest_batch(self, usable: int) -> int | None:
        """Texts at once."""
        return largest(lambda texts: self.need(batch=texts).total <= usable, 1, BATCH_MAX)

    def best_format(self, usable: int) -> WeightFormat | None:
        """Of the formats real files have, the one of most bits a weight that fits; the first listed of equals."""
        needs = [(form, self.need(weights=form)) for form in REAL_FORMATS]
        fitting = [(need.bits_per_weight, form) for form, need in needs if need.total <= usable]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def largest_models(self, usable: int) -> list[tuple[Subject, InferenceMemory]]:
        """Models of the catalogue that fit, largest first, for this context and batch."""
        needs = [(about, self.need(subject=about)) for about in map(subject, catalogue())]
        fitting = [pair for pair in needs if pair[1].total <= usable]
        return sorted(fitting, key=lambda pair: -pair[0].parameters)

    def largest_count(self, usable: int) -> int | None:
        """The most parameters whose weights alone (and the overhead) fit: ``(usable − overhead)·8 / bits``.

        The closed form; rounded down, since bytes are rounded up.
        """
        count = int((usable - self.overhead) * 8 / self.weights.bits)
        return min(count, limits.PARAMETERS_MAX - 1) if count >= 1 else None


# Ideal INT8 and INT4 are sums without scales, FP32 is never needed to answer.
REAL_FORMATS = tuple(f for f in WEIGHT_FORMATS if f.name not in ("fp32", "fp16", "fp8", "int8", "int4"))


@dataclass(frozen=True)
class Training:
    """A question about learning; ``recipe_name`` may be lora or qlora."""

    subject: Subject
    recipe_name: str
    batch: int
    sequence: int
    recompute: str
    overhead: int

    def need(self, **changes: object) -> TrainingMemory:
        """What it needs, with some numbers changed."""
        asked = {**self.__dict__, **changes}
        about, name, rest = asked.pop("subject"), asked.pop("recipe_name"), asked
        if name in LORA_BY_NAME:
            return lora_memory(about, name, **rest)
        return training_memory(about, recipe(name), OPTIMIZERS_BY_NAME["adamw"], **rest)

    def longest_sequence(self, usable: int) -> int | None:
        """Tokens a sequence may have."""
        return largest(lambda tokens: self.need(sequence=tokens).total <= usable, 1, TOKENS_MAX)

    def largest_batch(self, usable: int) -> int | None:
        """Sequences a step."""
        return largest(lambda texts: self.need(batch=texts).total <= usable, 1, BATCH_MAX)

    def largest_models(self, usable: int) -> list[tuple[Subject, TrainingMemory]]:
        """Models of the catalogue that can be trained so, largest first."""
        needs = [(about, self.need(subject=about)) for about in map(subject, catalogue())]
        fitting = [pair for pair in needs if pair[1].total <= usable]
        return sorted(fitting, key=lambda pair: -pair[0].parameters)


def frontier(asked: Serving, usable: int, batches: Sequence[int]) -> list[tuple[int, int]]:
    """(texts at once, longest context) for each batch that leaves room for a token."""
    found = ((texts, replace(asked, batch=texts).longest_context(usable)) for texts in batches)
    return [(texts, tokens) for texts, tokens in found if tokens is not None]
