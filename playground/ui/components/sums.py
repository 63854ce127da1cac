"""The Sums page: the same small step many times, in several formats, and why it stops."""

import math
from fractions import Fraction
from typing import Any

import streamlit as st

from playground.core import better_sums, running
from playground.core.exact import Typed, parse_number, short
from playground.core.formats import FORMATS, FP32, FP64, FloatFormat
from playground.core.running import Operation, Run
from playground.core.storing import store
from playground.figures import running as figures
from playground.ui import downloads, inputs, shell

_FLOATS = {form.name: form for form in FORMATS if isinstance(form, FloatFormat)}
_DEFAULT = ("fp32", "bf16", "fp16", "fp8-e4m3")
_COUNTS = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
_TITLES: dict[Operation, str] = {"add": "s + x", "multiply": "s × x"}


class Asked:
    """The inputs, read once."""

    def __init__(self) -> None:
        what, start, by, count = st.columns([3, 2, 2, 4])
        with what:
            self.operation: Operation = inputs.choice(
                "s becomes", tuple(_TITLES), key="op", format_func=lambda op: _TITLES[op], segmented=True
            )
        with start:
            self.start = parse_number(inputs.line("s at the start", "0", key="start"))
        with by:
            self.by = parse_number(inputs.line("x", "0.001", key="x"))
        with count:
            self.count: int = inputs.choice(
                "Steps", _COUNTS, key="count", default=100_000, slider=True, format_func=lambda n: f"{n:,}"
            )
        names = inputs.choices(
            "Formats", list(_FLOATS), key="formats", default=_DEFAULT, format_func=lambda name: _FLOATS[name].title
        )
        self.runs = [running.run(_FLOATS[name], self.operation, self.start, self.by, self.count) for name in names]

    @property
    def exact(self) -> float:
        """What real arithmetic gives after the last step."""
        return running.exact(self.operation, self.start, self.by, self.count)


def curve(asked: Asked) -> None:
    """The curve of every format."""
    marks = asked.runs[0].at
    truth = [(at, running.exact(asked.operation, asked.start, asked.by, at)) for at in marks]
    st.plotly_chart(
        figures.curves(asked.runs, truth, log_values=_log(asked), log_steps=asked.operation == "add"),
        width="stretch",
        config={"displayModeBar": False},
        key="curves",
        alt="The value after each step in every format, and the exact one",
    )
    shell.provenance(
        "computed",
        "step by step, each rounded once to the format, ties to even (IEEE 754). × marks the step from which nothing "
        "changes any more. Tests compare every step with numpy and ml_dtypes.",
    )


def _log(asked: Asked) -> bool:
    return asked.operation == "multiply" or (asked.start.as_float >= 0 and asked.by.as_float > 0)


def table(asked: Asked) -> None:
    """What each format ends with."""
    rows = [_row(asked, found) for found in asked.runs]
    st.dataframe(
        rows,
        hide_index=True,
        key="sums",
        column_config={
            "format": st.column_config.TextColumn("Format", pinned=True),
            "last": st.column_config.TextColumn("Ends at"),
            "off": st.column_config.TextColumn("Off by"),
            "stuck": st.column_config.TextColumn("Stops after"),
            "pairwise": st.column_config.TextColumn("Added pairwise", help="Halves of halves: log₂(n) roundings deep."),
            "fp32": st.column_config.TextColumn(
                "Added in FP32", help="x rounded to the format, added up in FP32, the total rounded to the format once."
            ),
            "x": st.column_config.TextColumn("x as stored"),
        },
    )
    shell.provenance("computed", f"the exact value is {asked.exact:,.10g}. x itself is rounded first.")
    _in_fp32(asked)
    downloads.offer("sums", rows, key="sums.file")


def _row(asked: Asked, found: Run) -> dict[str, Any]:
    row: dict[str, Any] = {
        "format": found.format.title,
        "last": _plain(found.last),
        "off": _off(found.last, asked.exact),
        "stuck": "still moving" if found.stuck_after is None else f"{found.stuck_after:,} steps",
    }
    if asked.operation == "add" and not asked.start.as_float:
        row["pairwise"] = _plain(better_sums.pairwise(found.format, asked.by, asked.count))
        row["fp32"] = _plain(better_sums.in_fp32(found.format, asked.by, asked.count).kept)
    row["x"] = short(store(found.format, asked.by).value, 9)
    return row


