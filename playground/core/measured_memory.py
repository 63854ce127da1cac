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
