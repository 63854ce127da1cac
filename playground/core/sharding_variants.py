"""The ways of training on N ranks that are really run and measured: DDP, ZeRO-1, ZeRO-2, FSDP2, hybrid."""

from collections.abc import Sequence
from dataclasses import dataclass

from playground.errors import BadInput


@dataclass(frozen=True)
class Variant:
    """One way of training on N ranks: its stage, the API that does it, and what one should know about it."""

    name: str
    stage: int
    title: str
    api: str
    note: str = ""


_EVERY = (
    Variant(
        "ddp",
        0,
        "DDP",
        "DistributedDataParallel(gradient_as_bucket_view=True)",
        "Gradients live inside the buckets that are all-reduced: nothing is held twice.",
    ),
    Variant(
        "ddp_copy",
        0,
        "DDP as it comes",
        "DistributedDataParallel()",
        "By default the buckets are a second copy of the gradients: 20 bytes a parameter, not 16.",
    ),
    Variant(
        "zero1",
        1,
        "ZeRO-1 of PyTorch",
        "ZeroRedundancyOptimizer",
        "Whole tensors go to the rank with the least so far: the ranks are uneven. It all-reduces and then broadcasts, "
        "so it sends 3Ψ where the paper's stage 1 sends 2Ψ.",
    ),
    Variant(
        "zero1_textbook",
        1,
        "ZeRO-1 by the book",
        "our own, after the paper",
        "Reduce-scatter, update the own share, all-gather: the paper's memory and the paper's 2Ψ.",
    ),
    Variant(
        "zero2_textbook",
        2,
        "ZeRO-2 by the book",
        "our own, after the paper",
        "As ZeRO-1, but a block's gradients are freed once they are reduced. No API of PyTorch does exactly this.",
    ),
    Variant(
        "fsdp2_keep",
        2,
        "FSDP2, not resharded",
        "fully_shard(reshard_after_forward=False)",
        "Sends what stage 2 sends, but between steps the parameters are cut too: at rest this is stage 3.",
    ),
    Variant(
        "fsdp2",
        3,
        "FSDP2",
        "fully_shard(reshard_after_forward=True)",
        "Every block is gathered before its forward and again before its backward pass: 3Ψ for 1/N of everything.",
    ),
    Variant(
        "hybrid",
        3,
        "FSDP2, hybrid",
        "fully_shard(mesh=(replicas, shards))",
        "Cut within a group of ranks, copied between the groups: each reduce-scatter is followed by an all-reduce.",
    ),
)
VARIANTS = {variant.name: variant for variant in _EVERY}
OF_STAGE = {0: ("ddp",), 1: ("zero1", "zero1_textbook"), 2: ("zero2_textbook", "fsdp2_keep"), 3: ("fsdp2",)}


def choose(names: Sequence[str], gpus: int) -> tuple[str, ...]:
    """The variants meant by stage numbers and names, in the course's order; ``all`` is every one that makes sense.

    >>> choose(["1", "fsdp2"], 4)
    ('zero1', 'zero1_textbook', 'fsdp2')

    Raises BadInput for anything else.
    """
    wanted: set[str] = set()
    for name in (part.strip().lower() for part in names):
        if name == "all":
            wanted |= {variant for variant in VARIANTS if variant != "hybrid" or (gpus > 2 and gpus % 2 == 0)}
        elif name in VARIANTS:
            wanted.add(name)
        elif name.isdigit() and int(name) in OF_STAGE:
            wanted |= set(OF_STAGE[int(name)])
        else:
            raise BadInput(f"There is no stage {name[:40]!r}", f"Stages are 0, 1, 2, 3, or {', '.join(VARIANTS)}.")
    if not wanted:
        raise BadInput("No stage is chosen", "Choose at least one of 0, 1, 2, 3.")
    return tuple(name for name in VARIANTS if name in wanted)


def sharding_factor(gpus: int, shard: int | None = None) -> int:
    """Over how many ranks the hybrid cuts; by default two groups, or one where N is odd.

    >>> sharding_factor(8), sharding_factor(4, 4), sharding_factor(3)
    (4, 4, 3)

    Raises BadInput where it does not divide N.
    """
    shard = shard if shard is not None else (gpus // 2 if gpus % 2 == 0 else gpus)
    if shard not in groups(gpus):
        possible = ", ".join(map(str, groups(gpus)))
        raise BadInput(f"{gpus} GPUs can't be cut into groups of {shard}", f"Groups can be of {possible}.")
    return shard


def groups(gpus: int) -> list[int]:
    """The sizes of groups the ranks can be cut into: the divisors of N.

    >>> groups(6)
    [1, 2, 3, 6]
    """
    return [size for size in range(1, gpus + 1) if gpus % size == 0]
