"""The measured ZeRO page's results: verdict, bars a rank, one step event by event, bytes sent, same training."""

import streamlit as st

from playground.core import measured_explained
from playground.core.recorded import Measured, Measurement
from playground.core.units import format_bytes, format_gb
from playground.figures import zero_measured as figures
from playground.ui import inputs, shell
from playground.ui.components.measuring import is_live

SNIPPET = """
# What the rank holds, after optimizer.step(): the storages behind its tensors, each counted once.
def local(tensor):                       # FSDP2's parameters and gradients are DTensors
    return getattr(tensor, "_local_tensor", tensor)

def held(tensors):
    storages = {local(t).untyped_storage().data_ptr(): local(t).untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())

parameters = held(model.parameters())
gradients = held(p.grad for p in model.parameters())
optimizer = held(s[name] for s in optimizer.state.values() for name in ("exp_avg", "exp_avg_sq"))

# All of it from the command line:
#   llm-playground measure-zero --gpus 4 --stages 0,1,2,3 --json
"""


def where_from(shown: Measurement) -> None:
    """Measured now, or the recording and its date."""
    processes = f"{shown.gpus} process{'es' if shown.gpus > 1 else ''}, {shown.model.parameters:,} parameters"
    if is_live(shown):
        shell.provenance("measured", f"on this machine: {processes}, {shown.seconds:.1f} s. {shown.machine}.")
    else:
        shell.provenance(
            "recorded",
            f"on **{shown.date}**, on another machine: {processes}. {shown.machine}. "
            "Press *Run it here* for this machine's own.",
        )


def _kind(shown: Measurement) -> shell.Provenance:
    return "measured" if is_live(shown) else "recorded"


def verdict(shown: Measurement) -> None:
    """Of what these results are, and whether what was measured is what was computed; where not, what differs."""
    processes = f"{shown.gpus} process{'es' if shown.gpus > 1 else ''}"
    st.subheader(f"{processes}, {shown.model.parameters:,} parameters", anchor=False)
    differing = {stage.variant.title: measured_explained.differences(stage) for stage in shown.stages}
    wrong = [f"**{title}**: {line}" for title, lines in differing.items() for line in lines]
    if wrong:
        st.warning("  \n".join(wrong), title="Not everything is as computed", icon=":material/difference:")
        return
    numbers = 3 * shown.gpus * len(shown.stages)
    st.success(
        f"All {numbers} numbers (parameters, gradients and optimizer states; ranks: {shown.gpus}; ways of training: "
        f"{len(shown.stages)}) are the formula with each API's rounding.",
        title="Measured = computed, to the byte",
        icon=":material/check_circle:",
    )


def choose(shown: Measurement) -> Measured:
    """Which way to look at closely."""
    titles = {stage.name: stage.variant.title for stage in shown.stages}
    names = list(titles)
    name = inputs.choice(
        "Look closely at",
        names,
        key="variant",
        default="fsdp2" if "fsdp2" in names else names[-1],
        format_func=titles.__getitem__,
        segmented=True,
    )
    return shown[name]


def held(shown: Measurement, chosen: Measured) -> None:
    """A bar a rank."""
    st.plotly_chart(
        figures.held(shown, chosen.name),
        width="stretch",
        config={"displayModeBar": False},
        key="held",
        alt=f"Bytes each rank holds: {figures.summary(shown)}",
    )
    where_from(shown)


def closer(chosen: Measured) -> None:
    """The chosen way in numbers."""
    variant = chosen.variant
    st.markdown(f"**{variant.title}** (stage {variant.stage}): `{variant.api}`. {variant.note}")
    st.html(figures.to_the_byte(chosen))
    counters, peak = max(chosen.step_counters), max(chosen.peak_unsharded)
    moment = f"Parameters gathered for a moment: at most {format_bytes(peak)}. " if peak else ""
    st.caption(
        "Bytes on a rank (4 a parameter, 4 a gradient, 8 of Adam's), smallest … largest, at rest: after the "
        "optimizer's step, before the gradients are cleared. "
        f"{moment}Adam's step counters, 4 bytes a tensor, come on top: {counters:,} bytes."
    )


def step(shown: Measurement, chosen: Measured) -> None:
    """One training step as it was recorded."""
    st.plotly_chart(
        figures.step(chosen),
        width="stretch",
        config={"displayModeBar": False},
        key="step",
        alt=f"What rank 0 holds in one step of {chosen.variant.title}, with {len(chosen.collectives)} collectives",
    )
    shell.provenance(
        _kind(shown),
        "rank 0 in the third step, event by event (not to scale in time): solid stays, hatched is whole for a moment. "
        "Point at a mark to see who sends what.",
    )
    with st.expander(f"The {len(chosen.collectives)} collectives of this step, in order", icon=":material/list:"):
        st.html(figures.in_order(chosen))


def sent(shown: Measurement, chosen: Measured) -> None:
    """What a rank sends: three ways to count."""
    st.plotly_chart(
        figures.sent(shown, chosen.name),
        width="stretch",
        config={"displayModeBar": False},
        key="sent_measured",
        alt="Bytes a rank sends in a step: by the paper, by ring, on the wire",
    )
    wire = (
        "what the kernel counted on the ranks' own connections, headers of gloo included"
        if chosen.wire is not None
        else "not known here: this system's kernel does not say"
    )
    shell.provenance(
        _kind(shown),
        f"*the paper*: 2Ψ or 3Ψ elements, (N−1)/N of them; *by ring*: the recorded collectives, sent as NCCL would; "
        f"*on the wire*: {wire}. {chosen.variant.title}: {format_gb(chosen.paper)}, {format_gb(chosen.ring)}"
        + (f", {format_gb(chosen.wire)}." if chosen.wire is not None else "."),
    )


def same_training(shown: Measurement) -> None:
    """Losses and gradient norms of all ways."""
    st.html(figures.same_training(shown))
    off = measured_explained.disagreement(shown)
    shell.provenance(
        _kind(shown),
        f"mean over the ranks; ‖g‖ is the length of the whole gradient. Three steps on random tokens: there "
        "is nothing to learn, so the loss only wanders; what counts is that every way wanders alike. The largest "
        f"relative difference from {shown.stages[0].variant.title} is {off:.1e}: FP32 adds in another order, no more.",
    )


def surprises(shown: Measurement) -> None:
    """What the formula alone does not tell."""
    for headline, sentence in measured_explained.surprises(shown):
        with st.container(border=True):
            st.markdown(f"**{headline}**  \n{sentence}")
