"""What a lesson may assert about a page: few facts, each a number or a text that the page shows too.

An assertion names a fact, what it takes, and what it must be::

    - fact: probability
      token: " Paris"
      between: [0.6, 0.9]

What is not given is taken from the step's state, so that an assertion speaks of what the step shows. How a fact is
found out is given from above (``Know``): this module knows no model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playground.errors import BadInput

Value = float | str
Know = Mapping[str, Callable[..., Value]]  # by fact; called with the arguments as texts


@dataclass(frozen=True)
class Fact:
    """What a fact is, and what it takes: what it needs, and what it may be told."""

    what: str
    needs: tuple[str, ...]
    may: tuple[str, ...] = ()
    text: bool = False  # a text, not a number


FACTS: Mapping[str, Fact] = {
    "token count": Fact("tokens of a text", ("text",), ("tokenizer",)),
    "top token": Fact("the most probable next token", ("text",), ("model",), text=True),
    "probability": Fact("of a token as the next one", ("text", "token"), ("model", "t", "p")),
    "kept tokens": Fact("tokens that top-p leaves", ("text", "p"), ("model", "t")),
    "attention": Fact("a head's weight from one token to another", ("text", "from", "to", "layer", "head"), ("model",)),
    "accuracy": Fact("of the recorded answers", ("exercise", "shots")),
    "times said": Fact("how many of the recorded answers are a label", ("exercise", "shots", "label")),
    "kv bytes per token": Fact("of the KV cache", ("model",), ("kv",)),
    "answering bytes": Fact("a part of what answering takes", ("of",), ("model", "params", "weights", "kv", "context")),
    "training bytes": Fact(
        "a part of what learning takes", ("of",), ("model", "params", "recipe", "batch", "sequence", "recompute")
    ),
    "zero bytes per gpu": Fact("model states", ("gpus", "stage"), ("model", "params", "recipe", "factor")),
    "sent elements per parameter": Fact("in a step under ZeRO", ("gpus", "stage")),
}


@dataclass(frozen=True)
class Assertion:
    """A fact, what it is asked with, and what must come out: exactly ``value``, or a number from low to high."""

    fact: str
    arguments: tuple[tuple[str, str], ...]
    value: Value | None
    low: float = 0.0
    high: float = 0.0
    line: int = 0

    def __str__(self) -> str:
        asked = ", ".join(f"{name} {value!r}" for name, value in self.arguments if name != "text")
        wanted = f"is {self.value!r}" if self.value is not None else f"is between {self.low:g} and {self.high:g}"
        return f"{self.fact} ({asked}) {wanted}" if asked else f"{self.fact} {wanted}"


@dataclass(frozen=True)
class Outcome:
    """What was found, and whether it is what the lesson says."""

    assertion: Assertion
    found: Value
    holds: bool


def evaluate(assertion: Assertion, know: Know) -> Outcome:
    """Ask for the fact and compare.

    >>> outcome = evaluate(Assertion("token count", (("text", "a b"),), 2.0), {"token count": lambda text: 2})
    >>> outcome.holds, outcome.found
    (True, 2)

    Raises BadInput for a fact nobody knows, and whatever finding it out raises.
    """
    if assertion.fact not in know:
        raise BadInput(f"There is no fact {assertion.fact!r}", f"Facts are: {', '.join(know)}.")
    # `from` is a word of Python's own
    found = know[assertion.fact](**{f"{k}_" if k == "from" else k: v for k, v in assertion.arguments})
    if assertion.value is not None:
        return Outcome(assertion, found, found == assertion.value)
    return Outcome(assertion, found, not isinstance(found, str) and assertion.low <= found <= assertion.high)