def _in_fp32(asked: Asked) -> None:
    """How the last column comes about, for the format that it leaves furthest off."""
    small = [found.format for found in asked.runs if found.format.bits_total < FP32.bits_total]
    if asked.operation != "add" or asked.start.as_float or not asked.by.as_float or not small:
        return
    sums = {form: better_sums.in_fp32(form, asked.by, asked.count) for form in small}
    worst = max(small, key=lambda form: _distance(sums[form].kept, asked.exact))
    made = sums[worst]
    blame = ""
    if _distance(made.total, asked.exact) > _distance(made.kept, made.total):
        blame = (
            " Most of what is off was lost when x was stored, not in adding: more bits for the sum can't bring it back."
        )
    st.markdown(
        f"**Added in FP32** is what tensor cores do: x is rounded to the format, the additions run in FP32, and the "
        f"total is rounded to the format once. So in {worst.title}: x is kept as {_plain(made.step)}; {asked.count:,} "
        f"of those make {_plain(made.total)} in FP32; as {worst.title} that is **{_plain(made.kept)}**.{blame}"
    )


def _distance(value: float, wanted: float) -> float:
    return abs(value - wanted) if math.isfinite(value) else math.inf


def _plain(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.8g}"


def _off(value: float, exact: float) -> str:
    if not math.isfinite(value) or not math.isfinite(exact) or not exact:
        return "" if value == exact else "everything"
    share = abs(value - exact) / abs(exact)
    return "0 %" if not share else f"{100 * share:.3g} %"


def why(asked: Asked) -> None:
    """Where the first format that stops does so, with its numbers."""
    stopped = [found for found in asked.runs if found.stuck_after is not None and found.format is not FP64]
    if not stopped:
        st.markdown("**Nothing stops here.** Take more steps, or a format with fewer bits.")
        return
    st.markdown("\n".join(f"- {_reason(asked, found)}" for found in stopped))


def _reason(asked: Asked, found: Run) -> str:
    title, after, last = found.format.title, found.stuck_after or 0, found.last
    if math.isinf(last) or math.isnan(last):
        name = "∞" if math.isinf(last) else "NaN"
        return (
            f"**{title}** overflows to {name} after {after:,} steps: its largest number is {short(found.format.max)}."
        )
    if last == 0 and asked.operation == "multiply":
        return (
            f"**{title}** underflows to 0 after {after:,} steps: its smallest number above 0 is "
            f"{short(found.format.smallest)}, and half of that or less is 0."
        )
    if abs(last) == float(found.format.max):
        return f"**{title}** stays at its largest number, {short(found.format.max)}: it has no ∞."
    half = running.half_step(found.format, last)
    if asked.operation == "multiply" or half is None:
        return f"**{title}** stays at {_plain(last)} after {after:,} steps: the product rounds back to it."
    step = abs(Fraction(store(found.format, asked.by).value))
    verdict = "exactly half of it: the tie goes to the even neighbour, back" if step == half else "less than half of it"
    return (
        f"**{title}** stays at {_plain(last)} after {after:,} steps. The next number is {short(2 * half, 4)} away, and "
        f"x = {short(step, 4)} is {verdict}."
    )


def snippet(asked: Asked) -> str:
    """numpy and ml_dtypes giving the same last values."""
    kinds = [_NUMPY[found.format.name] for found in asked.runs if found.format.name in _NUMPY]
    ufunc = "add" if asked.operation == "add" else "multiply"
    start, by = (_python(number) for number in (asked.start, asked.by))
    return _CODE.format(kinds=", ".join(kinds), start=start, by=by, count=asked.count, ufunc=ufunc)


def _python(number: Typed) -> str:
    return repr(number.as_float)


_NUMPY = {
    "fp64": "np.float64",
    "fp32": "np.float32",
    "bf16": "ml_dtypes.bfloat16",
    "fp16": "np.float16",
    "fp8-e4m3": "ml_dtypes.float8_e4m3fn",
    "fp8-e5m2": "ml_dtypes.float8_e5m2",
    "fp6-e3m2": "ml_dtypes.float6_e3m2fn",
    "fp6-e2m3": "ml_dtypes.float6_e2m3fn",
    "fp4-e2m1": "ml_dtypes.float4_e2m1fn",
}
_CODE = """
import ml_dtypes
import numpy as np

for kind in [{kinds}]:
    steps = np.full({count} + 1, {by}).astype(kind)
    steps[0] = {start}
    print(kind.__name__, float(np.{ufunc}.accumulate(steps)[-1]))  # rounds after every step
"""
