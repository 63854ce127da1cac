"""GPUs by the memory a program can really have, and which of them hold a number of bytes."""

import functools
import math
import tomllib
from dataclasses import dataclass
from fractions import Fraction

from playground import paths
from playground.errors import BadInput


@dataclass(frozen=True)
class Gpu:
    """One card. "80 GB" on the box is neither 80e9 bytes nor 80 GiB to a program: an A100 reports 79.15 GiB."""

    id: str
    title: str
    sold_gb: int
    usable_bytes: int
    source: str
    tflops: float = 0.0  # peak in 16 bit, dense; 0: not in the list
    matmul_tflops: float = 0.0  # the best matrix product measured on the card; 0: not known
    tflops_source: str = ""

    @property
    def utilisation_ceiling(self) -> float:
        """The share of its peak a matrix product reaches where that was measured, else 1."""
        return self.matmul_tflops / self.tflops if self.matmul_tflops else 1.0


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """Every card of ``assets/presets/gpus.toml``, smallest first.

    >>> [g.usable_bytes for g in gpus() if g.id == "a100-80gb"]
    [84986665369]
    """
    raw = tomllib.loads((paths.PRESETS / "gpus.toml").read_text(encoding="utf-8"))["gpu"]
    found = (
        Gpu(
            g["id"],
            g["title"],
            g["sold_gb"],
            math.floor(Fraction(str(g["usable_gib"])) * 2**30),
            g["source"],
            g.get("tflops", 0.0),
            g.get("matmul_tflops", 0.0),
            g.get("tflops_source", ""),
        )
        for g in raw
    )
    return tuple(sorted(found, key=lambda gpu: gpu.usable_bytes))


def gpu(gpu_id: str) -> Gpu:
    """The card with this id; BadInput names the ids there are.

    >>> gpu("a100-80gb").tflops
    312
    """
    found = next((known for known in gpus() if known.id == gpu_id.lower()), None)
    if found is None:
        raise BadInput(f"No GPU {gpu_id[:30]!r} in the list", f"There are {', '.join(g.id for g in gpus())}.")
    return found


@dataclass(frozen=True)
class Fit:
    """Whether a need fits one card, and how many cards its bytes would fill."""

    gpu: Gpu
    needed_bytes: int

    @property
    def fits(self) -> bool:
        """The need is at most what the card has for a program."""
        return self.needed_bytes <= self.gpu.usable_bytes

    @property
    def cards(self) -> int:
        """Cards whose memory together is enough: a floor, since splitting a model costs memory too."""
        return max(1, math.ceil(Fraction(self.needed_bytes, self.gpu.usable_bytes)))

    @property
    def share(self) -> float:
        """The need as a share of one card's memory."""
        return self.needed_bytes / self.gpu.usable_bytes


def fits(needed_bytes: int) -> tuple[Fit, ...]:
    """The need against every card, smallest first.

    >>> [fit.gpu.title for fit in fits(24 * 10**9) if fit.fits][:2]
    ['RTX 4090', 'RTX 3090']
    """
    return tuple(Fit(gpu, needed_bytes) for gpu in gpus())


def smallest_that_fits(needed_bytes: int) -> Gpu | None:
    """The smallest card that holds the need, or None."""
    return next((fit.gpu for fit in fits(needed_bytes) if fit.fits), None)
