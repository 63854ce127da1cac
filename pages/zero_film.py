"""One step, as a film: what each rank holds and sends, from the forward pass to the update.

DDP sends gradients once; ZeRO's stages cut what is kept, and gather it again just before it is needed.
"""

from playground.ui import shell
from playground.ui.components import zero_film

shell.header(
    __file__,
    "One training step on four ranks, event by event, as it was recorded in real processes. Watch who holds what: the "
    "hatched blue of stage 3 is there only while a block computes.",
)
left, right = zero_film.ask()
zero_film.show(left, right)
zero_film.compare(left, right)

shell.try_this(
    __file__,
    (
        "DDP beside FSDP",
        {"left": "ddp", "right": "fsdp2"},
        "FSDP gathers each block twice. At which moment does it hold most, and how far below DDP is that?",
    ),
    (
        "Reshard or keep",
        {"left": "fsdp2_keep", "right": "fsdp2"},
        "Keeping what was gathered saves the second all-gather: look at the staircase it builds instead of the saw.",
    ),
    (
        "Stage 1, stage 2",
        {"left": "zero1_textbook", "right": "zero2_textbook"},
        "The same collectives and bytes. What does stage 2 free right after each reduce-scatter?",
    ),
    (
        "Two groups of two",
        {"left": "fsdp2", "right": "hybrid"},
        "Hybrid: all-gathers stay inside a pair; one more all-reduce carries the gradients across.",
    ),
)
