"""The Scaling laws page: one budget, asked in three ways, and what each law makes of it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import streamlit as st

from playground.core import chinchilla, power_laws, scaling, trained, training_compute
from playground.core.architectures import architecture
from playground.core.gpus import Gpu, gpus
from playground.core.parameters import count
from playground.core.scaling import Budget, scientific
from playground.core.units import format_count
from playground.figures import scaling_loss, scaling_models, scaling_tables
from playground.ui import charts, downloads, inputs, shell

ASK = {"compute": "Operations", "model": "A model and its tokens", "gpus": "GPUs and days"}
CARDS = {card.id: card for card in gpus() if card.tflops}
SEQUENCES = tuple(2**power for power in range(10, 21))
HOW_MANY = tuple(2**power for power in range(17))
SNIPPET = """
# Chinchilla's approach 3, the coefficients of the paper's TeX source (arXiv:2203.15556)
E, A, B, alpha, beta = 1.6933736809989528, 406.4010175194737, 410.7228269450398, 0.33917084, 0.2849083

def loss(N, D):
    return E + A / N**alpha + B / D**beta

def best_split(C):                                   # least loss where 6 N D = C
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    N = G * (C / 6) ** (beta / (alpha + beta))
    return N, C / (6 * N)

N, D = best_split(5.76e23)                           # Gopher's budget
print(f"{N:.4g} parameters, {D:.4g} tokens, {D / N:.1f} each, loss {loss(N, D):.4f}")
"""

_WHAT_THEY_ARE = """
- **Approach 1** takes many training curves and keeps, for each compute, the model that was lowest just then.
- **Approach 2** trains models of many sizes for the same compute (an *iso-FLOP curve*) and takes the lowest.
- **Approach 3** fits one formula for the loss to all those runs. **Epoch** fitted it again to the points of the paper's
  figure, and found other coefficients.

