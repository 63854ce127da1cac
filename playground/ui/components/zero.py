"""The ZeRO page's inputs and figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from playground import limits
from playground.core import zero_explained
from playground.core.gpus import smallest_that_fits
from playground.core.rounding import rounded
from playground.core.units import format_bytes
from playground.core.zero import Plan
from playground.figures import zero as figures
from playground.figures.formula import formula
from playground.ui import charts, shell
from playground.ui.components.shards import shards
from playground.ui.components.zero_inputs import Asked

COUNT = st.column_config.NumberColumn(format="localized")
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


def answer(asked: Asked) -> None:
    """The chosen stage in three numbers."""
    plan = asked.chosen
    card = smallest_that_fits(asked.total)
    gigabytes, _, gibibytes = format_bytes(asked.total).partition(" = ")
    quiet: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    row = st.container(horizontal=True)
    counted = [name for name in ("activations", "buffers") if getattr(asked.extras[plan.stage], name)]
    with_extras = f" with {' and '.join(counted)}" if counted else ""
    row.metric(f"On each GPU, stage {plan.stage}{with_extras}", gigabytes, gibibytes and f"= {gibibytes}", **quiet)
    if plan.host_total:
        row.metric("In the host's memory, for each GPU", format_bytes(int(plan.host_total)).split(" = ")[0], **quiet)
    else:
        factor = f"{float(plan.reduction):.3g}×" if plan.reduction else "—"
        row.metric("Less states than stage 0", factor, zero_explained.limit(plan), **quiet)
    usable = f"{format_bytes(card.usable_bytes)} usable" if card else None
    row.metric("Smallest card that holds it", card.title if card else "none of these", usable, **quiet)


def side_by_side(asked: Asked) -> None:
    """The four stages, and the formula of the chosen one."""
    chosen = asked.chosen
    charts.draw(
        figures.stages,
        asked.plans,
        chosen.stage,
        asked.extras,
        key="stages",
        alt="Bytes per GPU in stages 0 to 3, stacked by parameters, gradients and optimizer states",
    )
    st.html(formula(f"stage {chosen.stage}:  {zero_explained.formula(chosen)}"))
    shell.provenance(
        "computed",
        "[ZeRO](https://arxiv.org/abs/1910.02054), §5: Ψ parameters on N GPUs. 7.5B × 64 is the paper's Figure 1: 120, "
        "31.4, 16.6, 1.9 GB. The formula is of the model states"
        + (
            ": activations and buffers come on top."
            if not asked.extras[-1].total
            else ", the bars have what is counted."
        ),
    )


def who_keeps_what(plan: Plan) -> None:
    """Every GPU with the slice it owns."""
    shards(plan)
    shell.provenance(
        "computed",
        "solid is what a GPU owns, faint what it gave up to the others. P₃ is the share of the parameters that GPU 3 "
        "keeps, G₃ of the gradients, O₃ of the optimizer states. Where N does not divide Ψ, the first GPUs own one "
        "parameter more: the shares add up to the whole."
        + (" A hatched band lies in the host's memory, below the dashed line." if plan.host_total else ""),
    )


def factors(shown: tuple[Plan, ...], chosen: Plan) -> None:
    """“Up to 4×, 8×, N×”: the limits, and the real factor at this N."""
    # The factor depends on the bytes, not on the model: one drawing serves every model.
    any_model = [replace(plan, parameters=10**12) for plan in (*shown, chosen)]
    charts.draw(
        _factors,
        any_model[:-1],
        any_model[-1],
        key="factors",
        alt="How many times less memory, over the number of GPUs, for stages 1 to 3",
    )
    shell.provenance(
        "computed",
        "“up to 4×” and “8×” are limits for ever more GPUs and 2 + 2 + 12 bytes; the dot is the factor here"
        + (", nothing offloaded." if not chosen.host_total else ". Offloading is not in these curves."),
    )


def _factors(shown: Sequence[Plan], chosen: Plan) -> go.Figure:
    curves = zero_explained.reductions(chosen.bytes, max(1024, chosen.gpus))
    most = {plan.stage: None if plan.limit is None else float(plan.limit) for plan in shown}
    return figures.factors(curves, chosen, most)


def sent(shown: tuple[Plan, ...], chosen: Plan) -> None:
    """What the saving costs: bytes on the wire."""
    charts.draw(
        figures.sent,
        shown,
        chosen.stage,
        key="sent",
        alt="Bytes one GPU sends in one step, for stages 0 to 3",
    )
    shell.provenance(
        "computed",
        "§7: 2Ψ elements a step, 3Ψ in stage 3, which gathers the parameters twice; a ring sends (N−1)/N of it.",
    )


def rounding(asked: Asked) -> None:
    """What each library really stores on each rank."""
    model, plan = asked.subject.model, asked.chosen
    with st.expander("Real rounding: what each library stores", icon=":material/grid_on:"):
        if model is None:
            st.caption("Choose a model of the catalogue: rounding depends on the shapes of its weights.")
            return
        if plan.factor == 1:
            st.caption("A whole copy on each GPU: nothing to round. Choose more GPUs, or a larger sharding factor.")
            return
        cuts = rounded(model, plan.factor)
        st.dataframe(
            figures.rounding_rows(cuts),
            hide_index=True,
            column_config={
                "above Ψ/N": st.column_config.NumberColumn(format="%.4f %%"),
                **dict.fromkeys(("fullest rank", "emptiest rank"), COUNT),
            },
        )
        if plan.factor <= limits.GPUS_DRAWN:
            st.dataframe(
                figures.rounding_by_rank(cuts), hide_index=True, column_config={cut.api: COUNT for cut in cuts}
            )
        shell.provenance(
            "computed",
            f"parameters (elements) on each of {plan.factor:,} ranks, by each library's own rule. FSDP2 pads the rows "
            "of a weight, so small N and odd sizes cost; ZeroRedundancyOptimizer deals out whole weights and shards "
            "only the optimizer states. The page “ZeRO, measured” checks these rules in real processes.",
        )


def table_1(gpus: int) -> None:
    """The paper's Table 1, computed."""
    with st.expander("The paper's Table 1, computed: GB per GPU", icon=":material/table_chart:"):
        st.html(figures.table_1(zero_explained.table_1(), gpus))
        st.caption(
            "2 + 2 + 12 bytes a parameter. The paper rounds, and cuts the larger numbers: 257.75 is printed as 257."
        )
