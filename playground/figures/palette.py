"""One colour means one thing on every page: the Okabe–Ito colours, safe for colour-blind readers.

The theme file carries the same accents; no other module names a colour.
"""

BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
)
GREY = "#8A8F98"  # readable on white and on the dark background

# Memory.
PARAMETERS, GRADIENTS, OPTIMIZER, ACTIVATIONS, KV_CACHE, OVERHEAD = BLUE, ORANGE, GREEN, PURPLE, "#2AA5A0", GREY
# Sampling.
KEPT, CUT = BLUE, GREY
WARNING = VERMILION
# Bits of a number.
SIGN, EXPONENT, MANTISSA = VERMILION, ORANGE, BLUE
# Neighbouring tokens take turns; the text keeps its own colour, the chip is tinted.
TOKEN_TINTS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE)
# A sequential scale that starts at the page's own background, light or dark.
HEAT = ((0.0, "rgba(86,180,233,0.05)"), (0.25, "rgba(86,180,233,0.55)"), (0.6, BLUE), (1.0, ORANGE))
