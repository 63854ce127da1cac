"""A prediction beside what was measured, and what the difference is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One part: bytes by formula, bytes found in the running program."""

    what: str
    formula: str
    predicted: int
    measured: int
    residual: str  # what the formula leaves out, in words; empty where it leaves out nothing

    @property
    def difference(self) -> int:
        """Measured minus predicted."""
        return self.measured - self.predicted

    @property
    def off(self) -> float:
        """The difference as a share of what was measured.

        >>> Check("weights", "", 99, 100, "").off
        0.01
        """
        return self.difference / self.measured if self.measured else 0.0


def outside_the_layers(tokens: int, hidden: int, element_bytes: int) -> tuple[int, str]:
    """What autograd saves beside the layers and the logits of a Llama, and where it comes from.

    The last norm keeps its input in FP32, its scale, its result and the head's input; the embedding and the loss keep
    the token ids (8 B each); the loss three FP32 scalars.

    >>> outside_the_layers(64, 576, 4)
    (443660, 'the last norm (4 + 2·4)·64·576 = 442,368, its scale 256, token ids 1,024, the loss 12')
    """
    norm, scale, ids = (4 + 2 * element_bytes) * tokens * hidden, 4 * tokens, 2 * 8 * tokens
    parts = f"the last norm (4 + 2·{element_bytes})·{tokens:,}·{hidden:,} = {norm:,}, its scale {scale:,}"
    return norm + scale + ids + 12, f"{parts}, token ids {ids:,}, the loss 12"


def rows(checks: tuple[Check, ...]) -> list[dict[str, object]]:
    """The checks as rows of a table or a file."""
    return [
        {
            "what": check.what,
            "predicted, bytes": check.predicted,
            "measured, bytes": check.measured,
            "difference": check.difference,
            "off": round(check.off, 6),
            "formula": check.formula,
            "residual": check.residual or "none",
        }
        for check in checks
    ]
