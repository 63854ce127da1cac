"""What a measurement of sharded training shows, in sentences with its own numbers."""

from playground.core.measured_zero import Held
from playground.core.recorded import Measured, Measurement
from playground.core.units import format_gb

COMPONENTS = {"parameters": "parameters", "gradients": "gradients", "optimizer": "optimizer states"}


def spread(stage: Measured, component: str) -> tuple[int, int]:
    """The least and the most a rank was measured to hold of a component.

    >>> from playground.core.recorded import recording
    >>> spread(recording()["zero1"], "optimizer")
    (2910208, 2949120)
    """
    each = [getattr(held, component) for held in stage.ranks]
    return min(each), max(each)


def differences(stage: Measured) -> list[str]:
    """Where a measurement is not what was predicted: rank, component, both numbers. Empty where all is equal."""
    return [
        f"rank {rank}, {title}: {getattr(held, name):,} measured, {getattr(expected, name):,} predicted"
        for rank, (held, expected) in enumerate(zip(stage.ranks, stage.predicted, strict=True))
        for name, title in COMPONENTS.items()
        if getattr(held, name) != getattr(expected, name)
    ]


def disagreement(measurement: Measurement) -> float:
    """The largest relative difference of a loss or a gradient norm from the first variant's, over all steps."""
    first = measurement.stages[0]
    pairs = [
        (mine, reference)
        for stage in measurement.stages
        for mine, reference in zip(
            (*stage.losses, *stage.gradient_norms), (*first.losses, *first.gradient_norms), strict=True
        )
    ]
    return max(abs(mine - reference) / abs(reference) for mine, reference in pairs)


def surprises(measurement: Measurement) -> list[tuple[str, str]]:
    """What one does not expect from the formula alone, as (headline, sentence), for the variants that were run."""
    here = {stage.name: stage for stage in measurement.stages}
    gpus, found = measurement.gpus, []
    if "ddp_copy" in here:
        most, formula = here["ddp_copy"].ranks[0], here["ddp_copy"].ideal
        found.append(
            (
                "DDP as it comes holds the gradients twice",
                f"{most.total:,} bytes where the formula says {formula.total:,}: {_each(most, measurement)} bytes a "
                "parameter, not 16. The buckets it sends are a copy; `gradient_as_bucket_view=True` makes them one.",
            )
        )
    if "fsdp2_keep" in here and gpus > 1:
        keep = here["fsdp2_keep"]
        found.append(
            (
                "FSDP2 without resharding is stage 3 at rest",
                f"Between steps a rank holds {max(held.total for held in keep.ranks):,} bytes, as in stage 3; stage 2 "
                f"would be {keep.ideal.total:,}. The parameters are whole only from the forward to the backward pass: "
                f"{format_gb(max(keep.peak_unsharded))} at the most, with the buffer they arrive in.",
            )
        )
    if "zero1" in here and gpus > 1:
        stage, (least, most_states) = here["zero1"], spread(here["zero1"], "optimizer")
        uneven = f"from {least:,} to {most_states:,} bytes of states" if least < most_states else "evenly, this time"
        found.append(
            (
                "ZeroRedundancyOptimizer sends 3Ψ, and deals out whole tensors",
                f"It all-reduces all gradients and then broadcasts all parameters: {format_gb(stage.ring)} by ring, "
                f"where the paper's stage 1 needs {format_gb(stage.paper)}. Its ranks hold {uneven}.",
            )
        )
    if any(stage.variant.stage and stage.name != "zero1" for stage in measurement.stages) and gpus > 1:
        found.append(
            (
                "gloo sends more than a ring would",
                "gloo, PyTorch's backend for CPUs, does a reduce-scatter as an all-reduce of everything and throws "
                "the rest away. On GPUs, NCCL sends what the column “by ring” says.",
            )
        )
    found.append(
        (
            "4 + 4 + 8, not 2 + 2 + 12",
            "This trains in FP32: 4 bytes a parameter, 4 a gradient, 8 for Adam's two moments. The paper's mixed "
            "precision has 2 + 2 + 12. Both are 16, but a stage that cuts only the optimizer saves less of 8 than of "
            "12. Adam also keeps one 4-byte step counter a tensor, which no formula counts; it is listed apart.",
        )
    )
    return found


def _each(held: Held, measurement: Measurement) -> str:
    return f"{held.total / measurement.model.parameters:.4g}"
