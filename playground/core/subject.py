"""What a calculator is asked about: a model of the catalogue, or just a number of parameters."""

from dataclasses import dataclass

from playground import limits
from playground.core import parameters
from playground.core.architectures import Architecture, architecture
from playground.core.units import format_count, parse_count
from playground.errors import BadInput

BATCH_MAX, TOKENS_MAX = 1_000_000, 100_000_000


@dataclass(frozen=True)
class Subject:
    """A parameter count, and the architecture it belongs to where one is known."""

    parameters: int
    model: Architecture | None = None

    @property
    def title(self) -> str:
        """How to name it in a heading."""
        return self.model.title if self.model else f"{format_count(self.parameters)} parameters"

    @property
    def remarks(self) -> list[str]:
        """What one should know about this model's count: experts, and where other tools count differently."""
        if self.model is None:
            return []
        said = [self.model.note] if self.model.note else []
        if self.model.experts:
            working = format_count(parameters.active(self.model))
            said.append(
                f"All {format_count(self.parameters)} parameters must be in memory; a token passes {working} of them."
            )
        return said


def subject(model_id: str | None = None, count: str | int | None = None) -> Subject:
    """The subject for a catalogue id or a parameter count (``7.5B``); exactly one of them.

    >>> subject("gpt2").parameters, subject(count="7.5B").parameters
    (124439808, 7500000000)

    Raises BadInput for an unknown id, for both or neither, and for a count outside 1 … 10^15.
    """
    if (model_id is None) == (count is None):
        raise BadInput("Give a model or a number of parameters", "One of the two: --model ID or --params N.")
    if model_id is not None:
        model = architecture(model_id)
        return Subject(parameters.count(model), model)
    number = parse_count(str(count), "number of parameters")
    check_range("parameters", number, 1, limits.PARAMETERS_MAX - 1)
    return Subject(number)


def check_range(what: str, value: int, low: int, high: int) -> int:
    """The value, if it lies in low … high; BadInput otherwise.

    >>> check_range("GPUs", 8, 1, 64)
    8
    """
    if not low <= value <= high:
        raise BadInput(f"{value:,} {what} can't be computed with", f"Choose between {low:,} and {high:,}.")
    return value
