"""The page "What fits my card": a card is given, and everything else is asked for."""

from dataclasses import replace
from typing import Any

import streamlit as st

from playground.core import inverse
from playground.core.gpus import Gpu, gpus
from playground.core.inverse import Serving, Training
from playground.core.lora import LORA_BY_NAME
from playground.core.subject import TOKENS_MAX, Subject
from playground.core.units import format_count, format_gib
from playground.figures import memory as parts
from playground.figures import memory_fits as figures
from playground.ui import charts, downloads, inputs, shell
from playground.ui.components import memory_inputs as ask
from playground.ui.components.memory_inputs import BATCHES, RECIPES

CARDS = {card.id: card for card in gpus()}
LEARNING = tuple(name for name in RECIPES if name != ask.COURSE)
_GIB = 2**30
SNIPPET = """
from bisect import bisect_right                       # the largest n with need(n) <= usable

usable = int(22.03 * 2**30)                           # bytes PyTorch sees on a 24 GB card, here an L4
weights = 8_030_261_248 * 2                           # Llama 3.1 8B in BF16
overhead, logits = 2**30, 4 * 128_256

def need(tokens):
    cache = 2 * 32 * 8 * 128 * 2 * tokens             # keys and values, 32 layers, 8 KV heads of 128
    passed = min(tokens, 2048) * 2 * (4 * 4096 + 3 * 14336 + 2 * 128)
    return weights + cache + passed + logits + overhead

longest = bisect_right(range(1, 10**7), usable, key=need)
print(f"{longest:,} tokens of context")
"""


def card_choice() -> Gpu:
    """The card."""
    name = inputs.choice(
        "My card",
        list(CARDS),
        key="card",
        default="rtx-4090",
        format_func=lambda name: f"{CARDS[name].title} · {format_gib(CARDS[name].usable_bytes)} usable",
        help="The graphics card (GPU) that is to hold the model. Its memory is what limits a model first.",
    )
    card = CARDS[name]
    st.caption(
        f"Sold as {card.sold_gb} GB, counted in GiB: {card.sold_gb} GiB = {card.sold_gb * _GIB / 1e9:.2f} GB. A "
        f"program gets {format_gib(card.usable_bytes)} = {card.usable_bytes / 1e9:.2f} GB."
    )
    return card


def to_answer(subject: Subject, card: Gpu) -> Serving:
    """Longest context, largest batch, best format, for this model on this card; what was asked."""
    asked = ask.ask_serving(subject)
    usable = card.usable_bytes
    best = asked.best_format(usable)
    row = st.container(horizontal=True)
    row.metric("Longest context", _tokens(asked.longest_context(usable)), f"{asked.batch:,} at once", **_QUIET)
    row.metric("Most texts at once", _tokens(asked.largest_batch(usable)), f"of {asked.context:,} tokens", **_QUIET)
    name, _, more = (best.title if best else "none").partition(", ")  # a metric is cut where it is too long
    bits = f"{float(asked.need(weights=best).bits_per_weight):.4g} bits a weight" if best else ""
    row.metric("Best weights that fit", name, ", ".join(filter(None, (more, bits))) or None, **_QUIET)
    shell.notices(asked.need().notices)
    if subject.model is not None:
        _frontier(asked, usable)
        _formats(asked, usable)
    return asked


def _frontier(asked: Serving, usable: int) -> None:
    points = inverse.frontier(asked, usable, BATCHES)
    if not points:
        shell.notices([f"Not even one token fits beside {asked.weights.title} weights: choose fewer bits below."])
        return
    charts.draw(
        figures.frontier,
        points,
        (asked.batch, asked.context),
        asked.subject.model.context if asked.subject.model else 0,
        key="frontier",
        alt="The longest context for each number of texts at once: below the line it fits",
    )
    shell.provenance(
        "computed",
        "the memory left by the weights is shared by all texts: twice as many, half as long. Found by halving an "
        "interval; the tests check that the answer fits and one token more does not.",
    )


def _formats(asked: Serving, usable: int) -> None:
    rows = []
    for form in inverse.REAL_FORMATS:
        need = asked.need(weights=form)
        longest = Serving(**{**asked.__dict__, "weights": form}).longest_context(usable)
        rows.append(
            {
                "weights": form.title,
                "fits": need.total <= usable,
                "bits a weight": round(float(need.bits_per_weight), 4),
                "in all, GiB": need.total / _GIB,
                "longest context": longest or 0,
                "weights, GiB": need.weights / _GIB,
                "weights, bytes": need.weights,
            }
        )
    with st.expander(
        "Every format: real bits, bytes, and the context it leaves room for", icon=":material/table_chart:"
    ):
        _table(rows, hidden="weights, bytes")
        downloads.offer("formats-that-fit", rows, key="formats.file")


