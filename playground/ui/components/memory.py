"""The Memory page's two calculators: what follows from their inputs."""

import dataclasses

import streamlit as st

from playground.core import bits_explained, lora, memory_explained, recipes, training_explained
from playground.core.activations import Recompute
from playground.core.gpus import fits, smallest_that_fits
from playground.core.memory_explained import Line
from playground.core.subject import Subject
from playground.core.training_memory import TrainingMemory, training_memory
from playground.core.units import format_bytes
from playground.figures import memory as figures
from playground.figures.memory import Bar
from playground.ui import charts, downloads, shell
from playground.ui.components import memory_inputs as ask
from playground.ui.components.memory_inputs import COURSE

SNIPPET = """
import torch
from transformers import AutoConfig, AutoModelForCausalLM

config = AutoConfig.from_pretrained("HuggingFaceTB/SmolLM2-135M")
with torch.device("meta"):                        # shapes only, no memory
    model = AutoModelForCausalLM.from_config(config)
parameters = sum(p.numel() for p in model.parameters())       # 134,515,008; tied weights once

weights = parameters * 2                                       # BF16
kv_per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * 2
states = parameters * (2 + 2 + 12)                             # mixed precision, AdamW
print(f"{weights / 1e9:.2f} GB = {weights / 2**30:.2f} GiB")
"""


def inference(subject: Subject) -> None:
    """Weights, KV cache, activations, overhead of an answer."""
    asked = ask.ask_serving(subject)
    need = asked.need()
    rule = memory_explained.course_inference(subject, asked.weights)
    shell.notices(need.notices)
    _answer(need.total)
    _bars(
        Bar("Rule of thumb, weights alone", {"weights": rule}),
        Bar("Computed", need.parts),
    )
    shell.provenance("rule of thumb", "the course's parameters × bytes: the weights, and nothing else.")
    _details(
        f"weights: {bits_explained.sentence(subject, asked.weights)}. Then what the tokens need.",
        memory_explained.explain_inference(need, asked.weights, asked.cache, asked.context, asked.batch),
        need.total,
    )


def training(subject: Subject) -> None:
    """Weights, gradients, optimizer states, activations, overhead of a training step."""
    first, second, third = st.columns(3)
    with first:
        recipe = ask.ask_recipe()
    rule = memory_explained.course_training(subject)
    if recipe == COURSE:
        _course(subject, rule)
        return
    with second:
        batch, sequence = ask.ask_sequences(), ask.ask_sequence()
    with third:
        recompute, overhead = ask.ask_recompute(), ask.ask_overhead()
    with first:
        need = _trained(subject, recipe, batch, sequence, recompute, overhead)
    shell.notices(need.notices)
    _answer(need.total)
    _against_the_rule(need, rule)
    each = [float(size) for size in need.bytes_per_parameter.values()]
    _details(
        f"{' + '.join(f'{size:.4g}' for size in each)} = {sum(each):.4g} bytes a parameter, then what a batch of "
        f"{batch:,} × {sequence:,} tokens needs.",
        training_explained.explain_training(need, batch, sequence, recompute),
        need.total,
    )


def _against_the_rule(need: TrainingMemory, rule: dict[str, int]) -> None:
    """The course's 24 bytes above the computed need; where only adapters learn they are told, not drawn."""
    if need.trainable:
        _bars(Bar("Computed", need.parts))
        shell.provenance(
            "rule of thumb",
            f"the course's 24 bytes a parameter, {format_bytes(sum(rule.values()))}, are for training every weight; "
            f"here {need.trainable / need.subject.parameters:.2%} of that number learn, beside frozen weights.",
        )
        return
    _bars(Bar("Rule of thumb, 24 bytes a parameter", rule), Bar("Computed", need.parts))
    shell.provenance(
        "rule of thumb",
        "the course's 4 + 4 + 8 + 8. The last 8, for activations, can't follow from the parameters: they grow with "
        "batch × sequence.",
    )


def _trained(
    subject: Subject, recipe: str, batch: int, sequence: int, recompute: Recompute, overhead: int
) -> TrainingMemory:
    """Full training with an optimizer to choose, or adapters with a rank."""
    if recipe in lora.LORA_BY_NAME:
        rank, targets = ask.ask_adapters()
        return lora.lora_memory(subject, recipe, rank, targets, batch, sequence, recompute, overhead)
    how, which = recipes.BY_NAME[recipe], recipes.OPTIMIZERS_BY_NAME[ask.ask_optimizer()]
    return training_memory(subject, how, which, batch, sequence, recompute, overhead)


def _course(subject: Subject, rule: dict[str, int]) -> None:
    """The rule of thumb alone, term by term."""
    total = sum(rule.values())
    _answer(total)
    _bars(Bar("Rule of thumb, 24 bytes a parameter", rule))
    shell.provenance("rule of thumb", "4 (weights) + 4 (gradients) + 8 (Adam) + 8 (activations, temporaries).")
    _details(
        "The first 16 are exact for FP32 with Adam; any other recipe shows why the last 8 are not.",
        memory_explained.explain_course(subject),
        total,
    )


def _answer(total: int) -> None:
    card = smallest_that_fits(total)
    row = st.container(horizontal=True)
    row.metric("Needed", format_bytes(total))
    row.metric("Smallest card that holds it", card.title if card else "none of these alone")


def _bars(*bars: Bar) -> None:
    charts.draw(
        figures.stacked,
        bars,
        key="parts",
        alt=" and ".join(bar.label for bar in bars) + " as stacked bars",
    )
    st.html(figures.legend(bars[-1].parts))


def _details(why: str, lines: tuple[Line, ...], total: int) -> None:
    shell.provenance("computed", f"{why} Every part by its formula, in whole bytes:")
    st.html(figures.table(lines))
    downloads.offer("memory", [dataclasses.asdict(line) for line in lines], key="parts.file")
    st.subheader("Which card holds it?", anchor=False)
    st.html(figures.gauges(fits(total)))
    shell.provenance(
        "computed",
        "usable memory is what PyTorch reports on the card, not what the box says: “80 GB” is 79.15 GiB = 84.99 GB on "
        "an A100. “At least 2 cards” divides the bytes; splitting a model costs some more.",
    )