The *loss* is −ln of the probability the model gave the right token, on average: **nats per token** (1 nat is 1.44
bits). It depends on the text and on how a tokenizer cuts it, so **losses of different laws don't compare**. The three
losses in the table are for the same text (Chinchilla's), yet of three curves: a lower number there means another
fit, not a better model. Kaplan's is for other text in other tokens, and so is what any real model reports.
"""


@dataclass(frozen=True)
class Machine:
    """What trains: so many of a card, at a share of its peak."""

    card: Gpu
    gpus: int
    utilisation: float


def ask() -> tuple[Budget, Machine | None]:
    """The budget, in the way the person chose to give it; the machine too, if that was how."""
    how = inputs.choice(
        "Start from", list(ASK), key="ask", default="model", format_func=ASK.__getitem__, segmented=True
    )
    first, second, _ = st.columns(3)
    if how == "compute":
        with first:
            typed = inputs.line("Operations", "5.76e23", key="compute", help="Such as 5.76e23, Gopher's training.")
        return scaling.budget_of_compute(typed), None
    if how == "model":
        with first:
            size = inputs.line("Parameters", "70B", key="params", help="Such as 7.5B, 350M or 1.4T.")
        with second:
            length = inputs.line("Tokens", "1.4T", key="tokens", help="Such as 300B.")
        return scaling.budget_of_model(size, length), None
    machine = _machine()
    with st.columns(3)[0]:
        days = inputs.slider("Days", 1, 365, 53, key="days")
    budget = scaling.budget_of_gpus(machine.gpus, days, machine.card.tflops, machine.utilisation)
    return budget, machine


def answer(budget: Budget) -> None:
    """The budget in three numbers."""
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    row = st.container(horizontal=True)
    by = "6 × N × D" if budget.parameters else "6ND = C"
    row.metric("Compute, operations", scientific(budget.flop), by, **quiet)
    petaflop_s_days = training_compute.petaflop_s_days(budget.flop)
    row.metric("In petaflop/s-days", scientific(petaflop_s_days), "8.64 × 10¹⁹ operations each", **quiet)
    if budget.parameters and budget.tokens:
        each = budget.tokens / budget.parameters
        row.metric("Tokens per parameter", f"{each:,.1f}", f"against 20: {trained.verdict(each)}", **quiet)
    else:
        size, _ = chinchilla.twenty(budget.flop)
        row.metric("20 tokens per parameter", format_count(round(size)), "parameters: the course's answer", **quiet)


def splits(budget: Budget) -> None:
    """How each law divides the budget."""
    answers = chinchilla.allocations(budget.flop)
    st.html(scaling_tables.splits(answers))
    rows = [{**dataclasses.asdict(answer), "tokens_per_parameter": answer.tokens_per_parameter} for answer in answers]
    downloads.offer("scaling-laws", rows, key="splits.file")
    kaplan, _ = power_laws.kaplan_optimum(budget.flop)
    shell.provenance("rule of thumb", "the first line: the course's 20 tokens per parameter. The others are computed:")
    shell.provenance(
        "computed",
        "N = G·(C/6)^(β/(α+β)). **Two decimals too few:** the coefficients printed in the paper give 32B and 93 "
        "tokens each for Gopher's budget, not the paper's 40B; the unrounded ones do. Epoch's refit of the same points "
        f"agrees with “20”. Kaplan's older law (2020) would ask for {format_count(round(kaplan))} parameters.",
    )
    with st.expander("What the approaches are, and which losses may be compared", icon=":material/help:"):
        st.markdown(_WHAT_THEY_ARE)


def law_choice() -> chinchilla.Loss:
    """Which fitted loss the figures use."""
    name = inputs.choice(
        "Predict the loss with",
        [law.name for law in chinchilla.LOSSES],
        key="law",
        default="epoch",
        format_func=lambda name: chinchilla.LOSS_BY_NAME[name].title,
        segmented=True,
    )
    return chinchilla.LOSS_BY_NAME[name]


def surface(budget: Budget, law: chinchilla.Loss) -> None:
    """The loss over both, and the curves of equal compute."""
    charts.draw(
        scaling_loss.loss_surface,
        law,
        budget,
        trained.trained_models(),
        key="surface",
        alt="Predicted loss over parameters and tokens, with the budget's line, its best point and real models",
    )
    shell.provenance(
        "computed",
        "each law predicts the loss on *its own* text, in *its own* tokens: compare losses within a law, not between "
        f"laws. L(N, D) = {law.E:.4g} + {law.A:.4g}/N^{law.alpha:.4g} + {law.B:.4g}/D^{law.beta:.4g} ({law.source}). "
        "Every point of the dashed line costs the same; the star is the lowest of them.",
    )
    st.markdown(
        "Walk along such a line of equal cost and note the loss: an **iso-FLOP curve** (*iso*: the same, *FLOP*: "
        "floating-point operations). Its lowest point is the **compute-optimal** model, the best for that compute."
    )
    charts.draw(
        scaling_loss.iso_flop_curves, law, budget, key="iso", alt="Loss against size at five budgets, with their minima"
    )
    shell.provenance("computed", "each curve is a budget; too small a model and too few tokens both cost loss.")


def models(budget: Budget, law: chinchilla.Loss) -> None:
    """Published models: over- or under-trained, by how much."""
    known = trained.trained_models()
    charts.draw(
        scaling_models.real_models,
        known,
        chinchilla.LOSSES,
        budget,
        key="models",
        alt="Tokens per parameter of real models against their compute, and what each law calls best",
    )
    shell.provenance(
        "computed",
        "6ND and D/N from each model's paper. Below the lines under-trained, above over-trained: "
        "*for training alone*. A smaller model trained longer is cheaper each time it answers, so Llama 3.1 8B's 1,868 "
        "is a choice. With scale Hoffmann's best ratio (approach 3) rises and Epoch's falls. Tap a dot for its name.",
    )
    rows = scaling_models.placed_rows([trained.place(model, law) for model in known])
    with st.expander(f"All {len(rows)} models, under “{law.title}”", icon=":material/table_chart:"):
        st.caption(
            "The predicted loss (nats per token) is what the law says of that size and length on Chinchilla's text. It "
            "is not the model's own: each was trained on other data and counts other tokens."
        )
        number, share = st.column_config.NumberColumn, st.column_config.ProgressColumn
        st.dataframe(
            rows,
            hide_index=True,
            height=360,
            column_config={
                "year": number(format="%d"),
                "parameters": number(format="compact"),
                "tokens": number(format="compact"),
                "operations": number(format="scientific"),
                "tokens per parameter": number(format="%.1f"),
                "predicted loss": number(help="By this law, nats per token of Chinchilla's text."),
                "above the best": number(
                    help="Predicted loss above the best split of the same compute, nats per token."
                ),
                "compute not needed": share(format="percent", min_value=0.0, max_value=1.0),
            },
        )
        downloads.offer("trained-models", rows, key="models.file")


def price(budget: Budget, machine: Machine | None) -> None:
    """GPUs × days × utilisation × price."""
    machine = machine or _machine()
    card, utilisation = machine.card, machine.utilisation
    with st.columns(3)[0]:
        rate = inputs.slider("Price of a GPU hour, $", 0.0, 15.0, 2.0, key="price", step=0.1)
    run = training_compute.run(budget.flop, machine.gpus, card.tflops, utilisation, rate)
    row = st.container(horizontal=True)
    row.metric("Days", f"{run.days:,.1f}" if run.days < 10**6 else scientific(run.days))
    row.metric("GPU hours", format_count(round(run.gpu_hours)))
    row.metric("Price", f"${format_count(round(run.price))}")
    if utilisation > card.utilisation_ceiling:
        shell.notices(
            [f"The best matrix product measured on a {card.title} reaches {card.utilisation_ceiling:.0%} of its peak."]
        )
    one_day = training_compute.gpus_for_one_day(training_compute.PETAFLOP_S_DAY, card.tflops)
    shell.provenance(
        "computed",
        f"C / (GPUs × {card.tflops:g} TFLOP/s × utilisation); the peak is dense, 16 bit ({card.tflops_source}). "
        f"One petaflop/s-day takes {one_day:.3g} {card.title} at 100% and {one_day / 0.4:.3g} at 40%. The course's “8 "
        "V100” is the 100%; “2 A100” counts 2:4 sparsity: dense it is 3.2.",
    )


def attention_warning(budget: Budget) -> None:
    """What 6ND leaves out."""
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    with st.columns(3)[0]:
        longest = inputs.choice(
            "Tokens a sequence", SEQUENCES, key="sequence", default=131_072, slider=True, format_func=lambda n: f"{n:,}"
        )
    row = st.container(horizontal=True)
    for model_id, sequence in (("gpt-3-175b", 2048), ("llama-3.1-8b", 8192), ("llama-3.1-8b", longest)):
        model = architecture(model_id)
        share = training_compute.attention_share(model.layers, model.hidden, sequence, count(model))
        more = f"+ {share:.1%}" if share < 1 else f"+ {share:.1f}×"
        row.metric(f"{model.title}, {sequence:,} tokens", more, "of 6ND, for attention", **quiet)
    shell.provenance(
        "computed",
        "12·L·h·s / 6N: attention's own products, which 6ND leaves out (half of it where future tokens are skipped). "
        "Recomputed activations cost a forward pass more: 8ND.",
    )


def _machine() -> Machine:
    first, second, third = st.columns(3)
    with first:
        name = inputs.choice(
            "GPU", list(CARDS), key="card", default="a100-80gb", format_func=lambda name: CARDS[name].title
        )
    card = CARDS[name]
    with second:
        gpus = inputs.choice("GPUs", HOW_MANY, key="gpus", default=1024, slider=True, format_func=lambda n: f"{n:,}")
    with third:
        percent = inputs.slider(
            "Utilisation, % of peak",
            5,
            100,
            40,
            key="utilisation",
            help=f"Large runs reach 30–50%. The best matrix product on this card: {card.utilisation_ceiling:.0%}.",
        )
    return Machine(card, gpus, percent / 100)
