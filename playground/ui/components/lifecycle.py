"""The Lifecycle page: the task in hand, the ways to solve it, what each costs."""

from typing import Any

import streamlit as st

from playground.core import lifecycle
from playground.core.lifecycle import Machine, Task, Way
from playground.core.subject import Subject
from playground.core.units import format_count
from playground.figures import lifecycle as figures
from playground.ui import downloads, inputs, shell
from playground.ui.components.scaling import CARDS

SHOTS = (0, 1, 2, 3, 5, 8, 16, 32, 64, 128)
EXAMPLES = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
REQUESTS = tuple(10**power for power in range(2, 11))
LENGTHS = (16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096)
SNIPPET = """
N, price_of_one = 8.03e9, 2.0 / (312e12 * 0.4 * 3600)       # $2 an hour, A100 at 40% of 312 TFLOP/s

few_shot = 2 * N * (64 + 16 + 8 * 128) * price_of_one       # 8 examples of 128 tokens, read every time
tuned    = 2 * N * (64 + 16) * price_of_one                 # the short prompt
training = 4 * N * (3_000 * 128 * 3) * price_of_one         # LoRA: 3,000 examples, 3 epochs

print(f"LoRA costs ${training:.2f} once, and pays after {training / (few_shot - tuned):,.0f} requests")
"""


def ask() -> tuple[Task, Machine]:
    """The task and the machine."""
    first, second, third = st.columns(3)
    with first:
        prompt = _slider(
            "Question, tokens",
            LENGTHS,
            "prompt_tokens",
            64,
            "What one request asks, with its instruction. A token is about three quarters of an English word.",
        )
        answer = _slider("Answer, tokens", LENGTHS, "answer_tokens", 16, "How long the model's answer is.")
    with second:
        shots = _slider(
            "Examples shown (few-shot)",
            SHOTS,
            "shots",
            8,
            "Solved examples put before every question. Nothing is trained, but the model reads them again each time.",
        )
        example = _slider(
            "Tokens an example",
            LENGTHS,
            "example_tokens",
            128,
            "How long a solved example is, shown in the prompt or trained on.",
        )
    with third:
        dataset = _slider(
            "Labelled examples to train on",
            EXAMPLES,
            "dataset",
            3_000,
            "Questions with the right answer that you have. Fine-tuning changes the weights so that they fit them.",
        )
        requests = _slider("Requests a month", REQUESTS, "requests", 100_000, "How often the finished system is asked.")
    with st.expander("Machine, price, epochs", icon=":material/tune:"):
        one, two, three, four, five = st.columns(5)
        with one:
            card = inputs.choice(
                "GPU",
                list(CARDS),
                key="card",
                default="a100-80gb",
                format_func=lambda name: CARDS[name].title,
                help="The graphics card that computes. Its peak speed sets how long an operation takes.",
            )
        with two:
            percent = inputs.slider(
                "Utilisation, % of peak",
                5,
                100,
                40,
                key="utilisation",
                help="How much of the card's advertised speed the program reaches. Training large models: 30 to 50%.",
            )
        with three:
            rate = inputs.slider(
                "Price of a GPU hour, $", 0.0, 15.0, 2.0, key="price", step=0.1, help="What renting one card costs."
            )
        with four:
            epochs = inputs.slider(
                "Epochs", 1, 20, 3, key="epochs", help="How often fine-tuning reads the whole set of examples."
            )
        with five:
            months = inputs.slider(
                "Months in use", 1, 60, 12, key="months", help="How long the system answers before it is replaced."
            )
    task = Task(prompt, answer, shots, example, dataset, epochs, requests, months)
    return task, Machine(CARDS[card], percent / 100, rate)


def decide(subject: Subject, task: Task, machine: Machine) -> None:
    """Every way's price, and from how many requests on the next one pays."""
    ways = {way.name: way for way in lifecycle.ways(subject, task, machine)}
    requests = task.requests * task.months
    longest = ways["few-shot"].request_tokens
    if subject.model and 0 < subject.model.context < longest:
        shell.notices([f"{longest:,} tokens are more than {subject.model.title} was trained for: show fewer examples."])
    trained_on = lifecycle.training_length(subject, task)
    st.html(figures.table(tuple(ways.values()), requests, trained_on))
    shell.provenance(
        "computed",
        "2N operations a token read or written, 6N a token trained, 4N with frozen weights; pre-training reads 20 "
        f"tokens per parameter. ✓ the cheapest that has seen your examples, for {requests:,} requests. GPU time only: "
        "people, data, idle servers and failed runs come on top.",
    )
    shell.notices(
        [
            f"Memory to train: one sequence of {trained_on:,} tokens at a time, each layer computed again on the way "
            "back, LoRA of rank 16 beside all matrices; 16-bit weights. Longer texts, larger batches or activations "
            "that are kept take more: see Memory.",
        ]
    )
    st.markdown(f"**Against {task.shots} examples with every request** (few-shot), training once is cheaper after")
    row = st.container(horizontal=True)
    for way in ("lora", "fine-tune", "pre-train"):
        pays = lifecycle.break_even(ways["few-shot"], ways[way])
        row.metric(lifecycle.TITLES[way], _requests(pays), "requests" if pays is not None else None, **_QUIET)
    shell.provenance(
        "computed",
        "the price of training / what a request saves, since it no longer carries the examples. Against the plain "
        "prompt training never saves: it is there for better answers. Nor does pre-training the same size save "
        "anything against LoRA.",
    )
    _plot(figures.over_requests(tuple(ways.values()), requests), "lifecycle", "Total price over requests, by way")
    shell.provenance("computed", "where two lines cross, paying once for training begins to pay.")
    downloads.offer("lifecycle", _rows(tuple(ways.values()), requests), key="lifecycle.file")


def when() -> None:
    """What each step is for, in the course's order."""
    st.markdown(
        "1. **Prompt**: say what you want. Nothing to train; start here, and measure.\n"
        "2. **Few-shot**: show examples in the prompt. Each is paid for with every request, and takes context.\n"
        "3. **Fine-tune, with LoRA**: hundreds to thousands of examples, one GPU; small files beside one base model.\n"
        "4. **Fine-tune every weight**: more data, and 16 bytes a parameter while it learns.\n"
        "5. **Pre-train**: a language or a field no model has read, and a corpus to match. By the rule of 20 tokens a "
        "parameter BloombergGPT's 50.6B parameters ask for 1.01T tokens; it had 709B and read 569B, 11 a parameter, on "
        "512 A100 in 53 days ([arXiv:2303.17564](https://arxiv.org/abs/2303.17564), and *Scaling laws*)."
    )


def _rows(ways: tuple[Way, ...], requests: int) -> list[dict[str, Any]]:
    return [
        {
            "way": lifecycle.TITLES[way.name],
            "training operations": way.once_flop,
            "training price": way.once_price,
            "memory to train, bytes": way.once_memory,
            "tokens a request": way.request_tokens,
            "price a request": way.request_price,
            "memory to serve, bytes": way.serving_memory,
            "in all": way.total(requests),
        }
        for way in ways
    ]


_QUIET: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}


def _requests(value: float | None) -> str:
    return "never" if value is None else f"{value:,.0f}" if value < 10**6 else format_count(round(value))


def _slider(label: str, options: tuple[int, ...], key: str, default: int, what: str) -> int:
    return inputs.choice(
        label, options, key=key, default=default, slider=True, format_func=lambda n: f"{n:,}", help=what
    )


def _plot(figure: Any, key: str, alt: str) -> None:
    st.plotly_chart(figure, width="stretch", config={"displayModeBar": False}, key=key, alt=alt)
