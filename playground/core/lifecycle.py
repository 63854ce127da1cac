"""The course's lifecycle as a decision with prices: prompt, few-shot, fine-tune (LoRA or all), pre-train.

Reading or writing a token costs ``2N`` operations, training on one ``6N`` (Kaplan et al. §2.1), or ``4N`` where the
weights are frozen: adapters need the gradients of inputs, not those of the weights. Few-shot examples are read again
with every request; fine-tuning pays once and then sends the short prompt.
"""

from dataclasses import dataclass

from playground.core import chinchilla, lora, parameters
from playground.core.gpus import Gpu
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import cache_format
from playground.core.recipes import optimizer, recipe
from playground.core.subject import Subject, check_range
from playground.core.training_memory import training_memory
from playground.core.weight_formats import weight_format

WAYS = ("prompt", "few-shot", "lora", "fine-tune", "pre-train")
TITLES = {
    "prompt": "Prompt (zero-shot)",
    "few-shot": "Few-shot",
    "lora": "Fine-tune with LoRA",
    "fine-tune": "Fine-tune every weight",
    "pre-train": "Pre-train from nothing",
}


@dataclass(frozen=True)
class Task:
    """The task in hand, in tokens."""

    prompt: int  # instruction and question of one request
    answer: int
    shots: int  # examples shown in few-shot
    example: int  # tokens of one example
    dataset: int  # labelled examples there are to train on
    epochs: int
    requests: int  # a month
    months: int

    @property
    def trained_tokens(self) -> int:
        """Tokens a fine-tuning run reads."""
        return self.dataset * self.example * self.epochs


@dataclass(frozen=True)
class Machine:
    """What computes, and its price."""

    card: Gpu
    utilisation: float
    price_per_hour: float

    def hours(self, flop: float) -> float:
        """GPU hours for so many operations."""
        return flop / (self.card.tflops * 1e12 * self.utilisation * 3_600)

    def price(self, flop: float) -> float:
        """What those hours cost."""
        return self.hours(flop) * self.price_per_hour


@dataclass(frozen=True)
class Way:
    """One way to solve the task, with what it costs once and per request."""

    name: str
    once_flop: float
    once_memory: int  # bytes while training; 0 where nothing is trained
    request_tokens: int
    request_flop: float
    serving_memory: int
    once_price: float
    request_price: float

    def total(self, requests: float) -> float:
        """Price of preparing and then answering so many requests.

        >>> Way("prompt", 0, 0, 100, 1e12, 0, 5.0, 0.001).total(1000)
        6.0
        """
        return self.once_price + self.request_price * requests


def training_length(subject: Subject, task: Task) -> int:
    """Tokens of the one sequence that is trained on at a time: an example, or the model's context where it is shorter.

    >>> from playground.core.subject import subject
    >>> training_length(subject("gpt2"), Task(64, 16, 8, 2048, 3000, 3, 1000, 1))
    1024
    """
    longest = subject.model.context if subject.model else 0
    return min(task.example, longest) if longest else task.example


def ways(subject: Subject, task: Task, machine: Machine) -> tuple[Way, ...]:
    """Every way, priced for this model: the price of operations alone, at this utilisation.

    Leaves out people, data, failed runs, and serving's idle time. Raises BadInput for numbers no task has, and where
    the model is only a number.
    """
    _check(task)
    plain, shown = task.prompt + task.answer, task.prompt + task.answer + task.shots * task.example
    active = parameters.active(subject.model) if subject.model else subject.parameters
    length = training_length(subject, task)
    full = training_memory(subject, recipe("mixed"), optimizer("adamw"), 1, length, "full").total
    adapted = lora.lora_memory(subject, "lora", 16, "all-linear", 1, length, "full").total
    once = {
        "prompt": (0.0, 0),
        "few-shot": (0.0, 0),
        "lora": (4.0 * active * task.trained_tokens, adapted),
        "fine-tune": (6.0 * active * task.trained_tokens, full),
        "pre-train": (6.0 * active * chinchilla.TOKENS_PER_PARAMETER * subject.parameters, full),
    }
    found = []
    for name, (flop, memory) in once.items():
        tokens = shown if name == "few-shot" else plain
        each = 2.0 * active * tokens
        serving = inference_memory(subject, weight_format("bf16"), cache_format("bf16"), tokens).total
        prices = (machine.price(flop), machine.price(each))
        found.append(Way(name, flop, memory, tokens, each, serving, *prices))
    return tuple(found)


def break_even(cheap_to_start: Way, cheap_to_run: Way) -> float | None:
    """Requests after which the second is cheaper; None if it never is.

    >>> shots = Way("few-shot", 0, 0, 1000, 1, 0, 0.0, 0.002)
    >>> break_even(shots, Way("lora", 1, 1, 100, 1, 0, 9.0, 0.0005))
    6000.0
    """
    saved = cheap_to_start.request_price - cheap_to_run.request_price
    more = cheap_to_run.once_price - cheap_to_start.once_price
    return max(more / saved, 0.0) if saved > 0 else None


def _check(task: Task) -> None:
    check_range("tokens of prompt", task.prompt, 1, 10**6)
    check_range("tokens of answer", task.answer, 1, 10**6)
    check_range("shots", task.shots, 0, 10**4)
    check_range("tokens an example", task.example, 1, 10**6)
    check_range("examples", task.dataset, 1, 10**9)
    check_range("epochs", task.epochs, 1, 1_000)
    check_range("requests a month", task.requests, 1, 10**12)
    check_range("months", task.months, 1, 1_200)
