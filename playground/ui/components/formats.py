"""The Number formats page: one number, the bits of the chosen format, and what every other format makes of it."""

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from playground.core import counting, storing, storing_explained
from playground.core.exact import Typed, decimal_digits, parse_number, short
from playground.core.formats import BY_NAME, BlockFormat, FloatFormat, IntFormat, TableFormat
from playground.core.storing import Stored
from playground.figures import format_bits, format_errors, format_facts, format_line, format_reach
from playground.figures.formula import formula
from playground.ui import charts, downloads, inputs, shell
from playground.ui.components.bits import bits

SNIPPET = """
import struct, ml_dtypes, numpy as np, torch

x = np.float32(np.pi)
x.astype(ml_dtypes.bfloat16), x.astype(np.float16)           # 3.140625, 3.140625
x.astype(ml_dtypes.float8_e4m3fn), x.astype(ml_dtypes.float8_e5m2)   # 3.25, 3.0

f"{struct.unpack('>I', struct.pack('>f', x))[0]:032b}"        # 01000000010010010000111111011011
torch.finfo(torch.bfloat16)                                   # max, smallest normal, eps
"""


def ask() -> tuple[Stored, tuple[Stored, ...]]:
    """The inputs; the number in the chosen format, and in all of them."""
    value_column, format_column = st.columns([2, 5])
    with value_column:
        text = inputs.line("Number", "pi", key="value", help="0.1, 1/3, 2^-24, 6.02e23, pi, e, inf, nan: kept exactly.")
    with format_column:
        name = inputs.choice(
            "Format",
            list(BY_NAME),
            key="dtype",
            default="fp32",
            format_func=lambda name: BY_NAME[name].title,
            segmented=True,
        )
    scale = ""
    if not isinstance(BY_NAME[name], FloatFormat):
        scale = inputs.line(
            "Scale by absmax (empty: no scale)",
            "",
            key="absmax",
            help="The largest |weight| of a block. It becomes 127 (INT8), 7 (INT4) or 1 (NF4), or decides the power of "
            "two (MXFP4); the scale is kept beside.",
        )
    typed, absmax = parse_number(text), storing_explained.parse_absmax(scale)
    return storing.store(BY_NAME[name], typed, absmax), storing.store_in_all(typed, absmax)


def chosen(stored: Stored) -> None:
    """The chosen format: bits to flip, the value really stored, the formula, what it can hold."""

    def flip(place: int) -> None:
        inputs.pick("value", storing_explained.flipped(stored, place))

    bits(stored, _meanings(stored), flip)
    st.html(formula(storing_explained.formula(stored)))
    kept, error = st.columns([3, 2])
    kept.caption(f"Stored in {stored.format.title}, every decimal")
    kept.code(decimal_digits(stored.value), language=None, wrap_lines=True)
    error.caption("Off by")
    error.code(_off(stored), language=None, wrap_lines=True)
    notes = [
        f"{stored.format.title}: {note}" for note in (storing_explained.remark(stored), stored.format.note) if note
    ]
    shell.notices(notes)
    shell.provenance("computed", "rounded once from the exact number, ties to even (IEEE 754-2019, OCP).")


def _meanings(stored: Stored) -> dict[str, str]:
    if isinstance(stored.format, IntFormat):
        return {"sign": "−" if stored.sign == "1" else "+"}
    if isinstance(stored.format, TableFormat):
        return {"mantissa": str(stored.bits)}
    form = stored.format.element if isinstance(stored.format, BlockFormat) else stored.format
    field = int(stored.exponent, 2)
    return {
        "sign": "−" if stored.sign == "1" else "+",
        "exponent": f"{field} − {form.bias}",
        "mantissa": f"{int(stored.mantissa, 2):,} / {2**form.mantissa_bits:,}",
    }


def _off(stored: Stored) -> str:
    if stored.error is None or stored.relative_error is None:
        return "not a number to compare"
    if not stored.error:
        return "nothing: exact"
    return f"{short(stored.error, 4)}  ({short(100 * stored.relative_error, 3)} %)"


def overview(stored: Sequence[Stored], chosen: Stored) -> None:
    """The bits of the number in every format."""
    st.html(format_bits.every_format(stored, chosen.format.name))
    shell.provenance(
        "computed",
        "MXFP4, NF4, INT8 and INT4 are made for blocks of weights that share a scale: choose one of them above and "
        "give its **absmax**, the largest |weight| of the block.",
    )


