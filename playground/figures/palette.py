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
RECOMPUTED = "#8E5BD0"  # activations that come alive a second time
# Sampling.
KEPT, CUT = BLUE, GREY
WARNING = VERMILION
# Bits of a number.
SIGN, EXPONENT, MANTISSA = VERMILION, ORANGE, BLUE
# Neighbouring tokens take turns; the text keeps its own colour, the chip is tinted.
TOKEN_TINTS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE)
# A sequential scale that starts at the page's own background, light or dark.
HEAT = ((0.0, "rgba(86,180,233,0.05)"), (0.25, "rgba(86,180,233,0.55)"), (0.6, BLUE), (1.0, ORANGE))
# A scale with a middle: nothing at 0, one colour each for − and +.
DIVERGING = ((0.0, ORANGE), (0.5, "rgba(127,127,127,0.04)"), (1.0, BLUE))
# Cost of a language, light enough for either theme's text; and what was lost.
COST = ((0.0, "rgba(230,159,0,0.04)"), (1.0, "rgba(230,159,0,0.62)"))
LOST = "rgba(138,143,152,0.28)"
# In a plotly figure Streamlit's browser code puts the theme's text colour here, live (streamlit_plotly_theme.GRAY_90).
INK = "#000037"
# Attention heads (and layers): sixteen that stay apart from each other on white and on dark; the number is shown too.
HEADS = (
    BLUE,
    ORANGE,
    GREEN,
    PURPLE,
    SKY,
    VERMILION,
    "#A89B00",
    "#8E5BD0",
    "#2AA5A0",
    "#A0622D",
    "#D6336C",
    "#7A9A01",
    "#5C7CFA",
    GREY,
    "#C2589E",
    "#4D8B6F",
)

WHITE, BLACK = "#FFFFFF", "#000000"


def faint(colour: str, opacity: float) -> str:
    """The colour as CSS, that much of it opaque.

    >>> faint(BLUE, 0.2)
    'rgba(0,114,178,0.2)'
    """
    channels = ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return f"rgba({channels},{opacity:g})"


def text_on(colour: str) -> str:
    """Black or white, whichever contrasts more with ``colour`` (WCAG 2.2 relative luminance).

    >>> text_on(BLUE), text_on(ORANGE)
    ('#FFFFFF', '#000000')
    """
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return WHITE if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else BLACK