def to_learn(subject: Subject, card: Gpu) -> Training:
    """Which recipes can train this model here, and how long a batch; what was asked."""
    first, second, third = st.columns(3)
    with first:
        sequence = ask.ask_sequence()
    with second:
        recompute = ask.ask_recompute()
    with third:
        overhead = ask.ask_overhead()
    rows = []
    names = LEARNING if subject.model else [name for name in LEARNING if name not in LORA_BY_NAME]
    for name in names:
        asked = Training(subject, name, 1, sequence, recompute, overhead)
        need = asked.need()
        fitting = need.total <= card.usable_bytes
        rows.append(
            {
                "recipe": RECIPES[name],
                "fits": fitting,
                "in all, GiB": need.total / _GIB,
                "largest batch": (asked.largest_batch(card.usable_bytes) or 0) if subject.model else int(fitting),
                "longest sequence": (asked.longest_sequence(card.usable_bytes) or 0) if subject.model else None,
                "states alone, GiB": need.states / _GIB,
            }
        )
    _table(rows)
    downloads.offer("recipes-that-fit", rows, key="recipes.file")
    shell.provenance(
        "computed",
        f"AdamW, one sequence of {sequence:,} tokens a step, {_recomputed(recompute)}. The largest batch keeps the "
        "sequence length, the longest sequence the batch of one.",
    )
    if subject.model:
        base = LORA_BY_NAME["qlora"].note
        shell.notices([f"LoRA and QLoRA: rank 16 beside all matrices. QLoRA: {base}."])
    return Training(subject, "mixed", 1, sequence, recompute, overhead)


def _recomputed(recompute: str) -> str:
    return {
        "none": "every activation kept",
        "selective": "attention's scores computed again",
        "full": "each layer computed again",
    }[recompute]


def largest_to_run(asked: Serving, card: Gpu) -> None:
    """The largest model that can answer so: of the catalogue, and by the closed form."""
    found, most = asked.largest_models(card.usable_bytes), asked.largest_count(card.usable_bytes)
    row = st.container(horizontal=True)
    row.metric("Largest of the catalogue", found[0][0].title if found else "none")
    row.metric("Parameters, weights alone", format_count(most) if most else "none", asked.weights.title, **_QUIET)
    _models(found[:10], card)
    shell.provenance(
        "computed",
        "with the weights, cache, context, batch and overhead above. Weights alone: (usable − overhead) × 8 / bits.",
    )


def largest_to_train(asked: Training, card: Gpu) -> None:
    """The largest model that can learn by a recipe, as was asked above."""
    recipe = ask.ask_recipe(LEARNING)
    found = replace(asked, recipe_name=recipe).largest_models(card.usable_bytes)
    st.metric("Largest of the catalogue", found[0][0].title if found else "none")
    _models(found[:10], card)
    shell.provenance(
        "computed",
        f"AdamW, one sequence of {asked.sequence:,} tokens a step, {_recomputed(asked.recompute)}, "
        f"{format_gib(asked.overhead)} of overhead, as chosen above.",
    )


def _models(found: list[tuple[Subject, Any]], card: Gpu) -> None:
    if not found:
        shell.notices([f"No model of the catalogue fits on one {card.title} this way."])
        return
    needs = [(about.title, need.parts) for about, need in found]
    charts.draw(
        figures.models_that_fit,
        needs,
        card.usable_bytes,
        key="largest",
        alt="The ten largest models that fit, as stacked bars, and the card's memory as a line",
    )
    st.html(parts.legend([part for part in needs[0][1] if any(sizes[part] for _, sizes in needs)]))


def _table(rows: list[dict[str, Any]], hidden: str | None = None) -> None:
    """Rows with two decimals for sizes and grouped digits for counts."""
    formats = {name: "%.2f" if "GiB" in name or "bits" in name else "localized" for name in rows[0]}
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format=formats[name], width="small")
        for name, value in rows[-1].items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    columns["fits"] = st.column_config.CheckboxColumn(width=50)
    st.dataframe(rows, hide_index=True, column_config={**columns, **({hidden: None} if hidden else {})})


_QUIET: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}


def _tokens(value: int | None) -> str:
    if value is None:
        return "none fits"
    return "any" if value >= TOKENS_MAX else f"{value:,}"
