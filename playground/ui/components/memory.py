"""The Memory page's two calculators: their inputs, and what follows from them."""

import dataclasses

import streamlit as st

from playground.core import lora, memory_explained, recipes
from playground.core.activations import RECOMPUTE, Recompute
from playground.core.gpus import fits, smallest_that_fits
from playground.core.inference_memory import overhead_bytes
from playground.core.inverse import Serving
from playground.core.kv_cache import BY_NAME as CACHES
from playground.core.memory_explained import Line
from playground.core.subject import Subject
from playground.core.training_memory import TrainingMemory, training_memory
from playground.core.units import format_bytes
from playground.core.weight_formats import BY_NAME as WEIGHTS
from playground.core.weight_formats import WeightFormat
from playground.figures import memory as figures
from playground.figures.memory import Bar
from playground.ui import downloads, inputs, shell

TOKENS = tuple(2**power for power in range(7, 21))
BATCHES = tuple(2**power for power in range(11))
TASKS = {"inference": "To answer", "training": "To learn"}
COURSE = "course"
RECIPES = {
    COURSE: "The course's 24 bytes",
    **{known.name: known.title for known in (*recipes.RECIPES, *lora.LORA_RECIPES)},
}
WHAT_IS_FORGOTTEN = {
    "none": "Keep every activation of the forward pass.",
    "selective": "Compute attention's s × s scores again: little work, and all of the s² memory is saved.",
    "full": "Keep each layer's input only and compute the layer again: a forward pass more, about a third more time.",
}
ADAPTED = {"attention": "queries and values", "all-linear": "all matrices"}
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


def ask_serving(subject: Subject) -> Serving:
    """What is asked about answering: formats, context, batch, overhead."""
    first, second, third = st.columns(3)
    with first:
        dtype = inputs.choice(
            "Weights in",
            list(WEIGHTS),
            key="weights",
            default="bf16",
            format_func=lambda name: WEIGHTS[name].title,
            help="Real files carry scales beside the weights: their bits are counted.",
        )
        st.caption(_what_it_is(WEIGHTS[dtype]))
        kv_dtype = inputs.choice(
            "KV cache in", list(CACHES), key="kv", default="bf16", format_func=lambda name: CACHES[name].title
        )
    with second:
        context = inputs.choice(
            "Context, tokens", TOKENS, key="context", default=8192, format_func=_number, slider=True
        )
        batch = inputs.choice("Texts at once", BATCHES, key="batch", default=1, format_func=_number, slider=True)
    with third:
        overhead = ask_overhead()
    return Serving(subject, WEIGHTS[dtype], CACHES[kv_dtype], context, batch, overhead)


def inference(subject: Subject) -> None:
    """Weights, KV cache, activations, overhead of an answer."""
    asked = ask_serving(subject)
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
        f"{float(need.bits_per_weight):.4g} bits a weight, scales included; then what the tokens need.",
        memory_explained.explain_inference(need, asked.weights, asked.cache, asked.context, asked.batch),
        need.total,
    )


def training(subject: Subject) -> None:
    """Weights, gradients, optimizer states, activations, overhead of a training step."""
    first, second, third = st.columns(3)
    with first:
        recipe = inputs.choice(
            "Recipe",
            list(RECIPES),
            key="recipe",
            default="mixed",
            format_func=RECIPES.__getitem__,
            help="How many bytes a weight, its gradient and its optimizer states take.",
        )
    rule = memory_explained.course_training(subject)
    if recipe == COURSE:
        _course(subject, rule)
        return
    with second:
        batch = inputs.choice("Sequences a step", BATCHES, key="batch", default=1, format_func=_number, slider=True)
        sequence = inputs.choice(
            "Tokens a sequence", TOKENS, key="sequence", default=1024, format_func=_number, slider=True
        )
    with third:
        recompute = inputs.choice("Recompute activations", RECOMPUTE, key="recompute", segmented=True)
        st.caption(WHAT_IS_FORGOTTEN[recompute])
        overhead = ask_overhead()
    with first:
        need = _trained(subject, recipe, batch, sequence, recompute, overhead)
    shell.notices(need.notices)
    _answer(need.total)
    _bars(Bar("Rule of thumb, 24 bytes a parameter", rule), Bar("Computed", need.parts))
    shell.provenance(
        "rule of thumb",
        "the course's 4 + 4 + 8 + 8. The last 8, for activations, can't follow from the parameters: they grow with "
        "batch × sequence.",
    )
    each = [float(size) for size in need.bytes_per_parameter.values()]
    _details(
        f"{' + '.join(f'{size:.4g}' for size in each)} = {sum(each):.4g} bytes a parameter, then what the batch needs.",
        memory_explained.explain_training(need, batch, sequence, recompute),
        need.total,
    )


def _trained(
    subject: Subject, recipe: str, batch: int, sequence: int, recompute: Recompute, overhead: int
) -> TrainingMemory:
    """Full training with an optimizer to choose, or adapters with a rank."""
    if recipe in lora.LORA_BY_NAME:
        rank = inputs.choice("Rank r", lora.RANKS, key="rank", default=16, slider=True)
        targets = inputs.choice(
            "Adapters beside", lora.TARGETS, key="targets", default="all-linear", format_func=ADAPTED.__getitem__
        )
        return lora.lora_memory(subject, recipe, rank, targets, batch, sequence, recompute, overhead)
    optimizer = inputs.choice(
        "Optimizer",
        list(recipes.OPTIMIZERS_BY_NAME),
        key="optimizer",
        default="adamw",
        format_func=lambda name: recipes.OPTIMIZERS_BY_NAME[name].title,
    )
    how, which = recipes.BY_NAME[recipe], recipes.OPTIMIZERS_BY_NAME[optimizer]
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


def ask_overhead() -> int:
    """The runtime's own share, in bytes."""
    gib = inputs.slider(
        "Overhead, GiB",
        0.0,
        4.0,
        1.0,
        key="overhead",
        step=0.1,
        help="The CUDA context and its kernels take 0.9–1.8 GiB on an A100 before the first tensor.",
    )
    return overhead_bytes(gib)


def _answer(total: int) -> None:
    card = smallest_that_fits(total)
    one, two = st.columns([3, 2])
    one.metric("Needed", format_bytes(total))
    two.metric("Smallest card that holds it", card.title if card else "none of these alone")


def _bars(*bars: Bar) -> None:
    st.plotly_chart(
        figures.stacked(bars),
        width="stretch",
        config={"displayModeBar": False},
        key="parts",
        alt="The rule of thumb and the computed need as stacked bars",
    )


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


def _what_it_is(form: WeightFormat) -> str:
    """A weight format in one line: its bits, and what the file is made of."""
    bits = f"{float(form.bits):.4g} bits a weight"
    if form.mixture.endswith(("_K_S", "_K_M", "_K_L")):
        return f"{bits} in most tensors: {form.note}. K: blocks of 256 weights; S, M, L: how many tensors get more."
    if form.mixture:
        return f"{bits} in most tensors: {form.note}."
    return f"{bits}: {form.note}." if form.note else f"{bits}, nothing else."


def _number(value: int) -> str:
    return f"{value:,}"
