"""Number formats: a float is a sign, an exponent and a mantissa; fewer bits, fewer numbers to choose from.

Type a number and see the bits, the value really stored, and what is lost, from FP64 down to four bits.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import formats

shell.header(
    __file__,
    "A number is kept as **sign**, **exponent** (how large) and **mantissa** (which digits). A model's weights "
    "are such numbers: half the bits, half the memory, and each moves to the nearest number left. "
    "*Click a bit to flip it.*",
)
stored, everywhere = formats.ask()
formats.chosen(stored)

st.subheader("In every format", anchor=False)
formats.overview(everywhere, stored)

st.subheader(f"Around it in {stored.format.title}", anchor=False)
formats.neighbourhood(stored)

st.subheader("How far off", anchor=False)
formats.errors(everywhere, stored)

st.subheader("Overflow and underflow", anchor=False)
formats.reach(everywhere, stored)

st.subheader("How many numbers there are", anchor=False)
formats.count(stored)

formats.course_pi(stored.typed)
shell.code(formats.SNIPPET)

shell.try_this(
    __file__,
    (
        "π in 8 bits",
        {"value": "pi", "dtype": "fp8-e4m3", "line": "log"},
        "Three mantissa bits: 3.25 is the nearest. FP8 has 253 numbers in all: switch the number line to linear to "
        "see where they are.",
    ),
    (
        "The same π?",
        {"value": "257", "dtype": "bf16"},
        "π is 3.140625 in BF16 and in FP16 alike: chance. 257 tells them apart.",
    ),
    (
        "Too large for FP16",
        {"value": "70000", "dtype": "fp16"},
        "65,504 is the largest; from 65,520 on, halfway to a next step that is not there, it is ∞. Why losses are "
        "scaled in FP16 training, and why BF16 is liked.",
    ),
    (
        "INT8 with a scale",
        {"value": "pi", "dtype": "int8", "absmax": "4"},
        "Plain rounding keeps 3. With absmax 4 the step is 4/127, and 3.1496 is kept.",
    ),
)
