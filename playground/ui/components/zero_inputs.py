"""The questions every ZeRO page begins with: which model, on how many GPUs, cut how far."""

from dataclasses import dataclass
from fractions import Fraction

import streamlit as st

from playground.core.activations import RECOMPUTE
from playground.core.recipes import BY_NAME
from playground.core.subject import Subject
from playground.core.zero import OFFLOAD_STAGE, OFFLOADS, STAGES, Bytes, Plan, divisors, of_recipe, plans
from playground.core.zero_extras import Extras, activation_bytes, buffer_bytes
from playground.ui import inputs
from playground.ui.components.subjects import subject_input

GPUS = (*range(1, 17), 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
OWN = "own"
RECIPES = {name: f"{known.title}" for name, known in BY_NAME.items()} | {OWN: "Own bytes…"}
OFFLOAD_TITLES = {"none": "nothing", "optimizer": "optimizer states", "parameters": "everything"}
EACH_KEYS = ("param_bytes", "grad_bytes", "optimizer_bytes")
SEQUENCES = (128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Asked:
    """What was asked: all four stages, the chosen one, the model, and what no stage cuts."""

    subject: Subject
    plans: tuple[Plan, ...]
    chosen: Plan
    extras: tuple[Extras, ...]  # by stage

    @property
    def total(self) -> int:
        """Bytes on each GPU in the chosen stage, with activations and buffers where they are asked for."""
        return int(self.chosen.total) + self.extras[self.chosen.stage].total


def ask(default_stage: int = 1, states_only: bool = False) -> Asked:
    """The inputs; all of it is in the URL. With ``states_only``, nothing about activations, buffers and offload."""
    model_column, gpus_column, stage_column = st.columns([5, 4, 3])
    with model_column:
        subject = subject_input()
        each = bytes_input()
    with gpus_column:
        gpus = inputs.choice("GPUs (N)", GPUS, key="gpus", default=64, slider=True, format_func=lambda n: f"{n:,}")
    with stage_column:
        stage = inputs.choice("ZeRO stage", STAGES, key="stage", default=default_stage, segmented=True)
    with gpus_column:
        factor = _factor(gpus, stage)
    with stage_column:
        offload = "none" if states_only else _offload(stage)
    shown = plans(subject.parameters, gpus, each, factor, offload)
    extras = (Extras(),) * len(shown) if states_only else extras_input(subject, shown)
    return Asked(subject, shown, shown[stage], extras)


def bytes_input() -> Bytes:
    """Bytes of a parameter, its gradient and its optimizer states: a recipe's, or one's own.

    A link that names bytes and no recipe means those bytes.
    """
    if "recipe" not in st.query_params and any(key in st.query_params for key in EACH_KEYS):
        inputs.pick("recipe", OWN)
    recipe = inputs.choice(
        "Training recipe",
        list(RECIPES),
        key="recipe",
        format_func=RECIPES.__getitem__,
        help="Bytes of a parameter + its gradient + its optimizer states (AdamW). The paper's are 2 + 2 + 12.",
    )
    if recipe == OWN:
        return _own_bytes()
    each = of_recipe(recipe)
    st.caption(
        f"{float(each.parameters):g} + {float(each.gradients):g} + {float(each.optimizer):g} bytes a parameter: "
        f"{BY_NAME[recipe].note}"
    )
    return each


def _own_bytes() -> Bytes:
    weight, gradient, optimizer = st.columns(3)
    with weight:
        p = inputs.choice("Parameter", (1, 2, 4), key="param_bytes", default=2, help="2: FP16 or BF16.")
    with gradient:
        g = inputs.choice("Gradient", (2, 4), key="grad_bytes", default=2, help="4: summed in FP32.")
    with optimizer:
        k = inputs.choice(
            "Optimizer",
            (0, 2, 4, 8, 12),
            key="optimizer_bytes",
            default=12,
            help="12: Adam's two FP32 moments and an FP32 master copy. 8: the moments alone.",
        )
    return Bytes(Fraction(p), Fraction(g), Fraction(k))


def _factor(gpus: int, stage: int) -> int:
    groups = divisors(gpus)
    factor = inputs.choice(
        "Sharding factor (F)",
        groups,
        key="factor",
        default=gpus,
        slider=len(groups) > 1,
        format_func=lambda n: f"{n:,}" + (" (all)" if n == gpus else " (copies)" if n == 1 else ""),
        help="GPUs that share one copy. All: full sharding. 1: every GPU a whole copy, plain data parallel. Between: "
        "*hybrid*, groups that shard inside a machine and copy across machines.",
    )
    if stage and factor < gpus:
        st.caption(f"{gpus // factor:,} groups of {factor:,}: each group has a whole copy.")
    return factor


def _offload(stage: int) -> str:
    usable = [name for name in OFFLOADS if OFFLOAD_STAGE[name] <= stage]
    return inputs.choice(
        "Offload to the host",
        usable,
        key="offload",
        format_func=OFFLOAD_TITLES.__getitem__,
        help="Shares move to the host's memory and cross PCIe in each step. Only what is cut can move: the optimizer "
        "states (with the gradients' shares) from stage 1, the parameters in stage 3.",
    )


def extras_input(subject: Subject, shown: tuple[Plan, ...]) -> tuple[Extras, ...]:
    """Activations and the collectives' buffers, off at first: bytes on each GPU that no stage cuts."""
    with st.expander("Activations and buffers", icon=":material/tune:"):
        counted = inputs.choice(
            "Count",
            ("states", "all"),
            key="count",
            segmented=True,
            format_func={"states": "model states only", "all": "activations and buffers too"}.__getitem__,
        )
        batch_column, sequence_column, recompute_column = st.columns(3)
        with batch_column:
            batch = inputs.choice("Sequences a GPU (batch)", BATCHES, key="batch", slider=True)
        with sequence_column:
            sequence = inputs.choice("Tokens a sequence", SEQUENCES, key="sequence", default=1024, slider=True)
        with recompute_column:
            recompute = inputs.choice("Recompute activations", RECOMPUTE, key="recompute", segmented=True)
        if counted == "all" and subject.model is None:
            st.caption(":material/info: Activations need a model of the catalogue: a bare count does not tell layers.")
    if counted == "states":
        return (Extras(),) * len(shown)
    held = activation_bytes(subject, batch, sequence, recompute, 2 if shown[0].bytes.parameters <= 2 else 4)
    return tuple(Extras(held, buffer_bytes(plan)) for plan in shown)