def neighbourhood(stored: Stored) -> None:
    """The numbers next to it, on a line; what the format can hold."""
    view = inputs.choice("Number line", list(_LINES), key="line", format_func=_LINES.__getitem__, segmented=True)
    log = view == "log"
    if log or (stored.finite and view == "linear"):
        wide = stored.format.bits_total > 8
        shown = counting.landmarks(stored.format, stored.scale) if log else counting.around(stored, 16 if wide else 256)
        charts.draw(
            format_line.number_line,
            stored,
            shown,
            log,
            key="number_line",
            alt=f"The format's numbers on a {_LINES[view]} axis, and the number typed among them",
        )
        shell.provenance("computed", _line_note(stored, log, wide))
    elif stored.finite:
        charts.draw(
            format_line.neighbours,
            stored,
            key="neighbours",
            alt="The number typed, between the numbers the format has",
        )
        shell.provenance("computed", "every number in the band is stored as the middle one.")
    st.html(format_facts.facts(stored))


_LINES = {"steps": "step by step", "linear": "linear", "log": "logarithmic"}


def _line_note(stored: Stored, log: bool, wide: bool) -> str:
    title = stored.format.title
    if not wide:
        return f"every {'positive ' if log else ''}number {title} has: {'evenly spread' if log else 'crowded near 0'}."
    if log:
        return (
            f"one tick a power of two: between two of them {title} has {1 / stored.format.epsilon} numbers, however "
            "far apart they are."
        )
    return "the sixteen numbers below and above; between powers of two they are evenly spaced."


def reach(stored: Sequence[Stored], chosen: Stored) -> None:
    """Overflow and underflow: where the number lies, and how far each format goes."""
    charts.draw(
        format_reach.reaches,
        stored,
        chosen.format.name,
        key="reach",
        alt="The range of every format on a logarithmic axis, and the number typed",
    )
    shell.provenance(
        "computed",
        "from the smallest number above 0 to the largest; the line is the number typed. A number beyond the right end "
        "overflows (to ∞, NaN, or the largest number), one beyond the left end underflows to 0.",
    )


def count(chosen: Stored) -> None:
    """How many numbers each format has between two ends."""
    low_column, high_column = st.columns(2)
    with low_column:
        low = inputs.line("From", "0", key="low")
    with high_column:
        high = inputs.line("To", "1", key="high")
    rows = counting.in_every_format(parse_number(low), parse_number(high))
    charts.draw(
        format_reach.counts,
        [(form.title, number) for form, number in rows],
        chosen.format.title,
        key="counts",
        alt="How many numbers every format has between the two ends",
    )
    shell.provenance("computed", "exact counts, both ends included; scaled formats before their scale.")
    downloads.offer("counts", [{"format": form.name, "numbers": str(number)} for form, number in rows], key="counts.f")


def errors(stored: Sequence[Stored], chosen: Stored) -> None:
    """The error in every format, side by side."""
    charts.draw(
        format_errors.errors,
        stored,
        chosen.format.name,
        key="errors",
        alt="Relative error of the number in every format, logarithmic",
    )
    shell.provenance("computed", "|stored − number| / |number|, by exact fractions. Overflow: no number is left.")


def course_pi(typed: Typed) -> None:
    """Why some course notes print another π for FP32."""
    with st.expander(
        "Another FP32 π in your notes?", icon=":material/help:", expanded=typed.text in ("pi", "π", "3.141592")
    ):
        right, notes = storing_explained.course_pi()
        times = abs(Fraction(notes.value) - Fraction(right.typed.value)) / (right.error or 1)
        st.markdown(
            f"Some notes give **{decimal_digits(notes.value)}**. That is FP32's answer for 3.141592: π was cut to six "
            f"decimals *before* it was stored. Rounding π itself (IEEE 754) gives **{decimal_digits(right.value)}**, "
            f"{right.bits - notes.bits} steps further and {short(times, 2)} times "
            "nearer."
        )
        for stored, label in ((right, "π"), (notes, "3.141592")):
            st.caption(label)
            st.html(format_bits.strip(stored))
