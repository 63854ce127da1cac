"""The ZeRO page's inputs and figures."""

from fractions import Fraction
from typing import Any

import streamlit as st

from playground import limits
from playground.core import zero_explained
from playground.core.gpus import smallest_that_fits
from playground.core.units import format_bytes
from playground.core.zero import STAGES, TABLE_1_PARAMS, Bytes, Plan, plans
from playground.figures import zero as figures
from playground.figures.formula import formula
from playground.ui import inputs, shell
from playground.ui.components.subjects import subject_input

GPUS = (*range(1, 17), 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
SNIPPET = """
# torchrun --nproc-per-node 8 train.py
from torch.distributed.fsdp import fully_shard
from torch.distributed.optim import ZeroRedundancyOptimizer

# Stage 1: each rank keeps the optimizer states of its own parameters.
optimizer = ZeroRedundancyOptimizer(model.parameters(), optimizer_class=torch.optim.AdamW, lr=1e-4)

# Stage 3: each rank keeps its share of everything; blocks are gathered when they are needed.
for block in model.blocks:
    fully_shard(block, reshard_after_forward=True)
fully_shard(model, reshard_after_forward=True)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
"""


def ask() -> tuple[tuple[Plan, ...], Plan]:
    """The inputs; all four stages, and the chosen one."""
    model_column, gpus_column, stage_column = st.columns([5, 4, 3])
    with model_column:
        subject = subject_input()
    with gpus_column:
        gpus = inputs.choice("GPUs", GPUS, key="gpus", default=64, slider=True, format_func=lambda n: f"{n:,}")
    with stage_column:
        stage = inputs.choice("ZeRO stage", STAGES, key="stage", default=1, segmented=True)
    with st.expander("Bytes per parameter", icon=":material/tune:"):
        each = _bytes()
    shown = plans(subject.parameters, gpus, each)
    return shown, shown[stage]


def _bytes() -> Bytes:
    weight, gradient, optimizer = st.columns(3)
    with weight:
        p = inputs.choice("Parameter", (1, 2, 4), key="param_bytes", default=2, segmented=True, help="2: FP16 or BF16.")
    with gradient:
        g = inputs.choice("Gradient", (2, 4), key="grad_bytes", default=2, segmented=True, help="4: summed in FP32.")
    with optimizer:
        k = inputs.choice(
            "Optimizer states",
            (0, 2, 4, 8, 12),
            key="optimizer_bytes",
            default=12,
            segmented=True,
            help="12: Adam's two FP32 moments and an FP32 master copy. 8: the moments alone.",
        )
    return Bytes(Fraction(p), Fraction(g), Fraction(k))


def answer(plan: Plan) -> None:
    """The chosen stage in three numbers."""
    card = smallest_that_fits(int(plan.total))
    gigabytes, _, gibibytes = format_bytes(int(plan.total)).partition(" = ")
    limit = "grows with N" if plan.stage == 3 else f"never passes {float(plan.limit or 1):.3g}×"
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    held, less, holds = st.columns(3)
    held.metric(f"On each GPU, stage {plan.stage}", gigabytes, gibibytes and f"= {gibibytes}", **quiet)
    less.metric("Less than stage 0", f"{float(plan.reduction):.3g}×", limit, **quiet)
    usable = f"{format_bytes(card.usable_bytes)} usable" if card else None
    holds.metric("Smallest card for these states", card.title if card else "none of these", usable, **quiet)


def side_by_side(shown: tuple[Plan, ...], chosen: Plan) -> None:
    """The four stages, and the formula of the chosen one."""
    st.plotly_chart(
        figures.stages(shown, chosen.stage),
        width="stretch",
        config={"displayModeBar": False},
        key="stages",
        alt="Bytes per GPU in stages 0 to 3, stacked by parameters, gradients and optimizer states",
    )
    st.html(formula(f"stage {chosen.stage}:  {zero_explained.formula(chosen)}"))
    shell.provenance(
        "computed",
        "[ZeRO](https://arxiv.org/abs/1910.02054), §5: Ψ parameters on N GPUs. 7.5B × 64 is the paper's Figure 1: 120, "
        "31.4, 16.6, 1.9 GB. Model states only: activations and buffers come on top.",
    )


def who_keeps_what(plan: Plan) -> None:
    """Every GPU with the slice it owns."""
    st.plotly_chart(
        figures.gpus(plan),
        width="stretch",
        config={"displayModeBar": False},
        key="gpus_drawn",
        alt="Each GPU as a column: solid what it holds, faint what it gave up",
    )
    shell.provenance(
        "computed",
        "solid is what a GPU holds, faint what it gave up to the others; point at it for the exact parameters. Where N "
        "does not divide Ψ, the first GPUs hold one parameter more: the shares add up to the whole. "
        + (
            f"A column shows what its GPUs hold together: {plan.gpus:,} are drawn as {limits.GPUS_DRAWN}."
            if plan.gpus > limits.GPUS_DRAWN
            else ""
        ),
    )


def factors(shown: tuple[Plan, ...], chosen: Plan) -> None:
    """“Up to 4×, 8×, N×”: the limits, and the real factor at this N."""
    curves = zero_explained.reductions(chosen.bytes, max(1024, chosen.gpus))
    most = {plan.stage: None if plan.limit is None else float(plan.limit) for plan in shown}
    st.plotly_chart(
        figures.factors(curves, chosen, most),
        width="stretch",
        config={"displayModeBar": False},
        key="factors",
        alt="How many times less memory, over the number of GPUs, for stages 1 to 3",
    )
    shell.provenance(
        "computed",
        "“up to 4×” and “8×” are limits for ever more GPUs and 2 + 2 + 12 bytes; the dot is the factor here.",
    )


def sent(shown: tuple[Plan, ...], chosen: Plan) -> None:
    """What the saving costs: bytes on the wire."""
    st.plotly_chart(
        figures.sent(shown, chosen.stage),
        width="stretch",
        config={"displayModeBar": False},
        key="sent",
        alt="Bytes one GPU sends in one step, for stages 0 to 3",
    )
    shell.provenance(
        "computed",
        "§7: 2Ψ elements a step, 3Ψ in stage 3, which gathers the parameters twice; a ring sends (N−1)/N of it.",
    )


def table_1(gpus: int) -> None:
    """The paper's Table 1, computed."""
    with st.expander("The paper's Table 1, computed: GB per GPU", icon=":material/table_chart:"):
        cells = zero_explained.table_1()
        for column, params in zip(st.columns(3), TABLE_1_PARAMS, strict=True):
            column.html(figures.table_1(cells, params, gpus))
        st.caption(
            "2 + 2 + 12 bytes a parameter. The paper rounds, and cuts the larger numbers: 257.75 is printed as 257."
        )
